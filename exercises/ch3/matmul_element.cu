// Matrix product, one thread an element of the result.
//
// C = A * B: A has m rows and k columns, B has k rows and n columns, C has m rows and n columns; element (i, j) of C is the sum over
// s of A[i, s] * B[s, j]. All three lie row after row in device memory. Any size may be 0: then C is empty, or, for k = 0, all zero.
#include <cuda_runtime.h>

__global__ void element_kernel(const float* a, const float* b, float* c, int m, int n, int k) {
    // TODO (about 6 lines): Find this thread's row and column of C; leave if there is no such element. Add up the k products and
    // store the sum.
}

extern "C" int matmul_element(const float* a, const float* b, float* c, int m, int n, int k) {
    if (m == 0 || n == 0) return 0;
    const dim3 block(16, 16);
    // TODO (about 2 lines): Cover all of C with such blocks and launch.
    return cudaGetLastError();
}
