// What handlers tell observers beyond rows of addresses; for grids that have some.
#pragma once

#include "simt/exec/block.hpp"

namespace simt::exec {

/// A matrix that a warp reads or writes: lines of so many bytes at generic addresses, `stride` apart, in pieces that are one
/// access each. A piece that is read is read by every lane, of whom two stand for all; one that is written is one lane's.
struct TileAccess {
  std::uint64_t address, stride;
  unsigned lines, bytes, piece;
  bool loads;
  int first, last;                 ///< who reads
  unsigned line_step, piece_step;  ///< who writes: the lane of a piece is a sum of these, `per_lane` make the next one
  unsigned per_lane;
  int lane(unsigned line, unsigned n) const { return static_cast<int>((line * line_step + n * piece_step) / per_lane % kLanes); }
  /// Calls f(lane, address) for each access, line by line.
  template <class F>
  void each(F f) const {
    for (unsigned line = 0; line < lines; ++line)
      for (unsigned n = 0; n * piece < bytes; ++n) {
        const std::uint64_t where = address + line * stride + n * piece;
        f(loads ? first : lane(line, n), where);
        if (loads && last != first) f(last, where);
      }
  }
};

inline bool observed(const Warp& warp) { return !warp.worker->grid->observers.empty(); }
/// An access of one lane at a generic address that stands in no row.
void tell_access(const Warp& warp, const Instr* instr, int lane, std::uint64_t address, unsigned bytes, ir::AccessKind kind);
/// What a warp reads or writes of a matrix, before it does.
void tell_tile(const Warp& warp, const Instr* instr, const TileAccess& tile);
/// A lane's copy to a generic address begins, and may be made at any time until it ends.
void tell_copying(const Warp& warp, const Instr* instr, int lane, std::uint64_t to, unsigned bytes, bool ends);
/// The copies of the active lanes have arrived at the barrier in memory that the instruction names.
void tell_tracked(const Warp& warp, const Instr* instr);
void tell_cluster_barrier(const Cluster& cluster);

}  // namespace simt::exec
