// Launches: the worker threads, and how they share the blocks of a grid.
#include <algorithm>
#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <new>
#include <thread>

#include "simt/exec/block.hpp"
#include "simt/exec/family.hpp"
#include "simt/exec/probe.hpp"
#include "simt/exec/program.hpp"
#include "simt/jit/jit.hpp"
#include "simt/model/profile.hpp"
#include "simt/observers/observer.hpp"
#include "simt/observers/source.hpp"

namespace simt::exec {

namespace {

/// Blocks that one worker keeps at once. Only kernels whose blocks wait for each other ever have more than one.
constexpr std::size_t kMaxResident = 4096;

/// So many turns of all its blocks in which none ended make a launch one that waits, perhaps for another kernel.
constexpr unsigned kStuckTurns = 1024;

/// A worker takes one of so many parts of what its share of the remaining clusters is, up to so many clusters, at once.
constexpr std::uint64_t kShares = 16, kMaxTaken = 16;

class Gate;

/// A launch, and the gate that it came through.
struct Running : Grid {
  Gate* gate = nullptr;
  std::atomic<bool> stuck{false};
};
void tell_stuck(Running& grid);

/// Blocks in another order, for a seed other than 0: a permutation of 0..count-1.
std::uint64_t permute(std::uint64_t n, std::uint64_t count, std::uint64_t seed) {
  if (seed == 0 || count < 2) return n;
  unsigned bits = 1;
  while ((1ull << bits) < count && bits < 63) ++bits;
  const std::uint64_t mask = (1ull << bits) - 1;
  auto mix = [](std::uint64_t z) {
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
  };
  do {   // bijective steps on `bits` bits, walked until the value is in range
    for (int round = 0; round < 3; ++round) {
      n = (n + mix(seed + std::uint64_t(round))) & mask;
      n = (n * (mix(seed ^ std::uint64_t(round + 7)) | 1)) & mask;
      n ^= n >> ((bits + 1) / 2);
    }
  } while (n >= count);
  return n;
}

/// A worker's next cluster; that of nobody if all are taken. Neighbours often share lines of memory, so a worker takes several
/// in a row, fewer towards the end; where clusters may wait for each other it takes one, that none of them lies idle.
std::uint64_t take(Worker& worker) {
  Grid& grid = *worker.grid;
  if (worker.taken == worker.taken_end) {
    const auto next = grid.next.load(std::memory_order_relaxed);
    if (next >= grid.clusters) return grid.clusters;
    const auto share = grid.code->cooperates ? 1 : (grid.clusters - next) / (kShares * grid.workers);
    const auto count = std::clamp<std::uint64_t>(share, 1, kMaxTaken);
    worker.taken = std::min(grid.next.fetch_add(count, std::memory_order_relaxed), grid.clusters);
    worker.taken_end = std::min(worker.taken + count, grid.clusters);
    if (worker.taken == worker.taken_end) return grid.clusters;
  }
  return worker.taken++;
}

void work(Worker& worker) {
  Grid& grid = *worker.grid;
  auto& resident = worker.resident;
  std::size_t turn = 0;
  unsigned turns = 0;
  bool start_one = true;
  while (!grid.stop.load(std::memory_order_relaxed)) {
    if (start_one && resident.size() < kMaxResident) {
      const auto n = take(worker);
      if (n < grid.clusters) {
        if (worker.spare.empty()) worker.spare.push_back(std::make_unique<Cluster>());
        resident.push_back(std::move(worker.spare.back()));
        worker.spare.pop_back();
        if (!start_cluster(worker, *resident.back(), permute(n, grid.clusters, grid.seed))) return;
        if (!grid.observers.empty())
          for (const auto& block : resident.back()->blocks) tell_block(worker, block, true);
        turn = resident.size() - 1;
      }
    }
    if (resident.empty()) break;
    if (turn >= resident.size()) turn = 0;
    switch (run_cluster(worker, *resident[turn])) {
      case Outcome::stopped: return;
      case Outcome::finished:
        if (!grid.observers.empty())
          for (const auto& block : resident[turn]->blocks) tell_block(worker, block, false);
        worker.spare.push_back(std::move(resident[turn]));
        resident.erase(resident.begin() + std::ptrdiff_t(turn));
        start_one = resident.empty();
        turns = 0;
        break;
      case Outcome::waiting:
        // It waits for another block: a new one and an old one in turns.
        start_one = !start_one || resident.size() == 1;
        ++turn;
        if (worker.taken == worker.taken_end && grid.next.load(std::memory_order_relaxed) >= grid.clusters) start_one = false;
        // All of them had their turn: what they wait for is another worker's, which may wait for this core, or another kernel's.
        if (turn < resident.size() || start_one) break;
        if (!grid.alone) std::this_thread::yield();
        if (grid.code->cooperates && ++turns == kStuckTurns) tell_stuck(static_cast<Running&>(grid));
        break;
    }
  }
}

unsigned workers_for(const Grid& grid) {
  for (const auto& o : grid.observers)
    if (o->alone()) return 1;
  const unsigned set = settings().threads, threads = set ? set : std::max(1u, std::thread::hardware_concurrency());
  return unsigned(std::min<std::uint64_t>(threads, grid.clusters));
}

/// Threads that take part in launches, one launch at a time. They live as long as the process.
class Pool {
 public:
  Fault run(Grid& grid) {
    const unsigned wanted = grid.workers;
    {
      std::lock_guard lock(mutex_);
      while (threads_.size() + 1 < wanted) {
        workers_.push_back(std::make_unique<Worker>());
        threads_.emplace_back([this, n = threads_.size()] { serve(n); });
        threads_.back().detach();
      }
      grid_ = &grid;
      helpers_ = wanted - 1;
      running_ = 0;
      ++launch_;
    }
    if (wanted > 1) start_.notify_all();
    take_part(main_, grid, 0);
    {
      std::unique_lock lock(mutex_);
      grid_ = nullptr;   // who has not started yet need not
      done_.wait(lock, [&] { return running_ == 0; });
    }
    return grid.fault;
  }

 private:
  void take_part(Worker& worker, Grid& grid, unsigned number) {
    worker.grid = &grid;
    worker.code = grid.code;
    worker.number = number;
    worker.probed = grid.instrumentation ? grid.instrumentation->probed(number) : nullptr;
    worker.windows.assign(grid.code->sites, {});
    worker.taken = worker.taken_end = 0;
    worker.ticks = worker.clock_reads = worker.unsettled = 0;
    try {
      work(worker);
    } catch (const std::bad_alloc&) {
      out_of_memory(grid, 0);
    }
    worker.free_frames.clear();   // a fault leaves calls that never returned
    for (auto& frame : worker.frames) {
      frame->saved.reset();
      worker.free_frames.push_back(frame.get());
    }
    for (auto& cluster : worker.resident) worker.spare.push_back(std::move(cluster));
    worker.resident.clear();
    for (auto& cluster : worker.spare) cluster->prepared = nullptr;
    // Keep the memory of a few blocks for the next launch, not that of thousands.
    std::size_t bytes = 0, keep = 0;
    while (keep < worker.spare.size() && (bytes += worker.spare[keep]->bytes) <= (8u << 20)) ++keep;
    worker.spare.resize(std::max<std::size_t>(std::min<std::size_t>(keep, 16), worker.spare.empty() ? 0 : 1));
  }

  void serve(std::size_t n) {
    std::uint64_t seen = 0;
    std::unique_lock lock(mutex_);
    for (;;) {
      start_.wait(lock, [&] { return launch_ != seen && grid_ && n < helpers_; });
      seen = launch_;
      Grid& grid = *grid_;
      ++running_;
      lock.unlock();
      take_part(*workers_[n], grid, unsigned(n) + 1);
      lock.lock();
      if (--running_ == 0) done_.notify_all();
    }
  }

  std::mutex mutex_;
  std::condition_variable start_, done_;
  std::vector<std::thread> threads_;
  std::vector<std::unique_ptr<Worker>> workers_;
  Worker main_;
  Grid* grid_ = nullptr;
  std::size_t helpers_ = 0, running_ = 0;
  std::uint64_t launch_ = 0;
};

/// A device runs one launch after the other. Only while all that run wait in vain does it let another one in, for that may be
/// what they wait for.
class Gate {
 public:
  static Gate& of(int device) {
    static auto* gates = new Gate[model::kMaxDevices];   // never destroyed: threads of pools may outlive static destructors
    return gates[device];
  }
  /// Waits for its turn, and gives it observers and workers; a launch with observers is the only one.
  Pool& enter(Running& grid) {
    std::unique_lock lock(mutex_);
    turn_.wait(lock, [&] {
      grid.observers = observers::attached();
      return running_ == 0 || (running_ == stuck_ && !observed_ && grid.observers.empty());
    });
    grid.gate = this;
    grid.workers = workers_for(grid);
    grid.alone = grid.workers <= 1 && running_ == 0;
    observed_ = !grid.observers.empty();
    ++running_;
    if (idle_.empty()) return *new Pool;
    Pool& pool = *idle_.back();
    idle_.pop_back();
    return pool;
  }
  void leave(const Running& grid, Pool& pool) {
    std::lock_guard lock(mutex_);
    idle_.push_back(&pool);
    --running_;
    stuck_ -= grid.stuck;
    turn_.notify_all();
  }
  void stuck(Running& grid) {
    std::lock_guard lock(mutex_);
    if (grid.stuck.exchange(true)) return;
    if (grid.alone) grid.alone = false;   // by its only worker
    ++stuck_;
    turn_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable turn_;
  std::vector<Pool*> idle_;
  unsigned running_ = 0, stuck_ = 0;
  bool observed_ = false;
};

void tell_stuck(Running& grid) { grid.gate->stuck(grid); }

std::mutex observed_mutex;   // observers see one launch at a time
std::atomic<std::uint64_t> launch_number{0};
/// What a launch costs of the budget beside its instructions.
constexpr std::uint64_t kLaunchCost = 4096;

}  // namespace

Fault run_grid(const Launch& launch, Family& family) {
  const ir::Code& code = launch.kernel->code();
  Running grid;
  grid.launch = &launch;
  grid.code = &code;
  grid.cluster_blocks = launch.cluster[0] * launch.cluster[1] * launch.cluster[2];
  grid.blocks = std::uint64_t(launch.grid[0]) * launch.grid[1] * launch.grid[2];
  grid.threads = launch.block[0] * launch.block[1] * launch.block[2];
  if (grid.blocks == 0 || grid.threads == 0 || grid.threads > kMaxWarps * kLanes || grid.cluster_blocks == 0)
    return {9, "kernel " + observers::readable_name(code.info.name) + ": a grid of " + std::to_string(grid.blocks) + " blocks of " +
                   std::to_string(grid.threads) + " threads cannot be launched"};
  for (int k = 0; k < 3; ++k)
    if (launch.grid[k] % launch.cluster[k])
      return {9, "kernel " + observers::readable_name(code.info.name) + ": the grid is not a multiple of the cluster"};
  grid.clusters = grid.blocks / grid.cluster_blocks;
  grid.warps = (grid.threads + kLanes - 1) / kLanes;
  grid.shared_bytes = std::uint32_t(code.static_shared + launch.dynamic_shared);
  grid.local_bytes = code.local_bytes + (code.recursive ? std::uint32_t(stack_limit(launch.device).load()) : 0);
  grid.params.assign(launch.params.begin(), launch.params.end());
  grid.params.resize(std::max(grid.params.size(), code.info.param_bytes));

  Gate& gate = Gate::of(launch.device);
  struct Inside {
    Running& grid;
    Pool& pool;
    ~Inside() { grid.gate->leave(grid, pool); }
  } inside{grid, gate.enter(grid)};
  grid.number = ++launch_number;
  auto& space = memory::AddressSpace::instance();
  std::optional<memory::GuestAddr> workspace;
  if (launch.cooperative) {
    // The grid's barrier: cooperative_groups finds it through %envreg1 and 2 and expects zeros.
    workspace = space.allocate(64, launch.device, memory::Kind::device, "the grid's workspace");
    if (!workspace) return {2, "kernel " + observers::readable_name(code.info.name) + ": no memory for the workspace of a cooperative grid"};
    std::memset(space.host(*workspace, 64), 0, 64);
    grid.workspace_address = *workspace;
  }
  std::unique_lock observed(observed_mutex, std::defer_lock);
  if (!grid.observers.empty()) observed.lock();
  grid.seed = settings().seed;
  grid.budget = settings().budget;
  grid.spent = family.spent;
  std::optional<Instrumentation> instrumentation;
  if (grid.observers.empty()) jit::prepare(launch.kernel->code());
  if (!grid.observers.empty()) {
    // Launches run one at a time, so the kernel's own code can take the probes.
    grid.instrumentation = &instrumentation.emplace(launch.kernel->code(), grid.workers);
    for (const auto& o : grid.observers) o->launch_begin(launch, *instrumentation);
    for (const auto& o : grid.observers) grid.by_turns |= o->by_turns();
    if (!grid.by_turns && grid.seed == 0) instrumentation->fuse();
  }
  auto fault = inside.pool.run(grid);
  for (const auto& o : grid.observers) o->launch_end(launch, code, fault);
  if (workspace) space.release(*workspace);
  family.spent = grid.spent + kLaunchCost;
  if (grid.offspring) family.open.push_back(std::move(grid.offspring));
  return fault;
}

}  // namespace simt::exec
