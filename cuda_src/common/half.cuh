// Elements of 16 bits: what they are in float32, and back.
#pragma once

#include <cstdint>

namespace pmpp {

/// Not cuda_fp16.h's: its two headers take longer to read than most kernels to compile.
struct Half {
  std::uint16_t bits;
};
struct BFloat16 {
  std::uint16_t bits;
};

__device__ __forceinline__ float widen(Half x) {
  float wide;
  asm("cvt.f32.f16 %0, %1;" : "=f"(wide) : "h"(x.bits));
  return wide;
}
__device__ __forceinline__ float widen(BFloat16 x) { return __uint_as_float(std::uint32_t{x.bits} << 16); }

/// Rounds to nearest, ties to even.
__device__ __forceinline__ Half half_of(float x) {
  Half half;
  asm("cvt.rn.f16.f32 %0, %1;" : "=h"(half.bits) : "f"(x));
  return half;
}
__device__ __forceinline__ BFloat16 bfloat16_of(float x) {
  const std::uint32_t bits = __float_as_uint(x);
  if ((bits & 0x7fffffff) > 0x7f800000) return {0x7fff};  // NaN: rounding up its bits could make it infinite
  return {static_cast<std::uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16)};
}

}  // namespace pmpp
