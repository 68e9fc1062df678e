// Histogram of bytes with several elements a thread, every so many-th one.
//
// As contiguous.cu, but in each turn of the loop the threads of the grid take elements that lie side by side: a warp then
// reads its 32 bytes from one sector of 32 bytes instead of 16.
#include <cuda_runtime.h>

constexpr int kBins = 256;
constexpr int kThreads = 128;
constexpr int kRun = 16;

// Which thread counts an element does not matter for the result; for the memory it matters who reads at the same time. The
// stride of the grid is a multiple of 32, so each warp reads whole sectors: n / 32 of them in all, the least possible.
__global__ void interleaved_kernel(const unsigned char* data, int n, unsigned* bins) {
    __shared__ unsigned mine[kBins];
    for (int bin = threadIdx.x; bin < kBins; bin += kThreads) mine[bin] = 0;
    __syncthreads();
    for (int i = blockIdx.x * kThreads + threadIdx.x; i < n; i += gridDim.x * kThreads) atomicAdd(&mine[data[i]], 1u);
    __syncthreads();
    for (int bin = threadIdx.x; bin < kBins; bin += kThreads)
        if (mine[bin] > 0) atomicAdd(&bins[bin], mine[bin]);
}

extern "C" int histogram_interleaved(const unsigned char* data, int n, unsigned* bins) {
    if (n == 0) return 0;
    const int of_a_block = kThreads * kRun;
    interleaved_kernel<<<(n + of_a_block - 1) / of_a_block, kThreads>>>(data, n, bins);
    return cudaGetLastError();
}
