// Histogram of bytes with a private copy of the bins for each block.
//
// A block counts its elements in a copy of its own, where only its own threads compete. When all of them are done, it adds the
// copy to `bins`. There are kBlocks blocks, however long the input is: each thread takes every so many-th element. `copies` is
// global memory for kBlocks times kBins counters; these and all bins are 0 at the start.
#include <cuda_runtime.h>

constexpr int kBins = 256;
constexpr int kThreads = 256;
constexpr int kBlocks = 16;

__global__ void privatized_kernel(const unsigned char* data, int n, unsigned* copies, unsigned* bins) {
    // TODO (about 4 lines): Find this block's copy. Count the elements of this thread in it: the first is the thread's number in
    // the grid, and it goes on by the number of threads in the grid. Wait for the block. Then let thread t add bin t of the copy
    // to the result.
}

extern "C" int histogram_privatized(const unsigned char* data, int n, unsigned* copies, unsigned* bins) {
    privatized_kernel<<<kBlocks, kThreads>>>(data, n, copies, bins);
    return cudaGetLastError();
}
