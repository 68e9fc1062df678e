// Histogram of bytes with a private copy of the bins for each block.
//
// A block counts its elements in a copy of its own, where only its own threads compete. When all of them are done, it adds the
// copy to `bins`. There are kBlocks blocks, however long the input is: each thread takes every so many-th element. `copies` is
// global memory for kBlocks times kBins counters; these and all bins are 0 at the start.
#include <cuda_runtime.h>

constexpr int kBins = 256;
constexpr int kThreads = 256;
constexpr int kBlocks = 16;

// A bin of the result now gets one addition a block instead of one an element: 16 turns at most for each bin at the end. The
// barrier makes the additions of all threads of the block visible to all of them, in global memory too. Other blocks' copies
// are never read, so nobody has to wait for another block. Counts: one atomic a warp and turn of the loop, and 8 a block for
// adding up.
__global__ void privatized_kernel(const unsigned char* data, int n, unsigned* copies, unsigned* bins) {
    unsigned* mine = copies + blockIdx.x * kBins;
    for (int i = blockIdx.x * kThreads + threadIdx.x; i < n; i += gridDim.x * kThreads) atomicAdd(&mine[data[i]], 1u);
    __syncthreads();
    atomicAdd(&bins[threadIdx.x], mine[threadIdx.x]);
}

extern "C" int histogram_privatized(const unsigned char* data, int n, unsigned* copies, unsigned* bins) {
    privatized_kernel<<<kBlocks, kThreads>>>(data, n, copies, bins);
    return cudaGetLastError();
}
