// A convolution layer, backward: how the loss changes with each weight, and with each bias.
//
// The layer is that of layer.cu. `gradient` says how the loss changes with each element of its result, n x filters x out_rows x
// out_cols. Find the formula first: where does weights[k, c, r, s] occur in the result, and times what?
// by_weights has filters x channels x size x size elements, by_bias has filters.
#include <cuda_runtime.h>

constexpr int kThreads = 128;

__global__ void weights_gradient_kernel(const float* images, const float* gradient, int n, int channels, int rows, int cols,
                                        int filters, int size, float* by_weights, float* by_bias) {
    const int out_rows = rows - size + 1, out_cols = cols - size + 1, pixels = out_rows * out_cols;
    const int depth = channels * size * size, weights = filters * depth;
    const bool bias = blockIdx.x >= weights;
    const int k = bias ? blockIdx.x - weights : blockIdx.x / depth, at = bias ? 0 : blockIdx.x % depth;
    const int s = at % size, r = at / size % size, c = at / size / size;
    float sum = 0.0f;
    for (int i = threadIdx.x; i < n * pixels; i += kThreads) {
        const int image = i / pixels, p = i % pixels / out_cols, q = i % out_cols;
        // out[image, k, p, q] holds this weight times this pixel: so much does it change with the weight. The gradient slides over
        // the image as the filter did. A bias is a weight whose pixel is always 1.
        const float pixel = bias ? 1.0f : images[((image * channels + c) * rows + p + r) * cols + q + s];
        sum += gradient[((image * filters + k) * out_rows + p) * out_cols + q] * pixel;
    }
    __shared__ float partial[kThreads];
    partial[threadIdx.x] = sum;
    for (int stride = kThreads / 2; stride >= 1; stride /= 2) {
        __syncthreads();
        if (threadIdx.x < stride) partial[threadIdx.x] += partial[threadIdx.x + stride];
    }
    if (threadIdx.x == 0) (bias ? by_bias[k] : by_weights[blockIdx.x]) = partial[0];
}

extern "C" int weights_gradient(const float* images, const float* gradient, int n, int channels, int rows, int cols, int filters,
                                int size, float* by_weights, float* by_bias) {
    const int blocks = filters * (channels * size * size + 1);
    weights_gradient_kernel<<<blocks, kThreads>>>(images, gradient, n, channels, rows, cols, filters, size, by_weights, by_bias);
    return cudaGetLastError();
}
