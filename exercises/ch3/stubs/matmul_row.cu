// Matrix product, one thread a row of the result.
//
// C = A * B: A has m rows and k columns, B has k rows and n columns, C has m rows and n columns; element (i, j) of C is the sum over
// s of A[i, s] * B[s, j]. All three lie row after row in device memory. Any size may be 0: then C is empty, or, for k = 0, all zero.
#include <cuda_runtime.h>

__global__ void row_kernel(const float* a, const float* b, float* c, int m, int n, int k) {
    // TODO (about 7 lines): Find this thread's row; leave if C has no such row. Compute all n elements of the row.
}

extern "C" int matmul_row(const float* a, const float* b, float* c, int m, int n, int k) {
    if (m == 0 || n == 0) return 0;
    // TODO (about 1 line): Launch blocks of 64 threads, as many as the rows of C need.
    return cudaGetLastError();
}
