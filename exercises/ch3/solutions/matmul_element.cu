// Matrix product, one thread an element of the result.
//
// C = A * B: A has m rows and k columns, B has k rows and n columns, C has m rows and n columns; element (i, j) of C is the sum over
// s of A[i, s] * B[s, j]. All three lie row after row in device memory. Any size may be 0: then C is empty, or, for k = 0, all zero.
#include <cuda_runtime.h>

// Neighbours in a warp have neighbouring columns: they read the same element of A, and neighbouring ones of B. Every thread
// reads 2 k values for 2 k operations; chapter 5 gets along with far fewer.
__global__ void element_kernel(const float* a, const float* b, float* c, int m, int n, int k) {
    const int column = blockIdx.x * blockDim.x + threadIdx.x;
    const int row = blockIdx.y * blockDim.y + threadIdx.y;
    if (row >= m || column >= n) return;
    float sum = 0.0f;
    for (int s = 0; s < k; ++s) sum += a[row * k + s] * b[s * n + column];
    c[row * n + column] = sum;
}

extern "C" int matmul_element(const float* a, const float* b, float* c, int m, int n, int k) {
    if (m == 0 || n == 0) return 0;
    const dim3 block(16, 16);
    const dim3 grid((n + 15) / 16, (m + 15) / 16);
    element_kernel<<<grid, block>>>(a, b, c, m, n, k);
    return cudaGetLastError();
}
