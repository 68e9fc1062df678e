// Scalar semantics that the rows of the .def files call: one lane, no state, and no branches where the form is hot.
//
// Compiled once for every level and once for the plain handlers, each time in a namespace of its own (see isa.hpp), and
// without the standard library's templates for the same reason.
#pragma once

#include <cstdint>

#ifdef SIMT_ISA
#define SIMT_OPS_NAMESPACE SIMT_ISA
#else
#define SIMT_OPS_NAMESPACE scalar
#endif
#define SIMT_LANE inline __attribute__((always_inline))

namespace simt::ops::SIMT_OPS_NAMESPACE {

template <class T> struct LaneType;
template <> struct LaneType<std::uint8_t> { using Unsigned = std::uint8_t; using Signed = std::int8_t; using Wide = std::uint16_t; };
template <> struct LaneType<std::int8_t> { using Unsigned = std::uint8_t; using Signed = std::int8_t; using Wide = std::int16_t; };
template <> struct LaneType<std::uint16_t> { using Unsigned = std::uint16_t; using Signed = std::int16_t; using Wide = std::uint32_t; };
template <> struct LaneType<std::int16_t> { using Unsigned = std::uint16_t; using Signed = std::int16_t; using Wide = std::int32_t; };
template <> struct LaneType<std::uint32_t> { using Unsigned = std::uint32_t; using Signed = std::int32_t; using Wide = std::uint64_t; };
template <> struct LaneType<std::int32_t> { using Unsigned = std::uint32_t; using Signed = std::int32_t; using Wide = std::int64_t; };
__extension__ typedef unsigned __int128 Unsigned128;
__extension__ typedef __int128 Signed128;
template <> struct LaneType<std::uint64_t> { using Unsigned = std::uint64_t; using Signed = std::int64_t; using Wide = Unsigned128; };
template <> struct LaneType<std::int64_t> { using Unsigned = std::uint64_t; using Signed = std::int64_t; using Wide = Signed128; };
template <> struct LaneType<Unsigned128> { using Unsigned = Unsigned128; using Signed = Signed128; };
template <> struct LaneType<Signed128> { using Unsigned = Unsigned128; using Signed = Signed128; };

template <bool Condition, class A, class B> struct Choose { using type = A; };
template <class A, class B> struct Choose<false, A, B> { using type = B; };

/// The byte type of T's signedness.
template <class T> struct Byte { using type = typename Choose<(T(-1) < T(0)), std::int8_t, std::uint8_t>::type; };

template <class T>
inline constexpr bool kSigned = T(-1) < T(0);
template <class T>
inline constexpr int kBits = 8 * sizeof(T);

/// The type to compute in so that overflow wraps: unsigned, and at least as wide as int.
template <class T>
using Wrap = typename Choose<(sizeof(T) < 4), std::uint32_t, typename LaneType<T>::Unsigned>::type;

template <class T> SIMT_LANE T least_of(T a, T b) { return a < b ? a : b; }
template <class T> SIMT_LANE T greatest_of(T a, T b) { return a > b ? a : b; }

/// As the hardware divides: by zero gives all ones, and the one signed overflow wraps.
template <class T>
SIMT_LANE T divide(T a, T b) {
  if (b == 0) return static_cast<T>(-1);
  if (kSigned<T> && b == static_cast<T>(-1)) return static_cast<T>(Wrap<T>(0) - Wrap<T>(a));
  return static_cast<T>(a / b);
}
template <class T>
SIMT_LANE T remainder(T a, T b) {
  if (b == 0) return static_cast<T>(-1);   // as NVIDIA's GPUs have it
  if (kSigned<T> && b == static_cast<T>(-1)) return 0;
  return static_cast<T>(a % b);
}

template <class T>
SIMT_LANE T shift_left(T a, std::uint32_t n) {
  return static_cast<T>(n < std::uint32_t(kBits<T>) ? Wrap<T>(a) << (n & (8 * sizeof(Wrap<T>) - 1)) : 0);
}
template <class T>
SIMT_LANE T shift_right(T a, std::uint32_t n) {
  if (kSigned<T>) return static_cast<T>(a >> (n < std::uint32_t(kBits<T>) ? n : kBits<T> - 1));
  return static_cast<T>(n < std::uint32_t(kBits<T>) ? a >> n : 0);
}
template <bool Left, bool Clamp>
SIMT_LANE std::uint32_t funnel(std::uint32_t a, std::uint32_t b, std::uint32_t n) {
  n = Clamp ? least_of(n, 32u) : n & 31;
  std::uint64_t both = std::uint64_t{b} << 32 | a;
  return static_cast<std::uint32_t>(Left ? both << n >> 32 : both >> n);
}

template <class T>
SIMT_LANE std::uint32_t leading_zeros(T a) {
  typename LaneType<T>::Unsigned u = a;
  if (u == 0) return kBits<T>;
  return kBits<T> == 64 ? __builtin_clzll(u) : __builtin_clz(static_cast<std::uint32_t>(u)) - (32 - kBits<T>);
}
template <class T>
SIMT_LANE std::uint32_t find_leading(T a) {
  std::uint32_t zeros = leading_zeros<T>(a < 0 ? ~a : a);
  return zeros == std::uint32_t(kBits<T>) ? ~0u : kBits<T> - 1 - zeros;
}
template <class T>
SIMT_LANE std::uint32_t find_leading_shift(T a) {
  std::uint32_t zeros = leading_zeros<T>(a < 0 ? ~a : a);
  return zeros == std::uint32_t(kBits<T>) ? ~0u : zeros;
}
SIMT_LANE std::uint32_t find_nth_set(std::uint32_t mask, std::uint32_t base, std::int32_t offset) {
  base &= 31;
  if (offset == 0) return mask >> base & 1 ? base : ~0u;
  std::int64_t count = offset < 0 ? -std::int64_t{offset} : offset;
  for (int at = static_cast<int>(base), step = offset > 0 ? 1 : -1; at >= 0 && at < 32; at += step)
    if ((mask >> at & 1) && --count == 0) return at;
  return ~0u;
}
template <class T>
SIMT_LANE T reverse_bits(T a) {
  std::uint64_t x = a;
  x = (x >> 1 & 0x5555555555555555ull) | (x & 0x5555555555555555ull) << 1;
  x = (x >> 2 & 0x3333333333333333ull) | (x & 0x3333333333333333ull) << 2;
  x = (x >> 4 & 0x0f0f0f0f0f0f0f0full) | (x & 0x0f0f0f0f0f0f0f0full) << 4;
  return static_cast<T>(__builtin_bswap64(x) >> (64 - kBits<T>));
}

template <class T>
SIMT_LANE T extract_field(T a, std::uint32_t start, std::uint32_t length) {
  start &= 255;
  length &= 255;
  if (length == 0) return 0;
  T moved = shift_right(a, start);
  if (length >= std::uint32_t(kBits<T>)) return moved;
  std::uint32_t above = kBits<T> - length;
  // Bits of the field that lie beyond the top are the sign's, which the shift has brought in.
  return static_cast<T>(static_cast<T>(Wrap<T>(moved) << above) >> above);
}
template <class T>
SIMT_LANE T insert_field(T a, T b, std::uint32_t start, std::uint32_t length) {
  start &= 255;
  length &= 255;
  T ones = length >= std::uint32_t(kBits<T>) ? static_cast<T>(-1) : static_cast<T>((Wrap<T>(1) << length) - 1);
  T mask = shift_left(ones, start);
  return static_cast<T>((shift_left(a, start) & mask) | (b & ~mask));
}
template <bool Clamp>
SIMT_LANE std::uint32_t field_mask(std::uint32_t start, std::uint32_t length) {
  if (!Clamp) {
    start &= 31;
    length &= 31;
  }
  if (start >= 32) return 0;
  return (length >= 32 ? ~0u : (1u << length) - 1) << start;
}
template <class T, bool Clamp>
SIMT_LANE T extend_field(T a, std::uint32_t length) {
  if (Clamp && length >= 32) return a;
  length &= 31;
  return length == 0 ? T(0) : static_cast<T>(static_cast<T>(Wrap<T>(a) << (32 - length)) >> (32 - length));
}

SIMT_LANE std::uint32_t logic3(std::uint32_t a, std::uint32_t b, std::uint32_t c, std::uint32_t table) {
  std::uint32_t r = 0;
  for (int i = 0; i < 8; ++i)
    if (table >> i & 1) r |= (i & 4 ? a : ~a) & (i & 2 ? b : ~b) & (i & 1 ? c : ~c);
  return r;
}

/// prmt: each selector nibble names a byte of {b, a}; bit 3 replicates its sign instead.
SIMT_LANE std::uint32_t permute(std::uint32_t a, std::uint32_t b, std::uint32_t selector) {
  std::uint64_t bytes = std::uint64_t{b} << 32 | a;
  std::uint32_t r = 0;
  for (int i = 0; i < 4; ++i) {
    std::uint32_t pick = selector >> (4 * i) & 15;
    std::uint32_t byte = static_cast<std::uint32_t>(bytes >> (8 * (pick & 7))) & 255;
    byte = pick & 8 ? (byte & 128 ? 255u : 0u) : byte;
    r |= byte << (8 * i);
  }
  return r;
}
SIMT_LANE std::uint32_t permute_forward(std::uint32_t a, std::uint32_t b, std::uint32_t n) {
  return static_cast<std::uint32_t>((std::uint64_t{b} << 32 | a) >> (8 * (n & 3)));
}
SIMT_LANE std::uint32_t permute_backward(std::uint32_t a, std::uint32_t b, std::uint32_t n) {
  n &= 3;  // bytes n, n-1, n-2, n-3, modulo 8
  return permute(a, b, n | ((n + 7) & 7) << 4 | ((n + 6) & 7) << 8 | ((n + 5) & 7) << 12);
}
SIMT_LANE std::uint32_t permute_replicate8(std::uint32_t a, std::uint32_t n) { return (a >> (8 * (n & 3)) & 255) * 0x01010101u; }
SIMT_LANE std::uint32_t permute_edge_left(std::uint32_t a, std::uint32_t b, std::uint32_t n) {
  n &= 3;
  return permute(a, b, greatest_of(0u, n) | greatest_of(1u, n) << 4 | greatest_of(2u, n) << 8 | 3 << 12);
}
SIMT_LANE std::uint32_t permute_edge_right(std::uint32_t a, std::uint32_t b, std::uint32_t n) {
  n &= 3;
  return permute(a, b, 0 | least_of(1u, n) << 4 | least_of(2u, n) << 8 | least_of(3u, n) << 12);
}
SIMT_LANE std::uint32_t permute_replicate16(std::uint32_t a, std::uint32_t n) { return (a >> (16 * (n & 1)) & 0xffff) * 0x00010001u; }

template <class A, class B>  ///< A and B: signed or unsigned 8-bit types
SIMT_LANE std::uint32_t dot4(std::uint32_t a, std::uint32_t b, std::uint32_t c) {
  for (int i = 0; i < 4; ++i)
    c += static_cast<std::uint32_t>(static_cast<std::int32_t>(static_cast<A>(a >> (8 * i))) *
                                    static_cast<std::int32_t>(static_cast<B>(b >> (8 * i))));
  return c;
}
template <class A, class B>  ///< A: 16 bits, B: 8 bits; `half` chooses the two bytes of b
SIMT_LANE std::uint32_t dot2(std::uint32_t a, std::uint32_t b, std::uint32_t c, int half) {
  for (int i = 0; i < 2; ++i)
    c += static_cast<std::uint32_t>(static_cast<std::int32_t>(static_cast<A>(a >> (16 * i))) *
                                    static_cast<std::int32_t>(static_cast<B>(b >> (8 * i + 16 * half))));
  return c;
}

/// The low 24 bits as a number.
template <class T>
SIMT_LANE typename LaneType<T>::Wide low24(T a) {
  return static_cast<T>(static_cast<T>(Wrap<T>(a) << 8) >> 8);
}

}  // namespace simt::ops::SIMT_OPS_NAMESPACE
