// Histogram of bytes with several elements a thread, those that follow one another.
//
// In shared.cu a block clears and adds up 256 bins for 128 elements. Here each thread takes kRun elements in a row, so that a
// block does that work for kRun times as many elements. Write the host's part too.
#include <cuda_runtime.h>

constexpr int kBins = 256;
constexpr int kThreads = 128;
constexpr int kRun = 16;

// A 16th of the blocks, and so a 16th of the additions to global memory. But look at what a warp reads in one turn of the
// loop: 32 bytes that lie 16 apart, which are in 16 sectors; side by side they would be in one. interleaved.cu mends that.
__global__ void contiguous_kernel(const unsigned char* data, int n, unsigned* bins) {
    __shared__ unsigned mine[kBins];
    for (int bin = threadIdx.x; bin < kBins; bin += kThreads) mine[bin] = 0;
    __syncthreads();
    const int first = (blockIdx.x * kThreads + threadIdx.x) * kRun;
    for (int i = first; i < first + kRun && i < n; ++i) atomicAdd(&mine[data[i]], 1u);
    __syncthreads();
    for (int bin = threadIdx.x; bin < kBins; bin += kThreads)
        if (mine[bin] > 0) atomicAdd(&bins[bin], mine[bin]);
}

extern "C" int histogram_contiguous(const unsigned char* data, int n, unsigned* bins) {
    if (n == 0) return 0;
    const int of_a_block = kThreads * kRun;
    contiguous_kernel<<<(n + of_a_block - 1) / of_a_block, kThreads>>>(data, n, bins);
    return cudaGetLastError();
}
