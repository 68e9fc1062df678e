// The textbook's rungs: one section in shared memory, and what completes them for any length.
#pragma once

#include "cuda_src/scan/operators.cuh"

namespace pmpp {
namespace {

// A rung scans s[0, kSection) in place, inclusively, with kThreads threads, and ends with a barrier.

template <int kThreads_>
struct KoggeStone {
  static constexpr int kThreads = kThreads_, kSection = kThreads, kShared = kSection;
  template <class Op, class T>
  static __device__ void scan(T* s, Op op) {
    const int t = threadIdx.x;
    for (int stride = 1; stride < kSection; stride *= 2) {
      T sum = s[t];
      if (t >= stride) sum = op.apply(s[t - stride], sum);
      __syncthreads();  // everybody has read: a write before this would be seen by a neighbour too early
      s[t] = sum;
      __syncthreads();
    }
  }
};

template <int kThreads_>
struct DoubleBuffered {
  static constexpr int kThreads = kThreads_, kSection = kThreads, kShared = 2 * kSection;
  static_assert(kThreads == 64 || kThreads == 256 || kThreads == 1024, "an even number of steps ends in the first buffer");
  template <class Op, class T>
  static __device__ void scan(T* s, Op op) {
    const int t = threadIdx.x;
    T *from = s, *to = s + kSection;
    for (int stride = 1; stride < kSection; stride *= 2) {
      to[t] = t >= stride ? op.apply(from[t - stride], from[t]) : from[t];
      __syncthreads();  // nobody reads `to` before this, nobody writes `from` before the next: one barrier is enough
      T* const swap = from;
      from = to;
      to = swap;
    }
  }
};

template <int kThreads_>
struct BrentKung {
  static constexpr int kThreads = kThreads_, kSection = 2 * kThreads, kShared = kSection;
  template <class Op, class T>
  static __device__ void scan(T* s, Op op) {
    // Consecutive threads take consecutive nodes of the tree, so that whole warps retire as the tree narrows.
    for (int stride = 1; stride <= kThreads; stride *= 2) {
      const int i = (threadIdx.x + 1) * 2 * stride - 1;
      if (i < kSection) s[i] = op.apply(s[i - stride], s[i]);
      __syncthreads();
    }
    for (int stride = kThreads / 2; stride > 0; stride /= 2) {
      const int i = (threadIdx.x + 1) * 2 * stride - 1;
      if (i + stride < kSection) s[i + stride] = op.apply(s[i], s[i + stride]);
      __syncthreads();
    }
  }
};

template <int kThreads_>
struct WarpShuffles {
  static constexpr int kThreads = kThreads_, kSection = kThreads, kShared = kSection + kThreads / 32;
  template <class Op, class T>
  static __device__ void scan(T* s, Op op) {
    s[threadIdx.x] = block_inclusive<kThreads>(s[threadIdx.x], s + kSection, op);
    __syncthreads();
  }
};

template <int kThreads_, int kRun>
struct Coarsened {
  static constexpr int kThreads = kThreads_, kSection = kRun * kThreads, kShared = kSection + kThreads / 32;
  static_assert(kRun % 2 == 1, "runs of odd length start in 32 different banks");
  template <class Op, class T>
  static __device__ void scan(T* s, Op op) {
    T* const run = s + threadIdx.x * kRun;
    T sum = run[0];
    for (int i = 1; i < kRun; ++i) run[i] = sum = op.apply(sum, run[i]);
    const T upto = block_inclusive<kThreads>(sum, s + kSection, op);
    // The sum of the runs before this one is the neighbour's result: from a register within a warp, from `sums` across.
    T before = __shfl_up_sync(kAllLanes, upto, 1);
    if ((threadIdx.x & 31) == 0 && threadIdx.x > 0) before = s[kSection + threadIdx.x / 32 - 1];
    if (threadIdx.x > 0)
      for (int i = 0; i < kRun; ++i) run[i] = op.apply(before, run[i]);
    __syncthreads();
  }
};

/// Scans every section on its own and leaves the section's sum in sums[block], if there is more than one section.
template <class Rung, class Op, class T>
__global__ void __launch_bounds__(Rung::kThreads) scan_sections(Problem<T> p, T* sums, Op op) {
  __shared__ T s[Rung::kShared];
  const std::size_t first = std::size_t{blockIdx.x} * Rung::kSection;
  for (int i = threadIdx.x; i < Rung::kSection; i += Rung::kThreads)
    s[i] = first + i < p.n ? p.in[first + i] : op.template identity<T>();
  __syncthreads();
  Rung::scan(s, op);
  for (int i = threadIdx.x; i < Rung::kSection; i += Rung::kThreads)
    if (first + i < p.n)
      p.out[first + i] = !p.exclusive ? s[i] : i > 0 ? op.apply(op.template start<T>(), s[i - 1]) : op.template start<T>();
  if (sums != nullptr && threadIdx.x == 0) sums[blockIdx.x] = s[Rung::kSection - 1];
}

/// Adds to every section what the sections before it sum up to: sums[] is already scanned, inclusively.
template <class Op, class T>
__global__ void add_sums(T* out, const T* sums, std::size_t n, unsigned section, Op op) {
  const std::size_t first = (std::size_t{blockIdx.x} + 1) * section;
  const T before = sums[blockIdx.x];
  for (unsigned i = threadIdx.x; i < section && first + i < n; i += blockDim.x) out[first + i] = op.apply(before, out[first + i]);
}

}  // namespace
}  // namespace pmpp
