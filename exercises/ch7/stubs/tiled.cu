// Convolution in tiles: a block loads its part of the image into shared memory, with the halo around it.
//
// The same sum as in basic.cu, for 5 x 5 weights: neighbours outside of the image count as 0. A block of kIn x kIn threads
// loads kIn x kIn pixels, one a thread. Only the kOut x kOut threads in the middle have all their neighbours in the tile;
// they compute a pixel each. The tiles of `out` touch, those of `image` overlap.
#include <cuda_runtime.h>

constexpr int kRadius = 2;
constexpr int kIn = 32;
constexpr int kOut = kIn - 2 * kRadius;
__constant__ float weights_c[(2 * kRadius + 1) * (2 * kRadius + 1)];

__global__ void tiled_kernel(const float* image, int height, int width, float* out) {
    // TODO (about 16 lines): Let every thread load its pixel into a shared tile, 0 if the pixel is outside of the image. Wait for
    // all threads of the block. Then let the threads in the middle, those with a pixel, add up and store.
}

extern "C" int convolve_tiled(const float* image, int height, int width, const float* weights, float* out,
                              cudaStream_t stream) {
    const cudaError_t error =
        cudaMemcpyToSymbolAsync(weights_c, weights, sizeof(weights_c), 0, cudaMemcpyDeviceToDevice, stream);
    if (error != cudaSuccess) return error;
    const dim3 block(kIn, kIn);
    const dim3 grid((width + kOut - 1) / kOut, (height + kOut - 1) / kOut);
    tiled_kernel<<<grid, block, 0, stream>>>(image, height, width, out);
    return cudaGetLastError();
}
