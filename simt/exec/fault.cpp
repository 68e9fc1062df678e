// What went wrong, in a sentence for a person.
#include <algorithm>
#include <bit>
#include <cstdio>
#include <map>

#include "simt/exec/block.hpp"
#include "simt/observers/source.hpp"

namespace simt::exec {

namespace {

std::string triple(std::uint32_t x, std::uint32_t y, std::uint32_t z) {
  return "(" + std::to_string(x) + "," + std::to_string(y) + "," + std::to_string(z) + ")";
}

std::string thread_of(const Warp& warp, int lane) {
  const auto& size = warp.worker->grid->launch->block;
  const std::uint32_t t = warp.index * kLanes + std::uint32_t(lane);
  return triple(t % size[0], t / size[0] % size[1], t / size[0] / size[1]);
}

/// `lane`: the thread that it concerns, if it concerns a warp; below 0, the first of it.
void set_fault(Grid& grid, int code, std::string message, const Warp* warp = nullptr, const Instr* instr = nullptr, int lane = -1) {
  std::lock_guard lock(grid.mutex);
  if (grid.fault) return;
  grid.fault.code = code;
  grid.fault.message = std::move(message);
  grid.stop.store(true, std::memory_order_relaxed);
  if (!warp) return;
  if (instr >= grid.code->instrs.get() && instr < grid.code->instrs.get() + grid.code->count) grid.fault.instr = instr->origin;
  grid.fault.block = warp->block->index;
  grid.fault.thread = warp->index * kLanes + std::uint32_t(std::max(lane, 0));
}

/// What a warp that does not run waits for.
std::string wait_of(const ir::Code& code, const Warp& warp) {
  std::string text;
  auto add = [&](const Instr* pc, std::uint32_t state, std::uint64_t detail, Mask lanes) {
    if (!text.empty()) text += ", ";
    const int count = std::popcount(lanes);
    if (count != kLanes) text += std::to_string(count) + (count == 1 ? " lane " : " lanes ");
    const auto at = source_of(code, state == Warp::at_barrier && pc > code.instrs.get() ? pc - 1 : pc);
    if (state == Warp::at_barrier)
      text += detail >= 0x100 ? "at the cluster's barrier, " + at : "at barrier " + std::to_string(detail) + ", " + at;
    else if (state == Warp::converging)
      text += "for other lanes of the warp, " + at;
    else
      text += "running, " + at;
  };
  if (warp.active && warp.pc) add(warp.pc, Warp::ready, 0, warp.active);
  for (std::uint32_t n = warp.group_count; n-- > 0;)
    add(warp.groups[n].pc, warp.groups[n].state, warp.groups[n].detail, warp.groups[n].mask);
  return text;
}

}  // namespace

std::string source_of(const ir::Code& code, const Instr* instr) {
  if (instr < code.instrs.get() || instr >= code.instrs.get() + code.count) return "an unknown place";
  const auto line_of = [&](const Instr* i) {   // 0: of what has no line, such as a join
    const auto& origin = code.origins[i->origin];
    if (!origin.instruction) return 0u;
    const auto at = origin.instruction->location;
    return at >= 0 && std::size_t(at) < origin.module->locations.size() ? origin.module->locations[at].line : origin.instruction->line;
  };
  const auto* end = code.instrs.get() + code.count;
  const auto* told = instr;
  while (told + 1 < end && told < instr + 8 && line_of(told) == 0) ++told;
  const auto& origin = code.origins[(line_of(told) ? told : instr)->origin];
  if (!origin.instruction) return "an unknown place";
  const auto& module = *origin.module;
  auto at = origin.instruction->location;
  std::string text;
  // The innermost place first, then where that was inlined.
  for (int depth = 0; at >= 0 && std::size_t(at) < module.locations.size() && depth < 8; ++depth) {
    const auto& location = module.locations[at];
    std::string file = "line";
    for (const auto& [number, path] : module.files)
      if (number == location.file) file = path.substr(path.find_last_of('/') + 1);
    text += (depth == 0 ? "" : ", called from ") + file + ":" + std::to_string(location.line);
    at = location.inlined_at;
  }
  if (text.empty()) text = "PTX line " + std::to_string(origin.instruction->line);
  return text;
}

std::string where(const Warp& warp, const Instr* instr, int lane) {
  const auto& block = *warp.block;
  std::string text = "kernel " + observers::readable_name(warp.worker->code->info.name) + " at " + source_of(*warp.worker->code, instr) +
                     ", block " + triple(block.coordinates[0], block.coordinates[1], block.coordinates[2]);
  if (lane >= 0) text += ", thread " + thread_of(warp, lane);
  return text;
}

const Instr* raise(Warp& warp, const Instr* instr, int code, std::string what, int lane) {
  warp.state = Warp::faulted;
  warp.pc = instr;
  set_fault(*warp.worker->grid, code, where(warp, instr, lane) + ": " + std::move(what), &warp, instr, lane);
  return nullptr;
}

std::string waits(const Cluster& cluster) {
  // Warps that wait for the same thing are named together.
  std::map<std::string, std::vector<std::string>> by_reason;
  for (const auto& block : cluster.blocks)
    for (std::uint32_t w = 0; w < block.warp_count; ++w)
      if (block.warps[w].state != Warp::exited)
        by_reason[wait_of(*block.warps[w].worker->code, block.warps[w])].push_back(std::to_string(w));
  std::string text;
  std::size_t named = 0;
  for (const auto& [reason, warps] : by_reason) {
    if (named++ == 4) {
      text += "; and " + std::to_string(by_reason.size() - 4) + " other kinds";
      break;
    }
    if (!text.empty()) text += "; ";
    text += warps.size() == 1 ? "warp " : "warps ";
    for (std::size_t n = 0; n < warps.size() && n < 4; ++n) text += (n ? ", " : "") + warps[n];
    if (warps.size() > 4) text += " ... (" + std::to_string(warps.size()) + " warps)";
    text += ": " + reason;
  }
  return text;
}

void out_of_budget(Warp& warp, const Instr* instr, const Instr* loop) {
  auto& grid = *warp.worker->grid;
  set_fault(grid, 702, where(warp, instr, std::countr_zero(warp.active)) +
                           ": the kernel was stopped as endless after " + std::to_string(grid.budget) +
                           " warp instructions, in the " + (loop <= instr ? "loop" : "function") + " that begins at " +
                           source_of(*warp.worker->code, loop) + ". In this block " +
                           waits(*warp.block->cluster) +
                           (grid.offspring ? ". The kernels that it launched begin when its blocks have ended, so it cannot wait for them" : "") +
                           ". PMPP_SIM_BUDGET sets the limit",
            &warp, instr, std::countr_zero(warp.active));
}

void out_of_budget(Grid& grid) {
  set_fault(grid, 702, "kernel " + observers::readable_name(grid.code->info.name) + " was stopped as endless after " + std::to_string(grid.budget) +
                           " warp instructions: up to " +
                           std::to_string(std::min(grid.next.load(std::memory_order_relaxed), grid.clusters) * grid.cluster_blocks) + " of its " +
                           std::to_string(grid.blocks) + " blocks had begun. PMPP_SIM_BUDGET sets the limit");
}

void out_of_memory(Grid& grid, std::size_t bytes) {
  const std::string size = bytes ? std::to_string(bytes) + " bytes for " : "memory for ";
  set_fault(grid, 2, "kernel " + observers::readable_name(grid.code->info.name) + ": this machine does not have the " + size + "blocks of " +
                         std::to_string(grid.warps) + " warps with " + std::to_string(grid.shared_bytes) +
                         " bytes of shared memory and " + std::to_string(grid.local_bytes) + " bytes of local memory a thread");
}

void raise_deadlock(Worker& worker, const Cluster& cluster) {
  const auto& block = cluster.blocks[0];
  // Of all that wait, the first names the place.
  const Warp* warp = &block.warps[0];
  while (warp + 1 < block.warps + block.warp_count && warp->state == Warp::exited) ++warp;
  const Instr* at = warp->pc;
  int lane = warp->active ? std::countr_zero(warp->active) : 0;
  for (std::uint32_t n = 0; n < warp->group_count; ++n) {
    const auto& group = warp->groups[n];
    if (group.state != Warp::at_barrier && group.state != Warp::converging) continue;
    at = group.state == Warp::at_barrier ? group.pc - 1 : group.pc;
    lane = std::countr_zero(group.mask);
  }
  set_fault(*worker.grid, 702, "kernel " + observers::readable_name(worker.code->info.name) + ", block " +
                                   triple(block.coordinates[0], block.coordinates[1], block.coordinates[2]) +
                                   ": deadlock, nothing can go on: " + waits(cluster),
            warp, at, lane);
}

}  // namespace simt::exec
