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

void range(u64 begin, u64 end, Lines& out) {
  unsigned n = 0;
  for (u64 at = begin; at < end; ++n) {
    const u64 next = (at | 127) + 1;
    out.line[n] = at >> 7;
    out.words[n] = words_of(at, next < end ? next : end);
    at = next;
  }
  out.count = n;
  out.sectors = unsigned(((end - 1) >> 5) - (begin >> 5) + 1);
  out.ideal = unsigned((end - begin + 31) / 32);
}

[[gnu::noinline]] void scattered(const u64* address, u64 offset, Mask mask, unsigned bytes, Lines& out) {
  unsigned n = 0, distinct = 0;
  u64 highest_line = 0, highest = 0;
  for (Mask left = mask; left; left &= left - 1) {
    const int lane = std::countr_zero(left);
    const u64 at = address[lane] + offset, line = at >> 7;
    const u32 words = words_of(at, (at | 127) + 1 - at < bytes ? (at | 127) + 1 : at + bytes);
    if (left == mask || at > highest) {   // addresses that rise are all different
      highest = at;
      ++distinct;
    } else if (at != highest) {
      Mask same = 0;
      for (int other = 0; other < kLanes; ++other) same |= address[other] == address[lane] ? kLaneBits<u32>.bit[other] : 0u;
      distinct += (same & mask & ((Mask{1} << lane) - 1)) == 0;
    }
    unsigned k = n;
    if (n && line <= highest_line) {
      k = n - 1;
      while (k > 0 && out.line[k] != line) --k;
      if (out.line[k] != line) k = n;
    }
    if (k == n) {
      out.line[n] = line;
      out.words[n++] = words;
      highest_line = line > highest_line ? line : highest_line;
    } else {
      out.words[k] |= words;
    }
  }
  out.count = n;
  out.sectors = 0;
  for (unsigned k = 0; k < n; ++k) out.sectors += sectors_of(out.words[k]);
  out.ideal = (distinct * bytes + 31) / 32;
}

/// `bytes` of every lane of `mask`, which is not empty, at address[lane] + offset; accesses are aligned.
SIMT_INLINE void lines(const u64* address, u64 offset, Mask mask, unsigned bytes, Lines& out) {
  const int first = std::countr_zero(mask);
  const u64 at = address[first] + offset;
  if (run_of_lanes(mask, first) && contiguous(address, mask, first, unsigned(std::countr_zero(bytes))))
    return range(at, at + u64(bytes) * unsigned(std::popcount(mask)), out);
  if (uniform(address, mask, first)) return range(at, at + bytes, out);
  scattered(address, offset, mask, bytes, out);
}

/// Wavefronts of lanes that are served together: the most different words that one of the 32 banks has to give.
unsigned wavefronts(const u32* word, unsigned count) {
  unsigned char degree[32] = {};
  unsigned most = 0;
  for (unsigned n = 0; n < count; ++n) {
    u32 same = 0;
    for (unsigned k = 0; k < 32; ++k) same |= word[k] == word[n] ? kLaneBits<u32>.bit[k] : 0u;
    if (same & ((1u << n) - 1)) continue;   // an earlier lane gets it for both
    const unsigned have = ++degree[word[n] % 32];
    most = have > most ? have : most;
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
    for (unsigned n = count; n < 32; ++n) word[n] = word[0];
    p.wavefronts += wavefronts(word, count);
    p.needed += 1;
  }
}

/// Fills the pattern, unless it is that of these addresses already.
SIMT_INLINE void match(const u32* address, u32 offset, Mask mask, unsigned bytes, SharedPattern& p) {
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
    if (difference == 0) return;
  }
  p.mask = mask;
  p.low_bits = low_bits;
  for (int lane = 0; lane < kLanes; ++lane) p.delta[lane] = address[lane] - base;
  if (bytes <= 4 && (uniform(address, mask, first) || contiguous(address, mask, first, unsigned(std::countr_zero(bytes))))) {
    p.wavefronts = p.needed = 1;
    return;
  }
  find_wavefronts(address, offset, mask, bytes, p);
}

template <class A>
unsigned same(const A* address, Mask mask) {
  const int first = std::countr_zero(mask);
  if (uniform(address, mask, first)) return unsigned(std::popcount(mask));
  unsigned most = 1;
  for (Mask left = mask; left;) {
    const int lane = std::countr_zero(left);
    const Mask equal = gather_mask<sizeof(A)>([=](int other) { return address[other] == address[lane]; }) & mask;
    const auto count = unsigned(std::popcount(equal));
    most = count > most ? count : most;
    left &= ~equal;
  }
  return most;
}

// ---- probes -------------------------------------------------------------------------------------------------------

SIMT_INLINE void execution(Count& count, const Warp& warp) {
  ++count.warps;
  count.threads += unsigned(std::popcount(warp.active));
}

void count_executions(exec::Probe& probe, Warp& warp, const Instr*) { execution(static_cast<Count&>(probe), warp); }

void count_branch(exec::Probe& probe, Warp& warp, const Instr* instr) {
  auto& count = static_cast<Count&>(probe);
  execution(count, warp);
  const Mask taken = exec::guarded(warp, instr);
  count.special += taken != 0 && taken != warp.active;
}

void count_guard(exec::Probe& probe, Warp& warp, const Instr* instr) {
  auto& count = static_cast<Count&>(probe);
  execution(count, warp);
  count.special += unsigned(std::popcount(exec::guarded(warp, instr)));
}

SIMT_INLINE void remember(Trace& trace, const Warp& warp, const Lines& lines, u32 site) {
  if (trace.block != warp.block) [[unlikely]] trace.enter(trace, warp.block);
  if (trace.end - trace.next < kLanes) [[unlikely]] trace.full(trace);
  TraceEntry* next = trace.next;
  for (unsigned n = 0; n < lines.count; ++n, ++next) {
    next->line = lines.line[n];
    next->words = lines.words[n];
    next->site = site;
  }
  trace.next = next;
}

void on_global(MemoryCount& count, const Warp& warp, const u64* address, u64 offset, Mask mask, bool atomic) {
  Lines found;
  lines(address, offset, mask, count.bytes, found);
  ++count.requests;
  count.sectors += found.sectors;
  count.ideal += found.ideal;
  if (atomic) count.meetings += same(address, mask) - 1;
  remember(*count.trace, warp, found, count.site);
}

SIMT_INLINE void on_shared(MemoryCount& count, const u32* address, u32 offset, Mask mask, bool atomic) {
  if (atomic) {
    ++count.requests;
    count.meetings += same(address, mask) - 1;
    return;
  }
  match(address, offset, mask, count.bytes, count.pattern);
  count.wavefronts += count.pattern.wavefronts;
  count.conflicts += count.pattern.wavefronts - count.pattern.needed;
}

template <bool Atomic>
void count_global(exec::Probe& probe, Warp& warp, const Instr* instr) {
  auto& count = static_cast<MemoryCount&>(probe);
  execution(count, warp);
  const Mask mask = exec::guarded(warp, instr);
  if (mask == 0) return;
  on_global(count, warp, row<const u64>(warp, instr->op[count.address]), u64(std::int64_t(instr->mem.offset)), mask, Atomic);
}

template <bool Atomic>
void count_shared(exec::Probe& probe, Warp& warp, const Instr* instr) {
  auto& count = static_cast<MemoryCount&>(probe);
  execution(count, warp);
  const Mask mask = exec::guarded(warp, instr);
  if (mask == 0) return;
  on_shared(count, row<const u32>(warp, instr->op[count.address]), u32(instr->mem.offset), mask, Atomic);
}

/// Generic addresses: every lane has its own kind of memory.
template <bool Atomic>
void count_generic(exec::Probe& probe, Warp& warp, const Instr* instr) {
  auto& count = static_cast<MemoryCount&>(probe);
  if (count.whole_warp && (~warp.active & ~warp.dead) != 0 && (warp.pass & warp.active) != warp.active)
    return;   // it will wait for the other lanes
  execution(count, warp);
  const Mask mask = exec::guarded(warp, instr) & count.lanes;
  if (mask == 0) return;
  const auto* address = row<const u64>(warp, instr->op[count.address]);
  const u64 offset = u64(std::int64_t(instr->mem.offset));
  const Mask global = gather_mask<8>([=](int lane) { return address[lane] + offset < memory::kSharedWindow; }) & mask;
  if (global) on_global(count, warp, address, offset, global, Atomic);
  if (global == mask) return;
  const Mask shared = gather_mask<8>([=](int lane) {
                        return address[lane] + offset - memory::kSharedWindow < memory::kWindowSize;
                      }) & mask;
  if (!shared) return;
  alignas(64) u32 at[kLanes];
  for (int lane = 0; lane < kLanes; ++lane) at[lane] = u32(address[lane] + offset);
  on_shared(count, at, 0, shared, Atomic);
}

}  // namespace

Call counting(Counting what) {
  switch (what) {
    case Counting::executions: return count_executions;
    case Counting::branch: return count_branch;
    case Counting::guard: return count_guard;
    case Counting::global: return count_global<false>;
    case Counting::generic: return count_generic<false>;
    case Counting::shared: return count_shared<false>;
    case Counting::global_atomic: return count_global<true>;
    case Counting::generic_atomic: return count_generic<true>;
    case Counting::shared_atomic: return count_shared<true>;
  }
  return nullptr;
}

}  // namespace simt::observers::SIMT_ISA
