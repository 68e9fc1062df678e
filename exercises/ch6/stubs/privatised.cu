// Privatisation: how many elements are greater than a bound?
//
// *count is 0 at the start and becomes the number of elements of `data` that are greater than `bound`. kBlocks blocks of
// kThreads threads walk over the data with the stride of the grid.
#include <cuda_runtime.h>

constexpr int kThreads = 256;
constexpr int kBlocks = 8;

__global__ void privatised_kernel(const float* data, int n, float bound, int* count) {
    // TODO (about 8 lines): Count in a register, then in shared memory, then in *count: one atomic operation a thread at
    // most on the block's counter, and one a block on *count. The block's counter must be 0 before anybody adds to it, and
    // complete before anybody reads it.
}

extern "C" int count_greater(const float* data, int n, float bound, int* count) {
    privatised_kernel<<<kBlocks, kThreads>>>(data, n, bound, count);
    return cudaGetLastError();
}
