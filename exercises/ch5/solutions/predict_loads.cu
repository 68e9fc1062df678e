// Predict, then see: what do tiles save?
//
// C = A * B, for square matrices of n rows and n columns, once without tiles and once with tiles of 32 x 32. Blocks have 32
// x 32 threads, so a warp is one row of a block: its threads have the same y and follow one another in x. n is a multiple of
// 32.
//
// A request is a load instruction that a warp runs. A sector is 32 bytes of global memory, 8 floats.
#include <cuda_runtime.h>

constexpr int kTile = 32;

__global__ void plain_kernel(const float* a, const float* b, float* c, int n) {
    const int column = blockIdx.x * kTile + threadIdx.x, row = blockIdx.y * kTile + threadIdx.y;
    float sum = 0.0f;
    for (int k = 0; k < n; ++k) sum += a[row * n + k] * b[k * n + column];
    c[row * n + column] = sum;
}

__global__ void tiled_kernel(const float* a, const float* b, float* c, int n) {
    __shared__ float a_tile[kTile][kTile], b_tile[kTile][kTile];
    const int column = blockIdx.x * kTile + threadIdx.x, row = blockIdx.y * kTile + threadIdx.y;
    float sum = 0.0f;
    for (int first = 0; first < n; first += kTile) {
        a_tile[threadIdx.y][threadIdx.x] = a[row * n + first + threadIdx.x];
        b_tile[threadIdx.y][threadIdx.x] = b[(first + threadIdx.y) * n + column];
        __syncthreads();
        for (int s = 0; s < kTile; ++s) sum += a_tile[threadIdx.y][s] * b_tile[s][threadIdx.x];
        __syncthreads();
    }
    c[row * n + column] = sum;
}

extern "C" int square_product(const float* a, const float* b, float* c, int n, int tiled) {
    const dim3 block(kTile, kTile), grid(n / kTile, n / kTile);
    if (tiled) {
        tiled_kernel<<<grid, block>>>(a, b, c, n);
    } else {
        plain_kernel<<<grid, block>>>(a, b, c, n);
    }
    return cudaGetLastError();
}

// 64 * 64 elements are computed by 128 warps. Without tiles a warp makes 64 steps with two loads: one of A, where all lanes
// read the same element and need one sector, and one of B, where they read 32 floats in a row and need 4. With tiles it
// makes 2 steps with two loads, 4 sectors each. Requests go down by 32, the width of the tile; sectors by 20, because the
// lanes shared the elements of A before. The operations stay.
extern "C" int predict(long long* answers) {
    answers[0] = 2 * 64 * 64 * 64;
    answers[1] = 128 * 64 * 2;
    answers[2] = 128 * 64 * (1 + 4);
    answers[3] = 128 * 2 * 2;
    answers[4] = 128 * 2 * (4 + 4);
    answers[5] = 128 * 2 * 2;
    return 0;
}
