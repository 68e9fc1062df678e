// Vector addition in which every thread adds two neighbouring pairs.
#include <cuda_runtime.h>

__global__ void pairs_kernel(const float* a, const float* b, float* c, int n) {
    // TODO (about 3 lines): Thread t of the grid computes the elements 2t and 2t + 1, as far as they exist.
}

// a, b and c are device memory. Returns 0, or the CUDA error of the launch. n may be 0.
extern "C" int add_pairs(const float* a, const float* b, float* c, int n) {
    // TODO (about 3 lines): Launch pairs_kernel with blocks of 128 threads, and no more blocks than are needed.
    return 0;
}
