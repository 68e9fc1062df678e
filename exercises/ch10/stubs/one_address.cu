// Make it faster: a sum, all at one address.
//
// *sum, 0 at the start, becomes the sum of the n integers of `data`. The kernel is right, and short, but slow: there is one
// atomic operation for each element, all of them on one address, and there they are done one after the other.
//
// The target, for 16,384 elements: 64 atomic operations, one for each block of 256 elements. (On the software GPU nobody queues, so
// its clock will not thank you. The count says what a GPU feels.)
#include <cuda_runtime.h>

constexpr int kThreads = 256;

__global__ void one_address_kernel(const int* data, int n, int* sum) {
    // TODO (about 7 lines): Let the block add up its elements first, and one thread of it bring the result.
    const int i = blockIdx.x * kThreads + threadIdx.x;
    if (i < n) atomicAdd(sum, data[i]);
}

extern "C" int sum_of_integers(const int* data, int n, int* sum) {
    if (n == 0) return 0;
    one_address_kernel<<<(n + kThreads - 1) / kThreads, kThreads>>>(data, n, sum);
    return cudaGetLastError();
}
