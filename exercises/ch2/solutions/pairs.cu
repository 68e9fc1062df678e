// Vector addition in which every thread adds two neighbouring pairs.
#include <cuda_runtime.h>

// Each element needs its own check: n may be odd, and then the last thread has one element only.
__global__ void pairs_kernel(const float* a, const float* b, float* c, int n) {
    const int i = 2 * (blockIdx.x * blockDim.x + threadIdx.x);
    if (i < n) c[i] = a[i] + b[i];
    if (i + 1 < n) c[i + 1] = a[i + 1] + b[i + 1];
}

// A block covers 2 * 128 elements now, and that is what the count of blocks is rounded up to.
extern "C" int add_pairs(const float* a, const float* b, float* c, int n) {
    if (n == 0) return 0;
    pairs_kernel<<<(n + 255) / 256, 128>>>(a, b, c, n);
    return cudaGetLastError();
}
