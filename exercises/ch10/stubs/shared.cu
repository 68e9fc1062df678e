// Sum of a vector in a tree in shared memory, in one block.
//
// As in convergent.cu, but the input must not be changed, and global memory is read only once: the first step reads two elements a
// thread from there and stores their sum in shared memory; all other steps stay in shared memory.
#include <cuda_runtime.h>

constexpr int kThreads = 256;

__global__ void shared_kernel(const float* data, float* sum) {
    // TODO (about 7 lines): Declare kThreads partial sums in shared memory; let each thread store the sum of two elements. Loop over the
    // strides kThreads / 2 ... 1 in shared memory, each step after a barrier. Store the sum.
}

extern "C" int reduce_shared(const float* data, float* sum) {
    shared_kernel<<<1, kThreads>>>(data, sum);
    return cudaGetLastError();
}
