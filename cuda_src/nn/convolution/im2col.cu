// The convolution layer by im2col: what lies under the weights becomes a column of a matrix, for each place where they fit,
// and a matrix multiplication does the rest. The pixels are stored once for each weight that meets them.
#include <type_traits>

#include "cuda_src/matmul/matmul.h"
#include "cuda_src/nn/convolution/layer.cuh"
#include "cuda_src/reduction/reduction.h"

namespace pmpp::nn {
namespace {

constexpr int kThreads = 256;

struct Sizes {
  int images, channels, rows, cols, filters, weight_rows, weight_cols, out_rows, out_cols;

  explicit Sizes(const pmpp_nn_convolution& in)
      : images(in.images),
        channels(in.channels),
        rows(in.rows),
        cols(in.cols),
        filters(in.filters),
        weight_rows(in.weight_rows),
        weight_cols(in.weight_cols),
        out_rows(in.rows - in.weight_rows + 1),
        out_cols(in.cols - in.weight_cols + 1) {}
  __host__ __device__ int depth() const { return channels * weight_rows * weight_cols; }
  __host__ __device__ int pixels() const { return out_rows * out_cols; }
};

/// columns[n, (c, r, s), (p, q)] = images[n, c, p + r, q + s].
template <class T>
__global__ void columns_kernel(Sizes z, const T* images, T* columns) {
  const int pixel = blockIdx.x * kThreads + threadIdx.x;
  if (pixel >= z.pixels()) return;
  const int y = pixel / z.out_cols, x = pixel - y * z.out_cols;
  for (int line = blockIdx.y; line < z.images * z.depth(); line += gridDim.y) {
    const int s = line % z.weight_cols, r = line / z.weight_cols % z.weight_rows, plane = line / z.weight_cols / z.weight_rows;
    columns[line * z.pixels() + pixel] = images[(plane * z.rows + y + r) * z.cols + x + s];
  }
}

/// The way back: a pixel gathers what its copies in the columns have. It asks them, they do not add to it: no atomics.
template <class T>
__global__ void gather_kernel(Sizes z, const T* columns, T* images) {
  const int i = blockIdx.x * kThreads + threadIdx.x;
  if (i >= z.images * z.channels * z.rows * z.cols) return;
  const int col = i % z.cols, row = i / z.cols % z.rows, plane = i / z.cols / z.rows;
  T sum = 0;
  for (int r = 0; r < z.weight_rows; ++r)
    for (int s = 0; s < z.weight_cols; ++s) {
      const int y = row - r, x = col - s;
      if (unsigned(y) < unsigned(z.out_rows) && unsigned(x) < unsigned(z.out_cols))
        sum += columns[((plane * z.weight_rows + r) * z.weight_cols + s) * z.pixels() + y * z.out_cols + x];
    }
  images[i] = sum;
}

template <class T>
__global__ void add_bias_kernel(T* out, const T* bias, int n, int pixels, int filters) {
  const int i = blockIdx.x * kThreads + threadIdx.x;
  if (i < n) out[i] += bias[i / pixels % filters];
}

template <class T>
constexpr int kDtype = std::is_same_v<T, float> ? PMPP_FLOAT32 : PMPP_FLOAT64;

template <class T>
int fill_columns(const Sizes& z, const T* images, T* columns, cudaStream_t stream) {
  const dim3 grid(grid_size(z.pixels(), kThreads), grid_size(size_t(z.images) * z.depth(), 1, 65535));
  columns_kernel<<<grid, kThreads, 0, stream>>>(z, images, columns);
  return cudaGetLastError();
}

/// out[n] = a[n] b[n] for every image.
template <class T>
int multiply(const T* a, ptrdiff_t a_batch, ptrdiff_t a_row, ptrdiff_t a_col, const T* b, ptrdiff_t b_batch, ptrdiff_t b_row,
             ptrdiff_t b_col, T* out, int m, int n, int k, int images, cudaStream_t stream) {
  pmpp_matmul_problem p{};
  p.a = a, p.b = b, p.out = out, p.m = m, p.n = n, p.k = k;
  p.a_row = a_row, p.a_col = a_col, p.b_row = b_row, p.b_col = b_col;
  p.batch_ndim = 1, p.batch[0] = images, p.a_batch[0] = a_batch, p.b_batch[0] = b_batch, p.dtype = kDtype<T>;
  return pmpp_matmul(&p, "auto", stream);
}

pmpp_reduce_problem sum_of(const void* in, void* out, size_t outer, size_t length, size_t inner, int dtype) {
  return {in, out, outer, length, inner, dtype, PMPP_REDUCE_SUM};
}

/// Sums over the images and the pixels of the weights' gradient: {columns, gradients by image, their sum's workspace}.
struct Plan {
  size_t columns, products, sums, reduce;

  explicit Plan(const pmpp_nn_convolution& in) {
    const Sizes z(in);
    const size_t bytes = in.dtype == PMPP_FLOAT64 ? 8 : 4, weights = size_t(z.filters) * z.depth();
    const auto aligned = [](size_t n) { return (n + 255) / 256 * 256; };
    columns = aligned(bytes * z.images * z.depth() * z.pixels());
    products = aligned(bytes * z.images * weights);
    sums = aligned(bytes * z.images * z.filters);
    const pmpp_reduce_problem problems[] = {
        sum_of(nullptr, nullptr, 1, z.images, weights, in.dtype),
        sum_of(nullptr, nullptr, size_t(z.images) * z.filters, z.pixels(), 1, in.dtype),
        sum_of(nullptr, nullptr, 1, z.images, z.filters, in.dtype),
    };
    reduce = 0;
    for (const auto& problem : problems) {
      const size_t needed = pmpp_reduce_workspace(&problem, "auto");
      reduce = needed > reduce ? needed : reduce;
    }
  }
};

}  // namespace

template <class T>
int im2col(const pmpp_nn_convolution& in, const T* images, const T* weights, const T* bias, T* out, T* columns,
           cudaStream_t stream) {
  const Sizes z(in);
  const int depth = z.depth(), pixels = z.pixels();
  if (const int status = fill_columns(z, images, columns, stream)) return status;
  if (const int status = multiply<T>(weights, 0, depth, 1, columns, ptrdiff_t(depth) * pixels, pixels, 1, out, z.filters, pixels,
                                     depth, z.images, stream))
    return status;
  if (!bias) return cudaSuccess;
  const int n = z.images * z.filters * pixels;
  add_bias_kernel<<<grid_size(n, kThreads), kThreads, 0, stream>>>(out, bias, n, pixels, z.filters);
  return cudaGetLastError();
}

template <class T>
int im2col_weights_gradient(const pmpp_nn_convolution& in, const T* images, const T* gradient, T* weights_gradient,
                            T* bias_gradient, T* workspace, cudaStream_t stream) {
  const Sizes z(in);
  const Plan plan(in);
  const int depth = z.depth(), pixels = z.pixels();
  T* const columns = workspace;
  T* const products = columns + plan.columns / sizeof(T);
  T* const sums = products + plan.products / sizeof(T);
  void* const reduce = sums + plan.sums / sizeof(T);
  if (const int status = fill_columns(z, images, columns, stream)) return status;
  // The columns transposed: their strides are exchanged, nothing moves.
  if (const int status = multiply<T>(gradient, ptrdiff_t(z.filters) * pixels, pixels, 1, columns, ptrdiff_t(depth) * pixels, 1,
                                     pixels, products, z.filters, depth, pixels, z.images, stream))
    return status;
  const auto add = [&](const void* from, void* to, size_t outer, size_t length, size_t inner) {
    const pmpp_reduce_problem problem = sum_of(from, to, outer, length, inner, in.dtype);
    return pmpp_reduce(&problem, reduce, plan.reduce, "auto", stream);
  };
  if (const int status = add(products, weights_gradient, 1, z.images, size_t(z.filters) * depth)) return status;
  if (const int status = add(gradient, sums, size_t(z.images) * z.filters, pixels, 1)) return status;
  return add(sums, bias_gradient, 1, z.images, z.filters);
}

template <class T>
int im2col_images_gradient(const pmpp_nn_convolution& in, const T* gradient, const T* weights, T* images_gradient, T* columns,
                           cudaStream_t stream) {
  const Sizes z(in);
  const int depth = z.depth(), pixels = z.pixels();
  if (const int status = multiply<T>(weights, 0, 1, depth, gradient, ptrdiff_t(z.filters) * pixels, pixels, 1, columns, depth,
                                     pixels, z.filters, z.images, stream))
    return status;
  const size_t n = size_t(z.images) * z.channels * z.rows * z.cols;
  gather_kernel<<<grid_size(n, kThreads), kThreads, 0, stream>>>(z, columns, images_gradient);
  return cudaGetLastError();
}

size_t im2col_workspace(const pmpp_nn_convolution& layer, int function) {
  const Plan plan(layer);
  return function == PMPP_NN_WEIGHTS_GRADIENT ? plan.columns + plan.products + plan.sums + plan.reduce : plan.columns;
}

#define PMPP_INSTANTIATE(T)                                                                                          \
  template int im2col<T>(const pmpp_nn_convolution&, const T*, const T*, const T*, T*, T*, cudaStream_t);            \
  template int im2col_weights_gradient<T>(const pmpp_nn_convolution&, const T*, const T*, T*, T*, T*, cudaStream_t); \
  template int im2col_images_gradient<T>(const pmpp_nn_convolution&, const T*, const T*, T*, T*, cudaStream_t);
PMPP_INSTANTIATE(float)
PMPP_INSTANTIATE(double)

}  // namespace pmpp::nn
