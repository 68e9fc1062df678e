// Inclusive scan of a vector of any length with three kernels.
//
// The first scans sections and stores the sum of each. The second scans these sums, in one block: there are at most kSection of them. The
// third adds to every section the sum of all sections before it. `sums` is room for kSection ints in device memory.
#include <cuda_runtime.h>

constexpr int kSection = 256;

// Kernels of one stream run one after the other: the end of a kernel is the barrier for all blocks that does not exist inside of one.
// The price: the data goes through global memory twice more.
__global__ void scan_kernel(const int* in, int* out, int n, int* sums_of_sections) {
    __shared__ int sums[kSection];
    const int i = blockIdx.x * kSection + threadIdx.x;
    sums[threadIdx.x] = i < n ? in[i] : 0;
    for (int stride = 1; stride < kSection; stride *= 2) {
        __syncthreads();
        int sum = sums[threadIdx.x];
        if (threadIdx.x >= stride) sum += sums[threadIdx.x - stride];
        __syncthreads();
        sums[threadIdx.x] = sum;
    }
    if (i < n) out[i] = sums[threadIdx.x];
    if (sums_of_sections && threadIdx.x == kSection - 1) sums_of_sections[blockIdx.x] = sums[threadIdx.x];
}

__global__ void add_kernel(int* out, int n, const int* sums) {
    const int i = blockIdx.x * kSection + threadIdx.x;
    if (i < n && blockIdx.x > 0) out[i] += sums[blockIdx.x - 1];
}

extern "C" int scan_hierarchical(const int* in, int* out, int n, int* sums) {
    if (n == 0) return 0;
    const int sections = (n + kSection - 1) / kSection;
    scan_kernel<<<sections, kSection>>>(in, out, n, sums);
    scan_kernel<<<1, kSection>>>(sums, sums, sections, nullptr);
    add_kernel<<<sections, kSection>>>(out, n, sums);
    return cudaGetLastError();
}
