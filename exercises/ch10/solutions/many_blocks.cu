// Sum of a vector of any length, by many blocks.
//
// A block can wait for its own threads only, so each block adds up its own segment of 2 * kThreads elements, as in shared.cu, and adds
// the result to *sum with one atomic operation. *sum is 0 at the start.
#include <cuda_runtime.h>

constexpr int kThreads = 256;

// Elements past the end count as 0: they change no sum, and the tree needs no check. One atomic operation a block, not one a
// thread: atomics on one address are done one after the other.
__global__ void many_blocks_kernel(const float* data, int n, float* sum) {
    __shared__ float partial[kThreads];
    const int i = blockIdx.x * 2 * kThreads + threadIdx.x;
    partial[threadIdx.x] = (i < n ? data[i] : 0.0f) + (i + kThreads < n ? data[i + kThreads] : 0.0f);
    for (int stride = kThreads / 2; stride >= 1; stride /= 2) {
        __syncthreads();
        if (threadIdx.x < stride) partial[threadIdx.x] += partial[threadIdx.x + stride];
    }
    if (threadIdx.x == 0) atomicAdd(sum, partial[0]);
}

extern "C" int reduce_many_blocks(const float* data, int n, float* sum) {
    if (n == 0) return 0;
    many_blocks_kernel<<<(n + 2 * kThreads - 1) / (2 * kThreads), kThreads>>>(data, n, sum);
    return cudaGetLastError();
}
