// Matrix times vector: y = A * x, one thread an element of y.
//
// A has m rows and n columns and lies row after row; y[i] is the sum over j of A[i, j] * x[j].
#include <cuda_runtime.h>

// Every element of A is used once: this is limited by how fast memory delivers A, whatever the threads do. Here neighbours read
// addresses that lie n elements apart, which wastes most of what memory delivers; chapter 6 is about that.
__global__ void matvec_kernel(const float* a, const float* x, float* y, int m, int n) {
    const int row = blockIdx.x * blockDim.x + threadIdx.x;
    if (row >= m) return;
    float sum = 0.0f;
    for (int column = 0; column < n; ++column) sum += a[row * n + column] * x[column];
    y[row] = sum;
}

extern "C" int matvec(const float* a, const float* x, float* y, int m, int n) {
    if (m == 0) return 0;
    matvec_kernel<<<(m + 127) / 128, 128>>>(a, x, y, m, n);
    return cudaGetLastError();
}
