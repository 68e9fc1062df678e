// Fast loops of cvt: between integer widths, integers and floats, and float formats.
#include "simt/exec/lanes.hpp"
#include "simt/ops/half_math.hpp"
#include "simt/ops/tables.hpp"

namespace simt::ops::SIMT_ISA {

using namespace simt::lanes::SIMT_ISA;

namespace {

using u8 = std::uint8_t;
using s8 = std::int8_t;
using u16 = std::uint16_t;
using s16 = std::int16_t;
using u32 = std::uint32_t;
using s32 = std::int32_t;
using u64 = std::uint64_t;
using s64 = std::int64_t;
using f32 = float;
using f64 = double;

/// The low bits of the source row as a From, extended or cut to the destination row.
template <class From>
struct Resize {
  template <class T> SIMT_INLINE static From apply(T a) { return static_cast<From>(a); }
};
template <class From, class D, class S>
constexpr Loop resize = LaneWise<Resize<From>, D, S>::run;

template <class To>
struct ToFloat {
  template <class T> SIMT_INLINE static To apply(T a) { return static_cast<To>(a); }
};
/// Vectors of the older levels know signed 32-bit integers only.
struct UnsignedToFloat {
  SIMT_INLINE static f64 wide(u32 a) { return as_double(0x4330000000000000ull | a) - 4503599627370496.0; }
  SIMT_INLINE static f32 apply(u32 a) { return static_cast<f32>(wide(a)); }
};
struct UnsignedToDouble {
  SIMT_INLINE static f64 apply(u32 a) { return UnsignedToFloat::wide(a); }
};

struct Nearest {
  SIMT_INLINE static f32 apply(f32 x) { return __builtin_rintf(x); }
  SIMT_INLINE static f64 apply(f64 x) { return __builtin_rint(x); }
};
struct TowardsZero {
  SIMT_INLINE static f32 apply(f32 x) { return __builtin_truncf(x); }
  SIMT_INLINE static f64 apply(f64 x) { return __builtin_trunc(x); }
};
struct Down {
  SIMT_INLINE static f32 apply(f32 x) { return __builtin_floorf(x); }
  SIMT_INLINE static f64 apply(f64 x) { return __builtin_floor(x); }
};
struct Up {
  SIMT_INLINE static f32 apply(f32 x) { return __builtin_ceilf(x); }
  SIMT_INLINE static f64 apply(f64 x) { return __builtin_ceil(x); }
};

template <class Rounding>
struct IntegralFloat {
  SIMT_INLINE static f32 apply(f32 x) { return canonical(Rounding::apply(x)); }
};
template <class Rounding>
struct IntegralDouble {
  SIMT_INLINE static f64 apply(f64 x) { return passed_on(Rounding::apply(x), x); }
};

/// Clamps; NaN gives zero, or for doubles the number that has only the top bit.
template <class Rounding>
struct ToSigned {
  template <class T> SIMT_INLINE static s32 apply(T x) {
    const T y = Rounding::apply(x);
    const bool low = y < T(-2147483648.0), high = y >= T(2147483648.0), nan = y != y;
    const s32 inside = static_cast<s32>(low || high || nan ? T(0) : y);
    s32 r = low ? -0x7fffffff - 1 : inside;
    r = high ? 0x7fffffff : r;
    return nan && sizeof(T) == 8 ? -0x7fffffff - 1 : r;
  }
};
template <class Rounding>
struct ToUnsigned {
  SIMT_INLINE static u32 apply(f32 x) {
    const f32 y = Rounding::apply(x);
    const bool upper = y >= 2147483648.0f, high = y >= 4294967296.0f;
    const f32 z = upper ? y - 2147483648.0f : y;
    const s32 inside = static_cast<s32>(y > 0.0f && !high ? z : 0.0f);
    const u32 r = static_cast<u32>(inside) ^ (upper ? 0x80000000u : 0u);
    return high ? ~0u : r;
  }
};

/// Between single and double precision a NaN keeps what fits, as the host's conversions do; flushing makes it the one of .f32.
struct Narrow {
  SIMT_INLINE static f32 apply(f64 x) { return static_cast<f32>(x); }
};
struct NarrowFlushed {
  SIMT_INLINE static f32 apply(f64 x) { return flushed(static_cast<f32>(x)); }
};
struct WidenFlushed {
  SIMT_INLINE static f64 apply(f32 x) { return canonical(flushed(x)); }
};
template <bool Flush>
struct Saturate {
  SIMT_INLINE static f32 apply(f32 x) { return saturated(Flush ? flushed(x) : x); }
};

template <class H>
struct FromHalf {
  SIMT_INLINE static f32 apply(u16 x) { return H::widen(x); }
};
template <class H>
struct ToHalf {
  SIMT_INLINE static u32 apply(f32 x) { return H::narrow(x); }
};
template <class H>
struct ToPair {
  SIMT_INLINE static u32 apply(f32 a, f32 b) { return H::narrow(a) << 16 | H::narrow(b); }
};

/// tf32 is the upper 19 bits of a float; `half` is what rounds the rest of them up, `even` breaks ties by the last bit kept.
template <std::uint32_t half, bool even>
struct ToTf32 {
  SIMT_INLINE static u32 apply(f32 x) {
    const u32 u = bits_of(x), r = (u + half + (even ? u >> 13 & 1 : 0)) & 0xffffe000u;
    // .rna cuts a NaN, as ptxas's instructions for it do; the others give the one of .tf32.
    return x == x ? r : half == 0x1000 ? u & 0xffffe000u : 0x7fffe000u;
  }
};

#define SIMT_ROUNDINGS(X) X("rni", Nearest) X("rzi", TowardsZero) X("rmi", Down) X("rpi", Up)
#define SIMT_INTEGRAL(name, rounding)                                                         \
  {"cvt." name ".f32.f32", LaneWise<IntegralFloat<rounding>, f32, f32>::run},          \
  {"cvt." name ".f64.f64", LaneWise<IntegralDouble<rounding>, f64, f64>::run},                \
  {"cvt." name ".s32.f32", LaneWise<ToSigned<rounding>, s32, f32>::run},                      \
  {"cvt." name ".u32.f32", LaneWise<ToUnsigned<rounding>, u32, f32>::run},                    \
  {"cvt." name ".s32.f64", LaneWise<ToSigned<rounding>, s32, f64>::run},

constexpr HotEntry kLoops[] = {
    // Integers: "resize", the source's type and the rows' widths.
    {"resize.u8.16.16", resize<u8, u16, u16>},
    {"resize.s8.16.16", resize<s8, u16, u16>},
    {"resize.u8.16.32", resize<u8, u32, u16>},
    {"resize.s8.16.32", resize<s8, u32, u16>},
    {"resize.u8.16.64", resize<u8, u64, u16>},
    {"resize.s8.16.64", resize<s8, u64, u16>},
    {"resize.u8.32.32", resize<u8, u32, u32>},
    {"resize.s8.32.32", resize<s8, u32, u32>},
    {"resize.u16.16.32", resize<u16, u32, u16>},
    {"resize.s16.16.32", resize<s16, u32, u16>},
    {"resize.u16.16.64", resize<u16, u64, u16>},
    {"resize.s16.16.64", resize<s16, u64, u16>},
    {"resize.u16.32.16", resize<u16, u16, u32>},
    {"resize.u16.32.32", resize<u16, u32, u32>},
    {"resize.s16.32.32", resize<s16, u32, u32>},
    {"resize.u32.32.64", resize<u32, u64, u32>},
    {"resize.s32.32.64", resize<s32, u64, u32>},
    {"resize.u16.64.16", resize<u16, u16, u64>},
    {"resize.u32.64.32", resize<u32, u32, u64>},
    {"cvt.rn.f32.s32", LaneWise<ToFloat<f32>, f32, s32>::run},
    {"cvt.rn.f32.u32", LaneWise<UnsignedToFloat, f32, u32>::run},
    {"cvt.rn.f32.s64", LaneWise<ToFloat<f32>, f32, s64>::run},
    {"cvt.rn.f32.u64", LaneWise<ToFloat<f32>, f32, u64>::run},
    {"cvt.rn.f32.u16", LaneWise<ToFloat<f32>, f32, u16>::run},
    {"cvt.rn.f32.s16", LaneWise<ToFloat<f32>, f32, s16>::run},
    {"cvt.rn.f64.s32", LaneWise<ToFloat<f64>, f64, s32>::run},
    {"cvt.rn.f64.u32", LaneWise<UnsignedToDouble, f64, u32>::run},
    {"cvt.rn.f64.s64", LaneWise<ToFloat<f64>, f64, s64>::run},
    {"cvt.rn.f64.u64", LaneWise<ToFloat<f64>, f64, u64>::run},
    SIMT_ROUNDINGS(SIMT_INTEGRAL)
    {"cvt.f64.f32", LaneWise<ToFloat<f64>, f64, f32>::run},
    {"cvt.ftz.f64.f32", LaneWise<WidenFlushed, f64, f32>::run},
    {"cvt.rn.f32.f64", LaneWise<Narrow, f32, f64>::run},
    {"cvt.rn.ftz.f32.f64", LaneWise<NarrowFlushed, f32, f64>::run},
    {"cvt.sat.f32.f32", LaneWise<Saturate<false>, f32, f32>::run},
    {"cvt.sat.ftz.f32.f32", LaneWise<Saturate<true>, f32, f32>::run},
    {"cvt.f32.f16", LaneWise<FromHalf<F16>, f32, u16>::run},
    {"cvt.f32.bf16", LaneWise<FromHalf<Bf16>, f32, u16>::run},
    {"cvt.rn.f16.f32", LaneWise<ToHalf<F16>, u16, f32>::run},
    {"cvt.rn.bf16.f32", LaneWise<ToHalf<Bf16>, u16, f32>::run},
    {"cvt.rna.tf32.f32", LaneWise<ToTf32<0x1000, false>, u32, f32>::run},
    {"cvt.rn.tf32.f32", LaneWise<ToTf32<0xfff, true>, u32, f32>::run},
    {"cvt.rz.tf32.f32", LaneWise<ToTf32<0, false>, u32, f32>::run},
    {"cvt.rn.f16x2.f32", LaneWise<ToPair<F16>, u32, f32, f32>::run},
    {"cvt.rn.bf16x2.f32", LaneWise<ToPair<Bf16>, u32, f32, f32>::run},
};

}  // namespace

HotTable convert_loops() { return {kLoops, sizeof kLoops / sizeof *kLoops}; }

}  // namespace simt::ops::SIMT_ISA
