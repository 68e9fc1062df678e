// Convolution with the weights in constant memory: small, read by all threads at the same time, never changed.
//
// The same sum as in basic.cu: neighbours outside of the image count as 0. The radius is at most kMaxRadius.
#include <cuda_runtime.h>

constexpr int kMaxRadius = 7;
__constant__ float weights_c[(2 * kMaxRadius + 1) * (2 * kMaxRadius + 1)];

// In every turn of the loops all threads of a warp read the same weight: constant memory has a cache that hands one value to
// all of them at once. The kernel gets no pointer, because the array is a name that it knows.
__global__ void constant_kernel(const float* image, int height, int width, int radius, float* out) {
    const int column = blockIdx.x * blockDim.x + threadIdx.x;
    const int row = blockIdx.y * blockDim.y + threadIdx.y;
    if (row >= height || column >= width) return;
    float sum = 0.0f;
    for (int i = 0; i < 2 * radius + 1; ++i) {
        for (int j = 0; j < 2 * radius + 1; ++j) {
            const int y = row - radius + i;
            const int x = column - radius + j;
            if (y >= 0 && y < height && x >= 0 && x < width) {
                sum += weights_c[i * (2 * radius + 1) + j] * image[y * width + x];
            }
        }
    }
    out[row * width + column] = sum;
}

// weights is in device memory, like the other arrays.
extern "C" int convolve_constant(const float* image, int height, int width, const float* weights, int radius, float* out,
                                 cudaStream_t stream) {
    const size_t bytes = (2 * radius + 1) * (2 * radius + 1) * sizeof(float);
    const cudaError_t error =
        cudaMemcpyToSymbolAsync(weights_c, weights, bytes, 0, cudaMemcpyDeviceToDevice, stream);
    if (error != cudaSuccess) return error;
    const dim3 block(16, 16);
    const dim3 grid((width + 15) / 16, (height + 15) / 16);
    constant_kernel<<<grid, block, 0, stream>>>(image, height, width, radius, out);
    return cudaGetLastError();
}
