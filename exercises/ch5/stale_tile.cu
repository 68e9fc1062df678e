// Find the bug: a product of matrices in tiles, for any size.
//
// C = A * B: A has m rows and k columns, B has k rows and n columns, C has m rows and n columns. All lie row after row in
// device memory. All sizes are at least 1.
//
// What is observed: for multiples of 16 it is right. For others, no access is out of bounds ("I checked every one of them"),
// but results are a little off, and sometimes NaN. They are not the same when the program does something else before.
#include <cuda_runtime.h>

constexpr int kTile = 16;

__global__ void product_kernel(const float* a, const float* b, float* c, int m, int n, int k) {
    __shared__ float a_tile[kTile][kTile];
    __shared__ float b_tile[kTile][kTile];
    const int column = blockIdx.x * kTile + threadIdx.x;
    const int row = blockIdx.y * kTile + threadIdx.y;
    float sum = 0.0f;
    for (int first = 0; first < k; first += kTile) {
        const int a_column = first + threadIdx.x, b_row = first + threadIdx.y;
        // TODO (about 2 lines): What is in those places of the tiles for which the matrices have no element? The loop over s
        // reads them too.
        if (row < m && a_column < k) a_tile[threadIdx.y][threadIdx.x] = a[row * k + a_column];
        if (b_row < k && column < n) b_tile[threadIdx.y][threadIdx.x] = b[b_row * n + column];
        __syncthreads();
        for (int s = 0; s < kTile; ++s) sum += a_tile[threadIdx.y][s] * b_tile[s][threadIdx.x];
        __syncthreads();
    }
    if (row < m && column < n) c[row * n + column] = sum;
}

extern "C" int multiply(const float* a, const float* b, float* c, int m, int n, int k) {
    const dim3 block(kTile, kTile);
    const dim3 grid((n + kTile - 1) / kTile, (m + kTile - 1) / kTile);
    product_kernel<<<grid, block>>>(a, b, c, m, n, k);
    return cudaGetLastError();
}
