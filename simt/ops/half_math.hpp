// f16 and bf16 to and from float, and their arithmetic by way of float: branch-free, rounded once.
#pragma once

#include "simt/ops/float_rows.hpp"

namespace simt::ops::SIMT_OPS_NAMESPACE {

/// A float that is odd in its last place where x + error is not exact: it rounds on to half precision as the sum would.
SIMT_LANE float to_odd(float x, bool above, bool below) {
  const std::uint32_t u = bits_of(x), negative = 0u - (u >> 31);
  const std::uint32_t up = above ? ~0u : 0u, down = below ? ~0u : 0u;
  const std::uint32_t even = (u & 1) - 1;
  const std::uint32_t outward = (up & ~negative) | (down & negative), inward = (up & negative) | (down & ~negative);
  return as_float(u + (((outward & 1) | inward) & even));
}
SIMT_LANE float to_odd_float(double x) {
  const float f = static_cast<float>(x);
  const double back = f;
  return to_odd(f, x > back, x < back);
}

struct F16 {
  static SIMT_LANE float widen(std::uint32_t h) {
    const std::uint32_t u = (h & 0x7fffu) << 13;
    const std::uint32_t finite = bits_of(as_float(u) * 5.192296858534828e33f);  // 2^112: subnormals become right as well
    std::uint32_t r = (h & 0x7c00u) == 0x7c00u ? u | 0x7f800000u : finite;
    r |= (h & 0x8000u) << 16;
    return as_float((h & 0x7fffu) > 0x7c00u ? kNan32 : r);
  }
  static SIMT_LANE std::uint32_t narrow(float x) {
    const std::uint32_t image = bits_of(x), u = image & 0x7fffffffu, sign = image >> 16 & 0x8000u;
    const std::uint32_t normal = (u + 0xfffu + (u >> 13 & 1) - (112u << 23)) >> 13;
    const std::uint32_t tiny = bits_of(as_float(u < 0x38800000u ? u : 0) + 0.5f) - 0x3f000000u;  // the sum rounds at 2^-24
    std::uint32_t r = u < 0x38800000u ? tiny : normal;
    r = u >= 0x477ff000u ? 0x7c00u : r;
    r |= sign;
    return u > 0x7f800000u ? 0x7fffu : r;
  }
  static SIMT_LANE std::uint32_t add(std::uint32_t a, std::uint32_t b) { return narrow(widen(a) + widen(b)); }
  static SIMT_LANE std::uint32_t sub(std::uint32_t a, std::uint32_t b) { return narrow(widen(a) - widen(b)); }
  static SIMT_LANE std::uint32_t mul(std::uint32_t a, std::uint32_t b) { return narrow(widen(a) * widen(b)); }
  static SIMT_LANE std::uint32_t fma(std::uint32_t a, std::uint32_t b, std::uint32_t c) {
    const float p = widen(a) * widen(b), z = widen(c);  // exact
    const float s = p + z, rest = s - p, error = (p - (s - rest)) + (z - rest);
    return narrow(to_odd(s, error > 0.0f, error < 0.0f));
  }
};

struct Bf16 {
  static SIMT_LANE float widen(std::uint32_t h) { return as_float(h << 16); }
  static SIMT_LANE std::uint32_t narrow(float x) {
    const std::uint32_t u = bits_of(x);
    const std::uint32_t r = (u + 0x7fffu + (u >> 16 & 1)) >> 16;
    return (u & 0x7fffffffu) > 0x7f800000u ? 0x7fffu : r;
  }
  static SIMT_LANE std::uint32_t add(std::uint32_t a, std::uint32_t b) { return narrow(widen(a) + widen(b)); }
  static SIMT_LANE std::uint32_t sub(std::uint32_t a, std::uint32_t b) { return narrow(widen(a) - widen(b)); }
  static SIMT_LANE std::uint32_t mul(std::uint32_t a, std::uint32_t b) {
    return narrow(to_odd_float(double{widen(a)} * double{widen(b)}));  // float would round subnormal products twice
  }
  static SIMT_LANE std::uint32_t fma(std::uint32_t a, std::uint32_t b, std::uint32_t c) {
    return narrow(to_odd_float(sum_to_odd(double{widen(a)} * double{widen(b)}, double{widen(c)})));
  }
};

}  // namespace simt::ops::SIMT_OPS_NAMESPACE
