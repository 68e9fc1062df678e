// Loops over the 32 lanes of a warp: how handlers read and write rows. Only for *_isa.cpp files.
//
// A loop has 32 turns, no calls and no branches that cannot become selects, so that the compiler turns it into vector
// code; `ivdep` says that rows are either the same or disjoint. When some lanes are inactive their old value is blended
// in and the whole row is stored: cheaper than masked stores, and nobody else sees a register file.
#pragma once

#include <cstdint>
#include <tuple>
#include <type_traits>
#include <utility>

#if defined(__AVX2__)
#include <immintrin.h>
#endif

#include "simt/exec/gang.hpp"
#include "simt/exec/warp.hpp"

#ifndef SIMT_ISA
#error "lanes.hpp belongs in *_isa.cpp files"
#endif

#define SIMT_INLINE inline __attribute__((always_inline))

namespace simt::lanes::SIMT_ISA {

using exec::Gang;
using exec::Instr;
using exec::kAllLanes;
using exec::kLanes;
using exec::Loop;
using exec::Mask;
using exec::Warp;

/// A lane type that may look at a row which another instruction wrote with another type.
template <class T>
struct Aliased {
  typedef T type __attribute__((may_alias));
};

template <class T>
SIMT_INLINE typename Aliased<T>::type* row(std::byte* regs, std::int32_t offset) {
  return static_cast<typename Aliased<T>::type*>(__builtin_assume_aligned(regs + offset, 64));
}
template <class T>
SIMT_INLINE typename Aliased<T>::type* row(Warp& warp, std::int32_t offset) { return row<T>(warp.regs, offset); }

/// A predicate: one bit a lane.
SIMT_INLINE typename Aliased<Mask>::type& predicate(std::byte* regs, std::int32_t offset) {
  return *reinterpret_cast<typename Aliased<Mask>::type*>(regs + offset);
}
SIMT_INLINE typename Aliased<Mask>::type& predicate(Warp& warp, std::int32_t offset) { return predicate(warp.regs, offset); }

/// Unsigned type of a lane's width: masks of that width blend without conversions.
template <std::size_t Bytes>
using Bits = std::conditional_t<Bytes == 8, std::uint64_t, std::conditional_t<Bytes == 4, std::uint32_t, std::uint16_t>>;

template <class U>
struct LaneBits {
  U bit[32];
  constexpr LaneBits() : bit{} {
    for (int lane = 0; lane < 32; ++lane) bit[lane] = U(U{1} << (sizeof(U) == 2 ? lane & 15 : lane));
  }
};
template <class U>
inline constexpr LaneBits<U> kLaneBits{};

/// d[lane] = f(lane) in the lanes of `mask`.
template <class D, class F>
SIMT_INLINE void write(D* d, Mask mask, F f) {
  if (mask == kAllLanes) [[likely]] {
#pragma GCC ivdep
    for (int lane = 0; lane < kLanes; ++lane) d[lane] = f(lane);
    return;
  }
  using U = Bits<sizeof(D)>;
  constexpr int step = sizeof(D) == 2 ? 16 : 32;  // 16-bit masks come in two halves
  for (int half = 0; half < kLanes; half += step) {
    const U bits = static_cast<U>(mask >> half);
#pragma GCC ivdep
    for (int lane = half; lane < half + step; ++lane) {
      const D value = f(lane), old = d[lane];
      d[lane] = (bits & kLaneBits<U>.bit[lane]) != 0 ? value : old;
    }
  }
}

/// The lanes for which f(lane) holds, as a mask. `Width` is the size of what f compares, so that vectors match.
template <std::size_t Width, class F>
SIMT_INLINE Mask gather_mask(F f) {
#if defined(__AVX512DQ__)
  if constexpr (Width >= 4) {
    using S = std::conditional_t<Width == 8, std::int64_t, std::int32_t>;
    constexpr int step = 64 / Width;
    Mask result = 0;
#pragma GCC unroll 4
    for (int first = 0; first < kLanes; first += step) {
      alignas(64) S flags[step];
      for (int lane = 0; lane < step; ++lane) flags[lane] = f(first + lane) ? S(-1) : S(0);
      const __m512i vector = _mm512_load_si512(flags);
      if constexpr (Width == 8) result |= Mask(_mm512_movepi64_mask(vector)) << first;
      else result |= Mask(_mm512_movepi32_mask(vector)) << first;
    }
    return result;
  }
#endif
  using U = Bits<Width>;
  constexpr int step = Width == 2 ? 16 : 32;
  Mask result = 0;
  for (int half = 0; half < kLanes; half += step) {
    U bits = 0;
    for (int lane = half; lane < half + step; ++lane) bits |= f(lane) ? kLaneBits<U>.bit[lane] : U{0};
    result |= static_cast<Mask>(bits) << half;
  }
  return result;
}

/// predicate = value in the lanes of `mask`.
SIMT_INLINE void write_mask(std::byte* regs, std::int32_t offset, Mask mask, Mask value) {
  auto& p = predicate(regs, offset);
  p = (p & ~mask) | (value & mask);
}

/// predicate = f(lane) in the active lanes.
template <std::size_t Width, class F>
SIMT_INLINE void write_predicate(Warp& warp, std::int32_t offset, F f) {
  write_mask(warp.regs, offset, warp.exec, gather_mask<Width>(f));
}

/// Calls f(regs, mask) for every warp of a gang.
template <bool Partial, class F>
SIMT_INLINE void for_gang(const Gang& gang, F f) {
  const unsigned count = gang.count;
  for (unsigned k = 0; k < count; ++k) f(gang.regs[k], Partial ? gang.warps[k]->exec : kAllLanes);
}

/// Whole handlers, of Rows::apply(regs, mask of the lanes to write, instruction).
template <class Rows>
struct RowWise {
  static const Instr* warp(Warp& warp, const Instr* instr) {
    Rows::apply(warp.regs, warp.exec, *instr);
    return instr + 1;
  }
  template <bool Partial>
  static const Instr* gang(Gang& gang, const Instr* instr) {
    const Instr copy = *instr;   // which no store to a row can change
    for_gang<Partial>(gang, [=](std::byte* regs, Mask mask) __attribute__((always_inline)) { Rows::apply(regs, mask, copy); });
    return instr + 1;
  }
  static constexpr Loop run{warp, gang<false>, gang<true>};
};

/// Whole handlers: op[0] = Op::apply(op[1], op[2] ...), lane by lane. `Op::apply` is a static, branch-free function.
template <class Op, class D, class... S>
struct LaneWise {
  static const Instr* warp(Warp& warp, const Instr* instr) {
    one(warp.regs, warp.exec, instr->op, std::index_sequence_for<S...>{});
    return instr + 1;
  }
  template <bool Partial>
  static const Instr* gang(Gang& gang, const Instr* instr) {
    Offsets at;
    for (std::size_t n = 0; n <= sizeof...(S); ++n) at.op[n] = instr->op[n];
    for_gang<Partial>(gang, [=](std::byte* regs, Mask mask) __attribute__((always_inline)) {
      one(regs, mask, at.op, std::index_sequence_for<S...>{});
    });
    return instr + 1;
  }
  static constexpr Loop run{warp, gang<false>, gang<true>};

 private:
  struct Offsets {
    std::int32_t op[sizeof...(S) + 1];
  };
  template <std::size_t... I>
  SIMT_INLINE static void one(std::byte* regs, Mask mask, const std::int32_t* op, std::index_sequence<I...>) {
    apply(row<D>(regs, op[0]), mask, row<S>(regs, op[I + 1])...);
  }
  template <class Row, class... Rows>
  SIMT_INLINE static void apply(Row* d, Mask mask, Rows*... s) {
    write(d, mask, [=](int lane) __attribute__((always_inline)) { return static_cast<D>(Op::apply(static_cast<S>(s[lane])...)); });
  }
};

}  // namespace simt::lanes::SIMT_ISA
