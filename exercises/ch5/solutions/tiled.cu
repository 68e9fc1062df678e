// Matrix product in tiles.
//
// C = A * B: A has m rows and k columns, B has k rows and n columns, C has m rows and n columns. All lie row after row in device
// memory. All three sizes are multiples of kTile.
#include <cuda_runtime.h>

constexpr int kTile = 16;

// Each element that is loaded is used by 16 threads: a thread reads 2 k / 16 values from global memory in place of 2 k. The
// first barrier stands between loading and using a tile; the second one keeps fast threads from loading the next tile over the one
// that slow threads still use. Both tiles are loaded along their rows, so that neighbours load neighbouring elements.
__global__ void tiled_kernel(const float* a, const float* b, float* c, int m, int n, int k) {
    __shared__ float a_tile[kTile][kTile];
    __shared__ float b_tile[kTile][kTile];
    const int column = blockIdx.x * kTile + threadIdx.x;
    const int row = blockIdx.y * kTile + threadIdx.y;
    float sum = 0.0f;
    for (int t = 0; t < k / kTile; ++t) {
        a_tile[threadIdx.y][threadIdx.x] = a[row * k + t * kTile + threadIdx.x];
        b_tile[threadIdx.y][threadIdx.x] = b[(t * kTile + threadIdx.y) * n + column];
        __syncthreads();
        for (int s = 0; s < kTile; ++s) sum += a_tile[threadIdx.y][s] * b_tile[s][threadIdx.x];
        __syncthreads();
    }
    c[row * n + column] = sum;
}

extern "C" int matmul_tiled(const float* a, const float* b, float* c, int m, int n, int k) {
    const dim3 block(kTile, kTile);
    const dim3 grid(n / kTile, m / kTile);
    tiled_kernel<<<grid, block>>>(a, b, c, m, n, k);
    return cudaGetLastError();
}
