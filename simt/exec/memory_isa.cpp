// Loads and stores by global, constant and generic addresses: contiguous and broadcast rows first, everything else lane by
// lane. Those of shared and local memory are in shared_isa.cpp.
#include "simt/exec/memory_rows.hpp"

namespace simt::exec::SIMT_ISA {

namespace {

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

}  // namespace

Loop load(Reach reach, Elem elem, unsigned count) {
  if (reach == Reach::shared || reach == Reach::local) return load_offset(reach, elem, count);
#define SIMT_PICK(E, V) \
  if (elem == Elem::E && count == V) return reach == Reach::flat ? Tried<E, V, false, LoadFlat<E, V>>::run : LoadUniform<E, V>::run;
  SIMT_SHAPES(SIMT_PICK)
#undef SIMT_PICK
  return nullptr;
}

Loop store(Reach reach, Elem elem, unsigned count) {
  if (reach == Reach::shared || reach == Reach::local) return store_offset(reach, elem, count);
  if (elem == Elem::s8) elem = Elem::u8;
#define SIMT_PICK(E, V) \
  if constexpr (!std::is_same_v<E, s8>) if (elem == Elem::E && count == V) return Tried<E, V, true, StoreFlat<E, V>>::run;
  SIMT_SHAPES(SIMT_PICK)
#undef SIMT_PICK
  return nullptr;
}

}  // namespace simt::exec::SIMT_ISA
