// Floating-point arithmetic of any format and rounding, in integers: the ground truth that the fast loops agree with.
//
// A value is unpacked into an Exact (sign, wide significand, exponent, sticky bit), operated on without loss, and rounded
// once when it is packed. Formats and rounding modes are data, so one copy of the code serves f16, bf16, tf32, f32, f64
// and the eight-bit formats. It is what the rarer forms run (directed rounding, .sat, half precision); hot forms have
// vector loops of their own.
#pragma once

#include <bit>
#include <cstdint>

namespace simt::ops {

__extension__ typedef unsigned __int128 u128;
__extension__ typedef __int128 s128;

enum class Round : std::uint8_t { rn, rz, rm, rp, rna };

/// How a format lays out its bits, and what it does at its ends.
struct Format {
  std::uint8_t bits;         ///< size of the register image that holds one value
  std::uint8_t exponent;     ///< exponent field's width
  std::uint8_t fraction;     ///< fraction field's width
  std::uint8_t pad;          ///< unused low bits (tf32 lives in the upper bits of 32)
  bool has_infinity;         ///< else the all-ones exponent holds ordinary numbers
  bool has_nan;              ///< else NaN becomes the largest number
  std::uint64_t nan;         ///< what a NaN result looks like
  bool keeps_payload;        ///< a NaN operand is passed on, quietened

  constexpr int bias() const { return (1 << (exponent - 1)) - 1; }
  constexpr int width() const { return 1 + exponent + fraction; }
  constexpr std::uint64_t sign_bit() const { return 1ull << (width() + pad - 1); }
  constexpr std::uint64_t largest() const {  ///< the largest finite magnitude
    std::uint64_t top = (1ull << (exponent + fraction)) - 1;
    if (has_infinity) top = (((1ull << exponent) - 1) << fraction) - 1;
    else if (has_nan) top -= 1;
    return top << pad;
  }
  constexpr std::uint64_t infinity() const {
    return has_infinity ? ((1ull << exponent) - 1) << (fraction + pad) : has_nan ? nan : largest();
  }
};

inline constexpr Format kF16{16, 5, 10, 0, true, true, 0x7fff, false};
inline constexpr Format kBf16{16, 8, 7, 0, true, true, 0x7fff, false};
inline constexpr Format kTf32{32, 8, 10, 13, true, true, 0x7fffe000, false};
inline constexpr Format kF32{32, 8, 23, 0, true, true, 0x7fffffff, false};
inline constexpr Format kF64{64, 11, 52, 0, true, true, 0xfff8000000000000ull, true};
inline constexpr Format kE4m3{8, 4, 3, 0, false, true, 0x7f, false};
inline constexpr Format kE5m2{8, 5, 2, 0, true, true, 0x7f, false};
inline constexpr Format kE2m3{8, 2, 3, 0, false, false, 0, false};
inline constexpr Format kE3m2{8, 3, 2, 0, false, false, 0, false};
inline constexpr Format kE2m1{8, 2, 1, 0, false, false, 0, false};

/// significand * 2^exponent, plus less than one unit of the significand if sticky.
struct Exact {
  enum Kind : std::uint8_t { zero, finite, infinite, nan };
  Kind kind = zero;
  bool sign = false;
  bool sticky = false;
  int exponent = 0;
  u128 significand = 0;      ///< of a NaN: its register image, to pass on; 0 for one that an operation made
};

inline int bit_length(u128 x) {
  std::uint64_t high = static_cast<std::uint64_t>(x >> 64), low = static_cast<std::uint64_t>(x);
  return high ? 128 - std::countl_zero(high) : 64 - std::countl_zero(low);
}

inline Exact invalid() { Exact r; r.kind = Exact::nan; return r; }

/// Shifts right and keeps what falls off in the sticky bit.
inline void shift_right_sticky(Exact& x, int n) {
  if (n <= 0) return;
  if (n >= 128) {
    x.sticky |= x.significand != 0;
    x.significand = 0;
  } else {
    x.sticky |= (x.significand & ((static_cast<u128>(1) << n) - 1)) != 0;
    x.significand >>= n;
  }
  x.exponent += n;
}

Exact unpack(const Format&, std::uint64_t bits, bool flush = false);

/// What packing may do besides rounding: the shared modifiers of float results.
struct Finish {
  Round round = Round::rn;
  bool flush = false;      ///< .ftz: a subnormal result becomes zero of its sign
  bool saturate = false;   ///< .sat: to [0, 1], NaN to +0
  bool finite = false;     ///< .satfinite: overflow and infinity become the largest finite number
  bool relu = false;       ///< .relu: negative becomes +0
  bool operator==(const Finish&) const = default;
};
std::uint64_t pack(const Format&, const Exact&, const Finish&);

Exact sum(const Exact&, const Exact&, Round);        ///< the rounding decides the sign of an exact zero
Exact product(const Exact&, const Exact&);
Exact quotient(const Exact&, const Exact&);
Exact square_root(const Exact&);
Exact integer(s128);
/// To an integral value, in the given mode.
Exact integral(const Exact&, Round);
/// To an integer of `bits` bits: clamped. NaN is the caller's to treat.
std::uint64_t to_integer(const Exact&, Round, int bits, bool is_signed);

inline Exact negated(Exact x) { x.sign = !x.sign; return x; }
inline Exact difference(const Exact& a, const Exact& b, Round r) { return sum(a, b.kind == Exact::nan ? b : negated(b), r); }
inline Exact fused(const Exact& a, const Exact& b, const Exact& c, Round r) {
  // The last NaN operand is passed on, even where the product is invalid.
  if (c.kind == Exact::nan) return c;
  return sum(product(a, b), c, r);
}

}  // namespace simt::ops
