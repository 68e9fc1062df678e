// Transpose a matrix: out[c][r] = in[r][c].
//
// `in` has `rows` rows and `columns` columns and lies row after row; `out` has `columns` rows and `rows` columns. A block of
// 32 by 8 threads turns a tile of 32 by 32 elements, so every thread moves four of them, kRows rows apart. Either size may
// be 0.
#include <cuda_runtime.h>

constexpr int kTile = 32;
constexpr int kRows = 8;

// Reading a row and writing a column would take 32 sectors for each store of a warp. Through shared memory both sides go
// along rows: the tile is read by rows, and written by rows of the result, for which a warp reads a column of the tile. In a
// tile 32 words wide a column lies in one bank; in one 33 words wide its elements lie in 32 banks. For 64 x 96: 768 sectors
// loaded and 768 stored, which is 32 bytes each and no byte too many, and no bank conflict.
__global__ void transpose_kernel(const float* in, float* out, int rows, int columns) {
    __shared__ float tile[kTile][kTile + 1];
    const int left = blockIdx.x * kTile, top = blockIdx.y * kTile;
    for (int y = threadIdx.y; y < kTile; y += kRows) {
        const int row = top + y, column = left + threadIdx.x;
        if (row < rows && column < columns) tile[y][threadIdx.x] = in[row * columns + column];
    }
    __syncthreads();
    for (int y = threadIdx.y; y < kTile; y += kRows) {
        const int row = left + y, column = top + threadIdx.x;
        if (row < columns && column < rows) out[row * rows + column] = tile[threadIdx.x][y];
    }
}

extern "C" int transpose(const float* in, float* out, int rows, int columns) {
    if (rows == 0 || columns == 0) return 0;
    const dim3 block(kTile, kRows);
    const dim3 grid((columns + kTile - 1) / kTile, (rows + kTile - 1) / kTile);
    transpose_kernel<<<grid, block>>>(in, out, rows, columns);
    return cudaGetLastError();
}
