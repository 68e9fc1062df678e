// Histogram of bytes in which a thread adds up runs of equal values before it counts them.
//
// Data often has long runs of one value: a sky, silence, blanks. There all threads want the same bin and wait for one another.
// So a thread remembers the value that it met last and how often, in registers, and adds to the bin only when another value
// comes, and at the end.
#include <cuda_runtime.h>

constexpr int kBins = 256;
constexpr int kThreads = 128;
constexpr int kRun = 16;

// On constant data a thread needs one atomic addition for all of its elements. On random data it needs nearly one an element,
// and the comparison comes on top: aggregation pays where neighbours are alike. Elements are dealt as in interleaved.cu; what
// counts as a run is what a thread meets one after the other.
__global__ void aggregated_kernel(const unsigned char* data, int n, unsigned* bins) {
    __shared__ unsigned mine[kBins];
    for (int bin = threadIdx.x; bin < kBins; bin += kThreads) mine[bin] = 0;
    __syncthreads();
    int value = -1;
    unsigned length = 0;
    for (int i = blockIdx.x * kThreads + threadIdx.x; i < n; i += gridDim.x * kThreads) {
        if (data[i] != value) {
            if (length > 0) atomicAdd(&mine[value], length);
            value = data[i];
            length = 0;
        }
        ++length;
    }
    if (length > 0) atomicAdd(&mine[value], length);
    __syncthreads();
    for (int bin = threadIdx.x; bin < kBins; bin += kThreads)
        if (mine[bin] > 0) atomicAdd(&bins[bin], mine[bin]);
}

extern "C" int histogram_aggregated(const unsigned char* data, int n, unsigned* bins) {
    if (n == 0) return 0;
    const int of_a_block = kThreads * kRun;
    aggregated_kernel<<<(n + of_a_block - 1) / of_a_block, kThreads>>>(data, n, bins);
    return cudaGetLastError();
}
