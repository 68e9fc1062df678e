// Inclusive scan of sections with the Brent-Kung algorithm: half of a tree up, half of a tree down.
//
// Going up, pairs are joined as in a reduction: after that every 2^k-th element holds the sum of 2^k. Going down, the sums in between are
// completed. That takes twice as many steps as Kogge-Stone, but about 2 n additions in place of n log2 n. A block has half as many
// threads as its section has elements.
// Each block scans its own section of the input; the sections do not know of one another. hierarchical.cu joins them.
#include <cuda_runtime.h>

constexpr int kThreads = 128;
constexpr int kSection = 2 * kThreads;

// Threads are numbered anew in every step so that those that work are neighbours: thread t joins the element that ends the t-th pair.
// No element is read in a step in which another thread writes it, so one barrier a step is enough.
__global__ void brent_kung_kernel(const float* in, float* out, int n) {
    __shared__ float sums[kSection];
    const int first = blockIdx.x * kSection, t = threadIdx.x;
    sums[t] = first + t < n ? in[first + t] : 0.0f;
    sums[t + kThreads] = first + t + kThreads < n ? in[first + t + kThreads] : 0.0f;
    for (int stride = 1; stride <= kThreads; stride *= 2) {
        __syncthreads();
        const int end = (t + 1) * 2 * stride - 1;
        if (end < kSection) sums[end] += sums[end - stride];
    }
    for (int stride = kSection / 4; stride > 0; stride /= 2) {
        __syncthreads();
        const int end = (t + 1) * 2 * stride - 1;
        if (end + stride < kSection) sums[end + stride] += sums[end];
    }
    __syncthreads();
    if (first + t < n) out[first + t] = sums[t];
    if (first + t + kThreads < n) out[first + t + kThreads] = sums[t + kThreads];
}

extern "C" int scan_brent_kung(const float* in, float* out, int n) {
    if (n == 0) return 0;
    brent_kung_kernel<<<(n + kSection - 1) / kSection, kThreads>>>(in, out, n);
    return cudaGetLastError();
}
