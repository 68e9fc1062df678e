// A convolution layer, backward: how the loss changes with each pixel that the layer was given.
//
// The layer is that of layer.cu. `gradient` says how the loss changes with each element of its result, n x filters x out_rows x
// out_cols, with out_rows = rows - size + 1. by_images has the shape of the images, n x channels x rows x cols.
// Find the formula first: which elements of the result did the pixel (h, w) enter, and times which weight? It is a convolution, of
// the kind that mathematics calls so, with a border of zeros. No atomics: a thread gathers what belongs to its pixel.
#include <cuda_runtime.h>

__global__ void images_gradient_kernel(const float* gradient, const float* weights, int n, int channels, int rows, int cols,
                                       int filters, int size, float* by_images) {
    // TODO (about 14 lines): One pixel a thread: add up over filters and places of the filter, where there was such a
    // place.
}

extern "C" int images_gradient(const float* gradient, const float* weights, int n, int channels, int rows, int cols, int filters,
                               int size, float* by_images) {
    const int pixels = n * channels * rows * cols;
    images_gradient_kernel<<<(pixels + 255) / 256, 256>>>(gradient, weights, n, channels, rows, cols, filters, size, by_images);
    return cudaGetLastError();
}
