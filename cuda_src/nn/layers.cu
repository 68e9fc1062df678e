// Layers without weights: ReLU and max pooling, forward and backward; the bias of dense layers (chapter 19).
#include "cuda_src/nn/elementwise.cuh"
#include "cuda_src/nn/layers.h"

namespace pmpp::nn {
namespace {

template <class T>
__global__ void relu_kernel(const T* in, T* out, size_t n) {
  // Not max(), which makes a zero of NaN.
  for (size_t i = first(); i < n; i += stride()) out[i] = in[i] < T(0) ? T(0) : in[i];
}

template <class T>
__global__ void relu_gradient_kernel(const T* out, const T* gradient, T* in_gradient, size_t n) {
  for (size_t i = first(); i < n; i += stride()) in_gradient[i] = out[i] > T(0) ? gradient[i] : T(0);
}

/// A thread a window.
template <class T>
__global__ void max_pool_kernel(const T* in, int rows, int cols, int size, T* out, int* winners, size_t n) {
  const int out_rows = rows / size, out_cols = cols / size;
  for (size_t i = first(); i < n; i += stride()) {
    const size_t line = i / out_cols, plane = line / out_rows;
    const int row = int(line - plane * out_rows) * size, col = int(i - line * out_cols) * size;
    const T* image = in + plane * rows * cols;
    int winner = row * cols + col;
    T best = image[winner];
    for (int y = row; y < row + size; ++y)
      for (int x = col; x < col + size; ++x) {
        const T value = image[y * cols + x];
        if (value > best || value != value) {
          best = value;
          winner = y * cols + x;
        }
      }
    out[i] = best;
    winners[i] = winner;
  }
}

/// A thread a window again: no two have the same winner. The other pixels are zero already.
template <class T>
__global__ void max_pool_gradient_kernel(const T* gradient, const int* winners, size_t window_count, size_t pixels,
                                         T* in_gradient, size_t n) {
  for (size_t i = first(); i < n; i += stride()) in_gradient[i / window_count * pixels + winners[i]] = gradient[i];
}

template <class T>
__global__ void add_bias_kernel(T* out, const T* bias, size_t cols, size_t n) {
  for (size_t i = first(); i < n; i += stride()) out[i] += bias[i % cols];
}

}  // namespace
}  // namespace pmpp::nn

using namespace pmpp::nn;

PMPP_API int pmpp_nn_relu(const void* in, void* out, size_t n, int dtype, cudaStream_t stream) {
  return elementwise(dtype, n, [&](auto zero, unsigned blocks) {
    using T = decltype(zero);
    relu_kernel<<<blocks, kThreads, 0, stream>>>(static_cast<const T*>(in), static_cast<T*>(out), n);
  });
}

PMPP_API int pmpp_nn_relu_gradient(const void* out, const void* gradient, void* in_gradient, size_t n, int dtype,
                                   cudaStream_t stream) {
  return elementwise(dtype, n, [&](auto zero, unsigned blocks) {
    using T = decltype(zero);
    relu_gradient_kernel<<<blocks, kThreads, 0, stream>>>(static_cast<const T*>(out), static_cast<const T*>(gradient),
                                                          static_cast<T*>(in_gradient), n);
  });
}

PMPP_API int pmpp_nn_max_pool(const pmpp_nn_pooling* layer, const void* in, void* out, void* winners, cudaStream_t stream) {
  const pmpp_nn_pooling p = *layer;
  if (p.size < 1 || p.rows < 0 || p.cols < 0 || size_t(p.rows) * p.cols > 0x7fffffff) return PMPP_UNSUITABLE;
  const size_t n = p.planes * (p.rows / p.size) * (p.cols / p.size);
  return elementwise(p.dtype, n, [&](auto zero, unsigned blocks) {
    using T = decltype(zero);
    max_pool_kernel<<<blocks, kThreads, 0, stream>>>(static_cast<const T*>(in), p.rows, p.cols, p.size, static_cast<T*>(out),
                                                     static_cast<int*>(winners), n);
  });
}

PMPP_API int pmpp_nn_max_pool_gradient(const pmpp_nn_pooling* layer, const void* gradient, const void* winners, void* in_gradient,
                                       cudaStream_t stream) {
  const pmpp_nn_pooling p = *layer;
  if (p.size < 1 || p.rows < 0 || p.cols < 0 || size_t(p.rows) * p.cols > 0x7fffffff) return PMPP_UNSUITABLE;
  const size_t windows = size_t(p.rows / p.size) * (p.cols / p.size), pixels = size_t(p.rows) * p.cols;
  const size_t element = p.dtype == PMPP_FLOAT64 ? 8 : 4;
  if (const int status = cudaMemsetAsync(in_gradient, 0, p.planes * pixels * element, stream)) return status;
  const size_t n = p.planes * windows;
  return elementwise(p.dtype, n, [&](auto zero, unsigned blocks) {
    using T = decltype(zero);
    max_pool_gradient_kernel<<<blocks, kThreads, 0, stream>>>(static_cast<const T*>(gradient), static_cast<const int*>(winners),
                                                              windows, pixels, static_cast<T*>(in_gradient), n);
  });
}

PMPP_API int pmpp_nn_add_bias(void* out, const void* bias, size_t rows, size_t cols, int dtype, cudaStream_t stream) {
  return elementwise(dtype, rows * cols, [&](auto zero, unsigned blocks) {
    using T = decltype(zero);
    add_bias_kernel<<<blocks, kThreads, 0, stream>>>(static_cast<T*>(out), static_cast<const T*>(bias), cols, rows * cols);
  });
}
