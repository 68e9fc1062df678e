// Histogram of bytes with several elements a thread, those that follow one another.
//
// In shared.cu a block clears and adds up 256 bins for 128 elements. Here each thread takes kRun elements in a row, so that a
// block does that work for kRun times as many elements. Write the host's part too.
#include <cuda_runtime.h>

constexpr int kBins = 256;
constexpr int kThreads = 128;
constexpr int kRun = 16;

__global__ void contiguous_kernel(const unsigned char* data, int n, unsigned* bins) {
    __shared__ unsigned mine[kBins];
    for (int bin = threadIdx.x; bin < kBins; bin += kThreads) mine[bin] = 0;
    __syncthreads();
    // TODO (about 2 lines): Count kRun elements in the copy, as far as they exist: thread 0 of the grid takes the first kRun,
    // thread 1 the next.
    __syncthreads();
    for (int bin = threadIdx.x; bin < kBins; bin += kThreads)
        if (mine[bin] > 0) atomicAdd(&bins[bin], mine[bin]);
}

extern "C" int histogram_contiguous(const unsigned char* data, int n, unsigned* bins) {
    // TODO (about 3 lines): Launch as many blocks as n needs now, if it needs any.
    return cudaGetLastError();
}
