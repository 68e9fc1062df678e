// Kernels that do one thing to every element: how they walk over them, and how they are launched for either dtype.
#pragma once

#include "cuda_src/common/ladder.cuh"

namespace pmpp::nn {

constexpr int kThreads = 256;
constexpr size_t kPerThread = 4;  // elements, in strides of the grid: fewer blocks to start

__device__ __forceinline__ size_t first() { return size_t{blockIdx.x} * blockDim.x + threadIdx.x; }
__device__ __forceinline__ size_t stride() { return size_t{gridDim.x} * blockDim.x; }

/// Calls `launch` with a zero of the dtype and the number of blocks.
template <class Launch>
int elementwise(int dtype, size_t n, Launch launch) {
  if (dtype != PMPP_FLOAT32 && dtype != PMPP_FLOAT64) return PMPP_UNSUPPORTED_DTYPE;
  if (n == 0) return cudaSuccess;
  const unsigned blocks = grid_size(n, kThreads * kPerThread);
  dtype == PMPP_FLOAT32 ? launch(0.0f, blocks) : launch(0.0, blocks);
  return cudaGetLastError();
}

}  // namespace pmpp::nn
