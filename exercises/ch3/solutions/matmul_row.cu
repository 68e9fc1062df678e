// Matrix product, one thread a row of the result.
//
// C = A * B: A has m rows and k columns, B has k rows and n columns, C has m rows and n columns; element (i, j) of C is the sum over
// s of A[i, s] * B[s, j]. All three lie row after row in device memory. Any size may be 0: then C is empty, or, for k = 0, all zero.
#include <cuda_runtime.h>

// A thread reads its row of A from end to end, and all of B. What neighbours in a warp read at the same time lies k elements
// apart in A, and what they write n elements apart in C: 32 pieces of memory a time, where one thread an element needs few.
// And a matrix of 1000 rows keeps 1000 threads busy, where a GPU wants a hundred thousand.
__global__ void row_kernel(const float* a, const float* b, float* c, int m, int n, int k) {
    const int row = blockIdx.x * blockDim.x + threadIdx.x;
    if (row >= m) return;
    for (int column = 0; column < n; ++column) {
        float sum = 0.0f;
        for (int s = 0; s < k; ++s) sum += a[row * k + s] * b[s * n + column];
        c[row * n + column] = sum;
    }
}

extern "C" int matmul_row(const float* a, const float* b, float* c, int m, int n, int k) {
    if (m == 0 || n == 0) return 0;
    row_kernel<<<(m + 63) / 64, 64>>>(a, b, c, m, n, k);
    return cudaGetLastError();
}
