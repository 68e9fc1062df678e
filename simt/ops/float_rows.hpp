// The rows of float.def in float and double, and the wrappers that make .ftz .sat and directed roundings of them.
#pragma once

#include "simt/ops/lane_math.hpp"

namespace simt::ops::SIMT_OPS_NAMESPACE {

SIMT_LANE std::uint32_t bits_of(float x) { return __builtin_bit_cast(std::uint32_t, x); }
SIMT_LANE std::uint64_t bits_of(double x) { return __builtin_bit_cast(std::uint64_t, x); }
SIMT_LANE float as_float(std::uint32_t x) { return __builtin_bit_cast(float, x); }
SIMT_LANE double as_double(std::uint64_t x) { return __builtin_bit_cast(double, x); }

template <class T> SIMT_LANE T from_image(decltype(bits_of(T())) x) { return __builtin_bit_cast(T, x); }

constexpr std::uint32_t kNan32 = 0x7fffffff;

/// .ftz: a subnormal becomes zero of its sign.
SIMT_LANE float flushed(float x) {
  const std::uint32_t u = bits_of(x);
  return as_float((u & 0x7f800000u) == 0 ? u & 0x80000000u : u);
}
SIMT_LANE double flushed(double x) {
  const std::uint64_t u = bits_of(x);
  return as_double((u & 0x7ff0000000000000ull) == 0 ? u & 0x8000000000000000ull : u);
}
/// Single precision knows one NaN.
SIMT_LANE float canonical(float x) { return x == x ? x : as_float(kNan32); }
SIMT_LANE float saturated(float x) {
  x = x > 0.0f ? x : 0.0f;  // NaN and -0 too
  return x < 1.0f ? x : 1.0f;
}

SIMT_LANE float root(float x) { return __builtin_sqrtf(x); }
SIMT_LANE double root(double x) { return __builtin_sqrt(x); }

/// The double that is odd in its last place where s + error is not exact: it rounds on to float as the sum would.
SIMT_LANE double to_odd(double s, double error) {
  const std::uint64_t u = bits_of(s);
  const std::uint64_t inexact = (error > 0.0 ? ~0ull : 0ull) | (error < 0.0 ? ~0ull : 0ull);
  const std::uint64_t inward = ((bits_of(error) ^ u) & 0x8000000000000000ull) != 0 ? ~0ull : 1ull;
  return as_double(u + (inward & inexact & ((u & 1) - 1)));
}
/// a + b to odd, for sums that double holds to within its rounding.
SIMT_LANE double sum_to_odd(double a, double b) {
  const double s = a + b, rest = s - a;
  return to_odd(s, (a - (s - rest)) + (b - rest));
}

#if defined(__FMA__) || defined(__aarch64__) || !defined(SIMT_ISA)
SIMT_LANE float multiply_add(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
#else  // the product of two floats is exact in double
SIMT_LANE float multiply_add(float a, float b, float c) { return static_cast<float>(sum_to_odd(double{a} * double{b}, double{c})); }
#endif
SIMT_LANE double multiply_add(double a, double b, double c) { return __builtin_fma(a, b, c); }

template <class T> SIMT_LANE T smaller(T a, T b) {
  const T least = a < b ? a : b;  // b if equal or not ordered
  const T zero = from_image<T>(bits_of(a) | bits_of(b));
  const T r = a == b ? zero : least;
  return b != b ? a : r;
}
template <class T> SIMT_LANE T greater(T a, T b) {
  const T most = a > b ? a : b;
  const T zero = from_image<T>(bits_of(a) & bits_of(b));
  const T r = a == b ? zero : most;
  return b != b ? a : r;
}
SIMT_LANE float magnitude(float a) { return as_float(bits_of(a) & 0x7fffffffu); }
SIMT_LANE double magnitude(double a) { return as_double(bits_of(a) & 0x7fffffffffffffffull); }
SIMT_LANE float with_sign(float a, float sign) { return as_float((bits_of(a) & 0x7fffffffu) | (bits_of(sign) & 0x80000000u)); }
SIMT_LANE double with_sign(double a, double sign) {
  return as_double((bits_of(a) & 0x7fffffffffffffffull) | (bits_of(sign) & 0x8000000000000000ull));
}

// ---- approximations ------------------------------------------------------------------------------------------------

/// Divisors above 2^126 count as infinite, as documented.
SIMT_LANE float limit_divisor(float b) {
  const std::uint32_t u = bits_of(b);
  return as_float((u & 0x7fffffffu) > 0x7e800000u && (u & 0x7fffffffu) < 0x7f800000u ? (u & 0x80000000u) | 0x7f800000u : u);
}
/// The upper 32 bits of a double; subnormals are zero, and there is one NaN. What is NaN by its lower bits only is infinite.
SIMT_LANE double upper_half(double x) {
  const double half = as_double(bits_of(flushed(x)) & 0xffffffff00000000ull);
  return half == half ? half : as_double(0x7fffffff00000000ull);
}

/// 2^x as 2^n * p(x - n), |x - n| <= 1/2; the power in two factors, so that subnormal results are rounded once.
SIMT_LANE float exp2_of(float x) {
  constexpr float shift = 12582912.0f;  // 1.5 * 2^23: adding it rounds to an integer
  x = x < -152.0f ? -152.0f : x;
  x = x > 129.0f ? 129.0f : x;
  const float t = x + shift, f = x - (t - shift);
  float p = 0.00015461444854736328f;
  p = p * f + 0.0013400427997112274f;
  p = p * f + 0.009618056938052177f;
  p = p * f + 0.05550327152013779f;
  p = p * f + 0.24022650718688965f;
  p = p * f + 0.6931471824645996f;
  p = p * f + 1.0f;
  const std::int32_t n = static_cast<std::int32_t>(bits_of(t) - bits_of(shift)), n1 = n >> 1, n2 = n - n1;
  return p * as_float(static_cast<std::uint32_t>(n1 + 127) << 23) * as_float(static_cast<std::uint32_t>(n2 + 127) << 23);
}

/// log2(2^e * m), m in [sqrt(1/2), sqrt(2)): e plus a series in (m - 1) / (m + 1).
SIMT_LANE float log2_of(float x) {
  const bool tiny = x < 1.17549435e-38f;
  const float scaled = tiny ? x * 8388608.0f : x;
  const std::uint32_t u = bits_of(scaled);
  const std::int32_t e = static_cast<std::int32_t>(u - 0x3f3504f3u) >> 23;
  const float m = as_float(u - (static_cast<std::uint32_t>(e) << 23));
  const float s = (m - 1.0f) / (m + 1.0f), z = s * s;
  const float p = ((0.4317264258861542f * z + 0.5767148733139038f) * z + 0.9617988467216492f) * z + 2.885390043258667f;
  float r = static_cast<float>(tiny ? e - 23 : e) + s * p;
  r = x == __builtin_inff() ? x : r;
  r = x == 0.0f ? -__builtin_inff() : r;
  return x >= 0.0f ? r : as_float(kNan32);
}

/// x - n * pi/2 for the nearest n, in double: exact enough far beyond the range that PTX promises anything for.
struct Quadrant {
  float rest;
  std::uint32_t n;
};
SIMT_LANE Quadrant quadrant(float x) {
  constexpr double shift = 6755399441055744.0;  // 1.5 * 2^52
  const double d = x;
  const double t = d * 0.6366197723675814 + shift, n = t - shift;
  const double r = (d - n * 1.5707963267341256) - n * 6.077100506506192e-11;
  const double bounded = r > -1.0 ? (r < 1.0 ? r : 0.0) : (r == r && r > -__builtin_inf() ? 0.0 : r);
  return {static_cast<float>(bounded), static_cast<std::uint32_t>(bits_of(t))};
}
SIMT_LANE float wave(float r, std::uint32_t n) {
  const float z = r * r;
  const float s = r * (1.0f + z * ((-0.00019587890710681677f * z + 0.008332747966051102f) * z - 0.166666641831398f));  // sine of -0 is -0
  const float c = 1.0f - 0.5f * z + z * z * ((2.454794230288826e-05f * z - 0.001388830249197781f) * z + 0.0416666641831398f);
  const std::uint32_t u = (n & 1) != 0 ? bits_of(c) : bits_of(s);
  return as_float(u ^ (n & 2) << 30);
}
SIMT_LANE float sine(float x) {
  const Quadrant q = quadrant(x);
  return wave(q.rest, q.n);
}
SIMT_LANE float cosine(float x) {
  const Quadrant q = quadrant(x);
  return wave(q.rest, q.n + 1);
}

/// Odd polynomial near zero; 1 - 2 / (e^2|x| + 1) elsewhere.
SIMT_LANE float hyperbolic_tangent(float x) {
  const float a = magnitude(x), z = x * x;
  float p = -0.00599296111613512f;
  p = p * z + 0.020924149081110954f;
  p = p * z - 0.05383514240384102f;
  p = p * z + 0.13332663476467133f;
  p = p * z - 0.333333283662796f;
  const float near = x * (1.0f + z * p);  // keeps the sign of zero
  const float far = with_sign(1.0f - 2.0f / (exp2_of(a * 2.885390082f) + 1.0f), x);
  return a < 0.625f ? near : far;
}

// ---- rows -----------------------------------------------------------------------------------------------------------

#define SIMT_FLOAT(name, arity, types, native, exact, documentation)                                               \
  struct name##_row {                                                                                              \
    template <class T> SIMT_LANE static T of([[maybe_unused]] T a, [[maybe_unused]] T b = 0,                       \
                                             [[maybe_unused]] T c = 0) { return native; }                          \
  };
#define SIMT_VALUE(name, arity, types, semantics, documentation) SIMT_FLOAT(name, arity, types, semantics, , documentation)
#define SIMT_APPROXIMATE(name, arity, types, semantics, documentation)                                             \
  struct name##_row {                                                                                              \
    template <class T> SIMT_LANE static T of(T a, [[maybe_unused]] T b = 0) { return static_cast<T>(semantics); }  \
  };
#include "simt/ops/float.def"
#undef SIMT_FLOAT
#undef SIMT_VALUE
#undef SIMT_APPROXIMATE

/// .ftz or not, and the one NaN of single precision.
template <class Row, bool Flush>
struct Single {
  template <class... S> SIMT_LANE static float apply(S... s) {
    if (!Flush) return canonical(Row::template of<float>(s...));
    return canonical(flushed(Row::template of<float>(flushed(s)...)));
  }
};
/// .sat: the result in [0, 1].
template <class Row, bool Flush>
struct SingleSaturated {
  template <class... S> SIMT_LANE static float apply(S... s) {
    return saturated(Flush ? flushed(Row::template of<float>(flushed(s)...)) : Row::template of<float>(s...));
  }
};

/// Double precision passes NaN operands on, the first one, quietened.
SIMT_LANE double passed_on(double r, double a, double b) {
  constexpr std::uint64_t quiet = 0x0008000000000000ull;
  double nan = as_double(0xfff8000000000000ull);
  nan = b != b ? as_double(bits_of(b) | quiet) : nan;
  nan = a != a ? as_double(bits_of(a) | quiet) : nan;
  return r != r ? nan : r;
}
SIMT_LANE double passed_on(double r, double a, double b, double c) {
  constexpr std::uint64_t quiet = 0x0008000000000000ull;
  double nan = as_double(0xfff8000000000000ull);
  nan = c != c ? as_double(bits_of(c) | quiet) : nan;
  nan = b != b ? as_double(bits_of(b) | quiet) : nan;
  nan = a != a ? as_double(bits_of(a) | quiet) : nan;
  return r != r ? nan : r;
}
SIMT_LANE double passed_on(double r, double a) { return passed_on(r, a, a); }
/// So do quotients, minima and the like; of sums and products it is the last one.
template <class Row>
struct DoubleLast {
  SIMT_LANE static double apply(double a, double b) { return passed_on(Row::template of<double>(a, b), b, a); }
  SIMT_LANE static double apply(double a, double b, double c) { return passed_on(Row::template of<double>(a, b, c), c, b, a); }
};
template <class Row>
struct Double {
  template <class... S> SIMT_LANE static double apply(S... s) { return passed_on(Row::template of<double>(s...), s...); }
};

/// What only touches the sign quietens a NaN and leaves the rest of it, the sign too.
template <class Row>
struct Quiet {
  SIMT_LANE static double apply(double a) {
    const std::uint64_t r = bits_of(Row::template of<double>(a));
    return as_double(a != a ? bits_of(a) | 0x0008000000000000ull : r);
  }
};
/// What moves bits, whatever they stand for.
template <class Row>
struct Bitwise {
  template <class T> SIMT_LANE static T apply(T a, T b) { return Row::template of<T>(a, b); }
};

/// Rounds a double that was made to odd to float, in a direction: 'z', 'm' or 'p'.
template <char Direction>
SIMT_LANE float narrowed(double s) {
  const float f = static_cast<float>(s);
  const double back = f;
  const std::uint32_t u = bits_of(f), above = back > s ? ~0u : 0u, below = back < s ? ~0u : 0u;
  const std::uint32_t negative = 0u - (u >> 31);
  // One unit towards zero is -1 on the bits, one away from it +1, whatever the sign.
  const std::uint32_t inward = Direction == 'z' ? (above & ~negative) | (below & negative)
                               : Direction == 'm' ? above & ~negative : below & negative;
  const std::uint32_t outward = Direction == 'z' ? 0 : Direction == 'm' ? above & negative : below & ~negative;
  return as_float(u + inward - outward);
}
/// The zero that an exact cancellation leaves is negative when rounding down.
template <char Direction>
SIMT_LANE double signed_zero(double s, double a, double b) {
  if (Direction != 'm') return s;
  return s == 0.0 ? as_double((bits_of(a) | bits_of(b)) & 0x8000000000000000ull) : s;
}
template <char Direction, bool Flush>
struct DirectedAdd {
  SIMT_LANE static float apply(float a, float b) {
    if (Flush) a = flushed(a), b = flushed(b);
    const double x = a, y = b;
    const float r = canonical(narrowed<Direction>(signed_zero<Direction>(sum_to_odd(x, y), x, y)));
    return Flush ? flushed(r) : r;
  }
};
template <char Direction, bool Flush>
struct DirectedMul {
  SIMT_LANE static float apply(float a, float b) {
    if (Flush) a = flushed(a), b = flushed(b);
    const float r = canonical(narrowed<Direction>(double{a} * double{b}));
    return Flush ? flushed(r) : r;
  }
};
template <char Direction, bool Flush>
struct DirectedFma {
  SIMT_LANE static float apply(float a, float b, float c) {
    if (Flush) a = flushed(a), b = flushed(b), c = flushed(c);
    const double x = double{a} * double{b}, y = c;
    const float r = canonical(narrowed<Direction>(signed_zero<Direction>(sum_to_odd(x, y), x, y)));
    return Flush ? flushed(r) : r;
  }
};

}  // namespace simt::ops::SIMT_OPS_NAMESPACE
