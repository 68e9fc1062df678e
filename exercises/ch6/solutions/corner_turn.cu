// Corner turning: a matrix product whose second matrix lies column after column.
//
// C = A * B: A has m rows and k columns and lies row after row, and so does C, with m rows and n columns. B has k rows and n
// columns and lies column after column: its element in row r and column c is b[c * k + r]. Any size may be 0; for k = 0 all
// of C is 0.
#include <cuda_runtime.h>

constexpr int kTile = 32;

// The tile of B is loaded along its columns, because there neighbours in x lie side by side in memory: a warp needs 4
// sectors in place of 32. Only the place in shared memory is turned: what thread (x, y) loads is the element in row x and
// column y of the tile. Shared memory has no sectors, but banks: stored with a stride of 32 words, all lanes would meet in
// one bank. The 33rd column is never used; it puts neighbours into neighbouring banks. For 64 x 64 times 64 x 96: 3,072
// sectors loaded, no bank conflict. Loaded along the rows of B it would be 13,824.
__global__ void corner_turn_kernel(const float* a, const float* b, float* c, int m, int n, int k) {
    __shared__ float a_tile[kTile][kTile];
    __shared__ float b_tile[kTile][kTile + 1];
    const int x = threadIdx.x, y = threadIdx.y;
    const int row = blockIdx.y * kTile + y, column = blockIdx.x * kTile + x;
    const int loaded_column = blockIdx.x * kTile + y;
    float sum = 0.0f;
    for (int first = 0; first < k; first += kTile) {
        a_tile[y][x] = row < m && first + x < k ? a[row * k + first + x] : 0.0f;
        b_tile[x][y] = loaded_column < n && first + x < k ? b[loaded_column * k + first + x] : 0.0f;
        __syncthreads();
        for (int s = 0; s < kTile; ++s) sum += a_tile[y][s] * b_tile[s][x];
        __syncthreads();
    }
    if (row < m && column < n) c[row * n + column] = sum;
}

extern "C" int matmul_corner_turn(const float* a, const float* b, float* c, int m, int n, int k) {
    if (m == 0 || n == 0) return 0;
    const dim3 block(kTile, kTile);
    const dim3 grid((n + kTile - 1) / kTile, (m + kTile - 1) / kTile);
    corner_turn_kernel<<<grid, block>>>(a, b, c, m, n, k);
    return cudaGetLastError();
}
