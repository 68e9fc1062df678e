// Histogram of bytes with private copies in shared memory.
//
// As in privatized.cu, but a block keeps its copy in shared memory, which is near: atomic operations are fast there. Shared
// memory holds anything at the start, so the block clears its copy first. A block has half as many threads as there are bins.
#include <cuda_runtime.h>

constexpr int kBins = 256;
constexpr int kThreads = 128;

// Two barriers: nobody may count in a bin that is not cleared yet, and nobody may add up a bin in which others still count.
// Bins that stayed 0 are not added: that saves atomics on global memory when a block meets few values. A block counts with 4
// atomic operations, one a warp, and adds up with 8: too many for 128 elements, which contiguous.cu mends.
__global__ void shared_kernel(const unsigned char* data, int n, unsigned* bins) {
    __shared__ unsigned mine[kBins];
    for (int bin = threadIdx.x; bin < kBins; bin += kThreads) mine[bin] = 0;
    __syncthreads();
    const int i = blockIdx.x * kThreads + threadIdx.x;
    if (i < n) atomicAdd(&mine[data[i]], 1u);
    __syncthreads();
    for (int bin = threadIdx.x; bin < kBins; bin += kThreads)
        if (mine[bin] > 0) atomicAdd(&bins[bin], mine[bin]);
}

extern "C" int histogram_shared(const unsigned char* data, int n, unsigned* bins) {
    if (n == 0) return 0;
    shared_kernel<<<(n + kThreads - 1) / kThreads, kThreads>>>(data, n, bins);
    return cudaGetLastError();
}
