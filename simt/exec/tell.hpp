// What handlers tell observers beyond rows of addresses; for grids that have some.
#pragma once

#include "simt/exec/block.hpp"

namespace simt::exec {

inline bool observed(const Warp& warp) { return !warp.worker->grid->observers.empty(); }
/// An access of one lane at a generic address that stands in no row.
void tell_access(const Warp& warp, const Instr* instr, int lane, std::uint64_t address, unsigned bytes, ir::AccessKind kind);
/// A lane's copy to a generic address begins, and may be made at any time until it ends.
void tell_copying(const Warp& warp, const Instr* instr, int lane, std::uint64_t to, unsigned bytes, bool ends);
/// The copies of the active lanes have arrived at the barrier in memory that the instruction names.
void tell_tracked(const Warp& warp, const Instr* instr);
void tell_cluster_barrier(const Cluster& cluster);

}  // namespace simt::exec
