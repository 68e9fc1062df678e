// Sum of a vector in a tree whose working threads stay together, in one block.
//
// As in tree.cu, `data` holds 2 * kThreads floats and may be overwritten. But the strides fall from kThreads to 1, and in each step
// the threads with the lowest numbers work: half of them, then a quarter, ... Whole warps have nothing left to do, in place of
// lanes in every warp.
#include <cuda_runtime.h>

constexpr int kThreads = 256;

// The same additions in other pairs. A warp either works as a whole or not at all until 32 threads are left, so there is almost
// no divergence, and neighbours read neighbouring addresses: fewer instructions and fewer memory transactions for the same sum.
__global__ void convergent_kernel(float* data, float* sum) {
    for (int stride = blockDim.x; stride >= 1; stride /= 2) {
        if (threadIdx.x < stride) data[threadIdx.x] += data[threadIdx.x + stride];
        __syncthreads();
    }
    if (threadIdx.x == 0) *sum = data[0];
}

extern "C" int reduce_convergent(float* data, float* sum) {
    convergent_kernel<<<1, kThreads>>>(data, sum);
    return cudaGetLastError();
}
