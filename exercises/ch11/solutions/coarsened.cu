// Inclusive scan of sections with several elements a thread.
//
// A section has kThreads * kEach elements. Each thread scans a run of kEach of them one after the other, which costs no more additions
// than needed; then the threads' sums are scanned in parallel, and every thread adds to its run the sum of the runs before it.
// Each block scans its own section of the input; the sections do not know of one another. hierarchical.cu joins them.
#include <cuda_runtime.h>

constexpr int kThreads = 128;
constexpr int kEach = 8;
constexpr int kSection = kThreads * kEach;

// The section goes through shared memory, so that neighbours load neighbouring elements although each of them works on a run: global
// memory wants the one, the algorithm the other. This is called corner turning.
__global__ void coarsened_kernel(const int* in, int* out, int n) {
    __shared__ int values[kSection];
    __shared__ int sums[kThreads];
    const int first = blockIdx.x * kSection, t = threadIdx.x;
    for (int k = t; k < kSection; k += kThreads) values[k] = first + k < n ? in[first + k] : 0;
    __syncthreads();
    for (int k = 1; k < kEach; ++k) values[t * kEach + k] += values[t * kEach + k - 1];
    sums[t] = values[t * kEach + kEach - 1];
    for (int stride = 1; stride < kThreads; stride *= 2) {
        __syncthreads();
        int sum = sums[t];
        if (t >= stride) sum += sums[t - stride];
        __syncthreads();
        sums[t] = sum;
    }
    __syncthreads();
    if (t > 0)
        for (int k = 0; k < kEach; ++k) values[t * kEach + k] += sums[t - 1];
    __syncthreads();
    for (int k = t; k < kSection; k += kThreads)
        if (first + k < n) out[first + k] = values[k];
}

extern "C" int scan_coarsened(const int* in, int* out, int n) {
    if (n == 0) return 0;
    coarsened_kernel<<<(n + kSection - 1) / kSection, kThreads>>>(in, out, n);
    return cudaGetLastError();
}
