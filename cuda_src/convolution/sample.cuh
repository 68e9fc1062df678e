// What the kernels of convolution share: the image continued beyond its border, and where weights lie.
//
// A plane is an image; in three dimensions weights reach over several. Batches are images, or stacks of planes, on their own;
// each has channels, which are summed, and gives a result for each kernel.
#pragma once

#include "cuda_src/common/ladder.cuh"
#include "cuda_src/convolution/convolution.h"

namespace pmpp {
namespace {

template <class T>
struct Task {
  const T* image;
  T* out;
  pmpp_slide slide;
  T fill;
  __host__ __device__ int results() const { return slide.batches * slide.kernels * slide.out_planes; }
  __host__ __device__ int taps() const { return slide.weight_planes * slide.weight_rows * slide.weight_cols; }
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
  if (task.slide.boundary == PMPP_BOUNDARY_FILL || n == 0) return -1;
  return task.slide.boundary == PMPP_BOUNDARY_WRAP ? wrapped(i, n) : mirrored(i, n);
}

/// What lies over what in one step: a plane of the image, null where all of it is fill, and the weights that belong to it.
template <class T>
struct Layer {
  const T* plane;
  size_t block;  ///< the kernel's weights of the channel: taps() of them
  int first;     ///< among these, the first one of the plane

  /// Step `s` of channels * weight_planes for plane `z` of all results.
  __device__ Layer(const Task<T>& task, int z, int s) {
    const pmpp_slide& t = task.slide;
    const int channel = s / t.weight_planes, p = s % t.weight_planes, of_batch = z / t.out_planes;
    const int at = continued(task, z % t.out_planes + t.plane_offset + p, t.image_planes);
    const size_t number = (size_t(of_batch / t.kernels) * t.channels + channel) * t.image_planes + at;
    plane = at < 0 ? nullptr : task.image + number * t.image_rows * t.image_cols;
    block = (size_t(of_batch % t.kernels) * t.channels + channel) * task.taps();
    first = p * t.weight_rows * t.weight_cols;
  }
};

template <class T>
__device__ T sample(const Task<T>& task, const T* plane, int r, int c) {
  if (plane == nullptr) return task.fill;
  if (unsigned(r) >= unsigned(task.slide.image_rows) || unsigned(c) >= unsigned(task.slide.image_cols)) {
    r = continued(task, r, task.slide.image_rows);
    c = continued(task, c, task.slide.image_cols);
    if (r < 0 || c < 0) return task.fill;
  }
  return plane[size_t(r) * task.slide.image_cols + c];
}

template <class T>
__device__ T* result(const Task<T>& task, int z, int r, int c) {
  return task.out + (size_t(z) * task.slide.out_rows + r) * task.slide.out_cols + c;
}

template <class T>
__device__ T* shared_memory() {
  extern __shared__ double raw[];
  return reinterpret_cast<T*>(raw);
}

/// Weights as an argument of the kernel, which the hardware keeps in constant memory: a launch brings its own, so that streams
/// share nothing and a CUDA graph remembers them. They come in the order in which they are applied.
template <class T>
struct ConstantWeights {
  T value[PMPP_CONVOLUTION_MAX_WEIGHTS];
  __device__ T at(size_t, int k) const { return value[k]; }
};

/// Weights in device memory: any number, and flipped as they are read.
template <class T>
struct GlobalWeights {
  const T* value;
  int start, step;  ///< 0 and 1, or, flipped, the last one of a block and -1
  __device__ T at(size_t block, int k) const { return value[block + (start + step * k)]; }
};

}  // namespace
}  // namespace pmpp
