// A dense layer, backward.
//
// Forward it is y = x W^T + bias: y[i, o] = bias[o] + sum over f of x[i, f] * weights[o, f], for n rows of `inputs` features and
// `outputs` outputs. `gradient`, n x outputs, says how the loss changes with each y[i, o]. Wanted: how it changes with x, with
// the weights and with the bias. Two of them are products of matrices; find out which, and which operand is transposed.
#include <cuda_runtime.h>

/// out[row, col] = sum over k of a[row * a_row + k * a_col] * b[k * b_row + col * b_col]: any operand may be transposed.
__global__ void multiply_kernel(const float* a, int a_row, int a_col, const float* b, int b_row, int b_col, float* out, int rows,
                                int cols, int depth) {
    const int col = blockIdx.x * blockDim.x + threadIdx.x, row = blockIdx.y * blockDim.y + threadIdx.y;
    if (row >= rows || col >= cols) return;
    float sum = 0.0f;
    for (int k = 0; k < depth; ++k) sum += a[row * a_row + k * a_col] * b[k * b_row + col * b_col];
    out[row * cols + col] = sum;
}

__global__ void add_rows_kernel(const float* gradient, int n, int outputs, float* by_bias) {
    const int o = blockIdx.x * blockDim.x + threadIdx.x;
    if (o >= outputs) return;
    float sum = 0.0f;
    for (int i = 0; i < n; ++i) sum += gradient[i * outputs + o];
    by_bias[o] = sum;
}

extern "C" int dense_backward(const float* x, const float* weights, const float* gradient, int n, int inputs, int outputs,
                              float* by_x, float* by_weights, float* by_bias) {
    const dim3 block(16, 16), of_x((inputs + 15) / 16, (n + 15) / 16), of_weights((inputs + 15) / 16, (outputs + 15) / 16);
    // gradient W, and gradient^T x: transposed by exchanging strides, nothing is moved.
    multiply_kernel<<<of_x, block>>>(gradient, outputs, 1, weights, inputs, 1, by_x, n, inputs, outputs);
    multiply_kernel<<<of_weights, block>>>(gradient, 1, outputs, x, inputs, 1, by_weights, outputs, inputs, n);
    add_rows_kernel<<<(outputs + 255) / 256, 256>>>(gradient, n, outputs, by_bias);
    return cudaGetLastError();
}
