// Find the bug: keep the values of a vector between two bounds.
//
// out[i] is in[i], but not less than `low` and not more than `high`. All of it lies in device memory.
//
// What is observed: every value is right. "I tested it with a million values." But the program stops with an illegal
// address, or some other array of it changes, for certain lengths.
#include <cuda_runtime.h>

__global__ void clamp_kernel(const float* in, float* out, int n, float low, float high) {
    // TODO (about 1 line): How many threads are launched for n = 257, and what do all of them do? Mend the kernel.
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    out[i] = fminf(fmaxf(in[i], low), high);
}

extern "C" int clamp_values(const float* in, float* out, int n, float low, float high) {
    if (n == 0) return 0;
    clamp_kernel<<<(n + 255) / 256, 256>>>(in, out, n, low, high);
    return cudaGetLastError();
}
