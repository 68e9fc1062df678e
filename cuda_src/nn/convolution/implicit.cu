// The convolution layer as a matrix multiplication whose second operand is never stored: its elements are pixels, and the
// kernel computes where they lie. A thread keeps sums for eight filters in registers, so that a pixel is read once for them.
#include <algorithm>
#include <cstddef>

#include "cuda_src/nn/convolution/layer.cuh"

namespace pmpp::nn {
namespace {

constexpr int kFilters = 8;  // of a block, all of them in every thread

struct Tuning {
  static constexpr int threads = 128;
  static constexpr int pixels = 4;  // of a thread: eight weights in registers serve them all
  static constexpr int terms = 64;  // of the sum, whose weights and places are in shared memory at a time

  static constexpr int slices = 8;               // weights' gradient: warps of a block, which share the pixels among them
  static constexpr int chunk = 32 * slices;      // pixels whose gradient is in shared memory at a time
  static constexpr int pixels_per_split = 4096;  // a block's part of the sum, if there are several
  static constexpr int most_splits = 64;
};

/// Eight neighbours in shared memory, read 16 bytes at a time.
template <class T>
struct alignas(16) Eight {
  T at[kFilters];
};

template <class T, bool kBorder>
__global__ void __launch_bounds__(Tuning::threads) slide_kernel(Slide<T> p) {
  __shared__ Eight<T> weights[Tuning::terms];
  __shared__ std::ptrdiff_t offsets[Tuning::terms];  // in bytes: an address is one addition then
  __shared__ int places[kBorder ? Tuning::terms : 1];
  const int first_filter = blockIdx.y * kFilters, depth = p.depth(), area = p.weight_rows * p.weight_cols;
  const int pixels = p.count * p.out_pixels();

  const char* pixel[Tuning::pixels];  // under the first weight
  int row[Tuning::pixels], col[Tuning::pixels];
  const int first = blockIdx.x * (Tuning::threads * Tuning::pixels) + threadIdx.x;
#pragma unroll
  for (int j = 0; j < Tuning::pixels; ++j) {
    const int i = min(first + j * Tuning::threads, pixels - 1);
    const int n = i / p.out_pixels(), within = i - n * p.out_pixels();
    row[j] = within / p.out_cols;
    col[j] = within - row[j] * p.out_cols - p.border_cols;
    row[j] -= p.border_rows;
    pixel[j] = reinterpret_cast<const char*>(p.images + n * p.channels * p.rows * p.cols + row[j] * p.cols + col[j]);
  }

  T sum[kFilters][Tuning::pixels];
#pragma unroll
  for (int k = 0; k < kFilters; ++k) {
    const T bias = p.bias && first_filter + k < p.filters ? p.bias[first_filter + k] : T(0);
#pragma unroll
    for (int j = 0; j < Tuning::pixels; ++j) sum[k][j] = bias;
  }
  for (int start = 0; start < depth; start += Tuning::terms) {
    // Terms beyond the last have weights of 0: four go at a time.
    const int terms = min(Tuning::terms, (depth - start + 3) & ~3);
    __syncthreads();  // nobody reads the terms before any more
    for (int i = threadIdx.x; i < terms * kFilters; i += Tuning::threads) {
      const int d = start + i / kFilters, k = first_filter + i % kFilters;
      const int c = d / area, r = (d - c * area) / p.weight_cols, s = d - c * area - r * p.weight_cols;
      const bool inside = d < depth;
      weights[i / kFilters].at[i % kFilters] =
          inside && k < p.filters ? p.weights[k * p.filter_stride + c * p.channel_stride + r * p.row_stride + s * p.col_stride]
                                  : T(0);
      if (i % kFilters == 0) {
        offsets[i / kFilters] = inside ? std::ptrdiff_t(sizeof(T)) * ((c * p.rows + r) * p.cols + s) : 0;
        if constexpr (kBorder) places[i / kFilters] = inside ? r << 16 | s : 0;
      }
    }
    __syncthreads();
#pragma unroll 4
    for (int d = 0; d < terms; ++d) {
      const Eight<T> weight = weights[d];
      const std::ptrdiff_t offset = offsets[d];
#pragma unroll
      for (int j = 0; j < Tuning::pixels; ++j) {
        T value;
        if constexpr (kBorder) {
          const int y = row[j] + (places[d] >> 16), x = col[j] + (places[d] & 0xffff);
          value = unsigned(y) < unsigned(p.rows) && unsigned(x) < unsigned(p.cols)
                      ? *reinterpret_cast<const T*>(pixel[j] + offset)
                      : T(0);
        } else {
          value = *reinterpret_cast<const T*>(pixel[j] + offset);
        }
#pragma unroll
        for (int k = 0; k < kFilters; ++k) sum[k][j] += weight.at[k] * value;
      }
    }
  }

#pragma unroll
  for (int j = 0; j < Tuning::pixels; ++j) {
    const int i = first + j * Tuning::threads;
    if (i >= pixels) break;
    const int n = i / p.out_pixels();
    T* out = p.out + (n * p.filters + first_filter) * p.out_pixels() + i - n * p.out_pixels();
#pragma unroll
    for (int k = 0; k < kFilters; ++k, out += p.out_pixels())
      if (first_filter + k < p.filters) *out = sum[k][j];
  }
}

/// The same number, but the compiler cannot know: it must be there, also for those who have no use for it. Otherwise a branch
/// goes round its load, and the lanes of a warp part.
__device__ __forceinline__ float loaded(float x) {
  asm volatile("" : "+f"(x));
  return x;
}
__device__ __forceinline__ double loaded(double x) {
  asm volatile("" : "+d"(x));
  return x;
}

/// A lane a column of weights, that is a place under the filter, and one more for the bias, whose pixel is always 1. The warps
/// share the pixels; what they have is added up in the order of the warps, so that the bits are the same every time.
template <class T>
__global__ void __launch_bounds__(32 * Tuning::slices) weights_gradient_kernel(WeightsGradient<T> p, int splits) {
  __shared__ union {
    Eight<T> gradient[Tuning::chunk];
    T partial[kFilters][Tuning::slices][32];
  } shared;
  __shared__ std::ptrdiff_t offsets[Tuning::chunk];  // in bytes: an address is one addition then
  const int lane = threadIdx.x % 32, slice = threadIdx.x / 32, depth = p.depth();
  const int column = blockIdx.x * 32 + lane, first_filter = blockIdx.y * kFilters;
  const bool bias = column >= depth;
  const int at = bias ? 0 : column;
  const int s = at % p.weight_cols, r = at / p.weight_cols % p.weight_rows, c = at / p.weight_cols / p.weight_rows;
  const char* const images = reinterpret_cast<const char*>(p.images + (c * p.rows + r) * p.cols + s);
  const long long pixels = static_cast<long long>(p.count) * p.out_pixels();
  const int first = int(pixels * blockIdx.z / splits), last = int(pixels * (blockIdx.z + 1) / splits);

  T sum[kFilters] = {};
  for (int start = first; start < last; start += Tuning::chunk) {
    __syncthreads();
    const int i = start + threadIdx.x;
    const bool inside = i < last;
    const int n = inside ? i / p.out_pixels() : 0, within = inside ? i - n * p.out_pixels() : 0;
    const int y = within / p.out_cols(), x = within - y * p.out_cols();
    offsets[threadIdx.x] = std::ptrdiff_t(sizeof(T)) * ((n * p.channels * p.rows + y) * p.cols + x);
    const T* gradient = p.gradient + (n * p.filters + first_filter) * p.out_pixels() + within;
    Eight<T> mine;
#pragma unroll
    for (int k = 0; k < kFilters; ++k) mine.at[k] = inside && first_filter + k < p.filters ? gradient[k * p.out_pixels()] : T(0);
    shared.gradient[threadIdx.x] = mine;
    __syncthreads();
#pragma unroll 4
    for (int d = slice * 32; d < slice * 32 + 32; ++d) {
      const Eight<T> g = shared.gradient[d];
      const T pixel = loaded(*reinterpret_cast<const T*>(images + offsets[d])), value = bias ? T(1) : pixel;
#pragma unroll
      for (int k = 0; k < kFilters; ++k) sum[k] += g.at[k] * value;
    }
  }
  __syncthreads();
#pragma unroll
  for (int k = 0; k < kFilters; ++k) shared.partial[k][slice][lane] = sum[k];
  __syncthreads();
  T total = 0;
  for (int other = 0; other < Tuning::slices; ++other) total += shared.partial[slice][other][lane];  // this warp's filter
  if (column <= depth && first_filter + slice < p.filters)
    p.workspace[(blockIdx.z * p.filters + first_filter + slice) * (depth + 1) + column] = total;
}

/// Adds up what the splits have, in their order.
template <class T>
__global__ void add_splits_kernel(WeightsGradient<T> p, int splits) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x, columns = p.depth() + 1, n = p.filters * columns;
  if (i >= n) return;
  T sum = 0;
  for (int split = 0; split < splits; ++split) sum += p.workspace[split * n + i];
  const int k = i / columns, column = i - k * columns;
  (column == p.depth() ? p.bias_gradient[k] : p.weights_gradient[k * p.depth() + column]) = sum;
}

int splits_of(size_t pixels) {
  return int(std::clamp<size_t>(ceil_div(pixels, Tuning::pixels_per_split), 1, Tuning::most_splits));
}

}  // namespace

template <class T>
int implicit(const Slide<T>& p, cudaStream_t stream) {
  const dim3 grid(grid_size(size_t(p.count) * p.out_pixels(), Tuning::threads * Tuning::pixels),
                  unsigned(ceil_div(p.filters, kFilters)));
  if (p.border_rows || p.border_cols)
    slide_kernel<T, true><<<grid, Tuning::threads, 0, stream>>>(p);
  else
    slide_kernel<T, false><<<grid, Tuning::threads, 0, stream>>>(p);
  return cudaGetLastError();
}

template <class T>
int implicit(const WeightsGradient<T>& p, cudaStream_t stream) {
  const int splits = splits_of(size_t(p.count) * p.out_pixels()), columns = p.depth() + 1;
  const dim3 grid(unsigned(ceil_div(columns, 32)), unsigned(ceil_div(p.filters, kFilters)), unsigned(splits));
  weights_gradient_kernel<<<grid, 32 * Tuning::slices, 0, stream>>>(p, splits);
  if (const int status = cudaGetLastError()) return status;
  add_splits_kernel<<<grid_size(size_t(p.filters) * columns, 256), 256, 0, stream>>>(p, splits);
  return cudaGetLastError();
}

size_t implicit_workspace(const pmpp_nn_convolution& layer) {
  const size_t pixels = size_t(layer.images) * (layer.rows - layer.weight_rows + 1) * (layer.cols - layer.weight_cols + 1);
  return size_t(splits_of(pixels)) * layer.filters * (size_t(layer.channels) * layer.weight_rows * layer.weight_cols + 1);
}

template int implicit<float>(const Slide<float>&, cudaStream_t);
template int implicit<double>(const Slide<double>&, cudaStream_t);
template int implicit<float>(const WeightsGradient<float>&, cudaStream_t);
template int implicit<double>(const WeightsGradient<double>&, cudaStream_t);

}  // namespace pmpp::nn
