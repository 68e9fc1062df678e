// Separable convolution: first along the columns, then along the rows.
//
// If weights[i][j] = down[i] * across[j], the sum over the square can be taken in two steps with 2 * radius + 1 terms each:
// a vertical pass from `image` to `scratch`, a horizontal pass from `scratch` to `out`. Neighbours outside of the image
// count as 0. All arrays are in device memory; scratch is as large as the image.
#include <cuda_runtime.h>

__global__ void vertical_kernel(const float* image, int height, int width, const float* down, int radius, float* scratch) {
    // TODO (about 9 lines): One pixel a thread: add up down[i] times the pixel i - radius rows below, and store in scratch.
}

__global__ void horizontal_kernel(const float* scratch, int height, int width, const float* across, int radius, float* out) {
    // TODO (about 9 lines): The same along the row, from scratch to out.
}

extern "C" int convolve_separable(const float* image, int height, int width, const float* down, const float* across,
                                  int radius, float* scratch, float* out, cudaStream_t stream) {
    // TODO (about 4 lines): Choose block and grid, launch one kernel after the other in `stream`, return the launch's error.
    return 0;
}
