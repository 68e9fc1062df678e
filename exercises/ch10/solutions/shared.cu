// Sum of a vector in a tree in shared memory, in one block.
//
// As in convergent.cu, but the input must not be changed, and global memory is read only once: the first step reads two elements a
// thread from there and stores their sum in shared memory; all other steps stay in shared memory.
#include <cuda_runtime.h>

constexpr int kThreads = 256;

// The partial sums are read and written log2 n times, the input once: it pays to keep the sums near. The loop begins with its
// barrier, because the sums of the first step must be there before anybody reads them.
__global__ void shared_kernel(const float* data, float* sum) {
    __shared__ float partial[kThreads];
    partial[threadIdx.x] = data[threadIdx.x] + data[threadIdx.x + kThreads];
    for (int stride = kThreads / 2; stride >= 1; stride /= 2) {
        __syncthreads();
        if (threadIdx.x < stride) partial[threadIdx.x] += partial[threadIdx.x + stride];
    }
    if (threadIdx.x == 0) *sum = partial[0];
}

extern "C" int reduce_shared(const float* data, float* sum) {
    shared_kernel<<<1, kThreads>>>(data, sum);
    return cudaGetLastError();
}
