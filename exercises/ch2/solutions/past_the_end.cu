// Find the bug: keep the values of a vector between two bounds.
//
// out[i] is in[i], but not less than `low` and not more than `high`. All of it lies in device memory.
//
// What is observed: every value is right. "I tested it with a million values." But the program stops with an illegal
// address, or some other array of it changes, for certain lengths.
#include <cuda_runtime.h>

// Only whole blocks are launched: 512 threads for n = 257. The bound belongs into the kernel, for reading as well as for
// writing. A million is 3,906 blocks of 256 and 64 more: there too 192 threads went past the end, into memory that happened
// to belong to nobody.
__global__ void clamp_kernel(const float* in, float* out, int n, float low, float high) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) out[i] = fminf(fmaxf(in[i], low), high);
}

extern "C" int clamp_values(const float* in, float* out, int n, float low, float high) {
    if (n == 0) return 0;
    clamp_kernel<<<(n + 255) / 256, 256>>>(in, out, n, low, high);
    return cudaGetLastError();
}
