// Find the bug: an exclusive scan of sections.
//
// out[i] is the sum of the elements of its section that stand before element i: 0 for the first of each section. Sections
// have kSection elements. The kernel is the one of Kogge and Stone; only what is loaded is shifted by one place.
//
// What is observed: the first section is right. In all others every sum is wrong, and in each of them by one amount.
#include <cuda_runtime.h>

constexpr int kSection = 256;

__global__ void exclusive_kernel(const int* in, int* out, int n) {
    __shared__ int sums[kSection];
    const int t = threadIdx.x, i = blockIdx.x * kSection + t;
    // TODO (about 1 line): Which element does the first thread of the second block load? Mend it.
    sums[t] = i > 0 && i < n ? in[i - 1] : 0;
    for (int stride = 1; stride < kSection; stride *= 2) {
        __syncthreads();
        int sum = sums[t];
        if (t >= stride) sum += sums[t - stride];
        __syncthreads();
        sums[t] = sum;
    }
    if (i < n) out[i] = sums[t];
}

extern "C" int scan_exclusive(const int* in, int* out, int n) {
    if (n == 0) return 0;
    exclusive_kernel<<<(n + kSection - 1) / kSection, kSection>>>(in, out, n);
    return cudaGetLastError();
}
