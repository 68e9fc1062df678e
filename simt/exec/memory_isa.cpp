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
SIMT_INLINE void load_rows(Warp& warp, const Instr* instr, const std::byte* from, Mask mask) {
  const auto* e = reinterpret_cast<const Host<E>*>(from);
  for (int v = 0; v < V; ++v)
    write(row<RowOf<E>>(warp, instr->op[v]), mask, [=](int lane) { return extend(E(e[lane * V + v])); });
}
template <class E, int V>
SIMT_INLINE void store_rows(Warp& warp, const Instr* instr, std::byte* to) {
  auto* e = reinterpret_cast<Host<E>*>(to);
  if constexpr (V == 1) {
    const auto* d = row<RowOf<E>>(warp, instr->op[0]);
#pragma GCC ivdep
    for (int lane = 0; lane < kLanes; ++lane) e[lane] = E(d[lane]);
  } else if constexpr (V == 2) {
    const auto *d0 = row<RowOf<E>>(warp, instr->op[0]), *d1 = row<RowOf<E>>(warp, instr->op[1]);
#pragma GCC ivdep
    for (int lane = 0; lane < kLanes; ++lane) {
      e[2 * lane] = E(d0[lane]);
      e[2 * lane + 1] = E(d1[lane]);
    }
  } else {
    for (int lane = 0; lane < kLanes; ++lane)
      for (int v = 0; v < V; ++v) e[lane * V + v] = E(row<RowOf<E>>(warp, instr->op[v])[lane]);
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
      load_rows<E, V>(warp, instr, reinterpret_cast<const std::byte*>(start + u64(window.delta)), mask);
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
const Instr* load_flat(Warp& warp, const Instr* instr) {
  constexpr unsigned size = sizeof(E) * V;
  if (warp.active == kAllLanes) [[likely]] {
    const auto* address = row<u64>(warp, instr->op[V]);
    const u64 start = address[0] + u64(std::int64_t(instr->mem.offset));
    const auto& window = warp.worker->windows[instr->mem.site];
    if (inside(window, start, size * kLanes) && start % size == 0 && contiguous<u64, size>(address)) {
      load_rows<E, V>(warp, instr, reinterpret_cast<const std::byte*>(start + u64(window.delta)), kAllLanes);
      return instr + 1;
    }
  }
  return load_flat_slowly<E, V>(warp, instr);
}

/// An address that is the same in all lanes, always.
template <class E, int V>
const Instr* load_uniform(Warp& warp, const Instr* instr) {
  constexpr unsigned size = sizeof(E) * V;
  const u64 at = *row<u64>(warp, instr->op[V]) + u64(std::int64_t(instr->mem.offset));
  const auto& window = warp.worker->windows[instr->mem.site];
  if (!inside(window, at, size) || at % size != 0) [[unlikely]] return load_flat_slowly<E, V>(warp, instr);
  const auto* e = reinterpret_cast<const Host<E>*>(at + u64(window.delta));
  for (int v = 0; v < V; ++v) {
    const auto value = extend(E(e[v]));
    write(row<RowOf<E>>(warp, instr->op[v]), warp.exec, [=](int) { return value; });
  }
  return instr + 1;
}

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
        store_rows<E, V>(warp, instr, reinterpret_cast<std::byte*>(address[0] + delta));
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
const Instr* store_flat(Warp& warp, const Instr* instr) {
  constexpr unsigned size = sizeof(E) * V;
  if (warp.active == kAllLanes) [[likely]] {
    const auto* address = row<u64>(warp, instr->op[V]);
    const u64 start = address[0] + u64(std::int64_t(instr->mem.offset));
    const auto& window = warp.worker->windows[instr->mem.site];
    if (inside(window, start, size * kLanes) && start < ir::kParamWindow && start % size == 0 &&
        contiguous<u64, size>(address)) {
      store_rows<E, V>(warp, instr, reinterpret_cast<std::byte*>(start + u64(window.delta)));
      return instr + 1;
    }
  }
  return store_flat_slowly<E, V>(warp, instr);
}

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
const Instr* load_shared(Warp& warp, const Instr* instr) {
  constexpr unsigned size = sizeof(E) * V;
  const auto* address = row<u32>(warp, instr->op[V]);
  const u32 offset = u32(instr->mem.offset);
  const Mask mask = warp.active;
  const int first = mask == kAllLanes ? 0 : std::countr_zero(mask);
  const auto p = pattern_of<u32, size>(address, mask, first);
  const u32 bytes = warp.shared_bytes, start = p.base + offset, at = address[first] + offset;
  if (p.contiguous && start < bytes && size * kLanes <= bytes - start && start % size == 0) {
    load_rows<E, V>(warp, instr, warp.shared + start, mask);
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
const Instr* store_shared(Warp& warp, const Instr* instr) {
  constexpr unsigned size = sizeof(E) * V;
  const auto* address = row<u32>(warp, instr->op[V]);
  const u32 offset = u32(instr->mem.offset), bytes = warp.shared_bytes;
  const Mask mask = warp.active;
  if (mask == kAllLanes) {
    const u32 start = address[0] + offset;
    if (start < bytes && size * kLanes <= bytes - start && start % size == 0 && contiguous<u32, size>(address)) {
      store_rows<E, V>(warp, instr, warp.shared + start);
      return instr + 1;
    }
  }
  const int first = std::countr_zero(mask);
  if (!offsets_good<size>(address, offset, bytes, mask, first)) return shared_slowly<E, V, true>(warp, instr);
  std::byte* base = warp.shared;
  each(mask, [&](int lane) { store_one<E, V>(warp, instr, base + u32(address[lane] + offset), lane); });
  return instr + 1;
}

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
Handler pick_load(Reach reach) {
  switch (reach) {
    case Reach::flat: return load_flat<E, V>;
    case Reach::uniform: return load_uniform<E, V>;
    case Reach::shared: return load_shared<E, V>;
    case Reach::local: return access_local<E, V, false>;
  }
  return nullptr;
}
template <class E, int V>
Handler pick_store(Reach reach) {
  switch (reach) {
    case Reach::flat: case Reach::uniform: return store_flat<E, V>;
    case Reach::shared: return store_shared<E, V>;
    case Reach::local: return access_local<E, V, true>;
  }
  return nullptr;
}

}  // namespace

#define SIMT_SHAPES(X)                                                                             \
  X(u8, 1) X(u8, 2) X(u8, 4) X(s8, 1) X(s8, 2) X(s8, 4) X(u16, 1) X(u16, 2) X(u16, 4) X(u32, 1)    \
  X(u32, 2) X(u32, 4) X(u64, 1) X(u64, 2) X(u64, 4)

Handler load(Reach reach, Elem elem, unsigned count) {
#define SIMT_PICK(E, V) if (elem == Elem::E && count == V) return pick_load<E, V>(reach);
  SIMT_SHAPES(SIMT_PICK)
#undef SIMT_PICK
  return nullptr;
}

Handler store(Reach reach, Elem elem, unsigned count) {
  if (elem == Elem::s8) elem = Elem::u8;
#define SIMT_PICK(E, V) if constexpr (!std::is_same_v<E, s8>) if (elem == Elem::E && count == V) return pick_store<E, V>(reach);
  SIMT_SHAPES(SIMT_PICK)
#undef SIMT_PICK
  return nullptr;
}

}  // namespace simt::exec::SIMT_ISA
