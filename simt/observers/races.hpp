// The race checker's view of one access, and what a warp's row of accesses does to lines of shadow memory.
//
// A row takes its lines at once where masks and threads say what the stamps would: nobody has accessed the cells since
// all was ordered, or the same thread has, or their reads are nothing new. Whatever is left is looked at by its stamps.
#pragma once

#include <bit>

#include "simt/exec/handlers.hpp"
#include "simt/exec/isa.hpp"
#include "simt/exec/tell.hpp"
#include "simt/memory/memory.hpp"
#include "simt/observers/clocks.hpp"
#include "simt/observers/shadow.hpp"

namespace simt::observers {

class Races;
struct AccessProbe;

/// Plain loads of shared memory that are looked at together, when the first of them is about to be executed.
struct ReadRun {
  struct Load {
    AccessProbe* probe;
    const exec::Instr* instr;
    std::uint32_t row;               ///< index into `rows`
  };
  std::vector<Load> loads;
  std::vector<std::int32_t> rows;    ///< of addresses
};

/// In front of an access.
struct AccessProbe : exec::Probe {
  Races* races = nullptr;
  std::uint32_t site = 0, instr = 0;
  ir::AccessKind kind = ir::AccessKind::none;
  bool shared = false, generic = false, whole_warp = false;
  bool acquires = false, releases = false;
  std::uint8_t bytes = 0, address = 0, strength = 0;
  /// What it does to an mbarrier; such a barrier orders those who arrive before those who see its phase end.
  enum Memory : std::uint8_t { no_barrier, init, arrives_at, tests, tests_parity, counts } barrier = no_barrier;
  Mask lanes = exec::kAllLanes;
  const ReadRun* run = nullptr;      ///< that begins here
  // The page of global memory that it met last.
  std::uint64_t page = ~0ull, generation = 0;
  Line* page_lines = nullptr;
  Stamps* page_stamps = nullptr;
  unsigned page_shift = 2;
};

/// What rows need of the checker.
struct RaceState {
  std::uint32_t launch = 0;        ///< the clock when it began
  std::uint64_t generation = 1;    ///< of pages: others may be void
  bool blocks_apart = true;        ///< nothing orders blocks
};

/// What a row of accesses is looked at with.
struct RowContext {
  RaceState& state;
  AccessProbe& probe;
  const exec::Gang* gang;          ///< whose rows they are, or null
  exec::Warp* warp;                ///< whose row it is now
  const exec::Instr* instr;
  BlockTime& block;
  const std::byte* row = nullptr;  ///< of its addresses
};

// races.cpp
/// Strong accesses, lane by lane.
void race_lanes(RowContext& c, Mask mask);
/// Smaller accesses than of words came to the block's shared memory.
void race_split(RowContext& c);
/// One lane, by its stamps.
void race_lane(RowContext& c, unsigned lane, std::uint64_t address, bool shared);
/// Whether two accesses of this launch are of one block.
bool race_same_block(const RowContext& c, Stamp a, Stamp b);
/// Fills the probe's page.
void race_page(AccessProbe& probe, std::uint64_t address);

/// Rows of a gang, or of a warp if `gang` is null, by instruction set; the rows of a log, which is closed then.
struct RaceRows {
  void (*rows)(RowContext& c);
  void (*replay)(RaceState& state, BlockTime& block);
  /// A matrix, if its pieces are aligned, and lie in the block's shared memory where they are `shared`; then the address is the
  /// offset there. Of those that are written, the pieces of a line are those of neighbouring lanes. `together`: all lanes of the
  /// warp know of each other's accesses before.
  void (*tile)(RowContext& c, const exec::TileAccess& tile, bool shared, std::uint32_t together);
};
RaceRows race_rows(exec::Isa level);
#define SIMT_DECLARE(level)                                                                                    \
  namespace level {                                                                                            \
  RaceRows race_rows();                                                                                        \
  void race_tile(RowContext& c, const exec::TileAccess& tile, bool shared, std::uint32_t together);            \
  }
SIMT_FOR_EACH_ISA(SIMT_DECLARE)
#undef SIMT_DECLARE

/// Makes the line one of this block and interval; what was before `since` is of no interest. False if a later block has
/// accessed it: masks do not say enough then.
SIMT_PROBE_INLINE bool open(Line& l, std::uint32_t since, const BlockTime& block) {
  if (l.interval == block.everyone && l.newest == block.start) [[likely]] return true;
  if (l.interval < since) {
    l.read = l.written = l.foreign_read = l.foreign_written = l.old_read = l.old_written = 0;
    l.second = l.two = l.many = l.shared_by_blocks = 0;
    l.first_row = l.write_row = 0;
  } else if (l.newest == block.start) {
    l.old_read = l.read & ~l.foreign_read;
    l.old_written = l.written & ~l.foreign_written;
    l.second &= l.foreign_read;
    l.two = l.many = 0;
  } else {
    if (l.newest > block.start) return false;
    l.foreign_read = l.read;
    l.foreign_written = l.written;
    l.old_read = l.old_written = l.two = l.many = 0;
  }
  l.newest = block.start;
  l.interval = block.everyone;
  return true;
}

/// Of shared memory all before the barrier is known to everyone who may come.
SIMT_PROBE_INLINE std::uint32_t since_of(const RowContext& c, bool shared) { return shared ? c.block.everyone : c.state.launch; }

/// Whether all lanes of the warp have done since the last barrier of the block is at one time.
SIMT_PROBE_INLINE bool plain(const BlockTime& block, unsigned warp) { return block.now[warp] == block.everyone; }

/// What reads of cells do to a line.
struct Reading {
  Mask exact = 0;    ///< to be looked at by their stamps
  Mask first = 0;    ///< the reader becomes the first
  Mask other = 0;    ///< the reader becomes the second
};
/// A weak read of the cells `m` of an open line. The functions give the cells whose reader, or writer, is the thread that
/// reads now, or of its warp.
template <class SameReader, class SameWriter, class SameWarp>
SIMT_PROBE_INLINE Reading read_cells(Line& l, Mask m, bool simple, bool plain, bool blocks_apart, SameReader same_reader,
                                     SameWriter same_writer, SameWarp same_warp) {
  Reading r;
  if (const Mask w = m & l.written & ~l.old_written) r.exact = w & (l.foreign_written | ~same_writer());
  const Mask live = l.read & ~l.old_read, nothing_new = l.many | l.shared_by_blocks, writes = l.written & ~l.old_written;
  m &= ~r.exact;
  const Mask x = m & live & ~nothing_new;
  r.first = m & ~live;
  if (x) {
    const Mask foreign = x & l.foreign_read, own = x & ~foreign;
    if (blocks_apart) {
      r.other = foreign;
      l.shared_by_blocks |= foreign & ~l.written;
    } else {
      r.exact |= foreign;
    }
    if (own) {
      const Mask here = own & same_warp(), there = own & ~here;
      if (simple) {
        r.other |= there;
        l.many |= there & ~writes;
      } else {
        r.exact |= there;
      }
      if (!plain) {
        r.exact |= here;
      } else if (const Mask one = here & ~l.two) {
        Mask again = one & ~same_reader();
        r.exact |= again & l.second;
        again &= ~l.second;
        r.other |= again;
        l.two |= again;
      }
    }
  }
  l.read |= r.first;
  l.old_read &= ~r.first;
  l.second |= r.other;
  return r;
}

/// A weak write of the cells `m` of an open line: those that have to be looked at. The writer takes the others.
template <class SameReader, class SameWriter>
SIMT_PROBE_INLINE Mask write_cells(Line& l, Mask m, SameReader same_reader, SameWriter same_writer) {
  const Mask written = m & l.written & ~l.old_written, read = m & l.read & ~l.old_read;
  Mask exact = 0;
  if (written) exact = written & (l.foreign_written | ~same_writer());
  if (read) exact |= read & (l.foreign_read | l.second | ~same_reader());
  m &= ~exact;
  l.written |= m;
  l.old_written &= ~m;
  l.many &= ~m;
  l.shared_by_blocks &= ~m;
  return exact;
}

/// One cell.
struct Cell {
  Line& l;
  Stamps& s;
  unsigned n;
  Mask bit() const { return Mask{1} << n; }
};
SIMT_PROBE_INLINE unsigned reader_of(Cell c) { return c.l.first_row ? thread_of_row(c.l.first_row) + c.n : c.s.reader[c.n]; }
SIMT_PROBE_INLINE unsigned writer_of(Cell c) { return c.l.write_row ? thread_of_row(c.l.write_row) + c.n : c.s.writer[c.n]; }
SIMT_PROBE_INLINE void set_first(Cell c, unsigned thread, Stamp me) {
  expand_reads(c.l, c.s);
  c.s.reader[c.n] = std::uint16_t(thread);
  c.s.first[c.n] = me.by(thread).bits;
}
SIMT_PROBE_INLINE void set_write(Cell c, unsigned thread, Stamp me, std::uint16_t strong = 0) {
  expand_writes(c.l, c.s);
  c.s.writer[c.n] = std::uint16_t(thread | strong);
  c.s.write[c.n] = me.by(thread).bits;
}
/// A weak read of a cell of an open line. False if its stamps have to be looked at.
SIMT_PROBE_INLINE bool read_cell(Cell c, unsigned thread, Stamp me, bool simple, bool plain, bool blocks_apart) {
  if (c.bit() & (c.l.many | c.l.shared_by_blocks)) return true;
  const auto r = read_cells(c.l, c.bit(), simple, plain, blocks_apart,
                            [&] { return reader_of(c) == thread ? c.bit() : 0; }, [&] { return writer_of(c) == thread ? c.bit() : 0; },
                            [&] { return reader_of(c) >> 5 == thread >> 5 ? c.bit() : 0; });
  if (r.first) set_first(c, thread, me);
  if (r.other) c.s.other[c.n] = me.by(thread).bits;
  return !r.exact;
}
SIMT_PROBE_INLINE bool write_cell(Cell c, unsigned thread, Stamp me) {
  if (write_cells(c.l, c.bit(), [&] { return reader_of(c) == thread ? c.bit() : 0; }, [&] { return writer_of(c) == thread ? c.bit() : 0; }))
    return false;
  set_write(c, thread, me);
  return true;
}

}  // namespace simt::observers
