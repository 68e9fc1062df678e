// Where the lanes of one warp wait for each other: every .sync instruction names the lanes that must be there.
#include <bit>
#include <cstring>

#include "simt/exec/block.hpp"

namespace simt::exec {

namespace {

/// Releases the groups whose lanes are all here. Lanes named by one instruction normally wait at that instruction and go
/// on as one group. If they wait at different ones (both sides of a branch may have a barrier of their own), they go on
/// where they are, as the hardware does.
void resolve(Warp& warp) {
  for (bool again = true; again;) {
    again = false;
    for (std::uint32_t n = 0; n < warp.group_count && !again; ++n) {
      const Group group = warp.groups[n];
      if (group.state != Warp::converging) continue;
      Mask here = 0, anywhere = 0;
      for (std::uint32_t k = 0; k < warp.group_count; ++k) {
        const auto& other = warp.groups[k];
        if (other.state != Warp::converging) continue;
        anywhere |= other.mask;
        if (other.pc == group.pc && other.frame == group.frame) here |= other.mask;
      }
      const Mask needed = Mask(group.detail) & ~warp.dead;
      const bool together = (needed & ~here) == 0;
      if (!together && (needed & ~anywhere) != 0) continue;
      const Mask involved = needed | group.mask;
      for (std::uint32_t k = 0; k < warp.group_count; ++k) {
        auto& other = warp.groups[k];
        if (other.state != Warp::converging || !(other.mask & involved)) continue;
        if (together && (other.pc != group.pc || other.frame != group.frame)) continue;
        other.state = Warp::ready;
        other.detail = 0;
        if (!together) warp.pass |= other.mask;
      }
      sort_groups(warp);   // merges those that wait at the same instruction
      again = true;
    }
  }
}

}  // namespace

const Instr* wait_for_lanes(Warp& warp, const Instr* instr, Mask members) {
  if (!warp.worker->grid->observers.empty()) tell_wait(warp, instr);
  park(warp, instr, Warp::converging, members);
  resolve(warp);
  return pick(warp);
}

void converge_after_exit(Warp& warp) {
  for (std::uint32_t n = 0; n < warp.group_count; ++n)
    if (warp.groups[n].state == Warp::converging) {
      resolve(warp);
      return;
    }
}

}  // namespace simt::exec
