// What the rungs of the convolution layer share: its sizes, its arguments, and how one pass is seen as another.
#pragma once

#include "cuda_src/common/ladder.cuh"
#include "cuda_src/nn/convolution/convolution.h"

namespace pmpp::nn {

/// Weights that slide over images. Forward they are the layer's; for the gradient by the images it is the other way round:
/// see `backwards`.
template <class T>
struct Slide {
  const T* images;
  int count, channels, rows, cols;
  const T* weights;  ///< the weight of filter 0, channel 0, row 0 and column 0
  int filters, weight_rows, weight_cols;
  int filter_stride, channel_stride, row_stride, col_stride;  ///< of the weights, in elements, of either sign
  const T* bias;                                              ///< null: none
  T* out;
  int out_rows, out_cols;
  int border_rows, border_cols;  ///< zeros that surround the images

  __host__ __device__ int depth() const { return channels * weight_rows * weight_cols; }
  __host__ __device__ int out_pixels() const { return out_rows * out_cols; }
};

template <class T>
Slide<T> forwards(const pmpp_nn_convolution& in, const T* images, const T* weights, const T* bias, T* out) {
  const int area = in.weight_rows * in.weight_cols;
  return {images,
          in.images,
          in.channels,
          in.rows,
          in.cols,
          weights,
          in.filters,
          in.weight_rows,
          in.weight_cols,
          in.channels * area,
          area,
          in.weight_cols,
          1,
          bias,
          out,
          in.rows - in.weight_rows + 1,
          in.cols - in.weight_cols + 1,
          0,
          0};
}

/// Pixel (h, w) contributes weights[r, s] times itself to the output at (h - r, w - s), so the loss reaches it from there: the
/// weights slide over the gradient from their last to their first, filters and channels exchanged. Outputs that do not exist
/// are the border of zeros.
template <class T>
Slide<T> backwards(const pmpp_nn_convolution& in, const T* gradient, const T* weights, T* images_gradient) {
  const int area = in.weight_rows * in.weight_cols;
  return {gradient,
          in.images,
          in.filters,
          in.rows - in.weight_rows + 1,
          in.cols - in.weight_cols + 1,
          weights + area - 1,
          in.channels,
          in.weight_rows,
          in.weight_cols,
          area,
          in.channels * area,
          -in.weight_cols,
          -1,
          nullptr,
          images_gradient,
          in.rows,
          in.cols,
          in.weight_rows - 1,
          in.weight_cols - 1};
}

/// The gradient by the weights: a sum over all pixels of all outputs.
template <class T>
struct WeightsGradient {
  const T *images, *gradient;
  T *weights_gradient, *bias_gradient;
  T* workspace;
  int count, channels, rows, cols;
  int filters, weight_rows, weight_cols;

  __host__ __device__ int out_rows() const { return rows - weight_rows + 1; }
  __host__ __device__ int out_cols() const { return cols - weight_cols + 1; }
  __host__ __device__ int out_pixels() const { return out_rows() * out_cols(); }
  __host__ __device__ int depth() const { return channels * weight_rows * weight_cols; }
};

template <class T>
int direct(const Slide<T>& slide, cudaStream_t stream);
template <class T>
int direct(const WeightsGradient<T>& task, cudaStream_t stream);

template <class T>
int implicit(const Slide<T>& slide, cudaStream_t stream);
template <class T>
int implicit(const WeightsGradient<T>& task, cudaStream_t stream);
/// Elements of workspace that the second needs.
size_t implicit_workspace(const pmpp_nn_convolution& layer);

template <class T>
int im2col(const pmpp_nn_convolution& layer, const T* images, const T* weights, const T* bias, T* out, T* workspace,
           cudaStream_t stream);
template <class T>
int im2col_weights_gradient(const pmpp_nn_convolution& layer, const T* images, const T* gradient, T* weights_gradient,
                            T* bias_gradient, T* workspace, cudaStream_t stream);
template <class T>
int im2col_images_gradient(const pmpp_nn_convolution& layer, const T* gradient, const T* weights, T* images_gradient,
                           T* workspace, cudaStream_t stream);
size_t im2col_workspace(const pmpp_nn_convolution& layer, int function);

}  // namespace pmpp::nn
