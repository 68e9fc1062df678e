// Matrix product, one thread a column of the result.
//
// C = A * B: A has m rows and k columns, B has k rows and n columns, C has m rows and n columns; element (i, j) of C is the sum over
// s of A[i, s] * B[s, j]. All three lie row after row in device memory. Any size may be 0: then C is empty, or, for k = 0, all zero.
#include <cuda_runtime.h>

__global__ void column_kernel(const float* a, const float* b, float* c, int m, int n, int k) {
    // TODO (about 7 lines): Find this thread's column; leave if C has no such column. Compute all m elements of the column.
}

extern "C" int matmul_column(const float* a, const float* b, float* c, int m, int n, int k) {
    if (m == 0 || n == 0) return 0;
    // TODO (about 1 line): Launch blocks of 64 threads, as many as the columns of C need.
    return cudaGetLastError();
}
