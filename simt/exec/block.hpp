// A block on its worker, and the grid it belongs to.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "simt/exec/engine.hpp"
#include "simt/exec/family.hpp"
#include "simt/exec/warp.hpp"
#include "simt/ir/code.hpp"
#include "simt/memory/memory.hpp"

namespace simt::observers {
class Observer;
}

namespace simt::exec {

enum class BarrierKind : std::uint8_t { sync, arrive, red_popc, red_and, red_or, cluster_arrive, cluster_wait };

constexpr std::uint32_t kMaxWarps = 32, kBarriers = 16;
/// What a warp costs of the budget beside its loops.
constexpr std::uint64_t kWarpCost = 16;
/// A time slice in warp instructions. A turn of a loop that may wait for others costs a 64th of it.
constexpr std::int32_t kQuantum = 1 << 20, kWaitingTurns = 64;
/// Limit of a warp of which no lanes wait elsewhere: above every instruction.
inline const Instr* const kNoLimit = reinterpret_cast<const Instr*>(~std::uintptr_t{63});

/// A named barrier of a block.
struct Barrier {
  Mask arrived[kMaxWarps] = {};
  std::uint32_t expected = 0;      ///< threads that the instruction names; 0: all of the block
  std::uint32_t waiting = 0;       ///< lanes that arrived, arrive-only ones included
  std::uint32_t count = 0;         ///< of the reduction: lanes whose predicate holds
  std::uint32_t result = 0, result_all = 0;   ///< of the last one that completed
};

/// A call: which lanes are in it and where they go when it returns.
struct Frame {
  Frame* parent = nullptr;
  const Instr* resume = nullptr;
  Mask lanes = 0;
  std::uint32_t depth = 0, caller = 0;   ///< caller: index into Code::callees
  std::uint32_t callee = 0;
  std::uint32_t local_base = 0;
  std::unique_ptr<std::byte[]> saved;    ///< the caller's rows, if it may be entered again
};

struct Cluster;
struct Grid;
struct Probe;
class Instrumentation;

/// A cp.async that was not made yet, of one lane or of several whose bytes follow each other.
struct AsyncCopy {
  const Instr* instr = nullptr;
  std::uint64_t destination = 0, source = 0;   ///< generic addresses
  std::uint32_t group = 0;                     ///< number of its group among those that its thread commits
  std::uint8_t bytes = 0, read = 0;            ///< of a lane: that are written, and how many of them are read
  std::uint8_t lane = 0, lanes = 1;            ///< the first one, and how many
};

/// Those of a warp, in the order of the program.
struct AsyncCopies {
  std::vector<AsyncCopy> waiting;
  std::uint32_t committed[kLanes] = {};        ///< groups
};

struct BlockState {
  std::uint64_t index = 0;               ///< linear number in the grid
  Dim3 coordinates{};
  std::uint32_t warp_count = 0, threads = 0, exited_warps = 0;
  std::byte* shared = nullptr;
  Warp* warps = nullptr;
  Cluster* cluster = nullptr;
  std::uint32_t rank = 0;                ///< in its cluster
  std::uint32_t next_warp = 0;
  Barrier barriers[kBarriers];
  Mask cluster_arrived[kMaxWarps] = {};  ///< lanes in the current phase of the cluster's barrier
  std::vector<AsyncCopies> copies;       ///< by warp; empty until there is one
  std::vector<std::uint32_t> order;      ///< in which warps take turns
};

/// Blocks that run together on one worker: a cluster, mostly of one block.
struct Cluster {
  std::vector<BlockState> blocks;
  std::uint64_t first = 0;               ///< number of the cluster
  std::uint64_t random = 0;              ///< of its own: what a seed does to it does not depend on who runs it
  bool any_arrived = false;             ///< somebody arrived at the cluster's barrier
  std::unique_ptr<std::byte[], ir::FreeInstrs> memory;   ///< warps, register files, shared and local memory
  std::size_t bytes = 0;
  const Grid* prepared = nullptr;        ///< the grid whose constants the register files hold
};

/// A launch while it runs.
struct Grid {
  const Launch* launch = nullptr;
  const ir::Code* code = nullptr;
  std::uint64_t blocks = 0, clusters = 0;
  std::uint32_t cluster_blocks = 1;
  std::uint32_t threads = 0, warps = 0;  ///< of a block
  std::uint32_t shared_bytes = 0, local_bytes = 0;
  std::vector<std::byte> params;
  std::vector<std::byte> workspace;      ///< what %envreg1 and 2 point to: the barrier of a cooperative grid
  std::uint64_t workspace_address = 0;
  std::uint64_t number = 0;              ///< %gridid
  unsigned workers = 1;
  std::uint64_t seed = 0, budget = 0;    ///< as workers, what the settings said when the launch began
  std::atomic<std::uint64_t> next{0};
  std::atomic<bool> stop{false};
  std::atomic<std::uint64_t> spent{0};   ///< warp instructions, counted slice by slice
  std::atomic<std::uint64_t> fences{0};
  std::vector<std::shared_ptr<observers::Observer>> observers;
  const Instrumentation* instrumentation = nullptr;   ///< their probes
  bool by_turns = false;                 ///< warps execute one by one, not in gangs
  bool alone = false;                    ///< one worker only: atomics need no bus lock
  std::mutex mutex;
  Fault fault;                           ///< the first one
  std::shared_ptr<Offspring> offspring;  ///< what its threads asked for, if they did
};

struct Worker {
  Grid* grid = nullptr;
  const ir::Code* code = nullptr;
  Probe* const* probed = nullptr;        ///< by instruction; null without observers
  std::vector<memory::Window> windows;   ///< one a memory instruction: what it found last time
  std::uint64_t epoch = 0;
  std::uint64_t unsettled = 0;           ///< warp instructions of finished blocks that Grid::spent does not count yet
  std::uint64_t ticks = 0;               ///< %clock: instructions of finished slices
  std::uint64_t clock_reads = 0;
  std::uint64_t taken = 0, taken_end = 0;   ///< clusters that are its own and did not start yet
  unsigned number = 0;
  std::vector<std::unique_ptr<Cluster>> resident, spare;
  std::vector<std::unique_ptr<Frame>> frames;   ///< all of them
  std::vector<Frame*> free_frames;
};

// control.cpp ------------------------------------------------------------------------------------------------------

inline void set_lanes(Warp& warp, Mask mask) {
  warp.active = mask;
  warp.exec = mask | warp.dead;
}
inline std::uint32_t depth_of(const Frame* frame) { return frame ? frame->depth : 0; }

/// The active lanes wait at `pc`; another group must be picked.
void park(Warp& warp, const Instr* pc, std::uint32_t state, std::uint64_t detail = 0);
/// Goes on with the best group that can run; null if the warp has to wait.
const Instr* pick(Warp& warp);
/// The active lanes got to `next`, at or above the limit.
const Instr* arrive(Warp& warp, const Instr* next);
/// Restores the order of the groups after states were changed.
void sort_groups(Warp& warp);

// barrier.cpp ------------------------------------------------------------------------------------------------------

/// Lanes of `warp` exited: completes what waited for them.
void lanes_exited(Warp& warp);

// converge.cpp -----------------------------------------------------------------------------------------------------

/// The active lanes wait at `instr` until all of `members` are there. Returns what to run meanwhile.
const Instr* wait_for_lanes(Warp& warp, const Instr* instr, Mask members);

/// Lanes that wait for ones that have exited need not wait any more.
void converge_after_exit(Warp& warp);

// fault.cpp --------------------------------------------------------------------------------------------------------

/// Ends the launch with a fault at this instruction; `lane` is the thread it concerns, -1 for the whole warp.
/// Returns null, for handlers to return.
const Instr* raise(Warp& warp, const Instr* instr, int code, std::string what, int lane = -1);
/// "kernel 'k' at a.cu:12, block (1,0,0), thread (3,0,0)".
std::string where(const Warp& warp, const Instr* instr, int lane);
std::string source_of(const ir::Code& code, const Instr* instr);
/// The launch took more instructions than its budget, at this instruction on its way back to `loop`.
void out_of_budget(Warp& warp, const Instr* instr, const Instr* loop);
/// The launch took more than its budget in blocks that each came to their end.
void out_of_budget(Grid& grid);
/// The host has not the memory that a block needs.
void out_of_memory(Grid& grid, std::size_t bytes);
/// Every warp of these blocks waits, and nobody is left who could end that.
void raise_deadlock(Worker& worker, const Cluster& cluster);

// observe.cpp ------------------------------------------------------------------------------------------------------

/// Tells the grid's observers, of which there must be some.
void tell_block(const Worker& worker, const BlockState& block, bool begins);
void tell_wait(const Warp& warp, const Instr* instr);
void tell_copy(const Warp& warp, std::uint64_t to, std::uint64_t from, unsigned bytes, unsigned read);
void tell_write(const Warp& warp, int lane, std::uint64_t to, unsigned bytes);
void tell_barrier(const Worker& worker, const BlockState& block, unsigned number);

// block.cpp --------------------------------------------------------------------------------------------------------

inline std::uint64_t next_random(Cluster& cluster) {   // splitmix64
  std::uint64_t z = cluster.random += 0x9e3779b97f4a7c15ull;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
  return z ^ (z >> 31);
}

enum class Outcome : std::uint8_t { finished, waiting, stopped };
/// False if the host has not the memory: the grid has its fault then.
bool start_cluster(Worker& worker, Cluster& cluster, std::uint64_t number);
/// Gives every warp that can run a slice, until all have exited or all that is left waits for someone else.
Outcome run_cluster(Worker& worker, Cluster& cluster);
/// What every warp of a stuck launch waits for, for messages.
std::string waits(const Cluster& cluster);

}  // namespace simt::exec
