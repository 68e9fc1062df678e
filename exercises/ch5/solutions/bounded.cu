// Matrix product in tiles of any size.
//
// C = A * B: A has m rows and k columns, B has k rows and n columns, C has m rows and n columns. All lie row after row in device
// memory. Any size may be 0; for k = 0 every element of C is 0.
#include <cuda_runtime.h>

constexpr int kTile = 16;

// Three checks with three meanings: columns of A and rows of B beyond k count as 0, so that they add nothing; rows of A beyond m
// and columns of B beyond n are not there to be read; and a thread without an element of C stores nothing. But it loads, and
// takes part in every barrier: nobody may leave early.
__global__ void bounded_kernel(const float* a, const float* b, float* c, int m, int n, int k) {
    __shared__ float a_tile[kTile][kTile];
    __shared__ float b_tile[kTile][kTile];
    const int column = blockIdx.x * kTile + threadIdx.x;
    const int row = blockIdx.y * kTile + threadIdx.y;
    float sum = 0.0f;
    for (int t = 0; t < (k + kTile - 1) / kTile; ++t) {
        const int a_column = t * kTile + threadIdx.x;
        const int b_row = t * kTile + threadIdx.y;
        a_tile[threadIdx.y][threadIdx.x] = row < m && a_column < k ? a[row * k + a_column] : 0.0f;
        b_tile[threadIdx.y][threadIdx.x] = b_row < k && column < n ? b[b_row * n + column] : 0.0f;
        __syncthreads();
        for (int s = 0; s < kTile; ++s) sum += a_tile[threadIdx.y][s] * b_tile[s][threadIdx.x];
        __syncthreads();
    }
    if (row < m && column < n) c[row * n + column] = sum;
}

extern "C" int matmul_bounded(const float* a, const float* b, float* c, int m, int n, int k) {
    if (m == 0 || n == 0) return 0;
    const dim3 block(kTile, kTile);
    const dim3 grid((n + kTile - 1) / kTile, (m + kTile - 1) / kTile);
    bounded_kernel<<<grid, block>>>(a, b, c, m, n, k);
    return cudaGetLastError();
}
