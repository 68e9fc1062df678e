// Matrix product, one thread a column of the result.
//
// C = A * B: A has m rows and k columns, B has k rows and n columns, C has m rows and n columns; element (i, j) of C is the sum over
// s of A[i, s] * B[s, j]. All three lie row after row in device memory. Any size may be 0: then C is empty, or, for k = 0, all zero.
#include <cuda_runtime.h>

// The same number of operations and of threads as with a row each, if C is square. But what neighbours in a warp read from B and
// write to C at the same time lies side by side, and all of them read one element of A: that is why this one is faster.
__global__ void column_kernel(const float* a, const float* b, float* c, int m, int n, int k) {
    const int column = blockIdx.x * blockDim.x + threadIdx.x;
    if (column >= n) return;
    for (int row = 0; row < m; ++row) {
        float sum = 0.0f;
        for (int s = 0; s < k; ++s) sum += a[row * k + s] * b[s * n + column];
        c[row * n + column] = sum;
    }
}

extern "C" int matmul_column(const float* a, const float* b, float* c, int m, int n, int k) {
    if (m == 0 || n == 0) return 0;
    column_kernel<<<(n + 63) / 64, 64>>>(a, b, c, m, n, k);
    return cudaGetLastError();
}
