// Kogge-Stone with two buffers: one barrier a step in place of two.
//
// A step reads one array in shared memory and writes another; then the two change places. Nothing is overwritten that somebody still
// reads.
// Each block scans its own section of the input; the sections do not know of one another. hierarchical.cu joins them.
#include <cuda_runtime.h>

constexpr int kSection = 256;

// Twice the shared memory for half of the barriers. A thread without a partner copies its value: the other buffer holds an old one.
__global__ void double_buffered_kernel(const int* in, int* out, int n) {
    __shared__ int buffers[2][kSection];
    const int i = blockIdx.x * kSection + threadIdx.x, t = threadIdx.x;
    int from = 0;
    buffers[from][t] = i < n ? in[i] : 0;
    for (int stride = 1; stride < kSection; stride *= 2) {
        __syncthreads();
        int sum = buffers[from][t];
        if (t >= stride) sum += buffers[from][t - stride];
        from = 1 - from;
        buffers[from][t] = sum;
    }
    if (i < n) out[i] = buffers[from][t];
}

extern "C" int scan_double_buffered(const int* in, int* out, int n) {
    if (n == 0) return 0;
    double_buffered_kernel<<<(n + kSection - 1) / kSection, kSection>>>(in, out, n);
    return cudaGetLastError();
}
