// Loads and stores of a warp: contiguous and broadcast rows first, everything else lane by lane.
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

namespace {

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
    index[step] = __builtin_shuffle(window, index[step]);
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
  /// Small elements in vectors are rare: gangs take them warp by warp, which saves time at build.
  static constexpr Loop loop() {
    if constexpr (V > 1 && sizeof(E) < 4) return warp;
    else return {warp, gang};
  }
  static constexpr Loop run = loop();

 private:
  template <class A>
  SIMT_INLINE static bool fast(std::byte* regs, const Instr& instr, const Extent<A>& extent) {
    return access_at_once<E, V, A, Store>(regs, instr, extent);
  }
};

/// Calls f(lane) for the lanes of the mask.
template <class F>
SIMT_INLINE void each(Mask mask, F f) {
  for (Mask left = mask; left; left &= left - 1) f(std::countr_zero(left));
}

// ---- global, constant and generic addresses -----------------------------------------------------------------------

/// Whether [address, address + bytes) lies in the window. An empty window (lo 1, hi 0) holds nothing.
SIMT_INLINE bool inside(const memory::Window& w, u64 address, u64 bytes) {
  return address >= w.lo && address < w.hi && bytes <= w.hi - address;
}

template <class E, int V>
[[gnu::noinline]] const Instr* load_flat_slowly(Warp& warp, const Instr* instr) {
  constexpr unsigned size = sizeof(E) * V;
  const auto* address = row<u64>(warp, instr->op[V]);
  const Mask mask = warp.active;
  const int first = std::countr_zero(mask);
  const u64 offset = u64(std::int64_t(instr->mem.offset));
  auto& window = warp.worker->windows[instr->mem.site];
  const auto p = pattern_of<u64, size>(address, mask, first);
  for (int attempt = 0; attempt < 2; ++attempt) {
    const u64 start = p.base + offset, at = address[first] + offset;
    if (p.contiguous && inside(window, start, size * kLanes) && start % size == 0) {
      load_rows<E, V>(warp.regs, *instr, reinterpret_cast<const std::byte*>(start + u64(window.delta)), mask);
      return instr + 1;
    }
    if (p.uniform && inside(window, at, size) && at % size == 0) {
      const auto* e = reinterpret_cast<const Host<E>*>(at + u64(window.delta));
      for (int v = 0; v < V; ++v) {
        const auto value = extend(E(e[v]));
        write(row<RowOf<E>>(warp, instr->op[v]), mask, [=](int) { return value; });
      }
      return instr + 1;
    }
    // Scattered: one pass says whether all of them are in the window and aligned.
    const u64 lo = window.lo - offset, span = window.hi - window.lo - size;
    u64 outside = window.hi < window.lo + size ? 1 : 0, low_bits = 0;
    for (int lane = 0; lane < kLanes; ++lane) {
      const bool on = (u64(mask) & kLaneBits<u64>.bit[lane]) != 0;
      const u64 a = on ? address[lane] : address[first];
      outside |= ((a - lo) | (span - (a - lo))) >> 63;
      low_bits |= a + offset;
    }
    if (!outside && low_bits % size == 0) {
      const u64 delta = offset + u64(window.delta);
      if (mask == kAllLanes) {
        for (int lane = 0; lane < kLanes; ++lane)
          load_one<E, V>(warp, instr, reinterpret_cast<const std::byte*>(address[lane] + delta), lane);
      } else {
        each(mask, [&](int lane) {
          load_one<E, V>(warp, instr, reinterpret_cast<const std::byte*>(address[lane] + delta), lane);
        });
      }
      return instr + 1;
    }
    if (attempt == 0 && !refill(warp, instr, at)) break;
  }
  // Several allocations, shared or local memory, or a fault.
  for (Mask left = mask; left; left &= left - 1) {
    const int lane = std::countr_zero(left);
    alignas(32) std::byte buffer[size];
    if (!read_lane(warp, instr, address[lane] + offset, size, lane, buffer)) return nullptr;
    load_one<E, V>(warp, instr, buffer, lane);
  }
  return instr + 1;
}

template <class E, int V>
struct LoadFlat {
  SIMT_INLINE static auto extent(Warp& warp, const Instr& instr) { return window_of<kAtOnce<E, V>>(warp, instr); }
  static const Instr* slowly(Warp& warp, const Instr* instr) { return load_flat_slowly<E, V>(warp, instr); }
};

/// An address that is the same in all lanes, always.
template <class E, int V>
struct LoadUniform {
  SIMT_INLINE static bool at_once(Warp& warp, const Instr& instr, Mask mask) {
    constexpr unsigned size = sizeof(E) * V;
    const u64 at = *row<u64>(warp, instr.op[V]) + u64(std::int64_t(instr.mem.offset));
    const auto& window = warp.worker->windows[instr.mem.site];
    if (!inside(window, at, size) || at % size != 0) [[unlikely]] return false;
    const auto* e = reinterpret_cast<const Host<E>*>(at + u64(window.delta));
    for (int v = 0; v < V; ++v) {
      const auto value = extend(E(e[v]));
      write(row<RowOf<E>>(warp, instr.op[v]), mask, [=](int) { return value; });
    }
    return true;
  }
  static const Instr* warp(Warp& warp, const Instr* instr) {
    return at_once(warp, *instr, warp.exec) ? instr + 1 : load_flat_slowly<E, V>(warp, instr);
  }
  static const Instr* gang(Gang& gang, const Instr* instr) {
    const Instr copy = *instr;
    if (!at_once(*gang.warps[0], copy, kAllLanes)) [[unlikely]] {
      for (unsigned k = 0; k < gang.count; ++k)
        if (!load_flat_slowly<E, V>(*gang.warps[k], instr)) return nullptr;
      return instr + 1;
    }
    const unsigned count = gang.count;
    for (int v = 0; v < V; ++v) {
      const auto value = *row<RowOf<E>>(gang.regs[0], copy.op[v]);
      for (unsigned k = 1; k < count; ++k) write(row<RowOf<E>>(gang.regs[k], copy.op[v]), kAllLanes, [=](int) { return value; });
    }
    return instr + 1;
  }
  static constexpr Loop run{warp, gang};
};

template <class E, int V>
[[gnu::noinline]] const Instr* store_flat_slowly(Warp& warp, const Instr* instr) {
  constexpr unsigned size = sizeof(E) * V;
  const auto* address = row<u64>(warp, instr->op[V]);
  const Mask mask = warp.active;
  const int first = std::countr_zero(mask);
  const u64 offset = u64(std::int64_t(instr->mem.offset));
  auto& window = warp.worker->windows[instr->mem.site];
  for (int attempt = 0; attempt < 2; ++attempt) {
    const u64 lo = window.lo - offset, span = window.hi - window.lo - size;
    u64 outside = window.hi < window.lo + size || window.lo >= ir::kParamWindow ? 1 : 0, low_bits = 0;
    for (int lane = 0; lane < kLanes; ++lane) {
      const bool on = (u64(mask) & kLaneBits<u64>.bit[lane]) != 0;
      const u64 a = on ? address[lane] : address[first];
      outside |= ((a - lo) | (span - (a - lo))) >> 63;
      low_bits |= a + offset;
    }
    if (!outside && low_bits % size == 0) {
      const u64 delta = offset + u64(window.delta);
      if (mask == kAllLanes && contiguous<u64, size>(address)) {
        store_rows<E, V>(warp.regs, *instr, reinterpret_cast<std::byte*>(address[0] + delta));
      } else if (mask == kAllLanes) {
        for (int lane = 0; lane < kLanes; ++lane)
          store_one<E, V>(warp, instr, reinterpret_cast<std::byte*>(address[lane] + delta), lane);
      } else {
        each(mask, [&](int lane) {
          store_one<E, V>(warp, instr, reinterpret_cast<std::byte*>(address[lane] + delta), lane);
        });
      }
      return instr + 1;
    }
    if (attempt == 0 && !refill(warp, instr, address[first] + offset)) break;
  }
  for (Mask left = mask; left; left &= left - 1) {
    const int lane = std::countr_zero(left);
    alignas(32) std::byte buffer[size];
    store_one<E, V>(warp, instr, buffer, lane);
    if (!write_lane(warp, instr, address[lane] + offset, size, lane, buffer)) return nullptr;
  }
  return instr + 1;
}

template <class E, int V>
struct StoreFlat {
  SIMT_INLINE static auto extent(Warp& warp, const Instr& instr) {
    auto extent = window_of<kAtOnce<E, V>>(warp, instr);
    extent.usable &= extent.lo < ir::kParamWindow;   // parameters cannot be written
    return extent;
  }
  static const Instr* slowly(Warp& warp, const Instr* instr) { return store_flat_slowly<E, V>(warp, instr); }
};

// ---- shared memory ------------------------------------------------------------------------------------------------

/// Finds the lane that is out of bounds or misaligned, or reaches another block of the cluster.
template <class E, int V, bool Store>
[[gnu::noinline]] const Instr* shared_slowly(Warp& warp, const Instr* instr) {
  constexpr unsigned size = sizeof(E) * V;
  const auto* address = row<u32>(warp, instr->op[V]);
  for (Mask left = warp.active; left; left &= left - 1) {
    const int lane = std::countr_zero(left);
    const u32 at = address[lane] + u32(instr->mem.offset);
    std::byte* host = at % size == 0 ? shared_of(warp, at, size) : nullptr;
    if (!host) return raise_offset(warp, instr, at, size, lane);
    if constexpr (Store) store_one<E, V>(warp, instr, host, lane);
    else load_one<E, V>(warp, instr, host, lane);
  }
  return instr + 1;
}

/// Whether all active lanes are inside and aligned. `span`: the highest offset at which an access may begin.
template <unsigned Size>
SIMT_INLINE bool offsets_good(const Aliased<u32>::type* address, u32 offset, u32 bytes, Mask mask, int first) {
  if (bytes < Size) return false;
  const u32 span = bytes - Size;
  u32 outside = 0, low_bits = 0;
  if (mask == kAllLanes) {
    for (int lane = 0; lane < kLanes; ++lane) {
      const u32 a = address[lane] + offset;
      outside |= a | (span - a);
      low_bits |= a;
    }
  } else {
    const u32 other = address[first];
    for (int lane = 0; lane < kLanes; ++lane) {
      const u32 a = ((mask & kLaneBits<u32>.bit[lane]) != 0 ? address[lane] : other) + offset;
      outside |= a | (span - a);
      low_bits |= a;
    }
  }
  return outside >> 31 == 0 && low_bits % Size == 0;
}

template <class E, int V>
[[gnu::noinline]] const Instr* load_shared(Warp& warp, const Instr* instr) {
  constexpr unsigned size = sizeof(E) * V;
  const auto* address = row<u32>(warp, instr->op[V]);
  const u32 offset = u32(instr->mem.offset);
  const Mask mask = warp.active;
  const int first = mask == kAllLanes ? 0 : std::countr_zero(mask);
  const auto p = pattern_of<u32, size>(address, mask, first);
  const u32 bytes = warp.shared_bytes, start = p.base + offset, at = address[first] + offset;
  if (p.contiguous && start < bytes && size * kLanes <= bytes - start && start % size == 0) {
    load_rows<E, V>(warp.regs, *instr, warp.shared + start, mask);
    return instr + 1;
  }
  if (p.uniform && at < bytes && size <= bytes - at && at % size == 0) {
    const auto* e = reinterpret_cast<const Host<E>*>(warp.shared + at);
    for (int v = 0; v < V; ++v) {
      const auto value = extend(E(e[v]));
      write(row<RowOf<E>>(warp, instr->op[v]), mask, [=](int) { return value; });
    }
    return instr + 1;
  }
  if (!offsets_good<size>(address, offset, bytes, mask, first)) return shared_slowly<E, V, false>(warp, instr);
  const std::byte* base = warp.shared;
  if (mask == kAllLanes) {
    for (int lane = 0; lane < kLanes; ++lane) load_one<E, V>(warp, instr, base + u32(address[lane] + offset), lane);
  } else {
    each(mask, [&](int lane) { load_one<E, V>(warp, instr, base + u32(address[lane] + offset), lane); });
  }
  return instr + 1;
}

template <class E, int V>
[[gnu::noinline]] const Instr* store_shared(Warp& warp, const Instr* instr) {
  constexpr unsigned size = sizeof(E) * V;
  const auto* address = row<u32>(warp, instr->op[V]);
  const u32 offset = u32(instr->mem.offset), bytes = warp.shared_bytes;
  const Mask mask = warp.active;
  if (mask == kAllLanes) {
    const u32 start = address[0] + offset;
    if (start < bytes && size * kLanes <= bytes - start && start % size == 0 && contiguous<u32, size>(address)) {
      store_rows<E, V>(warp.regs, *instr, warp.shared + start);
      return instr + 1;
    }
  }
  const int first = std::countr_zero(mask);
  if (!offsets_good<size>(address, offset, bytes, mask, first)) return shared_slowly<E, V, true>(warp, instr);
  std::byte* base = warp.shared;
  if (mask == kAllLanes) {
    for (int lane = 0; lane < kLanes; ++lane) store_one<E, V>(warp, instr, base + u32(address[lane] + offset), lane);
  } else {
    each(mask, [&](int lane) { store_one<E, V>(warp, instr, base + u32(address[lane] + offset), lane); });
  }
  return instr + 1;
}

template <class E, int V>
struct LoadShared {
  SIMT_INLINE static auto extent(Warp& warp, const Instr& instr) { return shared_extent<kAtOnce<E, V>>(warp, instr); }
  static const Instr* slowly(Warp& warp, const Instr* instr) { return load_shared<E, V>(warp, instr); }
};

template <class E, int V>
struct StoreShared {
  SIMT_INLINE static auto extent(Warp& warp, const Instr& instr) { return shared_extent<kAtOnce<E, V>>(warp, instr); }
  static const Instr* slowly(Warp& warp, const Instr* instr) { return store_shared<E, V>(warp, instr); }
};

// ---- local memory -------------------------------------------------------------------------------------------------

/// One lane's access, word by word.
template <class E, int V, bool Store>
SIMT_INLINE void local_one(Warp& warp, const Instr* instr, u32 at, int lane) {
  for (int v = 0; v < V; ++v) {
    auto& value = row<RowOf<E>>(warp, instr->op[v])[lane];
    std::byte* host = local_byte(warp, at + u32(sizeof(E)) * u32(v), lane);
    if constexpr (sizeof(E) == 8) {
      auto *low = reinterpret_cast<Host<u32>*>(host), *high = reinterpret_cast<Host<u32>*>(host + 128);
      if constexpr (Store) *low = u32(value), *high = u32(u64(value) >> 32);
      else value = u64(*low) | u64(*high) << 32;
    } else {
      auto* e = reinterpret_cast<Host<E>*>(host);
      if constexpr (Store) *e = E(value);
      else value = extend(E(*e));
    }
  }
}

template <class E, int V, bool Store>
const Instr* access_local(Warp& warp, const Instr* instr) {
  constexpr unsigned size = sizeof(E) * V;
  const auto* address = row<u32>(warp, instr->op[V]);
  const u32 offset = u32(instr->mem.offset), bytes = warp.local_bytes;
  const Mask mask = warp.active;
  const int first = std::countr_zero(mask);
  if (!offsets_good<size>(address, offset, bytes, mask, first)) {
    for (Mask left = mask; left; left &= left - 1) {
      const int lane = std::countr_zero(left);
      const u32 at = address[lane] + offset;
      if (at % size != 0 || at >= bytes || size > bytes - at) return raise_offset(warp, instr, at, size, lane);
    }
  }
  if constexpr (sizeof(E) == 4) {   // all lanes at one offset: rows
    const auto p = pattern_of<u32, size>(address, mask, first);
    if (p.uniform) {
      const u32 at = address[first] + offset;
      for (int v = 0; v < V; ++v) {
        auto* d = row<u32>(warp, instr->op[v]);
        auto* m = reinterpret_cast<Host<u32>*>(warp.local + (at / 4 + u32(v)) * 128);
        if constexpr (Store) write(m, warp.exec, [=](int lane) { return d[lane]; });
        else write(d, warp.exec, [=](int lane) { return m[lane]; });
      }
      return instr + 1;
    }
  }
  each(mask, [&](int lane) { local_one<E, V, Store>(warp, instr, address[lane] + offset, lane); });
  return instr + 1;
}

template <class E, int V>
Loop pick_load(Reach reach) {
  switch (reach) {
    case Reach::flat: return Tried<E, V, false, LoadFlat<E, V>>::run;
    case Reach::uniform: return LoadUniform<E, V>::run;
    case Reach::shared: return Tried<E, V, false, LoadShared<E, V>>::run;
    case Reach::local: return access_local<E, V, false>;
  }
  return nullptr;
}
template <class E, int V>
Loop pick_store(Reach reach) {
  switch (reach) {
    case Reach::flat: case Reach::uniform: return Tried<E, V, true, StoreFlat<E, V>>::run;
    case Reach::shared: return Tried<E, V, true, StoreShared<E, V>>::run;
    case Reach::local: return access_local<E, V, true>;
  }
  return nullptr;
}

}  // namespace

#define SIMT_SHAPES(X)                                                                             \
  X(u8, 1) X(u8, 2) X(u8, 4) X(s8, 1) X(s8, 2) X(s8, 4) X(u16, 1) X(u16, 2) X(u16, 4) X(u32, 1)    \
  X(u32, 2) X(u32, 4) X(u64, 1) X(u64, 2) X(u64, 4)

Loop load(Reach reach, Elem elem, unsigned count) {
#define SIMT_PICK(E, V) if (elem == Elem::E && count == V) return pick_load<E, V>(reach);
  SIMT_SHAPES(SIMT_PICK)
#undef SIMT_PICK
  return nullptr;
}

Loop store(Reach reach, Elem elem, unsigned count) {
  if (elem == Elem::s8) elem = Elem::u8;
#define SIMT_PICK(E, V) if constexpr (!std::is_same_v<E, s8>) if (elem == Elem::E && count == V) return pick_store<E, V>(reach);
  SIMT_SHAPES(SIMT_PICK)
#undef SIMT_PICK
  return nullptr;
}

}  // namespace simt::exec::SIMT_ISA
