// A dense layer, backward.
//
// Forward it is y = x W^T + bias: y[i, o] = bias[o] + sum over f of x[i, f] * weights[o, f], for n rows of `inputs` features and
// `outputs` outputs. `gradient`, n x outputs, says how the loss changes with each y[i, o]. Wanted: how it changes with x, with
// the weights and with the bias. Two of them are products of matrices; find out which, and which operand is transposed.
#include <cuda_runtime.h>

/// out[row, col] = sum over k of a[row * a_row + k * a_col] * b[k * b_row + col * b_col]: any operand may be transposed.
__global__ void multiply_kernel(const float* a, int a_row, int a_col, const float* b, int b_row, int b_col, float* out, int rows,
                                int cols, int depth) {
    // TODO (about 5 lines): One element of the result a thread, x for columns and y for rows.
}

__global__ void add_rows_kernel(const float* gradient, int n, int outputs, float* by_bias) {
    // TODO (about 5 lines): One output a thread: the bias was added to every row.
}

extern "C" int dense_backward(const float* x, const float* weights, const float* gradient, int n, int inputs, int outputs,
                              float* by_x, float* by_weights, float* by_bias) {
    // TODO (about 4 lines): Launch multiply_kernel twice, for by_x and for by_weights, and add_rows_kernel.
    return cudaGetLastError();
}
