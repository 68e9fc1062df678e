// The race checker: which probes it has, what it keeps of a launch, and what it does at each event.
#pragma once

#include <map>
#include <set>
#include <tuple>
#include <unordered_map>

#include "simt/observers/observer.hpp"
#include "simt/observers/races.hpp"
#include "simt/observers/source.hpp"

namespace simt::observers {

using exec::Gang;
using exec::Instr;
using exec::Probe;
using exec::proceed;
using exec::Warp;

struct SyncProbe : Probe {
  Races* races = nullptr;
  enum Kind : std::uint8_t { fence, block_fence, arrive, warp_barrier, cluster_arrive, cluster_wait } kind = fence;
};

class Races final : public Observer {
 public:
  bool alone() const override { return true; }

  void launch_begin(const exec::Launch& launch, exec::Instrumentation& code) override {
    launch_ = &launch;
    code_ = &code.code();
    if (!ticks_.begin()) spare_.clear(), shadow_.clear();
    if (shadow_.size() > kPages / 4 * 3) shadow_.clear();
    ++state_.generation;
    state_.launch = ticks_.now() + 1;
    first_ = next_;
    sync_.clear();
    block_sync_.clear();
    blocks_.clear();
    current_ = nullptr;
    said_.clear();
    cluster_ = launch.cluster[0] * launch.cluster[1] * launch.cluster[2] > 1;
    place_probes(code);
    state_.blocks_apart = !orders_;
  }
  void launch_end(const exec::Launch&, const ir::Code&, const exec::Fault&) override {
    blocks_.clear();
    accesses_.clear();
    alone_.clear();
    syncs_.clear();
    runs_.clear();
  }
  void block_begin(const exec::Worker& worker, const exec::BlockState& block) override {
    Blocks::node_type node;
    if (spare_.empty()) {
      const auto at = blocks_.emplace(&block, std::make_unique<BlockClock>(ticks_)).first;
      at->second->reads = std::make_unique<ReadLog>();
      node = blocks_.extract(at);
    } else {
      node = std::move(spare_.back());
      spare_.pop_back();
      node.key() = &block;
    }
    auto& b = *node.mapped();
    b.begin(block, next_++, orders_);
    const std::size_t bytes = worker.grid->shared_bytes;
    if (!b.shared_cells || b.shared_cells->bytes < bytes) b.shared_cells = std::make_unique<Cells>(bytes);
    b.shared = b.shared_cells.get();
    b.log = b.reads.get();
    b.log->count = 0;
    b.log->open = !cluster_;   // others may write there
    blocks_.insert(std::move(node));
    current_ = nullptr;
  }
  void block_end(const exec::Worker&, const exec::BlockState& block) override {
    auto node = blocks_.extract(&block);
    if (spare_.size() < 64) spare_.push_back(std::move(node));
    current_ = nullptr;
  }
  void barrier(const exec::Worker&, const exec::BlockState& block, unsigned number, const Mask* arrived) override {
    auto& b = clock(&block);
    if (b.complete(number, arrived)) {
      b.log->count = 0;
      b.log->open = !cluster_;
    } else {
      settle(b);
    }
    b.barrier(number, arrived);
  }

  void access(AccessProbe& probe, const Gang* gang, Warp& warp, const Instr* instr) {
    if (ticks_.over()) return;
    auto& block = clock(warp.block);
    if (cluster_ || !block.copies.empty()) one_by_one(probe, gang, warp, instr, block);
    if (cluster_) return;
    RowContext c{state_, probe, gang, &warp, instr, block};
    rows_.rows(c);
  }
  void accessed(const Warp& warp, const Instr* instr, int lane, std::uint64_t address, unsigned bytes, ir::AccessKind kind) override;
  void tile(const Warp& warp, const Instr* instr, const exec::TileAccess& tile) override;
  void copying(const Warp& warp, const Instr* instr, int lane, std::uint64_t to, unsigned bytes, bool ends) override;
  void tracked(const Warp& warp, const Instr* instr) override;
  void cluster_barrier(const exec::Cluster& cluster) override;
  bool same_block(Stamp a, Stamp b) const { return ticks_.run(a.when()).instance == ticks_.run(b.when()).instance; }
  void lanes(RowContext& c, Mask mask);
  Mask strong_words(RowContext& c, Mask mask);
  void lane(RowContext& c, unsigned lane, std::uint64_t address, bool shared);
  void page(AccessProbe& probe, std::uint64_t address);
  void synchronise(const SyncProbe& probe, Warp& warp, const Instr* instr);

 private:
  static constexpr std::size_t kPages = 1 << 11;   ///< of shadow memory: 128 MiB of the program's

  /// What a conflict is looked for with.
  struct Context {
    const AccessProbe& probe;
    Warp& warp;
    const Instr* instr;
    const Gang* gang;
    BlockClock& block;
    unsigned lane;
    std::uint64_t address;
    bool shared, write;
    BlockClock& home;   ///< whose shared memory it is
    unsigned thread() const { return warp.index * 32 + lane; }
  };

  BlockClock& clock(const exec::BlockState* block) {
    if (block != block_ || !current_) {
      block_ = block;
      current_ = blocks_[block].get();
    }
    return *current_;
  }
  void one_by_one(AccessProbe& probe, const Gang* gang, Warp& warp, const Instr* instr, BlockClock& block);
  void look_for_copies(RowContext& c, Mask mask);
  void meets_copy(RowContext& c, unsigned lane, BlockClock& home, std::uint64_t address);
  void end_copies(BlockClock& home, std::uint32_t barrier);
  void at_barrier(const Context& c);
  bool counts_bytes(const AccessProbe& probe) const;
  static void set_barrier(AccessProbe& p, const ptx::Instruction& instruction, exec::Handler handler);
  AccessProbe* alone_probe(const Instr* instr);
  /// Whose shared memory it is, and the offset in it; null where there is none.
  BlockClock* home_of(const exec::BlockState& block, std::uint64_t& address) {
    if (!cluster_ || address >> 24 == 0) return &clock(&block);
    auto& blocks = block.cluster->blocks;
    const auto rank = address >> 24;
    if (rank > blocks.size()) return nullptr;
    address &= 0xffffff;
    return blocks_[&blocks[rank - 1]].get();
  }
  /// What was read since the last barrier is looked at, with the order of now.
  void settle(BlockClock& block) {
    if (block.log->open) rows_.replay(state_, block);
  }
  void place_probes(exec::Instrumentation& code);
  void visit(Cell cell, Stamp me, const Context& c, bool newest);
  bool of_groups(std::uint32_t site) const;
  void conflict(Stamp before, bool before_writes, Stamp me, const Context& c, bool copying = false);
  bool same_value(Stamp before, const Context& c) const;
  void order(const Context& c);
  /// Whether it was in this launch, and of shared memory by this block.
  bool live(Stamp s, const Context& c) const {
    return s.when() >= (!c.shared ? state_.launch : cluster_ ? blocks_.at(&c.warp.block->cluster->blocks[0])->start : c.block.start);
  }
  std::uint32_t instance_of(Stamp s, const Context& c) const {
    return c.shared && !cluster_ ? c.block.instance : ticks_.run(s.when()).instance;
  }
  bool ordered(Stamp before, const Context& c) const {
    if (!live(before, c)) return true;
    const auto instance = instance_of(before, c);
    if (c.block.ordered(instance, before, c.thread())) return true;
    const auto size = c.warp.worker->grid->cluster_blocks;
    return cluster_ && (instance - first_) / size == (c.block.instance - first_) / size &&
           c.block.knows_of(c.warp.index, (instance - first_) % size, before);
  }

  const exec::Launch* launch_ = nullptr;
  const ir::Code* code_ = nullptr;
  std::uint32_t next_ = 1, first_ = 1;     ///< numbers of blocks
  bool orders_ = false;                    ///< the kernel has fences, or accesses that order
  bool cluster_ = false;                   ///< blocks have others whose shared memory they reach
  bool quiet_ = false;                     ///< remember an access, look for nothing
  RaceState state_;
  RaceRows rows_ = race_rows(exec::isa());
  Ticks ticks_;
  Shadow shadow_;
  using Blocks = std::unordered_map<const exec::BlockState*, std::unique_ptr<BlockClock>>;
  Blocks blocks_;
  std::vector<Blocks::node_type> spare_;   ///< of blocks that have ended, with the shadow of their shared memory
  const exec::BlockState* block_ = nullptr;
  BlockClock* current_ = nullptr;
  std::unordered_map<std::uint64_t, Known> sync_;             ///< released at an address
  std::map<std::pair<std::uint32_t, std::uint64_t>, Known> block_sync_;   ///< for threads of the same block only
  std::set<std::tuple<std::uint32_t, std::uint32_t, bool>> said_;
  std::vector<AccessProbe> accesses_;
  std::unordered_map<std::uint32_t, std::uint32_t> alone_;    ///< accesses that stand in no row, by instruction
  std::vector<SyncProbe> syncs_;
  std::vector<ReadRun> runs_;
};

}  // namespace simt::observers
