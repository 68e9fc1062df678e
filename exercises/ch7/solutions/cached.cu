// Convolution in tiles without a halo: the neighbours in other tiles come from global memory, most likely from the cache.
//
// The same sum as in basic.cu, for 5 x 5 weights: neighbours outside of the image count as 0. The tile is as large as the
// block. The neighbouring blocks load their tiles at about the same time, so the halo is in the L2 cache anyway.
#include <cuda_runtime.h>

constexpr int kRadius = 2;
constexpr int kTile = 16;
__constant__ float weights_c[(2 * kRadius + 1) * (2 * kRadius + 1)];

// Every thread loads and every thread computes: no threads that are there for the halo only, and a tile of a size that suits
// the machine. The price is a branch for each neighbour. The check against the image comes first, so that the places of the
// tile that nobody wrote, past the image's edge, are never read.
__global__ void cached_kernel(const float* image, int height, int width, float* out) {
    __shared__ float tile[kTile][kTile];
    const int column = blockIdx.x * kTile + threadIdx.x;
    const int row = blockIdx.y * kTile + threadIdx.y;
    const bool inside = row < height && column < width;
    if (inside) tile[threadIdx.y][threadIdx.x] = image[row * width + column];
    __syncthreads();

    if (!inside) return;
    float sum = 0.0f;
    for (int i = 0; i < 2 * kRadius + 1; ++i) {
        for (int j = 0; j < 2 * kRadius + 1; ++j) {
            const int y = row - kRadius + i;
            const int x = column - kRadius + j;
            if (y < 0 || y >= height || x < 0 || x >= width) continue;
            const int in_y = (int)threadIdx.y - kRadius + i;
            const int in_x = (int)threadIdx.x - kRadius + j;
            const bool in_tile = in_y >= 0 && in_y < kTile && in_x >= 0 && in_x < kTile;
            const float pixel = in_tile ? tile[in_y][in_x] : image[y * width + x];
            sum += weights_c[i * (2 * kRadius + 1) + j] * pixel;
        }
    }
    out[row * width + column] = sum;
}

extern "C" int convolve_cached(const float* image, int height, int width, const float* weights, float* out,
                               cudaStream_t stream) {
    const cudaError_t error =
        cudaMemcpyToSymbolAsync(weights_c, weights, sizeof(weights_c), 0, cudaMemcpyDeviceToDevice, stream);
    if (error != cudaSuccess) return error;
    const dim3 block(kTile, kTile);
    const dim3 grid((width + kTile - 1) / kTile, (height + kTile - 1) / kTile);
    cached_kernel<<<grid, block, 0, stream>>>(image, height, width, out);
    return cudaGetLastError();
}
