// Convolution, the basic way: one thread computes one pixel.
//
// A pixel of `out` is the weighted sum of the pixels around the same place in `image`. The weights form a square of
// 2 * radius + 1 rows and columns; weights[0] belongs to the neighbour `radius` rows above and `radius` columns to the left.
// Neighbours outside of the image count as 0. All three arrays lie row after row in device memory.
#include <cuda_runtime.h>

// x counts columns and y rows, so that threads that are neighbours in a warp use neighbouring addresses. Two checks of
// bounds with different reasons: the first is for threads that have no pixel, the second for neighbours that are no pixels.
// For every multiplication and addition two values are read from memory: that is what the next problems improve.
__global__ void basic_kernel(const float* image, int height, int width, const float* weights, int radius, float* out) {
    const int column = blockIdx.x * blockDim.x + threadIdx.x;
    const int row = blockIdx.y * blockDim.y + threadIdx.y;
    if (row >= height || column >= width) return;
    float sum = 0.0f;
    for (int i = 0; i < 2 * radius + 1; ++i) {
        for (int j = 0; j < 2 * radius + 1; ++j) {
            const int y = row - radius + i;
            const int x = column - radius + j;
            if (y >= 0 && y < height && x >= 0 && x < width) {
                sum += weights[i * (2 * radius + 1) + j] * image[y * width + x];
            }
        }
    }
    out[row * width + column] = sum;
}

extern "C" int convolve_basic(const float* image, int height, int width, const float* weights, int radius, float* out,
                              cudaStream_t stream) {
    const dim3 block(16, 16);
    const dim3 grid((width + 15) / 16, (height + 15) / 16);
    basic_kernel<<<grid, block, 0, stream>>>(image, height, width, weights, radius, out);
    return cudaGetLastError();
}
