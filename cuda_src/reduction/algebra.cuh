// What is reduced: how an element of any dtype becomes a state, how two states become one, how the last one is stored.
//
// Five algebras serve eight functions and twelve dtypes. The dtype is asked for at run time, on loading and on storing
// only, and all threads of a grid take the same way through: that is what keeps the lower rungs to a few kernels each.
#pragma once

#include <cstdint>
#include <cstring>

#include "cuda_src/common/element.cuh"

namespace pmpp::reduction {

constexpr unsigned kAllLanes = 0xffffffffu;

/// Keys of every dtype as unsigned integers: what is asked for has the largest code, so that min, max, any and all are one.
/// All ones is the code of every NaN.
template <class Bits>
struct Code {
  Bits sign;      ///< the sign bit of floats
  Bits infinity;  ///< the bits of +inf; zero if order is that of the bits as they are, up to `flip`
  Bits keep;      ///< the bits that count
  Bits flip;      ///< the sign of signed integers, and all bits where the smallest is asked for
  bool equal_zeros;

  __host__ __device__ Bits encode(Bits key) const {
    // Selects, and no branches: this is done for every element.
    const bool real = infinity != 0;
    const Bits magnitude = key & static_cast<Bits>(~sign);
    const bool negative = real && (key & sign) != 0 && !(equal_zeros && magnitude == 0);
    const Bits code = ((negative ? static_cast<Bits>(~key) : real ? static_cast<Bits>(key | sign) : key) & keep) ^ flip;
    return real && magnitude > infinity ? keep : code;
  }
  __host__ __device__ Bits decode(Bits key) const {
    key ^= flip;
    if (infinity != 0) key = key & sign ? key ^ sign : static_cast<Bits>(~key & keep);
    return key;
  }
  template <class Narrow>
  __host__ __device__ Code<Narrow> narrow() const {
    return {static_cast<Narrow>(sign), static_cast<Narrow>(infinity), static_cast<Narrow>(keep), static_cast<Narrow>(flip),
            equal_zeros};
  }
};

template <class Real>
__device__ void store_real(void* out, std::size_t i, Real sum, std::size_t count, bool mean, int dtype) {
  if (count == 0) sum = 0;  // and not the identity, -0
  const double value = mean ? sum / static_cast<double>(count) : sum;
  if (dtype == PMPP_FLOAT16)
    static_cast<std::uint16_t*>(out)[i] = to_half(value);
  else if (dtype == PMPP_FLOAT32)
    static_cast<float*>(out)[i] = static_cast<float>(value);
  else
    static_cast<double*>(out)[i] = value;
}

/// The sum of float16 and float32 in float32, as the textbook has it.
struct FloatSum {
  using State = float;
  Element element_type;
  bool mean;

  __device__ State identity() const { return -0.0f; }
  __device__ State combine(State a, State b) const { return a + b; }
  __device__ State element(std::uint64_t bits, std::size_t) const {
    return element_type.dtype == PMPP_FLOAT16 ? from_half(static_cast<std::uint16_t>(bits))
                                              : __uint_as_float(static_cast<unsigned>(bits));
  }
  __device__ void store(void* out, std::size_t i, State sum, std::size_t count) const {
    store_real(out, i, sum, count, mean, element_type.dtype);
  }
};

/// Every other sum of floats, and the mean of integers: in float64.
struct Reals {
  using State = double;
  Element element_type;
  bool mean;
  int result_dtype;

  __device__ State identity() const { return -0.0; }
  __device__ State combine(State a, State b) const { return a + b; }
  __device__ State element(std::uint64_t bits, std::size_t) const { return element_type.real(bits); }
  __device__ void store(void* out, std::size_t i, State sum, std::size_t count) const {
    store_real(out, i, sum, count, mean, result_dtype);
  }
};

/// Sums of integers, which wrap around.
struct Integers {
  using State = std::uint64_t;
  Element element_type;

  __device__ State identity() const { return 0; }
  __device__ State combine(State a, State b) const { return a + b; }
  __device__ State element(std::uint64_t bits, std::size_t) const { return element_type.integer(bits); }
  __device__ void store(void* out, std::size_t i, State sum, std::size_t) const { static_cast<std::uint64_t*>(out)[i] = sum; }
};

/// The largest code: min, max, any and all.
struct Largest {
  using State = std::uint64_t;
  Element element_type;
  Code<std::uint64_t> code;
  bool truth;  ///< tell only whether the result is not zero

  __device__ State identity() const { return 0; }
  __device__ State combine(State a, State b) const { return a > b ? a : b; }
  __device__ State element(std::uint64_t bits, std::size_t) const { return code.encode(bits); }
  __device__ void store(void* out, std::size_t i, State state, std::size_t) const {
    state = code.decode(state);
    switch (truth ? 1 : element_type.bytes) {
      case 1:
        static_cast<std::uint8_t*>(out)[i] = static_cast<std::uint8_t>(truth ? state != 0 : state);
        break;
      case 2:
        static_cast<std::uint16_t*>(out)[i] = static_cast<std::uint16_t>(state);
        break;
      case 4:
        static_cast<std::uint32_t*>(out)[i] = static_cast<std::uint32_t>(state);
        break;
      default:
        static_cast<std::uint64_t*>(out)[i] = state;
        break;
    }
  }
};

/// The position of the largest code; of equal ones the first.
struct First {
  struct State {
    std::uint64_t key, position;
  };
  static constexpr std::uint64_t kNowhere = ~std::uint64_t{0};
  Element element_type;
  Code<std::uint64_t> code;

  __device__ State identity() const { return {0, kNowhere}; }
  __device__ State combine(State a, State b) const {
    return b.key > a.key || (b.key == a.key && b.position < a.position) ? b : a;
  }
  __device__ State element(std::uint64_t bits, std::size_t position) const { return {code.encode(bits), position}; }
  __device__ void store(void* out, std::size_t i, State state, std::size_t) const {
    static_cast<std::uint64_t*>(out)[i] = state.position;
  }
};

template <class T>
__device__ T shuffle_down(T x, int distance) {
  return __shfl_down_sync(kAllLanes, x, distance);
}
__device__ __forceinline__ First::State shuffle_down(First::State x, int distance) {
  return {__shfl_down_sync(kAllLanes, x.key, distance), __shfl_down_sync(kAllLanes, x.position, distance)};
}

/// One state of a warp: registers talk to registers, and no barrier is needed. Lane 0 has the result.
template <class A>
__device__ typename A::State reduce_warp(const A& a, typename A::State x) {
#pragma unroll
  for (int distance = 16; distance > 0; distance /= 2) x = a.combine(x, shuffle_down(x, distance));
  return x;
}

/// One state of a block; `s` holds one a warp. Thread 0 has the result. Begins with a barrier, so that `s` can be used again.
template <int kThreads, class A>
__device__ typename A::State reduce_block(const A& a, typename A::State x, typename A::State* s) {
  const unsigned lane = threadIdx.x & 31, warp = threadIdx.x / 32;
  __syncthreads();
  x = reduce_warp(a, x);
  if (lane == 0) s[warp] = x;
  __syncthreads();
  if (warp == 0) x = reduce_warp(a, lane < kThreads / 32 ? s[lane] : a.identity());
  return x;
}

}  // namespace pmpp::reduction
