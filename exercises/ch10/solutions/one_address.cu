// Make it faster: a sum, all at one address.
//
// *sum, 0 at the start, becomes the sum of the n integers of `data`. The kernel is right, and short, but slow: there is one
// atomic operation for each element, all of them on one address, and there they are done one after the other.
//
// The target, for 16,384 elements: 64 atomic operations, one for each block of 256 elements. (On the software GPU nobody queues, so
// its clock will not thank you. The count says what a GPU feels.)
#include <cuda_runtime.h>

constexpr int kThreads = 256;

// Additions in shared memory by different threads go on at the same time; atomic operations on one address queue. 64 of them
// are left of the 512 that warps issued, each of which was 32 turns long. Elements past the end count as 0, so that all
// threads stay for the barriers.
__global__ void one_address_kernel(const int* data, int n, int* sum) {
    __shared__ int partial[kThreads];
    const int i = blockIdx.x * kThreads + threadIdx.x;
    partial[threadIdx.x] = i < n ? data[i] : 0;
    for (int stride = kThreads / 2; stride >= 1; stride /= 2) {
        __syncthreads();
        if (threadIdx.x < stride) partial[threadIdx.x] += partial[threadIdx.x + stride];
    }
    if (threadIdx.x == 0) atomicAdd(sum, partial[0]);
}

extern "C" int sum_of_integers(const int* data, int n, int* sum) {
    if (n == 0) return 0;
    one_address_kernel<<<(n + kThreads - 1) / kThreads, kThreads>>>(data, n, sum);
    return cudaGetLastError();
}
