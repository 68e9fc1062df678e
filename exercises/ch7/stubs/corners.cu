// Find the bug: a blurred picture with a pattern of dots.
//
// "I blur photographs with 5 x 5 weights and tiles in shared memory. All is well but for dots that are too dark, in fours, as
// regular as a chessboard, 16 pixels apart. Small pictures have none. The weights may be any 25 numbers; pixels outside of the
// picture count as 0."
#include <cuda_runtime.h>

constexpr int kTile = 16;
constexpr int kRadius = 2;
constexpr int kWide = kTile + 2 * kRadius;

__device__ float pixel(const float* image, int height, int width, int row, int column) {
    return row >= 0 && row < height && column >= 0 && column < width ? image[row * width + column] : 0.0f;
}

__global__ void corners_kernel(const float* image, int height, int width, const float* weights, float* out) {
    __shared__ float tile[kWide][kWide];
    const int x = threadIdx.x, y = threadIdx.y;
    const int column = blockIdx.x * kTile + x, row = blockIdx.y * kTile + y;
    for (int k = y * kTile + x; k < kWide * kWide; k += kTile * kTile) tile[k / kWide][k % kWide] = 0.0f;
    __syncthreads();
    tile[y + kRadius][x + kRadius] = pixel(image, height, width, row, column);
    if (x < kRadius) {
        tile[y + kRadius][x] = pixel(image, height, width, row, column - kRadius);
        tile[y + kRadius][x + kTile + kRadius] = pixel(image, height, width, row, column + kTile);
    }
    if (y < kRadius) {
        tile[y][x + kRadius] = pixel(image, height, width, row - kRadius, column);
        tile[y + kTile + kRadius][x + kRadius] = pixel(image, height, width, row + kTile, column);
    }
    // TODO (about 6 lines): Dots that are too dark, 16 pixels apart. Which cells of the tile does nobody load? Mend it.
    __syncthreads();
    if (row >= height || column >= width) return;
    float sum = 0.0f;
    for (int i = 0; i < 2 * kRadius + 1; ++i)
        for (int j = 0; j < 2 * kRadius + 1; ++j) sum += weights[i * (2 * kRadius + 1) + j] * tile[y + i][x + j];
    out[row * width + column] = sum;
}

extern "C" int convolve_corners(const float* image, int height, int width, const float* weights, float* out) {
    const dim3 block(kTile, kTile);
    const dim3 grid((width + kTile - 1) / kTile, (height + kTile - 1) / kTile);
    corners_kernel<<<grid, block>>>(image, height, width, weights, out);
    return cudaGetLastError();
}
