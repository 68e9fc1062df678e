// A convolution layer, backward: how the loss changes with each weight, and with each bias.
//
// The layer is that of layer.cu. `gradient` says how the loss changes with each element of its result, n x filters x out_rows x
// out_cols. Find the formula first: where does weights[k, c, r, s] occur in the result, and times what?
// by_weights has filters x channels x size x size elements, by_bias has filters.
#include <cuda_runtime.h>

constexpr int kThreads = 128;

__global__ void weights_gradient_kernel(const float* images, const float* gradient, int n, int channels, int rows, int cols,
                                        int filters, int size, float* by_weights, float* by_bias) {
    // TODO (about 18 lines): One weight a block, and behind the weights one bias a block. The threads share the
    // pixels of all results among them; then a tree.
}

extern "C" int weights_gradient(const float* images, const float* gradient, int n, int channels, int rows, int cols, int filters,
                                int size, float* by_weights, float* by_bias) {
    const int blocks = filters * (channels * size * size + 1);
    weights_gradient_kernel<<<blocks, kThreads>>>(images, gradient, n, channels, rows, cols, filters, size, by_weights, by_bias);
    return cudaGetLastError();
}
