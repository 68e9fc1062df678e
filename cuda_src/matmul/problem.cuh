// What the kernels of matrix multiplication share: their arguments, the types of sums, the order of tiles.
#pragma once

#include <cstdint>

#include "cuda_src/common/half.cuh"
#include "cuda_src/common/ladder.cuh"

namespace pmpp::matmul {

/// What elements are multiplied and summed in.
template <class T>
struct AccumulatorOf {
  using Type = float;
};
template <>
struct AccumulatorOf<double> {
  using Type = double;
};
template <class T>
using Accumulator = typename AccumulatorOf<T>::Type;

__device__ __forceinline__ float widen(float x) { return x; }
__device__ __forceinline__ double widen(double x) { return x; }
using pmpp::widen;

template <class T>
__device__ __forceinline__ T narrow(Accumulator<T> x) {
  return x;
}
template <>
__device__ __forceinline__ Half narrow<Half>(float x) {
  return half_of(x);
}
template <>
__device__ __forceinline__ BFloat16 narrow<BFloat16>(float x) {
  return bfloat16_of(x);
}

/// A sum in the type of the result. Products so small that they vanish may leave -0, which adding +0 makes +0, and tiles add
/// zeros beyond the end of the sum: here the others do the same.
template <class T>
__device__ __forceinline__ T finished(Accumulator<T> sum) {
  return narrow<T>(sum + Accumulator<T>(0));
}

/// One rounding, not two: what every variant does, so that every variant has the same bits.
__device__ __forceinline__ float multiply_add(float a, float b, float c) { return __fmaf_rn(a, b, c); }
__device__ __forceinline__ double multiply_add(double a, double b, double c) { return __fma_rn(a, b, c); }

/// An operand, seen alike from both sides: `lines` are the rows of a and the columns of b, `depth` goes along the sum.
template <class T>
struct Panel {
  const T* data;
  std::ptrdiff_t line_stride, depth_stride, batch_stride;
  int lines;
  bool vector;  ///< 16-byte accesses fit: neighbours along one dimension, everything else in multiples of 16 bytes

  __device__ const T* at(int line, int depth) const {
    return data + blockIdx.z * batch_stride + line * line_stride + depth * depth_stride;
  }
};

template <class T>
struct Problem {
  Panel<T> a, b;
  T* out;
  int m, n, k;
  bool vector_out;  ///< the same of the result

  __device__ T* result(int row, int col) const { return out + (std::size_t{blockIdx.z} * m + row) * n + col; }
};

struct Tile {
  int row, col;
};

/// The block's tile of the result, row after row. One dimension of the grid carries both, as the others end at 65,535.
template <int kRows, int kCols>
__device__ Tile tile_of_block(int n) {
  const unsigned cols = (unsigned(n) + kCols - 1) / kCols;
  return {int(blockIdx.x / cols) * kRows, int(blockIdx.x % cols) * kCols};
}

/// The same in groups of eight rows of tiles, down the columns of a group: the blocks that run at one time form a compact
/// rectangle, whose rows of a and columns of b the L2 cache holds.
template <int kRows, int kCols>
__device__ Tile tile_of_block_grouped(int m, int n) {
  constexpr unsigned kGroup = 8;
  const unsigned rows = (unsigned(m) + kRows - 1) / kRows, cols = (unsigned(n) + kCols - 1) / kCols;
  const unsigned group = blockIdx.x / (kGroup * cols), within = blockIdx.x % (kGroup * cols);
  const unsigned height = min(kGroup, rows - group * kGroup);
  return {int(group * kGroup + within % height) * kRows, int(within / height) * kCols};
}

template <class T>
dim3 tiles(const Problem<T>& p, int rows, int cols, unsigned batches) {
  return dim3(unsigned(ceil_div(p.m, rows) * ceil_div(p.n, cols)), 1, batches);
}

// The rungs. Each is instantiated in its file for the four types, the last for those that tensor cores take.
template <class T>
int naive(const Problem<T>& p, unsigned batches, cudaStream_t stream);
template <class T>
int coalesced(const Problem<T>& p, unsigned batches, cudaStream_t stream);
template <class T>
int tiled(const Problem<T>& p, unsigned batches, cudaStream_t stream);
template <class T>
int coarsened(const Problem<T>& p, unsigned batches, cudaStream_t stream);
template <class T>
int register_tiled(const Problem<T>& p, unsigned batches, cudaStream_t stream);
template <class T>
int vectorized(const Problem<T>& p, unsigned batches, cudaStream_t stream);
template <class T>
int pipelined(const Problem<T>& p, unsigned batches, cudaStream_t stream);
template <class T>
int tensor_core(const Problem<T>& p, unsigned batches, cudaStream_t stream);

}  // namespace pmpp::matmul
