// The interpreter's loop with observers attached: tells them what the next instruction will do, then executes it.
#include <bit>
#include <cstring>

#include "simt/exec/block.hpp"
#include "simt/exec/handlers.hpp"
#include "simt/observers/observer.hpp"

namespace simt::exec {

namespace {

observers::Event event_of(const BlockState& block, const Worker& worker) {
  observers::Event event;
  event.code = worker.code;
  event.block = block.coordinates;
  event.block_number = block.index;
  event.worker = worker.number;
  return event;
}

void tell(Warp& warp, const Instr* instr) {
  const Worker& worker = *warp.worker;
  const auto& list = worker.grid->observers;
  auto event = event_of(*warp.block, worker);
  event.warp = &warp;
  event.instr = instr;
  event.warp_number = warp.index;
  event.active = warp.active;
  Mask guard;
  std::memcpy(&guard, warp.regs + (instr->guard & ~3), 4);
  if (instr->guard & 1) guard = ~guard;
  const bool branches = instr->run == run_branch || instr->run == run_branch_back;
  if (!branches) event.active &= guard;
  for (const auto& o : list) o->instruction(event);
  if (branches) {
    for (const auto& o : list) o->branch(event, event.active & guard);
    return;
  }
  if (event.active == 0) return;
  if (instr->run == run_barrier) {
    const int lane = std::countr_zero(event.active);
    observers::Barrier barrier;
    barrier.waits = BarrierKind(instr->imm) != BarrierKind::arrive;
    if (BarrierKind(instr->imm) < BarrierKind::cluster_arrive) {
      std::memcpy(&barrier.number, warp.regs + instr->op[0] + 4 * lane, 4);
      std::memcpy(&barrier.threads, warp.regs + instr->op[1] + 4 * lane, 4);
      for (const auto& o : list) o->barrier(event, barrier);
    }
    return;
  }
  const auto& known = worker.code->accesses[instr->origin];
  if (known.kind == ir::AccessKind::none) return;
  observers::Access access;
  access.kind = known.kind;
  access.space = known.space;
  access.bytes = known.bytes;
  access.strong = known.strong;
  for (int lane = 0; lane < kLanes; ++lane) {
    if (known.wide) {
      std::memcpy(&access.address[lane], warp.regs + instr->op[known.address] + 8 * lane, 8);
      access.address[lane] += std::uint64_t(std::int64_t(instr->mem.offset));
    } else {
      std::uint32_t offset;
      std::memcpy(&offset, warp.regs + instr->op[known.address] + 4 * lane, 4);
      access.address[lane] = offset + std::uint32_t(instr->mem.offset);
    }
  }
  for (const auto& o : list) o->access(event, access);
}

}  // namespace

void run_observed(Warp& warp, const Instr* pc) {
  while (pc) {
    tell(warp, pc);
    pc = pc->run(warp, pc);
  }
}

void tell_block(const Worker& worker, const BlockState& block, bool begins) {
  const auto event = event_of(block, worker);
  for (const auto& o : worker.grid->observers) begins ? o->block_begin(event) : o->block_end(event);
}

}  // namespace simt::exec
