// Histogram of bytes with atomic operations on global memory.
//
// bins[v] becomes the number of elements of `data` that are v, for each v from 0 to 255. Each thread looks at one element and
// adds 1 to its bin. Several threads may want the same bin at the same time. All bins are 0 at the start.
#include <cuda_runtime.h>

constexpr int kThreads = 256;

// `++bins[data[i]]` would read, add and write; another thread that reads in between makes one of the two additions vanish. An
// atomic operation lets nobody come between. Its price: additions to one address are done one after the other. If all 32 lanes
// of a warp have the same value, the one atomic instruction of the warp takes 32 turns.
__global__ void count_kernel(const unsigned char* data, int n, unsigned* bins) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) atomicAdd(&bins[data[i]], 1u);
}

extern "C" int histogram_global(const unsigned char* data, int n, unsigned* bins) {
    if (n == 0) return 0;
    count_kernel<<<(n + kThreads - 1) / kThreads, kThreads>>>(data, n, bins);
    return cudaGetLastError();
}
