// The probes that count, for one instruction set: executions, sectors and lines of global memory, wavefronts of shared
// memory, lanes of an atomic that meet at one address.
#include "simt/observers/counting.hpp"

#include <bit>

#include "simt/exec/lanes.hpp"
#include "simt/memory/memory.hpp"

namespace simt::observers::SIMT_ISA {

using namespace simt::lanes::SIMT_ISA;
using u32 = std::uint32_t;
using u64 = std::uint64_t;

namespace {

/// The 128-byte lines of a request in the order in which lanes name them.
struct Lines {
  unsigned count, sectors;   ///< sectors: of 32 bytes, each once
  unsigned ideal;            ///< sectors that the same bytes would take if they lay next to each other
  u64 line[kLanes];
  u32 words[kLanes];         ///< of the line, as in TraceEntry
};

/// Whether the lanes of the mask have addresses base + lane * bytes.
template <class A>
SIMT_INLINE bool contiguous(const A* address, Mask mask, int first, unsigned shift) {
  const A base = address[first] - (A(first) << shift);
  A difference = 0;
  if (mask == kAllLanes) {
    for (int lane = 0; lane < kLanes; ++lane) difference |= (address[lane] - base) ^ (A(lane) << shift);
  } else {
    for (int lane = 0; lane < kLanes; ++lane)
      difference |= (A(mask) & kLaneBits<A>.bit[lane]) != 0 ? (address[lane] - base) ^ (A(lane) << shift) : A{0};
  }
  return difference == 0;
}

template <class A>
SIMT_INLINE bool uniform(const A* address, Mask mask, int first) {
  const A base = address[first];
  A difference = 0;
  for (int lane = 0; lane < kLanes; ++lane)
    difference |= (A(mask) & kLaneBits<A>.bit[lane]) != 0 ? address[lane] ^ base : A{0};
  return difference == 0;
}

/// Whether the lanes of the mask are neighbours.
SIMT_INLINE bool run_of_lanes(Mask mask, int first) {
  const u64 run = u64(mask) >> first;
  return (run & (run + 1)) == 0;
}

SIMT_INLINE u32 words_of(u64 begin, u64 end) {   // bytes of one line, as words
  const unsigned from = unsigned(begin & 127) / 4, to = (unsigned((end - 1) & 127)) / 4;
  return (~0u >> (31 - (to - from))) << from;
}

SIMT_INLINE unsigned sectors_of(u32 words) {
  words |= words >> 4;
  words |= words >> 2;
  words |= words >> 1;
  return unsigned(std::popcount(words & 0x01010101u));
}

void scattered(const u64* address, u64 offset, Mask mask, unsigned bytes, Lines& out) {
  alignas(64) u64 at[2 * kLanes], line[kLanes];
  alignas(64) u32 words[kLanes];
  const u64 access = (u64{1} << ((bytes + 3) / 4)) - 1;
  for (int lane = 0; lane < kLanes; ++lane) at[lane] = u64(lane) * 2 + 1;   // like no address
  u64 falls = 0;
  for (int lane = 0; lane < kLanes; ++lane) {
    const bool on = (u64(mask) & kLaneBits<u64>.bit[lane]) != 0;
    at[kLanes + lane] = on ? address[lane] + offset : u64(2 * lane + 1) << 56;
    line[lane] = (address[lane] + offset) >> 7;
    words[lane] = u32(access << ((address[lane] + offset) >> 2 & 31));
  }
  for (int lane = 1; lane < kLanes; ++lane) falls |= at[kLanes + lane] <= at[kLanes + lane - 1] ? 1 : 0;
  unsigned distinct = unsigned(std::popcount(mask));
  if (falls) {   // rising addresses are all different
    alignas(64) u64 again[kLanes] = {};
    for (int step = 1; step < kLanes; ++step)
      for (int lane = 0; lane < kLanes; ++lane) again[lane] |= at[kLanes + lane] == at[kLanes + lane - step] ? 1 : 0;
    for (int lane = 0; lane < kLanes; ++lane) distinct -= unsigned(again[lane]);
  }
  unsigned n = 0, k = 0;
  u64 highest = 0;
  for (Mask left = mask; left; left &= left - 1) {
    const int lane = std::countr_zero(left);
    const u64 own = line[lane];
    if (n == 0 || own > highest) {
      highest = own;
      k = n;
    } else if (out.line[k] != own) {
      k = 0;
      while (k < n && out.line[k] != own) ++k;
    }
    if (k == n) {
      out.line[n] = own;
      out.words[n++] = words[lane];
    } else {
      out.words[k] |= words[lane];
    }
  }
  out.count = n;
  out.sectors = 0;
  for (unsigned m = 0; m < n; ++m) out.sectors += sectors_of(out.words[m]);
  out.ideal = (distinct * bytes + 31) / 32;
}

/// Wavefronts of lanes that are served together: the most different words that one of the 32 banks has to give.
unsigned wavefronts(const u32* word, unsigned count) {
  u32 wanted[32][32];
  unsigned char degree[32] = {};
  unsigned most = 0;
  for (unsigned n = 0; n < count; ++n) {
    const unsigned bank = word[n] % 32, have = degree[bank];
    unsigned k = 0;
    while (k < have && wanted[bank][k] != word[n]) ++k;
    if (k < have) continue;   // an earlier lane gets it for both
    wanted[bank][have] = word[n];
    degree[bank] = static_cast<unsigned char>(have + 1);
    most = have + 1 > most ? have + 1 : most;
  }
  return most;
}

[[gnu::noinline]] void find_wavefronts(const u32* address, u32 offset, Mask mask, unsigned bytes, SharedPattern& p) {
  const unsigned words = bytes <= 4 ? 1 : bytes / 4, lanes = 32 / words;
  p.wavefronts = p.needed = 0;
  for (unsigned begin = 0; begin < 32; begin += lanes) {
    alignas(64) u32 word[32];
    unsigned count = 0;
    for (unsigned lane = begin; lane < begin + lanes; ++lane)
      if (mask >> lane & 1)
        for (unsigned w = 0; w < words; ++w) word[count++] = (address[lane] + offset) / 4 + w;
    if (count == 0) continue;
    p.wavefronts += wavefronts(word, count);
    p.needed += 1;
  }
}

/// Fills the pattern, unless it is that of these addresses already.
SIMT_INLINE void match(const u32* address, u32 offset, Mask mask, MemoryCount& count) {
  SharedPattern& p = count.pattern;
  const int first = std::countr_zero(mask);
  const u32 base = address[first], low_bits = (base + offset) & 3;
  if (p.mask == mask && p.low_bits == low_bits) {
    u32 difference = 0;
    if (mask == kAllLanes) {
      for (int lane = 0; lane < kLanes; ++lane) difference |= (address[lane] - base) ^ p.delta[lane];
    } else {
      for (int lane = 0; lane < kLanes; ++lane)
        difference |= (mask & kLaneBits<u32>.bit[lane]) != 0 ? (address[lane] - base) ^ p.delta[lane] : 0u;
    }
    if (difference == 0) {
      ++p.hits;
      return;
    }
  }
  count.settle();
  p.mask = mask;
  p.low_bits = low_bits;
  p.hits = 1;
  for (int lane = 0; lane < kLanes; ++lane) p.delta[lane] = address[lane] - base;
  if (count.bytes <= 4 &&
      (uniform(address, mask, first) || contiguous(address, mask, first, unsigned(std::countr_zero(count.bytes))))) {
    p.wavefronts = p.needed = 1;
    return;
  }
  find_wavefronts(address, offset, mask, count.bytes, p);
}

/// The most lanes that have one address.
template <class A>
SIMT_INLINE unsigned same(const A* address, Mask mask) {
  if (uniform(address, mask, std::countr_zero(mask))) return unsigned(std::popcount(mask));
  // Every lane is compared with the one after it, the one after that ...; lanes outside of the mask are like no other.
  alignas(64) A twice[2 * kLanes];
  alignas(64) A equal[kLanes];
  for (int lane = 0; lane < kLanes; ++lane) {
    const A own = (A(mask) & kLaneBits<A>.bit[lane]) != 0 ? address[lane] : A(2 * lane + 1) << (sizeof(A) * 8 - 8);
    twice[lane] = twice[lane + kLanes] = own;
    equal[lane] = 1;
  }
  for (int step = 1; step < kLanes; ++step)
    for (int lane = 0; lane < kLanes; ++lane) equal[lane] += twice[lane] == twice[lane + step] ? 1 : 0;
  A most = 1;
  for (int lane = 0; lane < kLanes; ++lane) most = equal[lane] > most ? equal[lane] : most;
  return unsigned(most);
}

// ---- probes -------------------------------------------------------------------------------------------------------

using exec::Probe;
using exec::proceed;

SIMT_INLINE void execution(Count& count, const Warp& warp) {
  ++count.warps;
  count.threads += unsigned(std::popcount(warp.active));
}

/// The pattern counts an execution that was counted already.
SIMT_INLINE void forget_execution(Count& count, Mask mask) {
  --count.warps;
  count.threads -= unsigned(std::popcount(mask));
}

SIMT_INLINE void count_execution(Count& count, Warp& warp, const Instr*) { execution(count, warp); }

SIMT_INLINE void count_branch(Count& count, Warp& warp, const Instr* instr) {
  execution(count, warp);
  const Mask taken = exec::guarded(warp, instr);
  count.special += taken != 0 && taken != warp.active;
}

SIMT_INLINE void count_guard(Count& count, Warp& warp, const Instr* instr) {
  execution(count, warp);
  count.special += unsigned(std::popcount(exec::guarded(warp, instr)));
}

SIMT_INLINE TraceEntry* room(Trace& trace, const Warp& warp) {
  if (trace.block != warp.block) [[unlikely]] trace.enter(trace, warp.block);
  if (trace.end - trace.next < kLanes) [[unlikely]] trace.full(trace);
  return trace.next;
}

[[gnu::noinline]] void on_scattered(MemoryCount& count, const Warp& warp, const u64* address, u64 offset, Mask mask) {
  Lines found;
  scattered(address, offset, mask, count.bytes, found);
  count.sectors += found.sectors;
  count.ideal += found.ideal;
  TraceEntry* next = room(*count.trace, warp);
  for (unsigned n = 0; n < found.count; ++n) *next++ = {found.line[n], found.words[n], count.site};
  count.trace->next = next;
}

SIMT_INLINE void on_range(MemoryCount& count, const Warp& warp, u64 begin, u64 end) {
  count.sectors += unsigned(((end - 1) >> 5) - (begin >> 5) + 1);
  count.ideal += unsigned((end - begin + 31) / 32);
  TraceEntry* next = room(*count.trace, warp);
  for (u64 at = begin; at < end;) {
    const u64 after = (at | 127) + 1;
    *next++ = {at >> 7, words_of(at, after < end ? after : end), count.site};
    at = after;
  }
  count.trace->next = next;
}

template <bool Atomic>
SIMT_INLINE void on_global(MemoryCount& count, const Warp& warp, const u64* address, u64 offset, Mask mask) {
  ++count.requests;
  if constexpr (Atomic) count.meetings += same(address, mask) - 1;
  const int first = std::countr_zero(mask);
  const u64 at = address[first] + offset;
  if (run_of_lanes(mask, first) && contiguous(address, mask, first, unsigned(std::countr_zero(count.bytes))))
    on_range(count, warp, at, at + u64(count.bytes) * unsigned(std::popcount(mask)));
  else if (uniform(address, mask, first))
    on_range(count, warp, at, at + count.bytes);
  else
    on_scattered(count, warp, address, offset, mask);
}

template <bool Atomic>
SIMT_INLINE void on_shared(MemoryCount& count, const u32* address, u32 offset, Mask mask) {
  if constexpr (Atomic) {
    ++count.requests;
    count.meetings += same(address, mask) - 1;
  } else {
    match(address, offset, mask, count);
  }
}

template <bool Atomic>
SIMT_INLINE void count_global(MemoryCount& count, Warp& warp, const Instr* instr) {
  execution(count, warp);
  if (const Mask mask = exec::guarded(warp, instr))
    on_global<Atomic>(count, warp, row<const u64>(warp, instr->op[count.address]), u64(std::int64_t(instr->mem.offset)), mask);
}

SIMT_INLINE void count_shared(MemoryCount& count, Warp& warp, const Instr* instr) {   // the pattern counts executions
  on_shared<false>(count, row<const u32>(warp, instr->op[count.address]), u32(instr->mem.offset), warp.active);
}

template <bool Atomic>
SIMT_INLINE void count_guarded_shared(MemoryCount& count, Warp& warp, const Instr* instr) {
  execution(count, warp);
  if (const Mask mask = exec::guarded(warp, instr)) {
    on_shared<Atomic>(count, row<const u32>(warp, instr->op[count.address]), u32(instr->mem.offset), mask);
    if constexpr (!Atomic) forget_execution(count, mask);
  }
}

/// Generic addresses: every lane has its own kind of memory.
template <bool Atomic>
void count_lanes(MemoryCount& count, Warp& warp, const Instr* instr, Mask mask) {
  const auto* address = row<const u64>(warp, instr->op[count.address]);
  const u64 offset = u64(std::int64_t(instr->mem.offset));
  const Mask global = gather_mask<8>([=](int lane) { return address[lane] + offset < memory::kSharedWindow; }) & mask;
  if (global) on_global<Atomic>(count, warp, address, offset, global);
  if (global == mask) return;
  const Mask shared = gather_mask<8>([=](int lane) {
                        return address[lane] + offset - memory::kSharedWindow < memory::kWindowSize;
                      }) & mask;
  if (!shared) return;
  alignas(64) u32 at[kLanes];
  for (int lane = 0; lane < kLanes; ++lane) at[lane] = u32(address[lane] + offset);
  on_shared<Atomic>(count, at, 0, shared);
  if constexpr (!Atomic) forget_execution(count, shared);
}

template <bool Atomic>
SIMT_INLINE void count_generic(MemoryCount& count, Warp& warp, const Instr* instr) {
  const bool waits = (~warp.active & ~warp.dead) != 0 && (warp.pass & warp.active) != warp.active;
  if (count.whole_warp && waits) return;
  execution(count, warp);
  if (const Mask mask = exec::guarded(warp, instr) & count.lanes) count_lanes<Atomic>(count, warp, instr, mask);
}

/// The ways to call a function that counts for one warp.
template <class Kept, void (*count)(Kept&, Warp&, const Instr*), bool whole = false>   // whole: nothing but executions
struct Probed {
  static const Instr* call(Probe& probe, Warp& warp, const Instr* instr) {
    count(static_cast<Kept&>(probe), warp, instr);
    return proceed(probe, warp, instr);
  }
  static const Instr* alone(Warp& warp, const Instr* instr) { return call(*warp.worker->probed[instr->origin], warp, instr); }
  static void gang(Probe& probe, const Gang& gang, const Instr* instr) {
    if constexpr (whole) {
      if (!gang.partial) {
        static_cast<Count&>(probe).warps += gang.count;
        static_cast<Count&>(probe).threads += gang.count * unsigned(kLanes);
        return;
      }
    }
    for (unsigned k = 0; k < gang.count; ++k) count(static_cast<Kept&>(probe), *gang.warps[k], instr);
  }
  static constexpr Calls calls{call, alone, gang};
};

}  // namespace

Calls counting(Counting what) {
  switch (what) {
    case Counting::executions: return Probed<Count, count_execution, true>::calls;
    case Counting::branch: return Probed<Count, count_branch>::calls;
    case Counting::guard: return Probed<Count, count_guard>::calls;
    case Counting::global: return Probed<MemoryCount, count_global<false>>::calls;
    case Counting::generic: return Probed<MemoryCount, count_generic<false>>::calls;
    case Counting::shared: return Probed<MemoryCount, count_shared>::calls;
    case Counting::guarded_shared: return Probed<MemoryCount, count_guarded_shared<false>>::calls;
    case Counting::global_atomic: return Probed<MemoryCount, count_global<true>>::calls;
    case Counting::generic_atomic: return Probed<MemoryCount, count_generic<true>>::calls;
    case Counting::shared_atomic: return Probed<MemoryCount, count_guarded_shared<true>>::calls;
  }
  return {};
}

}  // namespace simt::observers::SIMT_ISA
