// What the race checker's rows and matrices share, for one instruction set: the cells of addresses, and lanes whose addresses are one
// after another.
#pragma once

#include "simt/observers/races.hpp"

#include "simt/exec/lanes.hpp"

namespace simt::observers::SIMT_ISA {

using namespace simt::lanes::SIMT_ISA;
using u16 = std::uint16_t;
using u32 = std::uint32_t;
using u64 = std::uint64_t;

namespace {

/// 32 threads, one a cell.
typedef u16 Threads __attribute__((vector_size(64), may_alias));

/// The cells for which the bits of `shift` and up agree.
template <unsigned shift>
SIMT_INLINE Mask equal(const u16* a, Threads b) {
  const Threads different = (*reinterpret_cast<const Threads*>(a) ^ b) >> shift;
#if defined(__AVX512BW__)
  return _mm512_testn_epi16_mask((__m512i)different, (__m512i)different);
#else
  alignas(64) u16 d[32];
  *reinterpret_cast<Threads*>(d) = different;
  return gather_mask<2>([&](int c) { return d[c] == 0; });
#endif
}

SIMT_INLINE void put(u16* to, Threads value, Mask m) {
  auto* d = reinterpret_cast<Threads*>(to);
  if (m == kAllLanes) {
    *d = value;
    return;
  }
#if defined(__AVX512BW__)
  _mm512_mask_storeu_epi16(to, m, (__m512i)value);
#else
  alignas(64) u16 v[32];
  *reinterpret_cast<Threads*>(v) = value;
  for (Mask left = m; left; left &= left - 1) to[std::countr_zero(left)] = v[std::countr_zero(left)];
#endif
}

SIMT_INLINE void put(u64* to, Stamp stamp, Threads threads, Mask m) {
  alignas(64) u16 t[32];
  *reinterpret_cast<Threads*>(t) = threads;
#if defined(__AVX512F__)
  typedef u16 Eight __attribute__((vector_size(16), may_alias));
  typedef u64 Wide __attribute__((vector_size(64)));
#pragma GCC unroll 4
  for (int k = 0; k < 4; ++k) {
    const Wide stamps = stamp.bits + (__builtin_convertvector(*reinterpret_cast<const Eight*>(t + 8 * k), Wide) << 2);
    _mm512_mask_store_epi64(to + 8 * k, __mmask8(m >> 8 * k), (__m512i)stamps);
  }
#else
  if (m == kAllLanes) {
    for (int c = 0; c < 32; ++c) to[c] = stamp.bits + (u64(t[c]) << 2);
  } else {
    for (Mask left = m; left; left &= left - 1) to[std::countr_zero(left)] = stamp.by(t[std::countr_zero(left)]).bits;
  }
#endif
}

SIMT_INLINE Threads numbers() {
  Threads t{};
  for (unsigned n = 0; n < 32; ++n) t[n] = u16(n);
  return t;
}

/// The cell of an address.
SIMT_INLINE Cell cell_at(RowContext& c, u64 address, bool shared, unsigned& shift) {
  if (shared) {
    auto& cells = *c.block.shared;
    shift = cells.shift;
    const u64 n = address >> (5 + shift);
    return {cells.lines[n], cells.stamps[n], unsigned(address >> shift) & 31};
  }
  auto& p = c.probe;
  if (address >> Shadow::kPageBits != p.page || p.generation != c.state.generation) [[unlikely]] race_page(p, address);
  shift = p.page_shift;
  const u64 n = (address & ((1u << Shadow::kPageBits) - 1)) >> (5 + shift);
  return {p.page_lines[n], p.page_stamps[n], unsigned(address >> shift) & 31};
}

/// Those lanes of a row whose cells in a line have to be looked at. The addresses begin at `start`, with lane `first`.
[[gnu::noinline]] void exact(RowContext& c, bool shared, Mask cells, Threads threads, u64 start, unsigned first) {
  alignas(64) u16 t[32];
  *reinterpret_cast<Threads*>(t) = threads;
  Mask lanes = 0;
  for (Mask left = cells; left; left &= left - 1) lanes |= Mask{1} << (t[std::countr_zero(left)] & 31);
  for (; lanes; lanes &= lanes - 1) {
    const auto lane = unsigned(std::countr_zero(lanes));
    race_lane(c, lane, start + u64(c.probe.bytes) * (lane - first), shared);
  }
}

/// Lanes one after another: `lanes` of them from `first` on. Returns whether all of it was nothing new.
SIMT_INLINE bool contiguous_row(RowContext& c, bool shared, u64 start, unsigned first, unsigned lanes) {
  const unsigned bytes = c.probe.bytes, per_lane = unsigned(std::countr_zero(bytes));
  const bool write = c.probe.kind == ir::AccessKind::store;
  const u64 end = start + u64(lanes) * bytes;
  const u32 since = since_of(c, shared);
  const auto warp = c.warp->index;
  const Stamp me = Stamp::of(c.block.now[warp], c.probe.site, 0);
  const bool is_plain = plain(c.block, warp);
  bool nothing = true;
  for (u64 at = start; at < end;) {
    unsigned shift;
    const Cell begin = cell_at(c, at, shared, shift);
    Line& l = begin.l;
    Stamps& s = begin.s;
    const unsigned cell = begin.n;
    const unsigned n = (end - at) >> shift < 32 - cell ? unsigned((end - at) >> shift) : 32 - cell;
    const Mask m = (n == 32 ? kAllLanes : (Mask{1} << n) - 1) << cell;
    const int off = int(at - start) - int(cell << shift);
    at += u64(n) << shift;
    const bool known = open(l, since, c.block);
    if (known && !write && !(m & ~(l.many | l.shared_by_blocks))) continue;
    nothing = false;
    // A row of neighbours: one stamp stands for all.
    const bool whole = m == kAllLanes && off == 0 && shift == per_lane;
    const unsigned thread = warp * 32 + first;
    if (known && whole && !((l.read & ~l.old_read) | (l.written & ~l.old_written))) {
      if (write) {
        l.written = kAllLanes;
        l.old_written = l.many = l.shared_by_blocks = 0;
        l.write_row = me.by(thread).bits;
      } else {
        l.read = kAllLanes;
        l.old_read = 0;
        l.first_row = me.by(thread).bits;
      }
      continue;
    }
    typedef std::int16_t Offsets __attribute__((vector_size(64)));
    const Threads threads = (Threads)((((Offsets)numbers() << std::int16_t(shift)) + std::int16_t(off)) >> std::int16_t(per_lane)) + u16(thread);
    Mask left = m;
    if (known) {
      const auto same_reader = [&]() __attribute__((always_inline)) -> Mask {
        if (whole && thread_of_row(l.first_row) == thread && l.first_row) return kAllLanes;
        expand_reads(l, s);
        return equal<0>(s.reader, threads);
      };
      const auto same_writer = [&]() __attribute__((always_inline)) -> Mask {
        if (whole && thread_of_row(l.write_row) == thread && l.write_row) return kAllLanes;
        expand_writes(l, s);
        return equal<0>(s.writer, threads);
      };
      if (write) {
        left = write_cells(l, m, same_reader, same_writer);
        if (whole && !left) {
          l.write_row = me.by(thread).bits;
        } else if (left != m) {
          expand_writes(l, s);
          put(s.writer, threads, m & ~left);
          put(s.write, me, threads, m & ~left);
        }
      } else {
        const auto same_warp = [&]() __attribute__((always_inline)) -> Mask {
          if (l.first_row) return thread_of_row(l.first_row) >> 5 == warp ? kAllLanes : 0;
          return equal<5>(s.reader, threads);
        };
        const auto r = read_cells(l, m, c.block.simple, is_plain, c.state.blocks_apart, same_reader, same_writer, same_warp);
        if (r.first) {
          expand_reads(l, s);
          put(s.reader, threads, r.first);
          put(s.first, me, threads, r.first);
        }
        if (r.other) put(s.other, me, threads, r.other);
        left = r.exact;
      }
    }
    if (left) [[unlikely]] exact(c, shared, left, threads, start, first);
  }
  return nothing;
}

}  // namespace

}  // namespace simt::observers::SIMT_ISA
