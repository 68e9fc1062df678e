// Make it faster: the sums of the rows of a matrix.
//
// out[r] is the sum of row r. The matrix has `rows` rows and `columns` columns and lies row after row. A block of 32 by 8
// threads does 32 rows: it brings one tile of 32 by 32 elements after the other into shared memory, and then each of the
// first 32 threads adds up a row of the tile. The loads from global memory are as they should be. But the first warp, when
// it adds up, takes 32 times as long as it should: its lanes all ask for the same bank of shared memory.
//
// The target: no bank conflicts.
#include <cuda_runtime.h>

constexpr int kTile = 32;
constexpr int kRows = 8;

// Word w of shared memory lies in bank w mod 32. In a tile 32 words wide, tile[t][s] is word 32 t + s: bank s for all t. In
// one 33 words wide it is word 33 t + s, bank (t + s) mod 32: another one for each lane. 128 bytes more, and 128 wavefronts
// in place of 4,096 for a matrix of 64 x 64. To add up tile[t][(s + t) % 32] would also do, without the bytes.
__global__ void row_sums_kernel(const float* in, float* out, int rows, int columns) {
    __shared__ float tile[kTile][kTile + 1];
    const int top = blockIdx.x * kTile;
    const int lane = threadIdx.y * kTile + threadIdx.x;
    float sum = 0.0f;
    for (int left = 0; left < columns; left += kTile) {
        for (int y = threadIdx.y; y < kTile; y += kRows) {
            const bool inside = top + y < rows && left + threadIdx.x < columns;
            tile[y][threadIdx.x] = inside ? in[(top + y) * columns + left + threadIdx.x] : 0.0f;
        }
        __syncthreads();
        if (lane < kTile) {
            for (int s = 0; s < kTile; ++s) sum += tile[lane][s];
        }
        __syncthreads();
    }
    if (lane < kTile && top + lane < rows) out[top + lane] = sum;
}

extern "C" int row_sums(const float* in, float* out, int rows, int columns) {
    if (rows == 0) return 0;
    row_sums_kernel<<<(rows + kTile - 1) / kTile, dim3(kTile, kRows)>>>(in, out, rows, columns);
    return cudaGetLastError();
}
