// Sum of a vector in a tree whose working threads stay together, in one block.
//
// As in tree.cu, `data` holds 2 * kThreads floats and may be overwritten. But the strides fall from kThreads to 1, and in each step
// the threads with the lowest numbers work: half of them, then a quarter, ... Whole warps have nothing left to do, in place of
// lanes in every warp.
#include <cuda_runtime.h>

constexpr int kThreads = 256;

__global__ void convergent_kernel(float* data, float* sum) {
    // TODO (about 5 lines): Loop over the strides kThreads, kThreads / 2 ... 1: let the threads below the stride add the element a stride
    // away to their own, which is data[threadIdx.x]. Then store the sum.
}

extern "C" int reduce_convergent(float* data, float* sum) {
    convergent_kernel<<<1, kThreads>>>(data, sum);
    return cudaGetLastError();
}
