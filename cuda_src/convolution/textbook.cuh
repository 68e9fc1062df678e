// Convolution's rungs of the textbook, and the two passes of separable weights.
#pragma once

#include "cuda_src/convolution/sample.cuh"

namespace pmpp {
namespace {

struct Tuning {
  static constexpr int cols = 32;  // threads and pixels of a block along a row: a warp reads neighbours
  static constexpr int thread_rows = 8;
  static constexpr int rows = 32;  // pixels of a tile along a column: each thread does rows / thread_rows
};

// Along y and z the grid has at most 65535 blocks; for taller images, and more of them, each block goes on, a grid further.

/// One thread a pixel. Serves two rungs: they differ only in where the weights are.
template <class T, class Weights>
__global__ void pixel_kernel(Task<T> task, const __grid_constant__ Weights weights) {
  const int c = blockIdx.x * blockDim.x + threadIdx.x;
  if (c >= task.slide.out_cols) return;
  for (int z = blockIdx.z; z < task.results(); z += gridDim.z)
    for (int r = blockIdx.y * blockDim.y + threadIdx.y; r < task.slide.out_rows; r += gridDim.y * blockDim.y) {
      T sum = 0;
      for (int s = 0; s < task.slide.channels * task.slide.weight_planes; ++s) {
        const Layer<T> layer(task, z, s);
        int k = layer.first;
        for (int i = 0; i < task.slide.weight_rows; ++i)
          for (int j = 0; j < task.slide.weight_cols; ++j)
            sum += weights.at(layer.block, k++) *
                   sample(task, layer.plane, r + task.slide.row_offset + i, c + task.slide.col_offset + j);
      }
      *result(task, z, r, c) = sum;
    }
}

constexpr int kSums = Tuning::rows / Tuning::thread_rows;  // of a thread of the next two kernels, below each other

template <class T>
__device__ void store_sums(const Task<T>& task, int z, int first_row, int c, const T (&sum)[kSums]) {
#pragma unroll
  for (int s = 0; s < kSums; ++s) {
    const int r = first_row + int(threadIdx.y) + s * Tuning::thread_rows;
    if (r < task.slide.out_rows && c < task.slide.out_cols) *result(task, z, r, c) = sum[s];
  }
}

template <class T, class Weights>
__global__ void tiled_kernel(Task<T> task, const __grid_constant__ Weights weights) {
  T* tile = shared_memory<T>();
  const int width = Tuning::cols + task.slide.weight_cols - 1, height = Tuning::rows + task.slide.weight_rows - 1;
  const int first_col = blockIdx.x * Tuning::cols;

  for (int z = blockIdx.z; z < task.results(); z += gridDim.z)
    for (int first_row = blockIdx.y * Tuning::rows; first_row < task.slide.out_rows; first_row += gridDim.y * Tuning::rows) {
      T sum[kSums] = {};
      for (int step = 0; step < task.slide.channels * task.slide.weight_planes; ++step) {
        const Layer<T> layer(task, z, step);
        __syncthreads();  // nobody reads the tile before any more
        // Threads walk over the tile with its halo, which is larger than the block.
        for (int y = threadIdx.y; y < height; y += Tuning::thread_rows)
          for (int x = threadIdx.x; x < width; x += Tuning::cols)
            tile[y * width + x] =
                sample(task, layer.plane, first_row + task.slide.row_offset + y, first_col + task.slide.col_offset + x);
        __syncthreads();

        for (int i = 0; i < task.slide.weight_rows; ++i)
          for (int j = 0; j < task.slide.weight_cols; ++j) {
            const T weight = weights.at(layer.block, layer.first + i * task.slide.weight_cols + j);
#pragma unroll
            for (int s = 0; s < kSums; ++s)
              sum[s] += weight * tile[(int(threadIdx.y) + s * Tuning::thread_rows + i) * width + int(threadIdx.x) + j];
          }
      }
      store_sums(task, z, first_row, first_col + int(threadIdx.x), sum);
    }
}

template <class T, class Weights>
__global__ void cached_kernel(Task<T> task, const __grid_constant__ Weights weights) {
  __shared__ T tile[Tuning::rows][Tuning::cols];
  // The tile is the part of the image that lies under the block's output pixels when the weights are centred on them.
  const int centre_row = task.slide.row_offset + task.slide.weight_rows / 2,
            centre_col = task.slide.col_offset + task.slide.weight_cols / 2;
  const int first_col = blockIdx.x * Tuning::cols, c = first_col + threadIdx.x;

  for (int z = blockIdx.z; z < task.results(); z += gridDim.z)
    for (int first_row = blockIdx.y * Tuning::rows; first_row < task.slide.out_rows; first_row += gridDim.y * Tuning::rows) {
      T sum[kSums] = {};
      for (int step = 0; step < task.slide.channels * task.slide.weight_planes; ++step) {
        const Layer<T> layer(task, z, step);
        __syncthreads();  // nobody reads the tile before any more
        for (int y = threadIdx.y; y < Tuning::rows; y += Tuning::thread_rows)
          tile[y][threadIdx.x] = sample(task, layer.plane, first_row + centre_row + y, first_col + centre_col + int(threadIdx.x));
        __syncthreads();

        int k = layer.first;
        for (int i = 0; i < task.slide.weight_rows; ++i)
          for (int j = 0; j < task.slide.weight_cols; ++j, ++k) {
            const int tile_col = int(threadIdx.x) + j - task.slide.weight_cols / 2;
#pragma unroll
            for (int s = 0; s < kSums; ++s) {
              const int y = int(threadIdx.y) + s * Tuning::thread_rows, tile_row = y + i - task.slide.weight_rows / 2;
              const bool inside = unsigned(tile_row) < unsigned(Tuning::rows) && unsigned(tile_col) < unsigned(Tuning::cols);
              const T pixel =
                  inside ? tile[tile_row][tile_col]
                         : sample(task, layer.plane, first_row + y + task.slide.row_offset + i, c + task.slide.col_offset + j);
              sum[s] += weights.at(layer.block, k) * pixel;
            }
          }
      }
      store_sums(task, z, first_row, c, sum);
    }
}

/// First pass: along the rows, for the output's columns and every row that the second pass needs, those beyond the border
/// included. The weights are the row, then the column.
template <class T>
__global__ void row_pass_kernel(Task<T> task, const __grid_constant__ ConstantWeights<T> weights, T* between, int between_rows) {
  const int c = blockIdx.x * blockDim.x + threadIdx.x;
  if (c >= task.slide.out_cols) return;
  for (int z = blockIdx.z; z < task.results(); z += gridDim.z) {
    const T* plane = Layer<T>(task, z, 0).plane;
    for (int r = blockIdx.y * blockDim.y + threadIdx.y; r < between_rows; r += gridDim.y * blockDim.y) {
      T sum = 0;
      for (int j = 0; j < task.slide.weight_cols; ++j)
        sum += weights.at(0, j) * sample(task, plane, r + task.slide.row_offset, c + task.slide.col_offset + j);
      between[(size_t(z) * between_rows + r) * task.slide.out_cols + c] = sum;
    }
  }
}

template <class T>
__global__ void column_pass_kernel(Task<T> task, const __grid_constant__ ConstantWeights<T> weights, const T* between,
                                   int between_rows) {
  const int c = blockIdx.x * blockDim.x + threadIdx.x;
  if (c >= task.slide.out_cols) return;
  for (int z = blockIdx.z; z < task.results(); z += gridDim.z)
    for (int r = blockIdx.y * blockDim.y + threadIdx.y; r < task.slide.out_rows; r += gridDim.y * blockDim.y) {
      T sum = 0;
      for (int i = 0; i < task.slide.weight_rows; ++i)
        sum += weights.at(0, task.slide.weight_cols + i) * between[(size_t(z) * between_rows + r + i) * task.slide.out_cols + c];
      *result(task, z, r, c) = sum;
    }
}

/// Brings weights from a launch's arguments to global memory.
template <class T>
__global__ void store_weights(const __grid_constant__ ConstantWeights<T> weights, int count, T* to) {
  for (int k = threadIdx.x; k < count; k += blockDim.x) to[k] = weights.at(0, k);
}

}  // namespace
}  // namespace pmpp
