// Find the bug: a histogram that loses counts.
//
// "With a multiple of 256 bytes the histogram is right. With 100 bytes some bins are missing, always the same ones. With 300
// bytes every bin is there, and some counts are too small." bins[v] is to become the number of elements that are v. All bins
// are 0 at the start.
#include <cuda_runtime.h>

constexpr int kBins = 256;
constexpr int kThreads = 256;

__global__ void lost_counts_kernel(const unsigned char* data, int n, unsigned* bins) {
    __shared__ unsigned mine[kBins];
    const int i = blockIdx.x * kThreads + threadIdx.x;
    // TODO (about 2 lines): Bins are missing where n is no multiple of 256. What does a thread do here beside counting its
    // element? Mend it.
    if (i >= n) return;
    mine[threadIdx.x] = 0;
    __syncthreads();
    atomicAdd(&mine[data[i]], 1u);
    __syncthreads();
    atomicAdd(&bins[threadIdx.x], mine[threadIdx.x]);
}

extern "C" int histogram_lost_counts(const unsigned char* data, int n, unsigned* bins) {
    if (n == 0) return 0;
    lost_counts_kernel<<<(n + kThreads - 1) / kThreads, kThreads>>>(data, n, bins);
    return cudaGetLastError();
}
