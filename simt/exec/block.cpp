// Blocks: their memory, their start, and the turns their warps take.
#include "simt/exec/block.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <new>

#include "simt/exec/gang.hpp"
#include "simt/exec/probe.hpp"
#include "simt/memory/limits.hpp"
#include "simt/model/profile.hpp"

namespace simt::exec {

using ir::Special;

namespace {

constexpr std::size_t kAsk = 256 << 10;   // from this size on, look how much memory is left right now

constexpr std::size_t align64(std::size_t bytes) { return (bytes + 63) / 64 * 64; }

/// Width 0 is a predicate.
template <class F>
void fill(std::byte* row, unsigned width, F value_of_lane) {
  if (width == 0) {
    Mask mask = 0;
    for (int lane = 0; lane < kLanes; ++lane) mask |= Mask{value_of_lane(lane) != 0} << lane;
    std::memcpy(row, &mask, sizeof mask);
  }
  for (int lane = 0; lane < kLanes; ++lane) {
    const std::uint64_t value = value_of_lane(lane);
    std::memcpy(row + width * unsigned(lane), &value, width);
  }
}

template <class T>
void broadcast(std::byte* row, T value) {
  typedef T Lane __attribute__((may_alias));
  std::fill_n(reinterpret_cast<Lane*>(row), kLanes, value);
}
void broadcast(std::byte* row, unsigned width, std::uint64_t value) {
  switch (width) {
    case 2: return broadcast(row, std::uint16_t(value));
    case 4: return broadcast(row, std::uint32_t(value));
    default: return broadcast(row, value);
  }
}

std::uint64_t param_value(const Grid& grid, const ir::SpecialRow& s) {
  std::uint64_t value = 0;
  if (s.detail + s.size <= grid.params.size()) std::memcpy(&value, grid.params.data() + s.detail, s.size);
  if (s.is_signed && s.size < 8 && (value >> (8 * s.size - 1) & 1)) value |= ~0ull << (8 * s.size);
  return value;
}

std::uint64_t launch_value(const Grid& grid, const ir::SpecialRow& s, int lane) {
  const auto& launch = *grid.launch;
  const Mask bit = Mask{1} << lane;
  switch (s.which) {
    case Special::ntid_x: return launch.block[0];
    case Special::ntid_y: return launch.block[1];
    case Special::ntid_z: return launch.block[2];
    case Special::nctaid_x: return launch.grid[0];
    case Special::nctaid_y: return launch.grid[1];
    case Special::nctaid_z: return launch.grid[2];
    case Special::laneid: return std::uint64_t(lane);
    case Special::nwarpid: return std::uint64_t(model::current().threads_per_sm / 32);
    case Special::nsmid: return std::uint64_t(model::current().sms);
    case Special::gridid: return grid.number;
    case Special::lanemask_eq: return bit;
    case Special::lanemask_lt: return bit - 1;
    case Special::lanemask_le: return bit | (bit - 1);
    case Special::lanemask_ge: return std::uint32_t(~(bit - 1));
    case Special::lanemask_gt: return std::uint32_t(~(bit | (bit - 1)));
    case Special::dynamic_smem_size: return launch.dynamic_shared;
    case Special::total_smem_size: case Special::aggr_smem_size: return grid.shared_bytes;
    case Special::envreg:   // 1 and 2: high and low half of the cooperative grid's workspace
      return s.detail == 1 ? grid.workspace_address >> 32 : s.detail == 2 ? std::uint32_t(grid.workspace_address) : 0;
    case Special::is_explicit_cluster: return grid.cluster_blocks > 1;
    case Special::nclusterid_x: return launch.grid[0] / launch.cluster[0];
    case Special::nclusterid_y: return launch.grid[1] / launch.cluster[1];
    case Special::nclusterid_z: return launch.grid[2] / launch.cluster[2];
    case Special::cluster_nctaid_x: return launch.cluster[0];
    case Special::cluster_nctaid_y: return launch.cluster[1];
    case Special::cluster_nctaid_z: return launch.cluster[2];
    case Special::cluster_nctarank: return grid.cluster_blocks;
    case Special::param: return param_value(grid, s);
    default: return 0;
  }
}

std::uint64_t block_value(const Grid& grid, const BlockState& block, Special which) {
  const auto& launch = *grid.launch;
  const auto& at = block.coordinates;
  const auto& size = launch.cluster;
  switch (which) {
    case Special::ctaid_x: return at[0];
    case Special::ctaid_y: return at[1];
    case Special::ctaid_z: return at[2];
    case Special::smid: return block.index % std::uint64_t(model::current().sms);
    case Special::clusterid_x: return at[0] / size[0];
    case Special::clusterid_y: return at[1] / size[1];
    case Special::clusterid_z: return at[2] / size[2];
    case Special::cluster_ctaid_x: return at[0] % size[0];
    case Special::cluster_ctaid_y: return at[1] % size[1];
    case Special::cluster_ctaid_z: return at[2] % size[2];
    case Special::cluster_ctarank: return block.rank;
    default: return 0;
  }
}

/// Memory and register files of a cluster's blocks, with everything that does not change during the launch.
/// False if the host has not as much.
bool prepare(Worker& worker, Cluster& cluster) {
  Grid& grid = *worker.grid;
  const auto& code = *grid.code;
  const std::size_t file = align64(code.file_bytes), local = align64(std::size_t(grid.local_bytes) * kLanes);
  const std::size_t shared = align64(grid.shared_bytes) + 64;
  const std::size_t warps = align64(sizeof(Warp) * grid.warps);
  const std::size_t block_bytes = warps + shared + grid.warps * (file + local + 64);
  const std::size_t bytes = block_bytes * grid.cluster_blocks;
  if (cluster.bytes < bytes) {
    cluster.memory.reset();
    cluster.bytes = 0;
    // All of it is written to at once: what the system promises is not enough, it has to be there.
    if (bytes >= kAsk && bytes > memory::host_available() / 10 * 9) return out_of_memory(grid, bytes), false;
    cluster.memory.reset(static_cast<std::byte*>(::operator new[](bytes, std::align_val_t(64), std::nothrow)));
    if (!cluster.memory) return out_of_memory(grid, bytes), false;
    cluster.bytes = bytes;
    std::memset(cluster.memory.get(), 0xA5, bytes);   // the same rubbish in every run
  }
  cluster.blocks.resize(grid.cluster_blocks);
  std::byte* at = cluster.memory.get();
  for (auto& block : cluster.blocks) {
    block.cluster = &cluster;
    block.warp_count = grid.warps;
    block.threads = grid.threads;
    block.warps = reinterpret_cast<Warp*>(at);
    at += warps;
    block.shared = at;
    at += shared;
    for (std::uint32_t w = 0; w < grid.warps; ++w) {
      auto& warp = *new (&block.warps[w]) Warp;
      warp.regs = at;
      at += file + 64;   // not a multiple of the page: files of different warps fall into different cache sets
      warp.local = at;
      at += local;
      warp.worker = &worker;
      warp.block = &block;
      warp.index = w;
      warp.shared = block.shared;
      warp.shared_bytes = grid.shared_bytes;
      warp.local_bytes = grid.local_bytes;
      std::memcpy(warp.regs, code.image.data(), code.image.size());
      for (const auto& s : code.launch_rows)
        fill(warp.regs + s.row, s.bytes, [&](int lane) { return launch_value(grid, s, lane); });
      const auto& size = grid.launch->block;
      for (const auto& s : code.warp_rows)
        fill(warp.regs + s.row, s.bytes, [&](int lane) -> std::uint64_t {
          const std::uint32_t thread = w * kLanes + std::uint32_t(lane);
          switch (s.which) {
            case Special::tid_x: return thread % size[0];
            case Special::tid_y: return thread / size[0] % size[1];
            case Special::tid_z: return thread / size[0] / size[1];
            default: return w;
          }
        });
    }
  }
  cluster.prepared = &grid;
  return true;
}

/// Pays for what the blocks executed since their last slice ended.
void settle(Worker& worker, const Cluster& cluster) {
  Grid& grid = *worker.grid;
  std::uint64_t used = 0;
  for (const auto& block : cluster.blocks)
    for (std::uint32_t w = 0; w < block.warp_count; ++w)
      used += kWarpCost + std::uint64_t(std::max<std::int64_t>(std::int64_t(kQuantum) - block.warps[w].quantum - block.warps[w].unpaid, 0));
  worker.unsettled += used;
  if (worker.unsettled < std::uint64_t(kQuantum)) return;
  const auto spent = grid.spent.fetch_add(worker.unsettled, std::memory_order_relaxed) + worker.unsettled;
  worker.unsettled = 0;
  if (grid.budget && spent > grid.budget) out_of_budget(grid);
}

}  // namespace

bool start_cluster(Worker& worker, Cluster& cluster, std::uint64_t number) {
  Grid& grid = *worker.grid;
  const auto& launch = *grid.launch;
  const auto& code = *grid.code;
  if (cluster.prepared != &grid && !prepare(worker, cluster)) return false;
  cluster.first = number;
  cluster.random = grid.seed * 0x9e3779b97f4a7c15ull + number;
  cluster.any_arrived = false;
  const auto& size = launch.cluster;
  const std::uint64_t across = launch.grid[0] / size[0], down = launch.grid[1] / size[1];
  const Dim3 origin{std::uint32_t(number % across) * size[0], std::uint32_t(number / across % down) * size[1],
                    std::uint32_t(number / across / down) * size[2]};
  for (std::uint32_t rank = 0; rank < grid.cluster_blocks; ++rank) {
    auto& block = cluster.blocks[rank];
    block.rank = rank;
    block.coordinates = {origin[0] + rank % size[0], origin[1] + rank / size[0] % size[1],
                         origin[2] + rank / size[0] / size[1]};
    block.index = block.coordinates[0] + std::uint64_t(launch.grid[0]) * (block.coordinates[1] + std::uint64_t(launch.grid[1]) * block.coordinates[2]);
    block.exited_warps = 0;
    block.next_warp = 0;
    for (auto& barrier : block.barriers)
      if (barrier.waiting) barrier = {};
    std::memset(block.cluster_arrived, 0, sizeof block.cluster_arrived);
    block.copies.clear();
    for (const auto& s : code.block_rows) {
      const auto value = block_value(grid, block, s.which);
      for (std::uint32_t w = 0; w < block.warp_count; ++w) broadcast(block.warps[w].regs + s.row, s.bytes, value);
    }
    for (std::uint32_t w = 0; w < block.warp_count; ++w) {
      auto& warp = block.warps[w];
      const std::uint32_t left = grid.threads - w * kLanes;
      warp.dead = left >= std::uint32_t(kLanes) ? 0 : kAllLanes << left;
      set_lanes(warp, ~warp.dead);
      warp.quantum = kQuantum;
      warp.unpaid = 0;
      warp.pass = 0;
      warp.limit = kNoLimit;
      warp.frame = nullptr;
      warp.local_base = 0;
      warp.group_count = 0;
      warp.state = Warp::ready;
      warp.pc = code.callees[0].start;
    }
    block.order.resize(block.warp_count);
    for (std::uint32_t w = 0; w < block.warp_count; ++w) block.order[w] = w;
    if (grid.seed)
      for (std::uint32_t w = block.warp_count; w-- > 1;) std::swap(block.order[w], block.order[next_random(cluster) % (w + 1)]);
  }
  return true;
}

namespace {

bool can_run(const Warp& warp) { return warp.state == Warp::ready || warp.state == Warp::yielded; }

/// The warps, from place `n` on, that run in lockstep with the one at `n`; `n` moves on to the last of them.
unsigned form_gang(const BlockState& block, unsigned size, std::uint32_t& n, Warp** gang) {
  unsigned count = 0;
  for (auto m = n; m < block.warp_count && count < size; ++m) {
    auto& warp = block.warps[m];
    if (!can_run(warp)) continue;
    if (warp.dead) break;   // masks for a warp with fewer lanes would slow all of them down
    gang[count++] = &warp;
    n = m;
  }
  return count;
}

}  // namespace

Outcome run_cluster(Worker& worker, Cluster& cluster) {
  Grid& grid = *worker.grid;
  const bool shuffled = grid.seed != 0;
  const bool alone = shuffled || grid.by_turns;   // warps, in the order that this asks for
  const unsigned gang_size = alone ? 1 : grid.code->gang_warps;
  const bool fused = !alone && !grid.instrumentation && !grid.code->fused.gang.empty();
  const auto& plain = fused ? grid.code->fused.gang : grid.code->gang;
  const GangEntry* const entries = grid.instrumentation ? grid.instrumentation->gang() : plain.data();
  for (;;) {
    bool waiting = false, progress = false, left = false;
    for (auto& block : cluster.blocks) {
      for (std::uint32_t n = 0; n < block.warp_count; ++n) {
        auto& warp = block.warps[block.order[n]];
        if (warp.state == Warp::exited) continue;
        left = true;
        if (!can_run(warp)) continue;
        Warp* gang[kGangWarps] = {&warp};
        const unsigned count = gang_size > 1 && !warp.dead ? form_gang(block, gang_size, n, gang) : 1;
        for (unsigned k = 0; k < count; ++k) gang[k]->state = Warp::ready;
        if (count > 1 || fused) {   // machine code is for gangs, of one warp as well
          run_gang(gang, count, *grid.code, entries);
        } else {
          if (shuffled) {   // a shorter slice; what is missing was not executed
            const auto slice = kQuantum >> (next_random(cluster) % 8);
            warp.unpaid += warp.quantum - slice;
            warp.quantum = slice;
          }
          const Instr* pc = warp.pc ? warp.pc : pick(warp);
          while (pc) pc = pc->run(warp, pc);
        }
        for (unsigned k = 0; k < count; ++k) {
          switch (gang[k]->state) {
            case Warp::faulted: return Outcome::stopped;
            case Warp::yielded: waiting = true; break;
            default: progress = true;
          }
        }
      }
    }
    if (!left) {
      settle(worker, cluster);
      return Outcome::finished;
    }
    if (grid.stop.load(std::memory_order_relaxed)) return Outcome::stopped;
    if (waiting && !progress) return Outcome::waiting;
    if (!progress) {
      raise_deadlock(worker, cluster);
      return Outcome::stopped;
    }
  }
}

}  // namespace simt::exec
