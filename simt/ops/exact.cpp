// Unpacking, exact operations and the one rounding step of simt/ops/exact.hpp.
#include "simt/ops/exact.hpp"

#include <utility>

namespace simt::ops {

Exact unpack(const Format& f, std::uint64_t bits, bool flush) {
  Exact r;
  std::uint64_t image = bits;
  bits >>= f.pad;
  std::uint64_t fraction = bits & ((1ull << f.fraction) - 1);
  std::uint64_t field = (bits >> f.fraction) & ((1ull << f.exponent) - 1);
  std::uint64_t top = (1ull << f.exponent) - 1;
  r.sign = (bits >> (f.exponent + f.fraction)) & 1;
  if (f.has_infinity && field == top) {
    r.kind = fraction ? Exact::nan : Exact::infinite;
    if (fraction && f.keeps_payload) r.significand = image | (1ull << (f.fraction - 1));
    return r;
  }
  if (!f.has_infinity && f.has_nan && field == top && fraction == (1ull << f.fraction) - 1) {
    r.kind = Exact::nan;
    return r;
  }
  if (field == 0 && (fraction == 0 || flush)) return r;
  r.kind = Exact::finite;
  r.significand = field ? fraction | (1ull << f.fraction) : fraction;
  r.exponent = static_cast<int>(field ? field : 1) - f.bias() - f.fraction;
  return r;
}

namespace {

/// Whether the magnitude `kept` must grow by one, given the bits below it.
bool rounds_up(Round mode, bool sign, bool odd, bool half, bool below_half) {
  switch (mode) {
    case Round::rn: return half && (below_half || odd);
    case Round::rna: return half;
    case Round::rz: return false;
    case Round::rm: return sign && (half || below_half);
    case Round::rp: return !sign && (half || below_half);
  }
  return false;
}

/// Drops `n` low bits of the significand and rounds; the result is exact (no sticky bit).
u128 round_off(const Exact& x, int n, Round mode) {
  u128 kept = n >= 128 ? 0 : n > 0 ? x.significand >> n : x.significand;
  bool half = false, rest = x.sticky;
  if (n > 0 && n <= 128) {
    half = (x.significand >> (n - 1)) & 1;
    rest |= n > 1 && (x.significand & ((static_cast<u128>(1) << (n - 1)) - 1)) != 0;
  } else if (n > 128) {
    rest |= x.significand != 0;
  }
  return kept + rounds_up(mode, x.sign, kept & 1, half, rest);
}

}  // namespace

std::uint64_t pack(const Format& f, const Exact& x, const Finish& how) {
  std::uint64_t sign = x.sign ? f.sign_bit() : 0;
  if (x.kind == Exact::nan) {
    if (how.saturate) return 0;
    if (!f.has_nan) return f.largest();
    return f.keeps_payload && x.significand ? static_cast<std::uint64_t>(x.significand) : f.nan;
  }
  if (x.sign && (how.relu || how.saturate)) return 0;
  if (x.kind == Exact::zero) return sign;
  std::uint64_t one = static_cast<std::uint64_t>(f.bias()) << (f.fraction + f.pad);
  if (x.kind == Exact::infinite) return how.saturate ? one : sign | (how.finite ? f.largest() : f.infinity());

  // The exponent of the last kept bit: fraction bits below the leading one, but not below the subnormals' unit.
  int length = bit_length(x.significand);
  int unit = x.exponent + length - 1 - f.fraction;
  int least = 1 - f.bias() - f.fraction;
  bool tiny = unit < least;
  if (tiny) unit = least;
  int drop = unit - x.exponent;
  std::uint64_t magnitude;
  if (drop >= 0) {
    magnitude = static_cast<std::uint64_t>(round_off(x, drop, how.round));
  } else {
    magnitude = static_cast<std::uint64_t>(x.significand << -drop);
    if (x.sticky && rounds_up(how.round, x.sign, magnitude & 1, false, true)) ++magnitude;
  }
  // A carry out of the fraction lands in the exponent field, which is what rounding up to a power of two means.
  std::int64_t field = tiny ? 0 : unit - least + 1;
  std::uint64_t bits;
  bool overflow;
  if (field == 0) {
    bits = magnitude;
    overflow = false;
    if (how.flush && magnitude < (1ull << f.fraction)) bits = 0;
  } else {
    overflow = field >= (1ll << f.exponent) + 1;
    bits = overflow ? 0 : (static_cast<std::uint64_t>(field - 1) << f.fraction) + magnitude;
    overflow |= bits > f.largest() >> f.pad;
  }
  if (overflow) {
    bool inward = how.round == Round::rz || (how.round == Round::rm && !x.sign) || (how.round == Round::rp && x.sign);
    if (how.saturate) return one;
    return sign | (inward || how.finite ? f.largest() : f.infinity());
  }
  bits <<= f.pad;
  if (how.saturate && bits > one) bits = one;
  return sign | bits;
}

Exact sum(const Exact& a, const Exact& b, Round mode) {
  if (b.kind == Exact::nan) return b;
  if (a.kind == Exact::nan) return a;
  if (a.kind == Exact::infinite) return b.kind == Exact::infinite && a.sign != b.sign ? invalid() : a;
  if (b.kind == Exact::infinite) return b;
  if (a.kind == Exact::zero && b.kind == Exact::zero) {
    Exact r = a;
    if (a.sign != b.sign) r.sign = mode == Round::rm;
    return r;
  }
  if (a.kind == Exact::zero) return b;
  if (b.kind == Exact::zero) return a;
  // Both to the top of 126 bits; the smaller one then moves down to the larger one's exponent.
  Exact x = a, y = b;
  auto lift = [](Exact& v) {
    int n = 126 - bit_length(v.significand);
    v.significand <<= n;
    v.exponent -= n;
  };
  lift(x);
  lift(y);
  if (x.exponent < y.exponent || (x.exponent == y.exponent && x.significand < y.significand)) std::swap(x, y);
  shift_right_sticky(y, x.exponent - y.exponent);
  if (x.sign == y.sign) {
    x.significand += y.significand;
    x.sticky |= y.sticky;
  } else {
    x.significand -= y.significand;
    if (y.sticky) {  // a little more than y was to go: borrow one unit, and what remains is a little above it
      x.significand -= 1;
      x.sticky = true;
    }
    if (x.significand == 0 && !x.sticky) {
      x = Exact{};
      x.sign = mode == Round::rm;
    }
  }
  return x;
}

Exact product(const Exact& a, const Exact& b) {
  if (b.kind == Exact::nan) return b;
  if (a.kind == Exact::nan) return a;
  Exact r;
  r.sign = a.sign != b.sign;
  if (a.kind == Exact::infinite || b.kind == Exact::infinite) {
    if (a.kind == Exact::zero || b.kind == Exact::zero) return invalid();
    r.kind = Exact::infinite;
    return r;
  }
  if (a.kind == Exact::zero || b.kind == Exact::zero) return r;
  r.kind = Exact::finite;
  r.significand = a.significand * b.significand;
  r.exponent = a.exponent + b.exponent;
  return r;
}

Exact quotient(const Exact& a, const Exact& b) {
  if (a.kind == Exact::nan) return a;
  if (b.kind == Exact::nan) return b;
  Exact r;
  r.sign = a.sign != b.sign;
  if (a.kind == Exact::infinite) {
    if (b.kind == Exact::infinite) return invalid();
    r.kind = Exact::infinite;
    return r;
  }
  if (b.kind == Exact::infinite) return r;
  if (b.kind == Exact::zero) {
    if (a.kind == Exact::zero) return invalid();
    r.kind = Exact::infinite;
    return r;
  }
  if (a.kind == Exact::zero) return r;
  int n = 126 - bit_length(a.significand);
  u128 dividend = a.significand << n;
  r.kind = Exact::finite;
  r.significand = dividend / b.significand;
  r.sticky = dividend % b.significand != 0;
  r.exponent = a.exponent - n - b.exponent;
  return r;
}

Exact square_root(const Exact& a) {
  if (a.kind == Exact::nan || a.kind == Exact::zero) return a;
  if (a.sign) return invalid();
  if (a.kind == Exact::infinite) return a;
  int n = 126 - bit_length(a.significand);
  if ((a.exponent - n) & 1) --n;
  u128 radicand = a.significand << n, root = 0, rest = 0;
  for (int i = 126; i >= 0; i -= 2) {  // two bits of the radicand give one of the root
    rest = (rest << 2) | ((radicand >> i) & 3);
    u128 trial = (root << 2) | 1;
    root <<= 1;
    if (rest >= trial) {
      rest -= trial;
      root |= 1;
    }
  }
  Exact r;
  r.kind = Exact::finite;
  r.significand = root;
  r.sticky = rest != 0;
  r.exponent = (a.exponent - n) / 2;
  return r;
}

Exact integer(s128 value) {
  Exact r;
  if (value == 0) return r;
  r.kind = Exact::finite;
  r.sign = value < 0;
  r.significand = value < 0 ? -static_cast<u128>(value) : static_cast<u128>(value);
  return r;
}

Exact integral(const Exact& x, Round mode) {
  if (x.kind != Exact::finite || x.exponent >= 0) return x;
  Exact r = x;
  r.significand = round_off(x, -x.exponent, mode);
  r.exponent = 0;
  r.sticky = false;
  if (r.significand == 0) r.kind = Exact::zero;
  return r;
}

std::uint64_t to_integer(const Exact& x, Round mode, int bits, bool is_signed) {
  u128 most = (static_cast<u128>(1) << (is_signed ? bits - 1 : bits)) - 1;
  u128 least = is_signed ? most + 1 : 0;  // as a magnitude
  if (x.kind == Exact::zero || x.kind == Exact::nan) return 0;
  Exact r = integral(x, mode);
  bool huge = r.kind == Exact::infinite ||
              (r.kind == Exact::finite && r.exponent + bit_length(r.significand) > bits + 1);
  u128 magnitude = huge ? ~static_cast<u128>(0) : r.kind == Exact::zero ? 0 : r.significand << r.exponent;
  u128 bound = x.sign ? least : most;
  if (magnitude > bound) magnitude = bound;
  std::uint64_t low = static_cast<std::uint64_t>(magnitude);
  std::uint64_t value = x.sign ? 0 - low : low;
  return bits == 64 ? value : value & ((1ull << bits) - 1);
}

}  // namespace simt::ops
