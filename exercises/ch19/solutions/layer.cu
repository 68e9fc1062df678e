// A convolution layer, forward.
//
// n images of channels x rows x cols, filters of channels x size x size. The filters slide over the places where they fit, as they are:
// out[n, k, p, q] = bias[k] + sum over c, r, s of weights[k, c, r, s] * images[n, c, p + r, q + s].
// All arrays lie in this order in memory, the last index fastest.
#include <cuda_runtime.h>

__global__ void layer_kernel(const float* images, const float* weights, const float* bias, int n, int channels, int rows, int cols,
                             int filters, int size, float* out) {
    const int out_rows = rows - size + 1, out_cols = cols - size + 1;
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n * filters * out_rows * out_cols) return;
    const int q = i % out_cols, p = i / out_cols % out_rows;
    const int k = i / (out_cols * out_rows) % filters, image = i / (out_cols * out_rows) / filters;
    float sum = bias[k];
    // One sum over all channels: a filter has weights for each of them.
    for (int c = 0; c < channels; ++c)
        for (int r = 0; r < size; ++r)
            for (int s = 0; s < size; ++s)
                sum += weights[((k * channels + c) * size + r) * size + s] *
                       images[((image * channels + c) * rows + p + r) * cols + q + s];
    out[i] = sum;
}

extern "C" int layer(const float* images, const float* weights, const float* bias, int n, int channels, int rows, int cols,
                     int filters, int size, float* out) {
    const int elements = n * filters * (rows - size + 1) * (cols - size + 1);
    layer_kernel<<<(elements + 255) / 256, 256>>>(images, weights, bias, n, channels, rows, cols, filters, size, out);
    return cudaGetLastError();
}
