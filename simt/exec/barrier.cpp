// Barriers of a block and of a cluster, fences, sleeping and clocks.
#include <atomic>
#include <bit>
#include <chrono>
#include <cstring>

#include "simt/exec/block.hpp"
#include "simt/exec/gang.hpp"
#include "simt/exec/handlers.hpp"
#include "simt/exec/tell.hpp"

namespace simt::exec {

namespace {

constexpr std::uint64_t kClusterBarrier = 0x100;   // as Group::detail, beside the numbers of the block's barriers

std::uint32_t lane_u32(const Warp& warp, std::int32_t row, int lane) {
  std::uint32_t value;
  std::memcpy(&value, warp.regs + row + 4 * lane, 4);
  return value;
}

/// Threads that have exited count as arrived.
bool complete(const BlockState& block, const Barrier& barrier) {
  if (barrier.expected == 0) {
    for (auto w = block.warp_count; w-- > 0;)   // the last warp mostly arrives last
      if ((barrier.arrived[w] | block.warps[w].dead) != kAllLanes) return false;
    return true;
  }
  std::uint32_t sum = 0;
  for (std::uint32_t w = 0; w < block.warp_count; ++w) {
    if (barrier.arrived[w] == 0) continue;
    sum += std::uint32_t(std::popcount(barrier.arrived[w] | block.warps[w].dead));
  }
  return sum >= barrier.expected;
}

void wake(BlockState& block, std::uint64_t detail) {
  for (std::uint32_t w = 0; w < block.warp_count; ++w) {
    auto& warp = block.warps[w];
    bool any = false;
    for (std::uint32_t n = 0; n < warp.group_count; ++n) {
      auto& group = warp.groups[n];
      if (group.state != Warp::at_barrier || group.detail != detail) continue;
      group.state = Warp::ready;
      group.detail = 0;
      any = true;
    }
    if (!any) continue;
    if (warp.group_count > 1) sort_groups(warp);
    if (warp.state == Warp::at_barrier || warp.state == Warp::converging) warp.state = Warp::ready;
  }
}

void release(BlockState& block, std::uint32_t number) {
  auto& barrier = block.barriers[number];
  const Worker& worker = *block.warps[0].worker;
  if (!worker.grid->observers.empty()) tell_barrier(worker, block, number);
  barrier.result = barrier.count;
  barrier.result_all = barrier.count == barrier.waiting;
  std::memset(barrier.arrived, 0, sizeof barrier.arrived);
  barrier.expected = barrier.waiting = barrier.count = 0;
  wake(block, number);
}

bool cluster_complete(const Cluster& cluster) {
  for (const auto& block : cluster.blocks)
    for (std::uint32_t w = 0; w < block.warp_count; ++w)
      if ((block.cluster_arrived[w] | block.warps[w].dead) != kAllLanes) return false;
  return true;
}

void release_cluster(Cluster& cluster) {
  if (observed(cluster.blocks[0].warps[0])) tell_cluster_barrier(cluster);
  for (auto& block : cluster.blocks) std::memset(block.cluster_arrived, 0, sizeof block.cluster_arrived);
  for (auto& block : cluster.blocks) wake(block, kClusterBarrier);
}

/// The running warp goes on at `next`, unless lanes that were just woken come first.
const Instr* proceed(Warp& warp, const Instr* next) {
  if (warp.group_count == 0) return next;
  park(warp, next, Warp::ready);
  return pick(warp);
}

const Instr* cluster_barrier(Warp& warp, const Instr* instr) {
  auto& block = *warp.block;
  auto& arrived = block.cluster_arrived[warp.index];
  if (BarrierKind(instr->imm) == BarrierKind::cluster_arrive) {
    if (arrived & warp.active)
      return raise(warp, instr, 719, "barrier.cluster.arrive a second time without a wait in between",
                   std::countr_zero(arrived & warp.active));
    arrived |= warp.active;
    block.cluster->any_arrived = true;
    if (cluster_complete(*block.cluster)) {
      block.cluster->any_arrived = false;
      release_cluster(*block.cluster);
    }
    return proceed(warp, instr + 1);
  }
  if ((arrived & warp.active) == 0) return instr + 1;   // the phase these lanes arrived in is over
  park(warp, instr + 1, Warp::at_barrier, kClusterBarrier);
  return pick(warp);
}

/// One value for all lanes that execute. Kernels that wait for a time do little else.
template <class T>
void write_all(Warp& warp, std::int32_t row, T value) {
  if (warp.exec == kAllLanes) {
    T values[kLanes];
#pragma GCC unroll 32
    for (auto& each : values) each = value;
    std::memcpy(warp.regs + row, values, sizeof values);
    return;
  }
  for (Mask left = warp.exec; left; left &= left - 1) std::memcpy(warp.regs + row + int(sizeof(T)) * std::countr_zero(left), &value, sizeof(T));
}

}  // namespace

const Instr* run_barrier(Warp& warp, const Instr* instr) {
  const auto kind = BarrierKind(instr->imm);
  if (kind >= BarrierKind::cluster_arrive) return cluster_barrier(warp, instr);
  auto& block = *warp.block;
  const int first = std::countr_zero(warp.active);
  const auto number = lane_u32(warp, instr->op[0], first), expected = lane_u32(warp, instr->op[1], first);
  for (int lane = first; lane < kLanes; ++lane)
    if ((warp.active >> lane & 1) && lane_u32(warp, instr->op[0], lane) != number)
      return raise(warp, instr, 719, "the lanes of a warp name different barriers, " + std::to_string(number) +
                                         " and " + std::to_string(lane_u32(warp, instr->op[0], lane)), lane);
  if (number >= kBarriers)
    return raise(warp, instr, 719, "barrier " + std::to_string(number) + " does not exist; a block has 0 to 15", first);
  if (expected % 32)
    return raise(warp, instr, 719, "barrier " + std::to_string(number) + " is told to wait for " +
                                       std::to_string(expected) + " threads; the number must be a multiple of 32", first);
  auto& barrier = block.barriers[number];
  barrier.expected = expected;
  barrier.arrived[warp.index] |= warp.active;
  barrier.waiting += std::uint32_t(std::popcount(warp.active));
  if (kind >= BarrierKind::red_popc) {
    Mask p;
    std::memcpy(&p, warp.regs + instr->op[2], 4);
    barrier.count += std::uint32_t(std::popcount(p & warp.active));
  }
  if (complete(block, barrier)) {
    release(block, number);
    return proceed(warp, instr + 1);
  }
  if (kind == BarrierKind::arrive) return instr + 1;
  park(warp, instr + 1, Warp::at_barrier, number);
  return pick(warp);
}

Meeting meet(Gang& gang, const Instr* instr) {
  auto& block = *gang.warps[0]->block;
  const auto warp_limit = gang.warps[0]->worker->code->gang_warps;
  const auto number = lane_u32(*gang.warps[0], instr->op[0], 0), expected = lane_u32(*gang.warps[0], instr->op[1], 0);
  if (BarrierKind(instr->imm) != BarrierKind::sync || number >= kBarriers || expected != 0) return Meeting::unusual;
  auto& barrier = block.barriers[number];
  if (gang.count == block.warp_count && barrier.waiting == 0 && gang.warps[0]->worker->grid->observers.empty())
    return Meeting::passed;
  barrier.expected = 0;
  for (unsigned k = 0; k < gang.count; ++k) barrier.arrived[gang.warps[k]->index] = kAllLanes;
  barrier.waiting += gang.count * kLanes;
  if (complete(block, barrier)) {
    release(block, number);
    return gang.count == warp_limit || gang.count == block.warp_count ? Meeting::passed : Meeting::others_too;
  }
  for (unsigned k = 0; k < gang.count; ++k) {   // as park and pick do, for a warp that has no other lanes
    auto& warp = *gang.warps[k];
    warp.groups[0] = {instr + 1, kAllLanes, Warp::at_barrier, warp.frame, number};
    warp.group_count = 1;
    warp.state = Warp::at_barrier;
    warp.pc = nullptr;
    set_lanes(warp, 0);
  }
  return Meeting::waits;
}

const Instr* run_barrier_result(Warp& warp, const Instr* instr) {
  const auto kind = BarrierKind(instr->imm);
  const auto number = lane_u32(warp, instr->op[1], std::countr_zero(warp.active)) % kBarriers;
  const auto& barrier = warp.block->barriers[number];
  if (kind == BarrierKind::red_popc) {
    for (int lane = 0; lane < kLanes; ++lane)
      if (warp.exec >> lane & 1) std::memcpy(warp.regs + instr->op[0] + 4 * lane, &barrier.result, 4);
    return instr + 1;
  }
  const bool holds = kind == BarrierKind::red_and ? barrier.result_all != 0 : barrier.result != 0;
  Mask p;
  std::memcpy(&p, warp.regs + instr->op[0], 4);
  p = holds ? p | warp.active : p & ~warp.active;
  std::memcpy(warp.regs + instr->op[0], &p, 4);
  return instr + 1;
}

void lanes_exited(Warp& warp) {
  auto& block = *warp.block;
  for (std::uint32_t n = 0; n < kBarriers; ++n)
    if (block.barriers[n].waiting && complete(block, block.barriers[n])) release(block, n);
  if (block.cluster->any_arrived && cluster_complete(*block.cluster)) {
    block.cluster->any_arrived = false;
    release_cluster(*block.cluster);
  }
  converge_after_exit(warp);
}

/// Strong guest accesses are acquire or release operations on the host, so all that is left for a fence is the order of
/// its own stores and loads: one read-modify-write that all fences of the grid share.
const Instr* run_fence(Warp& warp, const Instr* instr) {
  warp.worker->grid->fences.fetch_add(1, std::memory_order_seq_cst);
  return instr + 1;
}

const Instr* run_nanosleep(Warp& warp, const Instr* instr) {
  // Somebody else's turn: other lanes, then other warps and blocks.
  warp.worker->ticks += 32;
  park(warp, instr + 1, Warp::yielded);
  return pick(warp);
}

const Instr* run_clock(Warp& warp, const Instr* instr) {
  Worker& worker = *warp.worker;
  const std::uint64_t used = std::uint64_t(std::max<std::int64_t>(0, kQuantum - warp.quantum - warp.unpaid));
  worker.clock_reads += 1;
  std::uint64_t value = worker.ticks + used + worker.clock_reads * 4;
  if (instr->imm >= 3)
    value = std::uint64_t(std::chrono::duration_cast<std::chrono::nanoseconds>(
                              std::chrono::system_clock::now().time_since_epoch()).count());
  if (instr->imm == 1 || instr->imm == 4) value >>= 32;
  if (instr->imm == 2 || instr->imm == 5) write_all(warp, instr->op[0], value);
  else write_all(warp, instr->op[0], std::uint32_t(value));
  return instr + 1;
}

}  // namespace simt::exec
