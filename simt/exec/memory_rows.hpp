// What loads and stores of all spaces share: rows of elements, patterns of addresses, words a vector register at a time.
// Only for *_isa.cpp files.
#pragma once

#include <bit>

#include "simt/exec/access.hpp"
#include "simt/exec/handler_tables.hpp"
#include "simt/exec/lanes.hpp"

namespace simt::exec::SIMT_ISA {

using namespace simt::lanes::SIMT_ISA;
using u8 = std::uint8_t;
using s8 = std::int8_t;
using u16 = std::uint16_t;
using u32 = std::uint32_t;
using u64 = std::uint64_t;

/// An element in memory, which other instructions may see with another type.
template <class E>
using Host = typename Aliased<E>::type;

template <class E>
SIMT_INLINE auto extend(E value) {   // to the width of a row
  if constexpr (sizeof(E) == 1) return u16(std::int16_t(value));
  else return value;
}
template <class E>
using RowOf = decltype(extend(E{}));

/// Rows of elements that lie one after another, `V` to a lane.
template <class E, int V>
SIMT_INLINE void load_rows(std::byte* regs, const Instr& instr, const std::byte* from, Mask mask) {
  const auto* e = reinterpret_cast<const Host<E>*>(from);
  for (int v = 0; v < V; ++v)
    write(row<RowOf<E>>(regs, instr.op[v]), mask, [=](int lane) { return extend(E(e[lane * V + v])); });
}
template <class E, int V>
SIMT_INLINE void store_rows(std::byte* regs, const Instr& instr, std::byte* to) {
  auto* e = reinterpret_cast<Host<E>*>(to);
  if constexpr (V == 1) {
    const auto* d = row<RowOf<E>>(regs, instr.op[0]);
#pragma GCC ivdep
    for (int lane = 0; lane < kLanes; ++lane) e[lane] = E(d[lane]);
  } else if constexpr (V == 2) {
    const auto *d0 = row<RowOf<E>>(regs, instr.op[0]), *d1 = row<RowOf<E>>(regs, instr.op[1]);
#pragma GCC ivdep
    for (int lane = 0; lane < kLanes; ++lane) {
      e[2 * lane] = E(d0[lane]);
      e[2 * lane + 1] = E(d1[lane]);
    }
  } else {
    for (int lane = 0; lane < kLanes; ++lane)
      for (int v = 0; v < V; ++v) e[lane * V + v] = E(row<RowOf<E>>(regs, instr.op[v])[lane]);
  }
}
template <class E, int V>
SIMT_INLINE void load_one(Warp& warp, const Instr* instr, const std::byte* from, int lane) {
  const auto* e = reinterpret_cast<const Host<E>*>(from);
  for (int v = 0; v < V; ++v) row<RowOf<E>>(warp, instr->op[v])[lane] = extend(E(e[v]));
}
template <class E, int V>
SIMT_INLINE void store_one(Warp& warp, const Instr* instr, std::byte* to, int lane) {
  auto* e = reinterpret_cast<Host<E>*>(to);
  for (int v = 0; v < V; ++v) e[v] = E(row<RowOf<E>>(warp, instr->op[v])[lane]);
}

/// How the addresses of a warp lie. `base` is where lane 0 is, or would be.
template <class A>
struct Pattern {
  A base;
  bool contiguous, uniform;
};
template <class A, unsigned Size>
SIMT_INLINE Pattern<A> pattern_of(const typename Aliased<A>::type* address, Mask mask, int first) {
  const A base = address[first] - A(first) * Size, same = address[first];
  A contiguous = 0, uniform = 0;
  if (mask == kAllLanes) {
    for (int lane = 0; lane < kLanes; ++lane) {
      contiguous |= (address[lane] - base) ^ (A(lane) * Size);
      uniform |= address[lane] ^ same;
    }
  } else {
    for (int lane = 0; lane < kLanes; ++lane) {
      const bool on = (A(mask) & kLaneBits<A>.bit[lane]) != 0;
      contiguous |= on ? (address[lane] - base) ^ (A(lane) * Size) : A{0};
      uniform |= on ? address[lane] ^ same : A{0};
    }
  }
  return {base, contiguous == 0, uniform == 0};
}
template <class A, unsigned Size>
SIMT_INLINE bool contiguous(const typename Aliased<A>::type* address) {
  const A base = address[0];
  A difference = 0;
  for (int lane = 0; lane < kLanes; ++lane) difference |= (address[lane] - base) ^ (A(lane) * Size);
  return difference == 0;
}

// ---- words, a vector register at a time ----------------------------------------------------------------------------

#if defined(__AVX512F__)
constexpr int kStep = 16;
#elif defined(__AVX2__)
constexpr int kStep = 8;
#else
constexpr int kStep = 4;
#endif
constexpr unsigned kStepBytes = 4 * kStep;
typedef u32 Words __attribute__((vector_size(kStepBytes), may_alias));
typedef u32 LooseWords __attribute__((vector_size(kStepBytes), may_alias, aligned(4)));

typedef u64 Longs __attribute__((vector_size(kStepBytes), may_alias));

template <class Vector>
SIMT_INLINE Vector lane_numbers() {
  Vector v{};
  for (unsigned lane = 0; lane < sizeof(Vector) / sizeof v[0]; ++lane) v[lane] = lane;
  return v;
}
SIMT_INLINE bool any(Words w) {
#if defined(__AVX512F__)
  return _mm512_test_epi32_mask((__m512i)w, (__m512i)w) != 0;
#elif defined(__AVX2__)
  return !_mm256_testz_si256((__m256i)w, (__m256i)w);
#else
  u32 bits = 0;
  for (int lane = 0; lane < kStep; ++lane) bits |= w[lane];
  return bits != 0;
#endif
}
/// By how much the addresses of a step exceed that of its first lane; `high` collects differences of 2^32 and more.
SIMT_INLINE Words differences(const Aliased<u32>::type* address, u64&) {
  return *reinterpret_cast<const Words*>(address) - *address;
}
SIMT_INLINE Words differences(const Aliased<u64>::type* address, u64& high) {
  const u64 first = *address;
  Words result;
  u64 upper = 0;
  for (int lane = 0; lane < kStep; ++lane) {
    const u64 difference = address[lane] - first;
    result[lane] = u32(difference);
    upper |= difference;
  }
  high |= upper >> 32;
  return result;
}
/// Nothing is set if the addresses of a step are those of words that lie one after another.
SIMT_INLINE Words disorder(const Aliased<u32>::type* address) {
  return (*reinterpret_cast<const Words*>(address) - *address) ^ (lane_numbers<Words>() << 2);
}
SIMT_INLINE Words disorder(const Aliased<u64>::type* address) {
  const u64 first = *address;
  constexpr int half = kStep / 2;
  const Longs low = (*reinterpret_cast<const Longs*>(address) - first) ^ (lane_numbers<Longs>() << 2);
  const Longs high = (*reinterpret_cast<const Longs*>(address + half) - first) ^ ((lane_numbers<Longs>() + half) << 2);
  return (Words)(low | high);
}

/// The memory that an instruction may reach at once: accesses of `Bytes` begin in [lo, lo + span]; `host` is where the
/// address 0 would be. The same for all warps of a gang.
template <class A>
struct Extent {
  A offset, lo, span;
  std::uintptr_t host;
  bool usable;
  SIMT_INLINE bool holds(A address, unsigned align) const {
    const A at = address + offset;
    return (at - lo <= span) & (at % align == 0);
  }
  SIMT_INLINE std::byte* at(A address) const { return reinterpret_cast<std::byte*>(host + A(address + offset)); }
};
template <unsigned Bytes>
SIMT_INLINE Extent<u64> window_of(Warp& warp, const Instr& instr) {
  const auto& w = warp.worker->windows[instr.mem.site];
  return {u64(std::int64_t(instr.mem.offset)), w.lo, w.hi - w.lo - Bytes, std::uintptr_t(w.delta),
          std::int64_t(w.hi - w.lo) >= std::int64_t(Bytes)};
}
template <unsigned Bytes>
SIMT_INLINE Extent<u32> shared_extent(Warp& warp, const Instr& instr) {
  return {u32(instr.mem.offset), 0, warp.shared_bytes - Bytes, reinterpret_cast<std::uintptr_t>(warp.shared),
          warp.shared_bytes >= Bytes};
}

/// Whether the words of each step lie one after another, within the extent.
template <class A, class Row>
SIMT_INLINE bool in_steps(const Row* address, const Extent<A>& extent) {
  Words disordered{};
  bool good = extent.usable;
#pragma GCC unroll 8
  for (int step = 0; step < kLanes / kStep; ++step) {
    disordered |= disorder(address + step * kStep);
    good &= extent.holds(address[step * kStep], 4);
  }
  return good && !any(disordered);
}

/// The words of a window at these places. Clang, with which the fuzzers are built, has no such built-in.
SIMT_INLINE Words picked(const Words& window, const Words& place) {
#ifdef __clang__
  Words d;
  for (int lane = 0; lane < kStep; ++lane) d[lane] = window[place[lane] % kStep];
  return d;
#else
  return __builtin_shuffle(window, place);
#endif
}

/// Loads the words of all lanes if those of each step lie within a register's width upwards of the first lane's: rows
/// of tiles, broadcasts, and any order within such a window.
template <class A, class Row>
SIMT_INLINE bool load_windows(std::byte* regs, std::int32_t d, const Row* address, const Extent<A>& extent) {
  Words index[kLanes / kStep], outside{};
  u64 high = 0;
  bool good = extent.usable;
#pragma GCC unroll 8
  for (int step = 0; step < kLanes / kStep; ++step) {
    const Words difference = differences(address + step * kStep, high);
    outside |= difference & ~u32(kStepBytes - 4);
    index[step] = difference >> 2;
    good &= extent.holds(address[step * kStep], 4);
  }
  if (!good || high || any(outside)) return false;
#pragma GCC unroll 8
  for (int step = 0; step < kLanes / kStep; ++step) {
    const Words window = *reinterpret_cast<const LooseWords*>(extent.at(address[step * kStep]));
    index[step] = picked(window, index[step]);
  }
#pragma GCC unroll 8
  for (int step = 0; step < kLanes / kStep; ++step)   // last: the destination may be the address
    *reinterpret_cast<Words*>(row<u32>(regs, d) + step * kStep) = index[step];
  return true;
}

/// The fast way of an access, for warps of which every lane is active. False if it declines.
template <class E, int V, class A, bool Store>
SIMT_INLINE bool access_at_once(std::byte* regs, const Instr& instr, const Extent<A>& extent) {
  const auto* address = row<A>(regs, instr.op[V]);
  if constexpr (V == 1 && sizeof(E) == 4) {
    auto* d = row<u32>(regs, instr.op[0]);
    if constexpr (!Store && sizeof(A) == 4) return load_windows(regs, instr.op[0], address, extent);
    if (!in_steps(address, extent)) return Store ? false : load_windows(regs, instr.op[0], address, extent);
    Words values[kLanes / kStep];
#pragma GCC unroll 8
    for (int step = 0; step < kLanes / kStep; ++step) {
      // Casts where they are used: `auto` would forget that the memory need not be aligned.
      std::byte* memory = extent.at(address[step * kStep]);
      if constexpr (Store) *reinterpret_cast<LooseWords*>(memory) = *reinterpret_cast<const Words*>(d + step * kStep);
      else values[step] = *reinterpret_cast<const LooseWords*>(memory);
    }
#pragma GCC unroll 8
    for (int step = 0; step < kLanes / kStep && !Store; ++step) *reinterpret_cast<Words*>(d + step * kStep) = values[step];
  } else {
    if (!extent.usable || !extent.holds(address[0], sizeof(E) * V) || !contiguous<A, sizeof(E) * V>(address)) return false;
    if constexpr (Store) store_rows<E, V>(regs, instr, extent.at(address[0]));
    else load_rows<E, V>(regs, instr, extent.at(address[0]), kAllLanes);
  }
  return true;
}
template <class E, int V>
constexpr unsigned kAtOnce = V == 1 && sizeof(E) == 4 ? kStepBytes : sizeof(E) * V * kLanes;

/// Handlers that try the fast way first. `Access` knows the extent, which it gives `usable` where it must not be used.
template <class E, int V, bool Store, class Access>
struct Tried {
  static const Instr* warp(Warp& warp, const Instr* instr) {
    if (warp.active == kAllLanes) [[likely]] {
      const auto extent = Access::extent(warp, *instr);
      if (fast(warp.regs, *instr, extent)) [[likely]] return instr + 1;
    }
    return Access::slowly(warp, instr);
  }
  static const Instr* gang(Gang& gang, const Instr* instr) {
    const unsigned count = gang.count;
    const Instr copy = *instr;
    auto extent = Access::extent(*gang.warps[0], copy);
    for (unsigned k = 0; k < count; ++k) {
      if (fast(gang.regs[k], copy, extent)) [[likely]] continue;
      if (!Access::slowly(*gang.warps[k], instr)) return nullptr;   // a fault: the launch is over
      extent = Access::extent(*gang.warps[0], copy);                // the slow way may have found another allocation
    }
    return instr + 1;
  }
  static const Loop run;

 private:
  template <class A>
  SIMT_INLINE static bool fast(std::byte* regs, const Instr& instr, const Extent<A>& extent) {
    return access_at_once<E, V, A, Store>(regs, instr, extent);
  }
};
/// Small elements in vectors are rare: gangs take them warp by warp, which saves time at build.
template <class E, int V, bool Store, class Access>
constexpr Loop Tried<E, V, Store, Access>::run = [] {
  if constexpr (V > 1 && sizeof(E) < 4) return Loop(warp);
  else return Loop{warp, gang};
}();

/// Calls f(lane) for the lanes of the mask.
template <class F>
SIMT_INLINE void each(Mask mask, F f) {
  for (Mask left = mask; left; left &= left - 1) f(std::countr_zero(left));
}

/// Element and length of every access that there is.
#define SIMT_SHAPES(X)                                                                             \
  X(u8, 1) X(u8, 2) X(u8, 4) X(s8, 1) X(s8, 2) X(s8, 4) X(u16, 1) X(u16, 2) X(u16, 4) X(u32, 1)    \
  X(u32, 2) X(u32, 4) X(u64, 1) X(u64, 2) X(u64, 4)

}  // namespace simt::exec::SIMT_ISA
