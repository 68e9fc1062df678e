// What the kernels of convolution share: the image continued beyond its border, and where weights lie.
//
// A plane is an image; in three dimensions weights reach over several. Batches are images, or stacks of planes, on their own.
#pragma once

#include "cuda_src/common/ladder.cuh"
#include "cuda_src/convolution.h"

namespace pmpp {
namespace {

template <class T>
struct Task {
  const T* image;
  int image_planes, image_rows, image_cols;
  int weight_planes, weight_rows, weight_cols;
  T* out;
  int out_planes, out_rows, out_cols;
  int plane_offset, row_offset, col_offset;
  int batches;
  int boundary;
  T fill;
};

/// Index of the pixel that stands for `i` beyond the border of `n` pixels.
__device__ int wrapped(int i, int n) {
  const int m = i % n;
  return m < 0 ? m + n : m;
}
__device__ int mirrored(int i, int n) {
  // In 64 bits: 2 n does not fit in an int for the longest images.
  long long m = i % (2LL * n);
  if (m < 0) m += 2LL * n;
  return int(m < n ? m : 2LL * n - 1 - m);
}

/// Index of what stands for `i` beyond the border, -1 where the fill value does.
template <class T>
__device__ int continued(const Task<T>& task, int i, int n) {
  if (unsigned(i) < unsigned(n)) return i;
  if (task.boundary == PMPP_BOUNDARY_FILL || n == 0) return -1;
  return task.boundary == PMPP_BOUNDARY_WRAP ? wrapped(i, n) : mirrored(i, n);
}

/// The plane of the image that lies under plane `p` of the weights for plane `z` of all results; null where all of it is fill.
template <class T>
__device__ const T* plane_under(const Task<T>& task, int z, int p) {
  const int plane = continued(task, z % task.out_planes + task.plane_offset + p, task.image_planes);
  const size_t number = size_t(z / task.out_planes) * task.image_planes + plane;
  return plane < 0 ? nullptr : task.image + number * task.image_rows * task.image_cols;
}

template <class T>
__device__ T sample(const Task<T>& task, const T* plane, int r, int c) {
  if (plane == nullptr) return task.fill;
  if (unsigned(r) >= unsigned(task.image_rows) || unsigned(c) >= unsigned(task.image_cols)) {
    r = continued(task, r, task.image_rows);
    c = continued(task, c, task.image_cols);
    if (r < 0 || c < 0) return task.fill;
  }
  return plane[size_t(r) * task.image_cols + c];
}

template <class T>
__device__ T* result(const Task<T>& task, int z, int r, int c) {
  return task.out + (size_t(z) * task.out_rows + r) * task.out_cols + c;
}

template <class T>
__device__ T* shared_memory() {
  extern __shared__ double raw[];
  return reinterpret_cast<T*>(raw);
}

__constant__ double constant_weights[PMPP_CONVOLUTION_MAX_WEIGHTS];  // room for either type

template <class T>
struct GlobalWeights {
  const T* weights;
  __device__ T operator[](int k) const { return weights[k]; }
};
template <class T>
struct ConstantWeights {
  __device__ T operator[](int k) const { return reinterpret_cast<const T*>(constant_weights)[k]; }
};

}  // namespace
}  // namespace pmpp
