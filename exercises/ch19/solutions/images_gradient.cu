// A convolution layer, backward: how the loss changes with each pixel that the layer was given.
//
// The layer is that of layer.cu. `gradient` says how the loss changes with each element of its result, n x filters x out_rows x
// out_cols, with out_rows = rows - size + 1. by_images has the shape of the images, n x channels x rows x cols.
// Find the formula first: which elements of the result did the pixel (h, w) enter, and times which weight? It is a convolution, of
// the kind that mathematics calls so, with a border of zeros. No atomics: a thread gathers what belongs to its pixel.
#include <cuda_runtime.h>

__global__ void images_gradient_kernel(const float* gradient, const float* weights, int n, int channels, int rows, int cols,
                                       int filters, int size, float* by_images) {
    const int out_rows = rows - size + 1, out_cols = cols - size + 1;
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n * channels * rows * cols) return;
    const int w = i % cols, h = i / cols % rows, c = i / (rows * cols) % channels, image = i / (rows * cols) / channels;
    float sum = 0.0f;
    for (int k = 0; k < filters; ++k)
        for (int r = 0; r < size; ++r)
            for (int s = 0; s < size; ++s) {
                // Under weight (r, s) the pixel lay when the filter stood at (h - r, w - s): the minus flips the filter.
                const int p = h - r, q = w - s;
                if (p >= 0 && p < out_rows && q >= 0 && q < out_cols)
                    sum += gradient[((image * filters + k) * out_rows + p) * out_cols + q] *
                           weights[((k * channels + c) * size + r) * size + s];
            }
    by_images[i] = sum;
}

extern "C" int images_gradient(const float* gradient, const float* weights, int n, int channels, int rows, int cols, int filters,
                               int size, float* by_images) {
    const int pixels = n * channels * rows * cols;
    images_gradient_kernel<<<(pixels + 255) / 256, 256>>>(gradient, weights, n, channels, rows, cols, filters, size, by_images);
    return cudaGetLastError();
}
