// What is scanned and by which operator, and how a warp and a block scan what they have in registers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>

#include "cuda_src/scan/scan.h"

namespace pmpp {
namespace {

constexpr unsigned kAllLanes = 0xffffffffu;

struct Tuning {
  static constexpr int kThreads = 256;
  static constexpr int kRun = 7;            ///< elements that a thread of the coarsened rung scans on its own
  static constexpr int kRows = 4;           ///< 16-byte vectors that a thread holds: 64 B in flight a thread, 16 KiB a tile
  static constexpr int kSumThreads = 1024;  ///< of the one block that scans the tiles' sums
};

// identity(): e with op(e, x) == x for every x, to the bit. start(): what an exclusive scan begins with.

template <class T>
struct Limit {  // variables, because device code cannot call the host's functions
  static constexpr bool integer = std::numeric_limits<T>::is_integer;
  static constexpr T low = integer ? std::numeric_limits<T>::lowest() : -std::numeric_limits<T>::infinity();
  static constexpr T high = integer ? std::numeric_limits<T>::max() : std::numeric_limits<T>::infinity();
};

struct Add {
  template <class T>
  __device__ T identity() const {
    return Limit<T>::integer ? T(0) : T(-0.0);
  }
  template <class T>
  __device__ T start() const {
    return T(0);
  }
  template <class T>
  __device__ T apply(T a, T b) const {
    return a + b;
  }
};
struct Multiply {
  template <class T>
  __device__ T identity() const {
    return T(1);
  }
  template <class T>
  __device__ T start() const {
    return T(1);
  }
  template <class T>
  __device__ T apply(T a, T b) const {
    return a * b;
  }
};
// NaN wins in both, as in NumPy's maximum and minimum: b is taken unless a is better or a is NaN.
struct Max {
  template <class T>
  __device__ T identity() const {
    return Limit<T>::low;
  }
  template <class T>
  __device__ T start() const {
    return Limit<T>::low;
  }
  template <class T>
  __device__ T apply(T a, T b) const {
    return (a > b || a != a) ? a : b;
  }
};
struct Min {
  template <class T>
  __device__ T identity() const {
    return Limit<T>::high;
  }
  template <class T>
  __device__ T start() const {
    return Limit<T>::high;
  }
  template <class T>
  __device__ T apply(T a, T b) const {
    return (a < b || a != a) ? a : b;
  }
};

/// One of the four, chosen at run time: some instructions more where shared memory is the limit, and a library several
/// times smaller. Only the last rung is compiled for each operator. Signed integers come as unsigned ones: with the sign
/// bit flipped they compare alike, and sums and products have the same bits.
struct AnyOperator {
  PmppScanOp which;
  bool is_signed;
  template <class T>
  __device__ T sign_bit() const {
    return is_signed ? T(1) << (8 * sizeof(T) - 1) : T(0);
  }
  template <class T>
  __device__ T identity() const {
    if (which == PMPP_SCAN_ADD) return Add{}.identity<T>();
    if (which == PMPP_SCAN_MULTIPLY) return T(1);
    if constexpr (Limit<T>::integer)
      return which == PMPP_SCAN_MAX ? sign_bit<T>() : T(~sign_bit<T>());
    else
      return which == PMPP_SCAN_MAX ? Limit<T>::low : Limit<T>::high;
  }
  template <class T>
  __device__ T start() const {
    return which == PMPP_SCAN_ADD ? T(0) : identity<T>();
  }
  template <class T>
  __device__ T apply(T a, T b) const {
    T x = a, y = b;
    if constexpr (Limit<T>::integer) x ^= sign_bit<T>(), y ^= sign_bit<T>();
    const bool a_wins = (which == PMPP_SCAN_MAX ? x > y : x < y) || a != a;  // selects: cheaper than four branches
    return which == PMPP_SCAN_ADD ? a + b : which == PMPP_SCAN_MULTIPLY ? a * b : a_wins ? a : b;
  }
};

/// What a scan is given, the same for every kernel below.
template <class T>
struct Problem {
  const T* in;
  const std::uint8_t* head;
  T* out;
  std::size_t n;
  bool exclusive, aligned;
};

template <class T, class Op>
__device__ T warp_inclusive(T x, Op op) {
#pragma unroll
  for (int distance = 1; distance < 32; distance *= 2) {
    const T left = __shfl_up_sync(kAllLanes, x, distance);
    if ((threadIdx.x & 31) >= distance) x = op.apply(left, x);
  }
  return x;
}

/// Inclusive scan of one value a thread; `sums` holds one element a warp. Ends with a barrier.
template <int kThreads, class T, class Op>
__device__ T block_inclusive(T x, T* sums, Op op) {
  const int lane = threadIdx.x & 31, warp = threadIdx.x / 32;
  x = warp_inclusive(x, op);
  if (lane == 31) sums[warp] = x;
  __syncthreads();
  if (warp == 0) {
    const T sum = warp_inclusive(lane < kThreads / 32 ? sums[lane] : op.template identity<T>(), op);
    if (lane < kThreads / 32) sums[lane] = sum;
  }
  __syncthreads();
  return warp > 0 ? op.apply(sums[warp - 1], x) : x;
}

}  // namespace
}  // namespace pmpp
