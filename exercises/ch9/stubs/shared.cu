// Histogram of bytes with private copies in shared memory.
//
// As in privatized.cu, but a block keeps its copy in shared memory, which is near: atomic operations are fast there. Shared
// memory holds anything at the start, so the block clears its copy first. A block has half as many threads as there are bins.
#include <cuda_runtime.h>

constexpr int kBins = 256;
constexpr int kThreads = 128;

__global__ void shared_kernel(const unsigned char* data, int n, unsigned* bins) {
    __shared__ unsigned mine[kBins];
    // TODO (about 7 lines): Clear the copy; each thread clears bins kThreads apart. Wait. Count this thread's one element in the
    // copy, if there is one. Wait. Add the copy to the result.
}

extern "C" int histogram_shared(const unsigned char* data, int n, unsigned* bins) {
    if (n == 0) return 0;
    shared_kernel<<<(n + kThreads - 1) / kThreads, kThreads>>>(data, n, bins);
    return cudaGetLastError();
}
