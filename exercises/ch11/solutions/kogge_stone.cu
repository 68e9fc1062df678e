// Inclusive scan of sections with the Kogge-Stone algorithm: out[i] = in[first] + ... + in[i].
//
// Every thread begins with its own element in shared memory. In the step with stride 1 it adds the element one place to the left, then the
// one two places to the left, four, eight ... as long as there is one. After log2 kSection steps all sums are there.
// Each block scans its own section of the input; the sections do not know of one another. hierarchical.cu joins them.
#include <cuda_runtime.h>

constexpr int kSection = 256;

// Two barriers a step. The first: what is read must have been written. The second: what is overwritten must have been read, by the
// neighbour that needs the old value. Between them the sum waits in a register.
__global__ void kogge_stone_kernel(const int* in, int* out, int n) {
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
}

extern "C" int scan_kogge_stone(const int* in, int* out, int n) {
    if (n == 0) return 0;
    kogge_stone_kernel<<<(n + kSection - 1) / kSection, kSection>>>(in, out, n);
    return cudaGetLastError();
}
