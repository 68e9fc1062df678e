// Loads and stores by 32-bit offsets into shared and local memory.
#include "simt/exec/memory_rows.hpp"

namespace simt::exec::SIMT_ISA {

namespace {

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

/// Loads of words from one row of addresses with several displacements. The first of them finds out for all where the
/// words lie within their windows; the others take its word for it. Operands: d, addresses, the place of each lane's
/// word in its window, and in which lanes that is known: in all of them or the others look for themselves.
using LoadWord = Tried<u32, 1, false, LoadShared<u32, 1>>;

SIMT_INLINE void load_known(std::byte* regs, const Instr& instr, std::byte* shared) {
  const auto* address = row<u32>(regs, instr.op[1]);
  const Words* index = reinterpret_cast<const Words*>(row<u32>(regs, instr.op[2]));
  Words* d = reinterpret_cast<Words*>(row<u32>(regs, instr.op[0]));
#pragma GCC unroll 8
  for (int step = 0; step < kLanes / kStep; ++step) {
    const std::byte* from = shared + u32(address[step * kStep] + u32(instr.mem.offset));
    const Words window = *reinterpret_cast<const LooseWords*>(from);   // a reference would forget that it need not be aligned
    d[step] = picked(window, index[step]);
  }
}

struct FirstOfSeveral {
  /// op[4] and op[5] are the least and the greatest displacement.
  SIMT_INLINE static bool look(std::byte* regs, const Instr& instr, u32 bytes) {
    const auto* address = row<u32>(regs, instr.op[1]);
    Words index[kLanes / kStep], outside{};
    bool good = true;
#pragma GCC unroll 8
    for (int step = 0; step < kLanes / kStep; ++step) {
      const u32 first = address[step * kStep], low = first + u32(instr.op[4]), high = first + u32(instr.op[5]);
      const Words difference = *reinterpret_cast<const Words*>(address + step * kStep) - first;
      // A window may reach past the end, where blocks have 64 bytes to spare; the words in it may not.
      good &= (low <= high) & (high < bytes) & (first % 4 == 0);
      outside |= (difference & ~u32(kStepBytes - 4)) | ((bytes - 4 - high - difference) & (1u << 31));
      index[step] = difference >> 2;
    }
    if (!good || any(outside)) return false;
    Words* to = reinterpret_cast<Words*>(row<u32>(regs, instr.op[2]));
#pragma GCC unroll 8
    for (int step = 0; step < kLanes / kStep; ++step) to[step] = index[step];
    return true;
  }
  static const Instr* warp(Warp& warp, const Instr* instr) {
    write_mask(warp.regs, instr->op[3], warp.exec, 0);
    return LoadWord::warp(warp, instr);
  }
  static const Instr* gang(Gang& gang, const Instr* instr) {
    const unsigned count = gang.count;
    const Instr copy = *instr;
    std::byte* const shared = gang.warps[0]->shared;
    const u32 bytes = gang.warps[0]->shared_bytes;
    for (unsigned k = 0; k < count; ++k) {
      std::byte* const regs = gang.regs[k];
      const bool known = look(regs, copy, bytes);
      predicate(regs, copy.op[3]) = known ? kAllLanes : 0;
      if (known) load_known(regs, copy, shared);
      else if (!LoadWord::warp(*gang.warps[k], instr)) return nullptr;
    }
    return instr + 1;
  }
  static constexpr Loop run{warp, gang};
};

struct OneOfSeveral {
  static const Instr* warp(Warp& warp, const Instr* instr) { return LoadWord::warp(warp, instr); }
  static const Instr* gang(Gang& gang, const Instr* instr) {
    const unsigned count = gang.count;
    const Instr copy = *instr;
    std::byte* const shared = gang.warps[0]->shared;
    for (unsigned k = 0; k < count; ++k) {
      std::byte* const regs = gang.regs[k];
      if (predicate(regs, copy.op[3]) == kAllLanes) [[likely]] load_known(regs, copy, shared);
      else if (!LoadWord::warp(*gang.warps[k], instr)) return nullptr;
    }
    return instr + 1;
  }
  static constexpr Loop run{warp, gang};
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

}  // namespace

Loop load_offset(Reach reach, Elem elem, unsigned count) {
#define SIMT_PICK(E, V)              \
  if (elem == Elem::E && count == V) \
    return reach == Reach::shared ? Tried<E, V, false, LoadShared<E, V>>::run : Loop(access_local<E, V, false>);
  SIMT_SHAPES(SIMT_PICK)
#undef SIMT_PICK
  return nullptr;
}

Loop store_offset(Reach reach, Elem elem, unsigned count) {
  if (elem == Elem::s8) elem = Elem::u8;
#define SIMT_PICK(E, V)                                                             \
  if constexpr (!std::is_same_v<E, s8>) if (elem == Elem::E && count == V)          \
    return reach == Reach::shared ? Tried<E, V, true, StoreShared<E, V>>::run : Loop(access_local<E, V, true>);
  SIMT_SHAPES(SIMT_PICK)
#undef SIMT_PICK
  return nullptr;
}

Loop load_several(bool first) { return first ? FirstOfSeveral::run : OneOfSeveral::run; }

}  // namespace simt::exec::SIMT_ISA
