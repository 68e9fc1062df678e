// Gangs: the loop, and the instructions that may part or join their warps.
#include "simt/exec/gang.hpp"

#include <algorithm>
#include <cstring>

#include "simt/exec/block.hpp"
#include "simt/exec/handlers.hpp"
#include "simt/exec/probe.hpp"

namespace simt::exec {

namespace {

void add(Gang& gang, Warp& warp) {
  gang.warps[gang.count] = &warp;
  gang.regs[gang.count++] = warp.regs;
}

void look_for_partial(Gang& gang) {
  Mask active = kAllLanes;
  for (unsigned k = 0; k < gang.count; ++k) active &= gang.warps[k]->active;
  gang.partial = active != kAllLanes;
}

/// The warps that are furthest behind execute next. Null if there are none.
const Instr* regroup(Gang& gang) {
  gang.count = 0;
  const Instr* lowest = kNoLimit;
  for (unsigned n = 0; n < gang.waiting; ++n) lowest = std::min(lowest, gang.others[n].pc);
  gang.limit = kNoLimit;
  unsigned left = 0;
  for (unsigned n = 0; n < gang.waiting; ++n) {
    const auto other = gang.others[n];
    if (other.pc == lowest) {
      add(gang, *other.warp);
    } else {
      gang.limit = std::min(gang.limit, other.pc);
      gang.others[left++] = other;
    }
  }
  gang.waiting = left;
  look_for_partial(gang);
  return gang.count ? lowest : nullptr;
}

void wait_at(Gang& gang, unsigned k, const Instr* pc) { gang.others[gang.waiting++] = {pc, gang.warps[k]}; }

/// Every warp by itself. What they do next may differ; a warp without a next instruction leaves the gang.
const Instr* each_by(Handler run, Gang& gang, const Instr* instr) {
  const Instr* next[kGangWarps];
  bool together = true;
  for (unsigned k = 0; k < gang.count; ++k) {
    next[k] = run(*gang.warps[k], instr);
    together &= next[k] == instr + 1;
  }
  if (together) [[likely]] return instr + 1;
  bool faulted = false;
  for (unsigned k = 0; k < gang.count; ++k) {
    if (next[k]) wait_at(gang, k, next[k]);
    else faulted |= gang.warps[k]->state == Warp::faulted;
  }
  if (faulted) gang.waiting = 0;   // the launch is over
  return regroup(gang);
}

/// The handler of an instruction, without what observers put in front of it: they have been told of the whole gang.
Handler handler_of(const Gang& gang, const Instr* instr) {
  const auto* probed = gang.warps[0]->worker->probed;
  return probed && probed[instr->origin] ? probed[instr->origin]->run : instr->run;
}
const Instr* each(Gang& gang, const Instr* instr) { return each_by(handler_of(gang, instr), gang, instr); }

/// Instructions that change which lanes execute, or where.
const Instr* control(Gang& gang, const Instr* instr) {
  const Instr* next = each(gang, instr);
  if (next) look_for_partial(gang);
  return next;
}

const Instr* jump(Gang&, const Instr* instr) { return instr + instr->jump.target; }
const Instr* join(Gang&, const Instr* instr) { return instr + 1; }

/// Charges a back edge to all warps, unless one of them has used up its slice: then it is a case for `control`.
bool charge(Gang& gang, const Instr* instr) {
  const auto weight = std::int32_t(instr->jump.charge);
  if (instr->jump.charge & kWaits) return false;
  std::int32_t least = kQuantum;
  for (unsigned k = 0; k < gang.count; ++k) least = std::min(least, gang.warps[k]->quantum);
  if (least <= weight) return false;
  for (unsigned k = 0; k < gang.count; ++k) gang.warps[k]->quantum -= weight;
  return true;
}

const Instr* jump_back(Gang& gang, const Instr* instr) {
  return charge(gang, instr) ? instr + instr->jump.target : control(gang, instr);
}

/// Each warp goes its way; those that fall through are behind and go first. Only a warp whose lanes part needs its groups.
const Instr* part(Gang& gang, const Instr* instr, Mask flip) {
  const Instr* const target = instr + instr->jump.target;
  unsigned stay = 0;
  bool faulted = false;
  for (unsigned k = 0; k < gang.count; ++k) {
    Mask p;
    std::memcpy(&p, gang.regs[k] + (instr->guard & ~3), 4);
    p ^= flip;
    const Instr* next = p == 0 ? instr + 1 : p == kAllLanes ? target : handler_of(gang, instr)(*gang.warps[k], instr);
    if (next == instr + 1) {
      gang.regs[stay] = gang.regs[k];
      gang.warps[stay++] = gang.warps[k];
    } else if (next) {
      wait_at(gang, k, next);
      gang.limit = std::min(gang.limit, next);
    } else {
      faulted |= gang.warps[k]->state == Warp::faulted;
    }
  }
  gang.count = stay;
  if (faulted) gang.waiting = gang.count = 0;   // the launch is over
  if (gang.count == 0) return regroup(gang);
  look_for_partial(gang);
  return instr + 1;
}

template <bool Back>
const Instr* branch(Gang& gang, const Instr* instr) {
  Mask some = 0, all = kAllLanes;
  const Mask flip = instr->guard & 1 ? kAllLanes : 0;
  for (unsigned k = 0; k < gang.count; ++k) {
    Mask p;
    std::memcpy(&p, gang.regs[k] + (instr->guard & ~3), 4);
    some |= p ^ flip;
    all &= p ^ flip;
  }
  if (some == 0) return instr + 1;
  if (!Back && all != kAllLanes) return part(gang, instr, flip);
  if (all != kAllLanes || (Back && !charge(gang, instr))) return control(gang, instr);
  return instr + instr->jump.target;
}

/// The end of warps that have no lanes elsewhere, and that nobody waits for.
const Instr* leave(Gang& gang, const Instr* instr) {
  const auto& block = *gang.warps[0]->block;
  bool plain = instr->guard == 0 && !block.cluster->any_arrived;
  for (const auto& barrier : block.barriers) plain &= barrier.waiting == 0;
  for (unsigned k = 0; k < gang.count; ++k) plain &= gang.warps[k]->group_count == 0 && !gang.warps[k]->frame;
  if (!plain) return control(gang, instr);
  for (unsigned k = 0; k < gang.count; ++k) {
    auto& warp = *gang.warps[k];
    warp.dead = kAllLanes;
    warp.pc = nullptr;
    warp.limit = kNoLimit;
    warp.state = Warp::exited;
    set_lanes(warp, 0);
  }
  return regroup(gang);
}

/// A guard that holds in all lanes or in none needs no masks.
const Instr* guarded(Gang& gang, const Instr* instr) {
  Mask some = 0;
  const Mask flip = instr->guard & 1 ? kAllLanes : 0;
  for (unsigned k = 0; k < gang.count; ++k) {
    Mask p;
    std::memcpy(&p, gang.regs[k] + (instr->guard & ~3), 4);
    some |= p ^ flip;
  }
  return some == 0 ? instr + 1 : each(gang, instr);
}

/// A barrier of the whole block, named by constants.
const Instr* barrier(Gang& gang, const Instr* instr) {
  switch (meet(gang, instr)) {
    case Meeting::passed: return instr + 1;
    case Meeting::waits: return regroup(gang);
    case Meeting::others_too: break;
    case Meeting::unusual: return control(gang, instr);
  }
  if (gang.waiting) return instr + 1;
  // Warps outside of the gang go on as well: form gangs anew.
  for (unsigned k = 0; k < gang.count; ++k) gang.warps[k]->pc = instr + 1;
  return nullptr;
}

}  // namespace

GangEntry gang_entry(const Instr& instr, GangEntry loop, bool constants) {
  const auto run = instr.run;
  if (run == run_jump) return {jump, control};
  if (run == run_jump_back) return {jump_back, control};
  if (run == run_join) return {join, control};
  if (run == run_branch) return {branch<false>, control};
  if (run == run_branch_back) return {branch<true>, control};
  if (run == run_guarded) return {guarded, each};
  if (run == run_exit) return {leave, control};
  if (run == run_barrier) return {constants ? barrier : control, control};
  for (Handler other : {run_indexed, run_call, run_call_indirect, run_return, run_nanosleep})
    if (run == other) return {control, control};
  return {loop.full ? loop.full : each, loop.partial ? loop.partial : each};
}

const Instr* warp_by_warp(Gang& gang, const Instr* instr) {
  const Instr* next = each_by(instr->run, gang, instr);
  if (next) look_for_partial(gang);
  return next;
}

void run_gang(Warp* const* warps, unsigned count, const ir::Code& code, const GangEntry* entries) {
  Gang gang;
  for (unsigned n = 0; n < count; ++n)
    if (const Instr* pc = warps[n]->pc ? warps[n]->pc : pick(*warps[n])) gang.others[gang.waiting++] = {pc, warps[n]};
  const Instr* const start = code.instrs.get();
  const Instr* pc = regroup(gang);
  while (pc) {
    const auto& entry = entries[pc - start];
    pc = gang.partial ? entry.partial(gang, pc) : entry.full(gang, pc);
    if (pc >= gang.limit) [[unlikely]] {   // others wait here, or further up
      for (unsigned k = 0; k < gang.count; ++k) wait_at(gang, k, pc);
      pc = regroup(gang);
    }
  }
}

}  // namespace simt::exec
