// Control flow of a warp: branches, the groups of lanes that wait elsewhere, calls, exits, time slices.
//
// The active lanes are always those whose instruction comes first (innermost call, then lowest address); the others
// wait in `groups`. So lanes meet again at the first instruction that all of them pass. `limit` is where the next group
// waits: whoever jumps or falls to it, or past it, stops there.
#include <algorithm>
#include <bit>
#include <cstring>

#include "simt/exec/block.hpp"
#include "simt/exec/handlers.hpp"

namespace simt::exec {

namespace {

Mask guard_of(const Warp& warp, const Instr* instr) {
  Mask p;
  std::memcpy(&p, warp.regs + (instr->guard & ~3), 4);
  return (instr->guard & 1) ? ~p : p;
}

/// Whether `a` runs before `b`.
bool before(const Group& a, const Group& b) {
  const bool a_ready = a.state == Warp::ready, b_ready = b.state == Warp::ready;
  if (a_ready != b_ready) return a_ready;
  const auto a_depth = depth_of(a.frame), b_depth = depth_of(b.frame);
  if (a_depth != b_depth) return a_depth > b_depth;
  if (a.frame != b.frame) return a.mask < b.mask;
  return a.pc < b.pc;
}

void set_limit(Warp& warp) {
  warp.limit = kNoLimit;
  if (warp.group_count == 0) return;
  const auto& next = warp.groups[warp.group_count - 1];
  if (next.state == Warp::ready && next.frame == warp.frame) warp.limit = next.pc;
}

void insert(Warp& warp, const Group& group) {
  std::uint32_t at = warp.group_count;
  while (at > 0) {
    auto& other = warp.groups[at - 1];
    if (other.pc == group.pc && other.frame == group.frame && other.state == group.state && other.detail == group.detail) {
      other.mask |= group.mask;
      return;
    }
    if (!before(other, group)) break;
    --at;
  }
  for (auto n = warp.group_count; n > at; --n) warp.groups[n] = warp.groups[n - 1];
  warp.groups[at] = group;
  ++warp.group_count;
}

/// Closes the account of a slice. False if the launch is over its budget: the warp is at its fault then.
bool settle(Warp& warp, const Instr* instr, const Instr* next, const Instr* loop) {
  Worker& worker = *warp.worker;
  Grid& grid = *worker.grid;
  const auto used = std::max<std::int64_t>(std::int64_t(kQuantum) - warp.quantum - warp.unpaid, 1);
  worker.ticks += std::uint64_t(used);
  warp.unpaid = 0;
  warp.quantum = kQuantum;
  const auto spent = grid.spent.fetch_add(std::uint64_t(used), std::memory_order_relaxed) + std::uint64_t(used);
  if (grid.budget == 0 || spent <= grid.budget || grid.stop.load(std::memory_order_relaxed)) return true;
  warp.pc = next;
  warp.state = Warp::faulted;
  out_of_budget(warp, instr, loop);
  return false;
}

/// The slice is used up at `instr`, which leads back to `loop` or into the function that begins there; `next` comes next.
[[gnu::noinline]] const Instr* expire(Warp& warp, const Instr* instr, const Instr* next, const Instr* loop, bool waits_for_others) {
  if (!settle(warp, instr, next, loop)) return nullptr;
  if (waits_for_others && warp.group_count > 0 && warp.groups[warp.group_count - 1].state == Warp::ready) {
    park(warp, next, Warp::yielded);
    return pick(warp);
  }
  bool others = false;   // lanes that had their slice before: it is their turn, after the other warps
  for (std::uint32_t n = 0; n < warp.group_count; ++n) others |= warp.groups[n].state == Warp::yielded;
  if (waits_for_others && others) {
    park(warp, next, Warp::yielded);
    return pick(warp);
  }
  warp.pc = next;
  warp.state = Warp::yielded;
  return nullptr;
}

inline bool charge(Warp& warp, const Instr* instr) {
  const auto weight = instr->jump.charge;
  if (weight & kWaits) [[unlikely]] {
    constexpr std::int32_t cost = kQuantum / kWaitingTurns;
    warp.quantum -= cost;
    warp.unpaid += cost - std::int32_t(weight & ~kWaits);
  } else {
    warp.quantum -= std::int32_t(weight);
  }
  return warp.quantum <= 0;
}

/// Some lanes go to `low`, the others wait at `high`.
inline const Instr* diverge(Warp& warp, const Instr* low, Mask low_mask, const Instr* high, Mask high_mask) {
  const Group group{high, high_mask, Warp::ready, warp.frame, 0};
  if (high < warp.limit && warp.limit != kNoLimit) {   // the common case: nested inside what waits already
    warp.groups[warp.group_count++] = group;
  } else {
    insert(warp, group);
  }
  set_lanes(warp, low_mask);
  set_limit(warp);
  return low >= warp.limit ? arrive(warp, low) : low;
}

}  // namespace

void sort_groups(Warp& warp) {
  const auto count = warp.group_count;
  Group copy[kLanes];
  std::copy_n(warp.groups, count, copy);
  warp.group_count = 0;
  for (std::uint32_t n = 0; n < count; ++n) insert(warp, copy[n]);
}

void park(Warp& warp, const Instr* pc, std::uint32_t state, std::uint64_t detail) {
  insert(warp, {pc, warp.active, state, warp.frame, detail});
  set_lanes(warp, 0);
}

const Instr* pick(Warp& warp) {
  if (warp.group_count > 0 && warp.groups[warp.group_count - 1].state == Warp::ready) {
    const Group group = warp.groups[--warp.group_count];
    warp.frame = group.frame;
    warp.local_base = group.frame ? group.frame->local_base : 0;
    warp.state = Warp::ready;
    set_lanes(warp, group.mask);
    set_limit(warp);
    return group.pc;
  }
  // Nobody can go on now.
  warp.pc = nullptr;
  set_lanes(warp, 0);
  warp.limit = kNoLimit;
  if (warp.group_count == 0) {
    warp.state = Warp::exited;
    return nullptr;
  }
  std::uint32_t state = Warp::converging;
  bool yielded = false;
  for (std::uint32_t n = 0; n < warp.group_count; ++n) {
    auto& group = warp.groups[n];
    if (group.state == Warp::at_barrier) state = Warp::at_barrier;
    if (group.state != Warp::yielded) continue;
    group.state = Warp::ready;
    yielded = true;
  }
  if (yielded) sort_groups(warp);
  warp.state = yielded ? std::uint32_t(Warp::yielded) : state;
  return nullptr;
}

const Instr* arrive(Warp& warp, const Instr* next) {
  const Group& other = warp.groups[warp.group_count - 1];
  if (other.pc == next) {
    set_lanes(warp, warp.active | other.mask);
    --warp.group_count;
    set_limit(warp);
    return next;
  }
  park(warp, next, Warp::ready);
  return pick(warp);
}

// ---- handlers -----------------------------------------------------------------------------------------------------

const Instr* run_guarded(Warp& warp, const Instr* instr) {
  const Mask active = warp.active, lanes = active & guard_of(warp, instr);
  if (lanes == 0) return instr + 1;
  const Mask exec = warp.exec;
  set_lanes(warp, lanes);
  const Instr* next = instr->inner(warp, instr);
  warp.active = active;
  warp.exec = exec;
  return next;
}

const Instr* run_jump(Warp& warp, const Instr* instr) {
  const Instr* next = instr + instr->jump.target;
  return next >= warp.limit ? arrive(warp, next) : next;
}

const Instr* run_jump_back(Warp& warp, const Instr* instr) {
  const Instr* next = instr + instr->jump.target;
  if (charge(warp, instr)) [[unlikely]] return expire(warp, instr, next, next, instr->jump.charge & kWaits);
  return next >= warp.limit ? arrive(warp, next) : next;
}

const Instr* run_join(Warp& warp, const Instr* instr) {
  const Instr* next = instr + 1;
  return next >= warp.limit ? arrive(warp, next) : next;
}

const Instr* run_branch(Warp& warp, const Instr* instr) {
  const Mask active = warp.active, taken = active & guard_of(warp, instr);
  const Instr* next = instr + 1;
  if (taken == active) {
    next = instr + instr->jump.target;
  } else if (taken != 0) {
    return diverge(warp, next, active & ~taken, instr + instr->jump.target, taken);
  }
  return next >= warp.limit ? arrive(warp, next) : next;
}

const Instr* run_branch_back(Warp& warp, const Instr* instr) {
  const Mask active = warp.active, taken = active & guard_of(warp, instr);
  if (taken == 0) {
    const Instr* next = instr + 1;
    return next >= warp.limit ? arrive(warp, next) : next;
  }
  const Instr *loop = instr + instr->jump.target, *next = loop;
  if (taken != active) next = diverge(warp, next, taken, instr + 1, active & ~taken);
  if (charge(warp, instr)) [[unlikely]] return next ? expire(warp, instr, next, loop, instr->jump.charge & kWaits) : next;
  return next;
}

const Instr* run_indexed(Warp& warp, const Instr* instr) {
  const std::int32_t* list = instr->list;
  std::uint32_t index[kLanes];
  std::memcpy(index, warp.regs + instr->op[0], sizeof index);
  const Mask all = warp.active;
  Mask left = all;
  bool expired = false;   // a way back counts as a turn of a loop that may wait for others
  while (left) {
    const int lane = std::countr_zero(left);
    if (index[lane] >= std::uint32_t(list[0]))
      return raise(warp, instr, 719, "brx.idx with index " + std::to_string(index[lane]) + " in a list of " +
                                         std::to_string(list[0]) + " labels", lane);
    Mask same = 0;
    for (int l = lane; l < kLanes; ++l)
      if ((left >> l & 1) && index[l] == index[lane]) same |= Mask{1} << l;
    const Instr* next = instr + list[1 + index[lane]];
    const bool back = next <= instr;
    if (back && !expired) expired = (warp.quantum -= kQuantum / kWaitingTurns) <= 0;
    set_lanes(warp, same);
    if (back && expired && same == all) return expire(warp, instr, next, next, true);
    park(warp, next, back && expired ? Warp::yielded : Warp::ready);
    left &= ~same;
  }
  if (expired && !settle(warp, instr, instr, instr)) return nullptr;
  return pick(warp);
}

namespace {

Frame* take_frame(Worker& worker) {
  if (worker.free_frames.empty()) return worker.frames.emplace_back(std::make_unique<Frame>()).get();
  Frame* frame = worker.free_frames.back();
  worker.free_frames.pop_back();
  return frame;
}

void give_frame(Worker& worker, Frame* frame) {
  frame->saved.reset();
  worker.free_frames.push_back(frame);
}

/// Copies the rows of the caller's frame back, in the lanes of `mask`.
void restore_rows(Warp& warp, const Frame& frame, Mask mask) {
  const auto& caller = warp.worker->code->callees[frame.caller];
  std::byte* to = warp.regs + caller.frame_begin;
  const std::byte* from = frame.saved.get();
  if ((mask | warp.dead) == kAllLanes) {
    std::memcpy(to, from, caller.frame_end - caller.frame_begin);
    return;
  }
  const std::uint32_t ends[4] = {caller.zones[1], caller.zones[2], caller.zones[3], caller.frame_end};
  constexpr unsigned widths[3] = {2, 4, 8};
  for (int z = 0; z < 3; ++z) {
    const unsigned width = widths[z];
    for (std::uint32_t at = caller.zones[z]; at + width * kLanes <= ends[z]; at += width * kLanes)
      for (int lane = 0; lane < kLanes; ++lane)
        if (mask >> lane & 1)
          std::memcpy(warp.regs + at + width * unsigned(lane), from + (at - caller.frame_begin) + width * unsigned(lane), width);
  }
  for (std::uint32_t at = caller.zones[3]; at + 4 <= ends[3]; at += 4) {
    Mask now, then;
    std::memcpy(&now, warp.regs + at, 4);
    std::memcpy(&then, from + (at - caller.frame_begin), 4);
    now = (now & ~mask) | (then & mask);
    std::memcpy(warp.regs + at, &now, 4);
  }
}

const Instr* enter(Warp& warp, const Instr* instr, std::uint32_t index) {
  Worker& worker = *warp.worker;
  const ir::Code& code = *worker.code;
  const auto& callee = code.callees[index];
  const std::uint32_t caller_index = warp.frame ? warp.frame->callee : 0;
  const auto& caller = code.callees[caller_index];
  // A recursive call also stores its return address and whatever the compiler would spill: at least 16 bytes.
  const std::uint64_t base = std::uint64_t(warp.local_base) + caller.local_bytes + (caller.recursive ? 16 : 0);
  if (base + callee.local_bytes > warp.local_bytes)
    return raise(warp, instr, 714,
                 "the stack of " + std::to_string(warp.local_bytes) + " bytes a thread overflows after " +
                     std::to_string(depth_of(warp.frame) + 1) + " nested calls, entering " + callee.function->name +
                     "; end the recursion earlier or raise cudaLimitStackSize",
                 std::countr_zero(warp.active));
  Frame* frame = take_frame(worker);
  frame->parent = warp.frame;
  frame->resume = instr + 1;
  frame->lanes = warp.active;
  frame->depth = depth_of(warp.frame) + 1;
  frame->caller = caller_index;
  frame->callee = index;
  frame->local_base = std::uint32_t(base);
  if (caller.recursive) {
    const auto bytes = caller.frame_end - caller.frame_begin;
    frame->saved = std::make_unique_for_overwrite<std::byte[]>(bytes);
    std::memcpy(frame->saved.get(), warp.regs + caller.frame_begin, bytes);
  }
  warp.frame = frame;
  warp.local_base = frame->local_base;
  set_limit(warp);
  // Calls cost as loops do: a chain of functions that each call the next one twice is as good as endless.
  if (--warp.quantum <= 0) [[unlikely]] return expire(warp, instr, callee.start, callee.start, false);
  return callee.start;
}

}  // namespace

const Instr* run_call(Warp& warp, const Instr* instr) { return enter(warp, instr, std::uint32_t(instr->imm)); }

const Instr* run_call_indirect(Warp& warp, const Instr* instr) {
  std::uint64_t address[kLanes];
  std::memcpy(address, warp.regs + instr->op[0], sizeof address);
  const int first = std::countr_zero(warp.active);
  Mask same = 0;
  for (int lane = first; lane < kLanes; ++lane)
    if ((warp.active >> lane & 1) && address[lane] == address[first]) same |= Mask{1} << lane;
  const auto& known = warp.worker->code->by_address;
  const auto at = known.find(address[first]);
  if (at == known.end() || at->second == 0) {
    char text[32];
    std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(address[first]));
    return raise(warp, instr, 717, std::string("a call through a pointer to ") + text + ", where no function is", first);
  }
  if (const Mask rest = warp.active & ~same) {   // they execute this instruction again, for another function
    const Group group{instr, rest, Warp::ready, warp.frame, 0};
    insert(warp, group);
    set_lanes(warp, same);
  }
  return enter(warp, instr, at->second);
}

const Instr* run_return(Warp& warp, const Instr*) {
  Frame* frame = warp.frame;
  const Instr* resume = frame->resume;
  if (frame->saved) restore_rows(warp, *frame, warp.active);
  frame->lanes &= ~warp.active;
  warp.frame = frame->parent;
  warp.local_base = warp.frame ? warp.frame->local_base : 0;
  if (frame->lanes == 0) give_frame(*warp.worker, frame);
  if (warp.group_count == 0) return resume;
  park(warp, resume, Warp::ready);
  return pick(warp);
}

const Instr* run_alloca(Warp& warp, const Instr* instr) {
  for (Mask left = warp.active; left; left &= left - 1) {
    const int lane = std::countr_zero(left);
    std::uint64_t top, bytes;
    std::uint32_t align;
    std::memcpy(&top, warp.regs + instr->op[1] + 8 * lane, 8);
    std::memcpy(&bytes, warp.regs + instr->op[2] + 8 * lane, 8);
    std::memcpy(&align, warp.regs + instr->op[3] + 4 * lane, 4);
    const std::uint64_t start = align ? (top + align - 1) / align * align : top, end = instr->imm ? warp.local_base + instr->imm : warp.local_bytes;
    if (start > end || bytes > end - start)   // 700, as on an H200
      return raise(warp, instr, 700, "an alloca of " + std::to_string(bytes) + " bytes; " + std::to_string(end - top) +
                                         " are left of what " +
                                         (instr->imm ? "the software GPU keeps for a call" : "a thread has: cudaDeviceSetLimit(cudaLimitStackSize, bytes) gives more"), lane);
    top = start + bytes;
    std::memcpy(warp.regs + instr->op[0] + 8 * lane, &start, 8);
    std::memcpy(warp.regs + instr->op[1] + 8 * lane, &top, 8);
  }
  return instr + 1;
}

const Instr* run_local_base(Warp& warp, const Instr* instr) {
  const std::uint64_t value = warp.local_base + instr->imm;
  for (int lane = 0; lane < kLanes; ++lane)
    if (warp.exec >> lane & 1) std::memcpy(warp.regs + instr->op[0] + 8 * lane, &value, 8);
  return instr + 1;
}

const Instr* run_exit(Warp& warp, const Instr* instr) {
  const Mask leaving = warp.active & guard_of(warp, instr);
  if (leaving == 0) {
    const Instr* next = instr + 1;
    return next >= warp.limit ? arrive(warp, next) : next;
  }
  warp.dead |= leaving;
  for (Frame* frame = warp.frame; frame;) {
    Frame* parent = frame->parent;
    frame->lanes &= ~leaving;
    if (frame->lanes == 0) give_frame(*warp.worker, frame);
    frame = parent;
  }
  const Mask rest = warp.active & ~leaving;
  if (rest) {
    set_lanes(warp, rest);
    park(warp, instr + 1, Warp::ready);
  } else {
    set_lanes(warp, 0);
  }
  lanes_exited(warp);
  return pick(warp);
}

const Instr* run_trap(Warp& warp, const Instr* instr) {
  return raise(warp, instr, 719, "the kernel executed a trap instruction", std::countr_zero(warp.active));
}

const Instr* run_breakpoint(Warp&, const Instr* instr) { return instr + 1; }

}  // namespace simt::exec
