// The convolution layer, direct: a thread for each element of the result, which adds up its products.
#include "cuda_src/nn/convolution/layer.cuh"

namespace pmpp::nn {
namespace {

constexpr int kThreads = 256;

template <class T>
__global__ void slide_kernel(Slide<T> p) {
  const int i = blockIdx.x * kThreads + threadIdx.x;
  if (i >= p.count * p.filters * p.out_pixels()) return;
  const int col = i % p.out_cols - p.border_cols, row = i / p.out_cols % p.out_rows - p.border_rows;
  const int k = i / p.out_pixels() % p.filters, n = i / p.out_pixels() / p.filters;
  const T* weights = p.weights + k * p.filter_stride;
  T sum = p.bias ? p.bias[k] : T(0);
  for (int c = 0; c < p.channels; ++c) {
    const T* image = p.images + (n * p.channels + c) * p.rows * p.cols;
    for (int r = 0; r < p.weight_rows; ++r)
      for (int s = 0; s < p.weight_cols; ++s) {
        const int y = row + r, x = col + s;
        if (unsigned(y) < unsigned(p.rows) && unsigned(x) < unsigned(p.cols))
          sum += weights[c * p.channel_stride + r * p.row_stride + s * p.col_stride] * image[y * p.cols + x];
      }
  }
  p.out[i] = sum;
}

/// A thread a weight, and one a filter's bias: its weight is a pixel that is always 1.
template <class T>
__global__ void weights_gradient_kernel(WeightsGradient<T> p) {
  const int i = blockIdx.x * kThreads + threadIdx.x, depth = p.depth(), weights = p.filters * depth;
  if (i >= weights + p.filters) return;
  const bool bias = i >= weights;
  const int k = bias ? i - weights : i / depth, at = bias ? 0 : i % depth;
  const int s = at % p.weight_cols, r = at / p.weight_cols % p.weight_rows, c = at / p.weight_cols / p.weight_rows;
  T sum = 0;
  for (int n = 0; n < p.count; ++n) {
    const T* gradient = p.gradient + (n * p.filters + k) * p.out_pixels();
    const T* image = p.images + ((n * p.channels + c) * p.rows + r) * p.cols + s;
    for (int y = 0; y < p.out_rows(); ++y)
      for (int x = 0; x < p.out_cols(); ++x) sum += gradient[y * p.out_cols() + x] * (bias ? T(1) : image[y * p.cols + x]);
  }
  (bias ? p.bias_gradient[k] : p.weights_gradient[i]) = sum;
}

}  // namespace

template <class T>
int direct(const Slide<T>& p, cudaStream_t stream) {
  slide_kernel<<<grid_size(size_t(p.count) * p.filters * p.out_pixels(), kThreads), kThreads, 0, stream>>>(p);
  return cudaGetLastError();
}

template <class T>
int direct(const WeightsGradient<T>& p, cudaStream_t stream) {
  weights_gradient_kernel<<<grid_size(size_t(p.filters) * (p.depth() + 1), kThreads), kThreads, 0, stream>>>(p);
  return cudaGetLastError();
}

template int direct<float>(const Slide<float>&, cudaStream_t);
template int direct<double>(const Slide<double>&, cudaStream_t);
template int direct<float>(const WeightsGradient<float>&, cudaStream_t);
template int direct<double>(const WeightsGradient<double>&, cudaStream_t);

}  // namespace pmpp::nn
