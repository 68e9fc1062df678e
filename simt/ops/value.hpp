// A register image of any of the four common formats as a double, which holds all their values.
#pragma once

#include "simt/ops/exact.hpp"
#include "simt/ops/half_math.hpp"

namespace simt::ops {

inline double value_of(const Format& f, std::uint64_t bits, bool flush) {
  using namespace scalar;
  if (&f == &kF64) return as_double(bits);
  // .ftz: a zero exponent field leaves only the sign.
  if (flush && (bits >> f.fraction & ((1u << f.exponent) - 1)) == 0) bits &= f.sign_bit();
  const std::uint32_t image = static_cast<std::uint32_t>(bits);
  if (&f == &kF32) return as_float(image);
  return &f == &kBf16 ? Bf16::widen(image) : F16::widen(image);
}

}  // namespace simt::ops
