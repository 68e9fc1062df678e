// Convolution's last rungs: a window of pixels that slides through registers, and both passes of separable weights in one kernel.
#pragma once

#include "cuda_src/convolution/sample.cuh"

namespace pmpp {
namespace {

/// A block's tile of the result. The wider it is, the less halo is read for each pixel.
template <class T>
struct Window {
  static constexpr int threads = 256, warps = threads / 32;
  static constexpr int rows = 64, cols = 256 / sizeof(T);  // with the halo of 31 x 31 weights just below 48 KiB
  static constexpr int pixels = 8;                         // that a thread computes below each other
  static constexpr int thread_rows = threads / cols, groups = rows / (pixels * thread_rows);
  static constexpr int sector = 32 / sizeof(T);

  static size_t shared_bytes(const Task<T>& task) {
    return sizeof(T) * (rows + task.slide.weight_rows - 1) * (cols + task.slide.weight_cols - 1);
  }
};

/// Loads a row of the tile with its halo, a warp together, from the sector on in which it begins: no sector is asked for twice.
template <class T>
__device__ void load_row(const Task<T>& task, const T* plane, int r, int first_col, int width, T* row) {
  using W = Window<T>;
  const bool inside = plane != nullptr && unsigned(r) < unsigned(task.slide.image_rows) && first_col >= 0 &&
                      first_col + width <= task.slide.image_cols;
  const long long begin = (long long)r * task.slide.image_cols + first_col;
  const int early = int((reinterpret_cast<size_t>(plane) / sizeof(T) + begin) % W::sector);
#pragma unroll
  for (int s = 0; s < (W::cols + PMPP_CONVOLUTION_LONGEST - 1 + W::sector - 1 + 31) / 32; ++s) {
    const int x = int(threadIdx.x % 32) + s * 32 - early;
    if (x >= 0 && x < width) row[x] = inside ? plane[begin + x] : sample(task, plane, r, first_col + x);
  }
}

/// Adds what a column of pixels contributes to the pixels of a thread. Between two steps down the weights the window moves by
/// one pixel: that one is read from shared memory, the other seven are in registers already.
template <class T, class Weights>
__device__ void slide(T (&sum)[Window<T>::pixels], const T* column, int stride, int rows, int cols, const Weights& weights,
                      size_t block, int first_weight) {
  constexpr int kPixels = Window<T>::pixels;
  for (int j = 0; j < cols; ++j) {
    T window[kPixels];
#pragma unroll
    for (int k = 1; k < kPixels; ++k) window[k] = column[(k - 1) * stride + j];
#pragma unroll 4
    for (int i = 0; i < rows; ++i) {
#pragma unroll
      for (int k = 0; k < kPixels - 1; ++k) window[k] = window[k + 1];
      window[kPixels - 1] = column[(i + kPixels - 1) * stride + j];
      const T weight = weights.at(block, first_weight + i * cols + j);
#pragma unroll
      for (int k = 0; k < kPixels; ++k) sum[k] += weight * window[k];
    }
  }
}

template <class T>
__device__ void store_window(const Task<T>& task, int z, int first_row, int c, const T (&sum)[Window<T>::pixels]) {
#pragma unroll
  for (int k = 0; k < Window<T>::pixels; ++k)
    if (first_row + k < task.slide.out_rows && c < task.slide.out_cols) *result(task, z, first_row + k, c) = sum[k];
}

template <class T, class Weights>
__global__ void __launch_bounds__(Window<T>::threads) window_kernel(Task<T> task, const __grid_constant__ Weights weights) {
  using W = Window<T>;
  T* tile = shared_memory<T>();
  const int width = W::cols + task.slide.weight_cols - 1, height = W::rows + task.slide.weight_rows - 1;
  const int first_col = blockIdx.x * W::cols, x = threadIdx.x % W::cols, y = threadIdx.x / W::cols * W::pixels;

  for (int z = blockIdx.z; z < task.results(); z += gridDim.z)
    for (int first_row = blockIdx.y * W::rows; first_row < task.slide.out_rows; first_row += gridDim.y * W::rows) {
      T sum[W::groups][W::pixels] = {};
      for (int s = 0; s < task.slide.channels * task.slide.weight_planes; ++s) {
        const Layer<T> layer(task, z, s);
        __syncthreads();  // nobody reads the tile before any more
        for (int row = threadIdx.x / 32; row < height; row += W::warps)
          load_row(task, layer.plane, first_row + task.slide.row_offset + row, first_col + task.slide.col_offset, width,
                   tile + row * width);
        __syncthreads();
#pragma unroll
        for (int g = 0; g < W::groups; ++g)
          slide(sum[g], tile + (y + g * W::rows / W::groups) * width + x, width, task.slide.weight_rows, task.slide.weight_cols,
                weights, layer.block, layer.first);
      }
#pragma unroll
      for (int g = 0; g < W::groups; ++g) store_window(task, z, first_row + y + g * W::rows / W::groups, first_col + x, sum[g]);
    }
}

/// The weights are the row, then the column.
template <class T>
__global__ void __launch_bounds__(Window<T>::threads)
    fused_kernel(Task<T> task, const __grid_constant__ ConstantWeights<T> weights) {
  using W = Window<T>;
  T* tile = shared_memory<T>();
  const int width = W::cols + task.slide.weight_cols - 1, height = W::rows + task.slide.weight_rows - 1;
  const int first_col = blockIdx.x * W::cols, x = threadIdx.x % W::cols, y = threadIdx.x / W::cols * W::pixels;

  for (int z = blockIdx.z; z < task.results(); z += gridDim.z)
    for (int first_row = blockIdx.y * W::rows; first_row < task.slide.out_rows; first_row += gridDim.y * W::rows) {
      const T* plane = Layer<T>(task, z, 0).plane;
      __syncthreads();  // nobody reads the tile before any more
      // A row belongs to one warp: it loads it and puts the sums of the first pass in its place, and waits for no other.
      for (int r = threadIdx.x / 32; r < height; r += W::warps) {
        T* row = tile + r * width + threadIdx.x % 32;
        load_row(task, plane, first_row + task.slide.row_offset + r, first_col + task.slide.col_offset, width, tile + r * width);
        __syncwarp();
        T sum[W::cols / 32] = {};
        for (int j = 0; j < task.slide.weight_cols; ++j)
#pragma unroll
          for (int q = 0; q < W::cols / 32; ++q) sum[q] += weights.at(0, j) * row[q * 32 + j];
        __syncwarp();
#pragma unroll
        for (int q = 0; q < W::cols / 32; ++q) row[q * 32] = sum[q];
      }
      __syncthreads();
#pragma unroll
      for (int g = 0; g < W::groups; ++g) {
        T sum[W::pixels] = {};
        const int below = y + g * W::rows / W::groups;
        slide(sum, tile + below * width + x, width, task.slide.weight_rows, 1, weights, 0, task.slide.weight_cols);
        store_window(task, z, first_row + below, first_col + x, sum);
      }
    }
}

}  // namespace
}  // namespace pmpp
