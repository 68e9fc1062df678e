// Rows of accesses for the race checker, for one instruction set: those whose addresses are one after another or all the
// same, in the whole warp or in each half of it.
#include "simt/observers/races_cells.hpp"

namespace simt::observers::SIMT_ISA {

namespace {

/// A read of one place by several lanes.
SIMT_INLINE void uniform_row(RowContext& c, bool shared, u64 start, unsigned first, unsigned last) {
  const u32 since = since_of(c, shared);
  const auto warp = c.warp->index;
  const Stamp me = Stamp::of(c.block.now[warp], c.probe.site, 0);
  const bool is_plain = plain(c.block, warp);
  for (u64 at = start, end = start + c.probe.bytes; at < end;) {
    unsigned shift;
    const Cell cell = cell_at(c, at, shared, shift);
    Line& l = cell.l;
    at += u64{1} << shift;
    const Mask bit = cell.bit();
    const bool known = open(l, since, c.block);
    if (known && (bit & (l.many | l.shared_by_blocks))) continue;
    if (known && is_plain && !(bit & ((l.read & ~l.old_read) | (l.written & ~l.old_written)))) {   // nobody was here
      set_first(cell, warp * 32 + first, me);
      cell.s.other[cell.n] = me.by(warp * 32 + last).bits;
      l.read |= bit;
      l.old_read &= ~bit;
      l.second |= bit;
      l.two |= bit;
      continue;
    }
    for (unsigned lane : {first, last})
      if (!known || !read_cell(cell, warp * 32 + lane, me, c.block.simple, is_plain, c.state.blocks_apart)) [[unlikely]]
        race_lane(c, lane, start, shared);
  }
}

#if defined(__AVX512F__)
constexpr unsigned kVector = 64;
#elif defined(__AVX2__)
constexpr unsigned kVector = 32;
#else
constexpr unsigned kVector = 16;
#endif

/// How the addresses of half a warp lie: bit 0 if contiguous, bit 1 if all the same.
template <class A>
SIMT_INLINE unsigned shape(const typename Aliased<A>::type* address, unsigned shift) {
  typedef A Vector __attribute__((vector_size(kVector), may_alias));
  constexpr unsigned step = kVector / sizeof(A);
  Vector numbers{};
  for (unsigned n = 0; n < step; ++n) numbers[n] = n;
  const A base = *address;
  Vector contiguous{}, uniform{};
#pragma GCC unroll 8
  for (unsigned at = 0; at < 16; at += step) {
    const Vector difference = *reinterpret_cast<const Vector*>(address + at) - base;
    contiguous |= difference ^ ((numbers + A(at)) << A(shift));
    uniform |= difference;
  }
  const auto none = [](Vector v) __attribute__((always_inline)) {
#if defined(__AVX512F__)
    return _mm512_test_epi32_mask((__m512i)v, (__m512i)v) == 0;
#elif defined(__AVX2__)
    return _mm256_testz_si256((__m256i)v, (__m256i)v) != 0;
#else
    A any = 0;
    for (unsigned n = 0; n < step; ++n) any |= v[n];
    return any == 0;
#endif
  };
  return none(contiguous) ? 1 : none(uniform) ? 2 : 0;
}

enum class Taken : std::uint8_t { no, yes, nothing_new };
/// Takes `lanes` lanes from `from` on at once, if they are what it can take.
template <class A>
SIMT_INLINE Taken take(RowContext& c, const A* address, unsigned from, unsigned lanes, unsigned how) {
  bool shared = c.probe.shared;
  u64 start = sizeof(A) == 4 ? u64(u32(address[from]) + u32(c.instr->mem.offset)) : u64(address[from]) + u64(std::int64_t(c.instr->mem.offset));
  const unsigned bytes = c.probe.bytes;
  const u64 extent = how & 1 ? u64(bytes) * lanes : bytes;
  if (sizeof(A) == 8 && start + extent > memory::kSharedWindow) {
    if (start - memory::kSharedWindow >= memory::kWindowSize) return Taken::no;
    start -= memory::kSharedWindow;
    shared = true;
  }
  if (start & (bytes - 1) || (shared && start + extent > c.warp->shared_bytes)) return Taken::no;
  if (bytes < 4 && shared && c.block.shared->shift) return Taken::no;
  if (how & 1) return contiguous_row(c, shared, start, from, lanes) ? Taken::nothing_new : Taken::yes;
  uniform_row(c, shared, start, from, from + lanes - 1);
  return Taken::yes;
}

/// Writes words that nobody has accessed yet, as far as they lie in memory that the probe knows: the lanes that are left, up to
/// the first that is something else.
template <class A>
SIMT_INLINE Mask fresh_words(RowContext& c, const typename Aliased<A>::type* address, Mask mask, u64 offset, Stamp me) {
  constexpr bool narrow = sizeof(A) == 4;
  auto& p = c.probe;
  const Cells& shared = *c.block.shared;
  if (narrow ? shared.shift != 2 || c.warp->shared_bytes < 4 : p.generation != c.state.generation || p.page_shift != 2) return mask;
  Line* const lines = narrow ? shared.lines : p.page_lines;
  Stamps* const stamps = narrow ? shared.stamps : p.page_stamps;
  const u64 low = narrow ? 0 : p.page << Shadow::kPageBits, last = narrow ? c.warp->shared_bytes - 4 : (u64{1} << Shadow::kPageBits) - 4;
  const u32 since = since_of(c, narrow);
  for (; mask; mask &= mask - 1) {
    const auto lane = unsigned(std::countr_zero(mask));
    const u64 at = narrow ? u64(u32(u32(address[lane]) + u32(offset))) : u64(address[lane]) + offset - low;
    if (at > last || at & 3) break;
    Line& l = lines[at >> 7];
    Stamps& s = stamps[at >> 7];
    const unsigned n = unsigned(at >> 2) & 31, thread = c.warp->index * 32 + lane;
    if (!open(l, since, c.block) || ((l.read | l.written) >> n & 1)) break;
    if (l.write_row) [[unlikely]] expand_writes(l, s);
    l.written |= Mask{1} << n;   // the other masks do not have it: they are parts of these two
    s.writer[n] = u16(thread);
    s.write[n] = me.by(thread).bits;
  }
  return mask;
}

/// Weak accesses, lane by lane.
template <class A>
[[gnu::noinline]] void lanes_of_row(RowContext& c, const typename Aliased<A>::type* address, Mask mask) {
  auto& p = c.probe;
  const unsigned bytes = p.bytes, warp = c.warp->index;
  const bool write = p.kind != ir::AccessKind::load, is_plain = plain(c.block, warp);
  const Stamp me = Stamp::of(c.block.now[warp], p.site, 0);
  const u64 offset = sizeof(A) == 4 ? u64(u32(c.instr->mem.offset)) : u64(std::int64_t(c.instr->mem.offset));
  if (sizeof(A) == 8 && p.generation == c.state.generation) {   // what the lanes meet is fetched while others are looked at
    const u64 low = p.page << Shadow::kPageBits;
    for (Mask left = mask; left; left &= left - 1) {
      const u64 cell = (u64(address[std::countr_zero(left)]) + offset - low) >> p.page_shift;
      if (cell >> (Shadow::kPageBits - p.page_shift)) continue;
      __builtin_prefetch(&p.page_lines[cell >> 5], 1);
    }
  }
  for (Mask left = mask; left; left &= left - 1) {
    if (write && bytes == 4 && !(left = fresh_words<A>(c, address, left, offset, me))) break;
    const auto lane = unsigned(std::countr_zero(left));
    u64 at = sizeof(A) == 4 ? u64(u32(u32(address[lane]) + u32(offset))) : u64(address[lane]) + offset;
    bool shared = p.shared;
    if (sizeof(A) == 8 && p.generic && at >= memory::kSharedWindow) {
      if (at - memory::kSharedWindow >= memory::kWindowSize) continue;   // local memory, parameters
      at -= memory::kSharedWindow;
      shared = true;
    }
    if (at & (bytes - 1)) continue;                           // a fault, which is reported as such
    if (shared && at + bytes > c.warp->shared_bytes) continue;   // likewise, or another block of the cluster
    if (shared && bytes < 4 && c.block.shared->shift) race_split(c);
    const u32 since = since_of(c, shared), thread = warp * 32 + lane;
    bool exact = false;
    for (u64 byte = at; byte < at + bytes;) {
      unsigned shift;
      const Cell cell = cell_at(c, byte, shared, shift);
      byte += u64{1} << shift;
      Line& l = cell.l;
      if (!open(l, since, c.block)) exact = true;
      else if (write) exact |= !write_cell(cell, thread, me);
      else exact |= !read_cell(cell, thread, me, c.block.simple, is_plain, c.state.blocks_apart);
    }
    if (exact) race_lane(c, lane, at, shared);
  }
}

template <class A>
SIMT_INLINE void row_of(RowContext& c, const typename Aliased<A>::type* address, Mask mask) {
  const unsigned shift = unsigned(std::countr_zero(c.probe.bytes));
  const bool read = c.probe.kind == ir::AccessKind::load;
  if (mask == kAllLanes) {
    const unsigned low = shape<A>(address, shift), high = shape<A>(address + 16, shift);
    const A apart = address[16] - address[0];
    if (low & high & 1 && apart == A(16) << shift) {
      if (take(c, address, 0, 32, 1) != Taken::no) return;
    } else if (low & high & 2 && read && apart == 0) {
      if (take(c, address, 0, 32, 2) != Taken::no) return;
    } else if (low && high && (read || (low & high & 1))) {
      const auto half = take(c, address, 0, 16, low);
      if (half == Taken::nothing_new && apart == 0 && low == high) return;
      if (half == Taken::no) lanes_of_row<A>(c, address, 0xffff);
      if (take(c, address, 16, 16, high) == Taken::no) lanes_of_row<A>(c, address, 0xffff0000);
      return;
    }
  }
  // A few runs of neighbours: rows of a matrix, or lanes of which some have nothing to do.
  const A bytes = A(1) << shift;
  // What lies in front of the first lane's address is no address, but it is there.
  const Mask follow = gather_mask<sizeof(A)>([&](int lane) { return address[lane] - bytes == address[lane - 1]; }) & mask & (mask << 1);
  Mask starts = mask & ~follow;
  if (std::popcount(starts) > 6) return lanes_of_row<A>(c, address, mask);
  for (; starts; starts &= starts - 1) {
    const auto from = unsigned(std::countr_zero(starts));
    const auto lanes = unsigned(std::countr_one(u64(follow) >> from >> 1)) + 1;
    if (take(c, address, from, lanes, 1) == Taken::no) lanes_of_row<A>(c, address, Mask(((u64{1} << lanes) - 1) << from));
  }
}

SIMT_INLINE Mask lanes_of(const RowContext& c, const Warp& warp) {
  const auto& p = c.probe;
  if (p.whole_warp && (~warp.active & ~warp.dead) != 0 && (warp.pass & warp.active) != warp.active) return 0;
  return exec::guarded(warp, c.instr) & p.lanes;
}

/// Whether a load of shared memory is misaligned in some lane, or outside of it. In a cluster it may be another block's.
SIMT_INLINE bool faults(const RowContext& c, Mask mask) {
  const u32 bytes = c.probe.bytes, size = c.warp->shared_bytes, offset = u32(c.instr->mem.offset);
  if (c.warp->worker->grid->cluster_blocks > 1) return false;
  const auto* address = reinterpret_cast<const Aliased<u32>::type*>(c.row);
  u32 bad = 0;
  for (int lane = 0; lane < kLanes; ++lane) {
    const u32 a = address[lane] + offset;
    bad |= (mask & kLaneBits<u32>.bit[lane]) != 0 ? (a & (bytes - 1)) | u32(u64(a) + bytes > size) : 0;
  }
  return bad != 0;
}

void row(RowContext& c, Mask mask) {
  auto& p = c.probe;
  const auto* narrow = reinterpret_cast<const Aliased<u32>::type*>(c.row);
  const auto* wide = reinterpret_cast<const Aliased<u64>::type*>(c.row);
  if (p.strength) race_lanes(c, mask);
  else if (p.whole_warp) p.shared ? lanes_of_row<u32>(c, narrow, mask) : lanes_of_row<u64>(c, wide, mask);
  else p.shared ? row_of<u32>(c, narrow, mask) : row_of<u64>(c, wide, mask);
}

void replay(RaceState& state, BlockTime& block) {
  auto& log = *block.log;
  for (u32 n = 0; n < log.count;) {
    const auto& run = *log.entries[n].probe->run;
    const u32 warps = log.entries[n].warps;
    for (const auto& load : run.loads) {
      for (const auto *e = log.entries + n + load.row * warps, *end = e + warps; e != end; ++e) {
        if (!e->mask) continue;
        RowContext c{state, *load.probe, nullptr, e->warp, load.instr, block, reinterpret_cast<const std::byte*>(e->offsets)};
        row(c, e->mask);
      }
    }
    n += u32(run.rows.size()) * warps;
  }
  log.count = 0;
  log.open = false;
}

void rows(RowContext& c) {
  auto& p = c.probe;
  auto& log = *c.block.log;
  const unsigned count = c.gang ? c.gang->count : 1;
  Warp* const* const warps = c.gang ? c.gang->warps : &c.warp;
  const auto at = c.instr->op[p.address];
  const bool plain_read = p.kind == ir::AccessKind::load && !p.strength && !p.whole_warp;
  if (log.open && (p.shared || p.generic)) {
    const u32 needed = p.run ? u32(p.run->rows.size()) * count : 0;
    if (p.run && log.count + needed <= ReadLog::kEntries) {
      for (const auto base : p.run->rows)
        for (unsigned k = 0; k < count; ++k) {
          auto& e = log.entries[log.count++];
          __builtin_memcpy(e.offsets, warps[k]->regs + base, sizeof e.offsets);
          e.probe = &p;
          e.warp = warps[k];
          e.mask = lanes_of(c, *warps[k]);
          e.warps = count;
        }
      return;
    }
    if (!plain_read || p.run) replay(c.state, c.block);
  }
  if (p.run && p.run->loads.size() > 1) {
    for (const auto& load : p.run->loads) {
      bool ends = false;   // the launch, by a fault
      for (unsigned k = 0; k < count; ++k) {
        const Mask mask = lanes_of(c, *warps[k]);
        if (!mask) continue;
        RowContext one{c.state, *load.probe, c.gang, warps[k], load.instr, c.block, warps[k]->regs + p.run->rows[load.row]};
        row(one, mask);
        ends |= faults(one, mask);
      }
      if (ends) return;
    }
    return;
  }
  if (!p.shared && count > 1 && p.generation == c.state.generation) {   // what they will meet comes while others are looked at
    const u64 from = u64(std::int64_t(c.instr->mem.offset)) - (p.page << Shadow::kPageBits);
    for (unsigned k = 0; k < count; ++k)
      for (int lane : {0, 16}) {
        const u64 in_page = reinterpret_cast<const Aliased<u64>::type*>(warps[k]->regs + at)[lane] + from;
        if (in_page >> Shadow::kPageBits == 0) __builtin_prefetch(&p.page_lines[in_page >> p.page_shift >> 5], 1);
      }
  }
  for (unsigned k = 0; k < count; ++k) {
    const Mask mask = lanes_of(c, *warps[k]);
    if (!mask) continue;
    c.warp = warps[k];
    c.row = c.warp->regs + at;
    row(c, mask);
  }
}

}  // namespace

RaceRows race_rows() { return {rows, replay, race_tile}; }

}  // namespace simt::observers::SIMT_ISA
