// Elements of any dtype, asked for at run time: how they are loaded, and what number they are.
#pragma once

#include <cstddef>
#include <cstdint>

#include "cuda_src/common/api.h"
#include "cuda_src/common/half.cuh"

namespace pmpp {

__device__ __forceinline__ float from_half(std::uint16_t bits) { return widen(Half{bits}); }
/// Rounds once: by way of float32 it would be twice.
__device__ __forceinline__ std::uint16_t to_half(double x) {
  std::uint16_t bits;
  asm("cvt.rn.f16.f64 %0, %1;" : "=h"(bits) : "d"(x));
  return bits;
}

/// The same number, but the compiler cannot know. Where it decides which of several ways a loop takes, the compiler would
/// otherwise write the loop once for each of them.
__device__ __forceinline__ int again(int x) {
  asm volatile("" : "+r"(x));
  return x;
}

/// Loads `k` elements of any dtype as bits; those from `valid` on are left alone. The loads of one call do not wait for
/// each other.
template <int k>
__device__ __forceinline__ void load_bits(const void* in, int bytes, std::size_t at, std::size_t step, unsigned valid,
                                          std::uint64_t (&bits)[k]) {
  const auto load = [&](auto zero) {
    using Bits = decltype(zero);
#pragma unroll
    for (unsigned i = 0; i < k; ++i)
      if (i < valid) bits[i] = static_cast<const Bits*>(in)[at + i * step];
  };
  switch (again(bytes)) {
    case 1:
      return load(std::uint8_t{});
    case 2:
      return load(std::uint16_t{});
    case 4:
      return load(std::uint32_t{});
    default:
      return load(std::uint64_t{});
  }
}

/// An element's dtype, as the device needs it.
struct Element {
  int dtype, bytes;
  bool is_signed;

  __device__ std::uint64_t integer(std::uint64_t bits) const {  // extends the sign
    const int shift = is_signed ? 64 - 8 * bytes : 0;
    return static_cast<std::uint64_t>(static_cast<std::int64_t>(bits << shift) >> shift);
  }
  __device__ double real(std::uint64_t bits) const {
    const int type = again(dtype);
    if (type == PMPP_FLOAT64) return __longlong_as_double(static_cast<long long>(bits));
    if (type == PMPP_FLOAT32) return __uint_as_float(static_cast<unsigned>(bits));
    if (type == PMPP_FLOAT16) return from_half(static_cast<std::uint16_t>(bits));
    return is_signed ? static_cast<double>(static_cast<std::int64_t>(integer(bits))) : static_cast<double>(bits);
  }
  /// The same in float32: half an ulp off at most.
  __device__ float near(std::uint64_t bits) const {
    const int type = again(dtype);
    if (type == PMPP_FLOAT32) return __uint_as_float(static_cast<unsigned>(bits));
    if (type == PMPP_FLOAT64) return static_cast<float>(__longlong_as_double(static_cast<long long>(bits)));
    if (type == PMPP_FLOAT16) return from_half(static_cast<std::uint16_t>(bits));
    return is_signed ? static_cast<float>(static_cast<std::int64_t>(integer(bits))) : static_cast<float>(bits);
  }
};

inline Element element_of(int dtype) {
  switch (dtype) {
    case PMPP_BOOL:
    case PMPP_UINT8:
      return {dtype, 1, false};
    case PMPP_INT8:
      return {dtype, 1, true};
    case PMPP_UINT16:
      return {dtype, 2, false};
    case PMPP_INT16:
      return {dtype, 2, true};
    case PMPP_UINT32:
      return {dtype, 4, false};
    case PMPP_INT32:
      return {dtype, 4, true};
    case PMPP_UINT64:
      return {dtype, 8, false};
    case PMPP_INT64:
      return {dtype, 8, true};
    case PMPP_FLOAT16:
      return {dtype, 2, true};
    case PMPP_FLOAT32:
      return {dtype, 4, true};
    case PMPP_FLOAT64:
      return {dtype, 8, true};
    default:
      return {dtype, 0, false};
  }
}

}  // namespace pmpp
