// Matrices for the race checker, for one instruction set: what a warp's wmma.load reads and its wmma.store writes.
#include "simt/observers/races_cells.hpp"

namespace simt::observers::SIMT_ISA {

namespace {

/// How the warp of a tile is ordered after others.
struct TileOrder {
  u32 live, start, everyone, together;   ///< accesses before are: not of this launch, of other blocks, known to all, to the warp
  u64 first = 0, other = 0;              ///< two times that were last compared, and whether they are of one block
  bool same = false;
};

/// What Races::visit does for a weak read of a cell that nobody has written, of an open line, where barriers of all warps and
/// of whole ones alone order anything: then times tell what it needs to know.
SIMT_INLINE void visit_read(const RowContext& c, Cell cell, Stamp me, TileOrder& o) {
  auto& [l, s, n] = cell;
  const u32 live = o.live, start = o.start, everyone = o.everyone;
  const Mask bit = cell.bit();
  Stamp first{s.first[n]}, other{s.other[n]};
  const bool first_own = first.when() >= start, other_own = other.when() >= start;
  const auto ordered = [&](Stamp x, bool own) __attribute__((always_inline)) {
    return x.when() < live || (own && (x.when() < everyone || x.thread() == me.thread() ||
                                       (x.thread() / 32 == me.thread() / 32 && x.when() < o.together)));
  };
  bool replaced = false;   // the second reader
  if (ordered(first, first_own)) {
    s.first[n] = me.bits;
    s.reader[n] = u16(me.thread());
    if (other.when() < live) l.foreign_read &= ~bit;
    first = me;
  } else if (ordered(other, other_own)) {
    replaced = true;
  } else if (first_own && other_own) {
    replaced = first.thread() / 32 == other.thread() / 32 && me.thread() / 32 != first.thread() / 32;
  } else if (!first_own && !other_own) {
    if (c.state.blocks_apart) {
      replaced = !(l.shared_by_blocks & bit);   // then both are of one block
    } else {
      if (o.first != first.when() || o.other != other.when()) {
        o.first = first.when(), o.other = other.when();
        o.same = race_same_block(c, first, other);
      }
      replaced = o.same;
    }
  }
  if (replaced) {
    s.other[n] = me.bits;
    other = me;
  }
  l.read |= bit;
  l.old_read &= ~bit;
  l.two &= ~bit;
  l.many &= ~bit;
  if (other.when() < live) return;
  l.second |= bit;
  const auto lasts = [&](Stamp o) __attribute__((always_inline)) { return o.when() < start || o.when() >= everyone; };
  if (first.when() < start || other.when() < start) {
    if (c.state.blocks_apart) l.shared_by_blocks |= bit;
    else if (lasts(first) && lasts(other)) l.many |= bit;
  } else if (first.thread() / 32 != other.thread() / 32) {
    if (lasts(first) && lasts(other)) l.many |= bit;
  } else if (first.thread() / 32 == me.thread() / 32 && first.when() == me.when() && other.when() == me.when() &&
             first.thread() != other.thread()) {
    l.two |= bit;
  }
}

/// The same for cells of a line and two lanes, where all cells are alike. False: they are not.
SIMT_INLINE bool visit_reads(Line& l, Stamps& s, Mask m, Stamp me, const exec::TileAccess& tile) {
  if (m & l.written || tile.first == tile.last) return false;
  if (!(m & l.read)) {   // nobody was here
    put(s.reader, Threads{} + u16(me.thread() + unsigned(tile.first)), m);
    put(s.first, me, Threads{} + u16(tile.first), m);
    put(s.other, me, Threads{} + u16(tile.last), m);
    l.read |= m;
    l.second |= m;
    l.two |= m;
    return true;
  }
  if (m & (l.old_read | l.foreign_read)) return false;
  if (!(m & ~l.many)) {   // two warps have read it: a third one is nothing new
    constexpr u64 warp_bits = 31 << 7;
    bool mine = false;
    for (Mask left = m; left; left &= left - 1) {
      const auto k = std::countr_zero(left);
      mine |= ((s.first[k] ^ me.bits) & warp_bits) == 0 || ((s.other[k] ^ me.bits) & warp_bits) == 0;
    }
    if (!mine) l.two &= ~m;
    return !mine;
  }
  if (m & (~l.two | l.many) || m & equal<5>(s.reader, Threads{} + u16(me.thread()))) return false;
  put(s.other, me, Threads{} + u16(tile.first), m);   // two lanes of another warp have read it
  l.two &= ~m;
  l.many |= m;
  return true;
}

/// A read of a line of a matrix by two lanes, who each read all of it.
SIMT_INLINE void common_line(RowContext& c, bool shared, u64 start, u64 end, const exec::TileAccess& tile, TileOrder& order) {
  const u64 own = u64(c.block.start) << 32;
  const u32 since = since_of(c, shared);
  const unsigned warp = c.warp->index * 32;
  const Stamp me = Stamp::of(c.block.now[c.warp->index], c.probe.site, 0).by(warp);
  for (u64 at = start; at < end;) {
    unsigned shift;
    const Cell begin = cell_at(c, at, shared, shift);
    Line& l = begin.l;
    Stamps& s = begin.s;
    const unsigned n = (end - at) >> shift < 32 - begin.n ? unsigned((end - at) >> shift) : 32 - begin.n;
    const Mask m = (n == 32 ? kAllLanes : (Mask{1} << n) - 1) << begin.n;
    const bool known = open(l, since, c.block);
    if (known && !(m & ~l.shared_by_blocks)) {   // two blocks have read it: a third one is nothing new
      bool newer = l.first_row >= own;
      for (unsigned k = begin.n; k < begin.n + n; ++k) newer |= (s.first[k] >= own) | (s.other[k] >= own);
      if (!newer) {
        at += u64(n) << shift;
        continue;
      }
    }
    expand_reads(l, s);
    if (known && visit_reads(l, s, m, me, tile)) {
      at += u64(n) << shift;
      continue;
    }
    const unsigned cells = tile.piece >> shift;   // of a piece; all of them lie in this line
    for (unsigned from = begin.n; from < begin.n + n; from += cells, at += tile.piece) {
      const Mask piece = (cells >= 32 ? kAllLanes : (Mask{1} << cells) - 1) << from;
      for (int lane = tile.first;; lane = tile.last) {
        if (!known || (l.written & piece)) race_lane(c, unsigned(lane), at, shared);
        else
          for (unsigned k = from; k < from + cells; ++k) visit_read(c, {l, s, k}, me.by(unsigned(lane)), order);
        if (lane == tile.last) break;
      }
    }
  }
}

}  // namespace

void race_tile(RowContext& c, const exec::TileAccess& tile, bool shared, u32 together) {
  u64 at = tile.address;
  TileOrder order{shared ? c.block.start : c.state.launch, c.block.start, c.block.everyone, together};
  if (tile.loads && tile.stride == tile.bytes) return common_line(c, shared, at, at + u64(tile.lines) * tile.bytes, tile, order);
  for (unsigned line = 0; line < tile.lines; ++line, at += tile.stride)
    if (tile.loads) common_line(c, shared, at, at + tile.bytes, tile, order);
    else contiguous_row(c, shared, at, line * tile.line_step % kLanes, tile.bytes / tile.piece);
}

}  // namespace simt::observers::SIMT_ISA
