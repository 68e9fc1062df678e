// Sum of a vector in a tree, in one block.
//
// `data` holds 2 * kThreads floats in device memory, and the kernel may overwrite them. In step 1 every thread adds the element right of
// its own to it, in step 2 every other thread the one two places on, in step 3 every fourth the one four places on, until the
// sum of all stands in data[0]. That takes log2(2 * kThreads) steps in place of 2 * kThreads - 1 additions one after the other.
#include <cuda_runtime.h>

constexpr int kThreads = 256;

__global__ void tree_kernel(float* data, float* sum) {
    // TODO (about 6 lines): Thread t owns the elements 2 t and 2 t + 1. Loop over the strides 1, 2, 4 ... kThreads: let those threads
    // that still have something to do add the element a stride away to their own. Then store the sum.
}

extern "C" int reduce_tree(float* data, float* sum) {
    tree_kernel<<<1, kThreads>>>(data, sum);
    return cudaGetLastError();
}
