// Sum of a vector in a tree, in one block.
//
// `data` holds 2 * kThreads floats in device memory, and the kernel may overwrite them. In step 1 every thread adds the element right of
// its own to it, in step 2 every other thread the one two places on, in step 3 every fourth the one four places on, until the
// sum of all stands in data[0]. That takes log2(2 * kThreads) steps in place of 2 * kThreads - 1 additions one after the other.
#include <cuda_runtime.h>

constexpr int kThreads = 256;

// Thread t owns the elements 2 t and 2 t + 1. The barrier stands outside of the condition, because all threads must reach it,
// and it is needed in every step: the next one reads what other threads wrote in this one. In step s only every 2^s-th thread
// works, and these are spread over all warps: every warp goes on issuing instructions for one lane. convergent.cu mends that.
__global__ void tree_kernel(float* data, float* sum) {
    const int i = 2 * threadIdx.x;
    for (int stride = 1; stride <= blockDim.x; stride *= 2) {
        if (threadIdx.x % stride == 0) data[i] += data[i + stride];
        __syncthreads();
    }
    if (threadIdx.x == 0) *sum = data[0];
}

extern "C" int reduce_tree(float* data, float* sum) {
    tree_kernel<<<1, kThreads>>>(data, sum);
    return cudaGetLastError();
}
