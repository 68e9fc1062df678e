// The convolution layer (chapter 19), forward and backward, from naive to best:
//
//   direct    a thread for each element of the result: two reads for each product
//   im2col    pixels are copied to where a matrix multiplication wants them: a matrix as many times larger as there are weights
//   implicit  the same multiplication with the copies left out: pixels are read where they lie, sums are kept in registers
//
// The gradient by the images is the forward pass with other arguments: see `backwards` in layer.cuh.
#include <algorithm>
#include <initializer_list>

#include "cuda_src/nn/convolution/layer.cuh"

namespace pmpp::nn {
namespace {

enum class Way { direct, im2col, implicit };

const Rung<Way> ladder[] = {
    {{"direct", "a thread an element", 75}, Way::direct},
    {{"im2col", "im2col and a matrix multiplication", 75}, Way::im2col},
    {{"implicit", "an implicit matrix multiplication", 75}, Way::implicit},
};

bool takes(const pmpp_nn_convolution& in) {
  constexpr size_t kMost = 0x7fff0000;  // indices, and those of threads beyond the last, stay ints
  const auto small = [](std::initializer_list<int> sides) {
    size_t n = 1;
    for (const int side : sides) {
      if (side < 1) return false;
      n *= size_t(side);
      if (n > kMost) return false;
    }
    return true;
  };
  const int out_rows = in.rows - in.weight_rows + 1, out_cols = in.cols - in.weight_cols + 1;
  return small({in.images, in.channels, in.rows, in.cols}) && small({in.images, in.filters, out_rows, out_cols}) &&
         small({in.filters, in.channels, in.weight_rows, in.weight_cols}) && std::max(in.weight_rows, in.weight_cols) < 1 << 15 &&
         std::max(in.filters, in.channels) <= 8 * 65535;
}

/// The matrix of columns has to be addressed with an int too.
bool takes(const pmpp_nn_convolution& in, Way way) {
  if (way != Way::im2col) return true;
  const size_t pixels = size_t(in.rows - in.weight_rows + 1) * (in.cols - in.weight_cols + 1);
  return size_t(in.images) * in.channels * in.weight_rows * in.weight_cols <= 0x7fffffff / pixels;
}

size_t workspace_bytes(const pmpp_nn_convolution& in, int function, Way way) {
  const size_t element = in.dtype == PMPP_FLOAT64 ? 8 : 4;
  if (way == Way::im2col) return im2col_workspace(in, function);
  return way == Way::implicit && function == PMPP_NN_WEIGHTS_GRADIENT ? element * implicit_workspace(in) : 0;
}

/// Checks, and calls `pass` with a zero of the dtype and the way.
template <class Pass>
int run(const pmpp_nn_convolution& in, int function, const char* variant, size_t bytes, Pass pass) {
  if (in.dtype != PMPP_FLOAT32 && in.dtype != PMPP_FLOAT64) return PMPP_UNSUPPORTED_DTYPE;
  const auto* rung = find(ladder, variant);
  if (!rung) return PMPP_UNKNOWN_VARIANT;
  if (!takes(in) || !takes(in, rung->launch)) return PMPP_UNSUITABLE;
  if (bytes < workspace_bytes(in, function, rung->launch)) return PMPP_SMALL_WORKSPACE;
  return in.dtype == PMPP_FLOAT32 ? pass(0.0f, rung->launch) : pass(0.0, rung->launch);
}

}  // namespace
}  // namespace pmpp::nn

using namespace pmpp::nn;

PMPP_API int pmpp_nn_convolve(const pmpp_nn_convolution* layer, const void* images, const void* weights, const void* bias,
                              void* out, const char* variant, void* workspace, size_t bytes, cudaStream_t stream) {
  return run(*layer, PMPP_NN_FORWARD, variant, bytes, [&](auto zero, Way way) -> int {
    using T = decltype(zero);
    const T *x = static_cast<const T*>(images), *w = static_cast<const T*>(weights), *b = static_cast<const T*>(bias);
    T* const y = static_cast<T*>(out);
    if (way == Way::im2col) return im2col(*layer, x, w, b, y, static_cast<T*>(workspace), stream);
    const Slide<T> slide = forwards(*layer, x, w, b, y);
    return way == Way::direct ? direct(slide, stream) : implicit(slide, stream);
  });
}

PMPP_API int pmpp_nn_convolve_weights_gradient(const pmpp_nn_convolution* layer, const void* images, const void* gradient,
                                               void* weights_gradient, void* bias_gradient, const char* variant, void* workspace,
                                               size_t bytes, cudaStream_t stream) {
  return run(*layer, PMPP_NN_WEIGHTS_GRADIENT, variant, bytes, [&](auto zero, Way way) -> int {
    using T = decltype(zero);
    const T *x = static_cast<const T*>(images), *dy = static_cast<const T*>(gradient);
    T *const dw = static_cast<T*>(weights_gradient), *const db = static_cast<T*>(bias_gradient);
    T* const space = static_cast<T*>(workspace);
    if (way == Way::im2col) return im2col_weights_gradient(*layer, x, dy, dw, db, space, stream);
    const WeightsGradient<T> task{x,
                                  dy,
                                  dw,
                                  db,
                                  space,
                                  layer->images,
                                  layer->channels,
                                  layer->rows,
                                  layer->cols,
                                  layer->filters,
                                  layer->weight_rows,
                                  layer->weight_cols};
    return way == Way::direct ? direct(task, stream) : implicit(task, stream);
  });
}

PMPP_API int pmpp_nn_convolve_images_gradient(const pmpp_nn_convolution* layer, const void* gradient, const void* weights,
                                              void* images_gradient, const char* variant, void* workspace, size_t bytes,
                                              cudaStream_t stream) {
  return run(*layer, PMPP_NN_IMAGES_GRADIENT, variant, bytes, [&](auto zero, Way way) -> int {
    using T = decltype(zero);
    const T *dy = static_cast<const T*>(gradient), *w = static_cast<const T*>(weights);
    T* const dx = static_cast<T*>(images_gradient);
    if (way == Way::im2col) return im2col_images_gradient(*layer, dy, w, dx, static_cast<T*>(workspace), stream);
    const Slide<T> slide = backwards(*layer, dy, w, dx);
    return way == Way::direct ? direct(slide, stream) : implicit(slide, stream);
  });
}

PMPP_API size_t pmpp_nn_convolve_workspace(const pmpp_nn_convolution* layer, int function, const char* variant) {
  const auto* rung = pmpp::find(ladder, variant);
  return rung && takes(*layer) && takes(*layer, rung->launch) ? workspace_bytes(*layer, function, rung->launch) : 0;
}

PMPP_API const pmpp_variant* pmpp_nn_convolve_variant(int i) { return pmpp::variant(ladder, i); }
