// Data races: accesses that share a byte, at least one of them a write, not both strong, and that nothing orders.
#include <bit>
#include <cstring>
#include <map>
#include <set>
#include <unordered_map>

#include "simt/exec/handlers.hpp"
#include "simt/memory/memory.hpp"
#include "simt/observers/checkers.hpp"
#include "simt/observers/findings.hpp"
#include "simt/observers/races.hpp"
#include "simt/observers/runs.hpp"
#include "simt/observers/source.hpp"

namespace simt::observers {

using exec::Gang;
using exec::Instr;
using exec::Probe;
using exec::proceed;
using exec::Warp;

/// Strength of an access or a fence by its scope.
static std::uint8_t strength_of(const ptx::Instruction& instruction) { return says(instruction, "cta") ? 1 : 2; }

struct SyncProbe : Probe {
  Races* races = nullptr;
  enum Kind : std::uint8_t { fence, block_fence, arrive, warp_barrier } kind = fence;
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
    place_probes(code);
    // Blocks of one cluster have barriers of their own, which are not followed.
    state_.blocks_apart = !orders_ && launch.cluster[0] * launch.cluster[1] * launch.cluster[2] == 1;
  }
  void launch_end(const exec::Launch&, const ir::Code&, const exec::Fault&) override {
    blocks_.clear();
    accesses_.clear();
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
    b.log->open = true;
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
      b.log->open = true;
    } else {
      settle(b);
    }
    b.barrier(number, arrived);
  }

  void access(AccessProbe& probe, const Gang* gang, Warp& warp, const Instr* instr) {
    if (ticks_.over()) return;
    RowContext c{state_, probe, gang, &warp, instr, clock(warp.block)};
    rows_.rows(c);
  }
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
    unsigned thread() const { return warp.index * 32 + lane; }
  };

  BlockClock& clock(const exec::BlockState* block) {
    if (block != block_ || !current_) {
      block_ = block;
      current_ = blocks_[block].get();
    }
    return *current_;
  }
  /// What was read since the last barrier is looked at, with the order of now.
  void settle(BlockClock& block) {
    if (block.log->open) rows_.replay(state_, block);
  }
  void place_probes(exec::Instrumentation& code);
  void visit(Cell cell, Stamp me, const Context& c, bool newest);
  void conflict(Stamp before, bool before_writes, Stamp me, const Context& c);
  bool same_value(Stamp before, const Context& c) const;
  void order(const Context& c);
  /// Whether it was in this launch, and of shared memory by this block.
  bool live(Stamp s, const Context& c) const { return s.when() >= (c.shared ? c.block.start : state_.launch); }
  std::uint32_t instance_of(Stamp s, const Context& c) const { return c.shared ? c.block.instance : ticks_.run(s.when()).instance; }
  bool ordered(Stamp before, const Context& c) const {
    if (!live(before, c)) return true;
    const auto instance = instance_of(before, c);
    if (c.block.ordered(instance, before, c.thread())) return true;
    const auto size = c.warp.worker->grid->cluster_blocks;
    return size > 1 && instance != c.block.instance && (instance - first_) / size == (c.block.instance - first_) / size;
  }

  const exec::Launch* launch_ = nullptr;
  const ir::Code* code_ = nullptr;
  std::uint32_t next_ = 1, first_ = 1;     ///< numbers of blocks
  bool orders_ = false;                    ///< the kernel has fences, or accesses that order
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
  std::vector<SyncProbe> syncs_;
  std::vector<ReadRun> runs_;
};

void race_lanes(RowContext& c, Mask mask) { c.probe.races->lanes(c, mask); }
void race_lane(RowContext& c, unsigned lane, std::uint64_t address, bool shared) { c.probe.races->lane(c, lane, address, shared); }
void race_split(RowContext& c) { c.block.shared->split(); }
void race_page(AccessProbe& probe, std::uint64_t address) { probe.races->page(probe, address); }

void Races::place_probes(exec::Instrumentation& instrumentation) {
  const auto& code = instrumentation.code();
  orders_ = false;
  accesses_.reserve(code.count);
  syncs_.reserve(code.count);
  std::vector<AccessProbe*> at(code.count);   // none was added yet
  for (std::size_t n = 0; n < code.count; ++n) {
    const auto* instruction = code.origins[n].instruction;
    if (!instruction) continue;
    const auto opcode = instruction->opcode();
    const auto handler = instrumentation.handler(n);
    const auto& access = code.accesses[n];
    if (access.kind != ir::AccessKind::none && opcode != "wmma") {
      if (access.space != ptx::Space::none && access.space != ptx::Space::global && access.space != ptx::Space::shared) continue;
      if (accesses_.size() == Stamp::kSites) continue;
      auto& p = accesses_.emplace_back();
      p.call = [](Probe& probe, Warp& warp, const Instr* instr) {
        auto& a = static_cast<AccessProbe&>(probe);
        a.races->access(a, nullptr, warp, instr);
        return proceed(probe, warp, instr);
      };
      p.gang = [](Probe& probe, const Gang& gang, const Instr* instr) {
        auto& a = static_cast<AccessProbe&>(probe);
        a.races->access(a, &gang, *gang.warps[0], instr);
      };
      p.races = this;
      p.site = std::uint32_t(accesses_.size() - 1);
      p.instr = std::uint32_t(n);
      p.kind = access.kind;
      p.shared = access.space == ptx::Space::shared;
      p.generic = access.space == ptx::Space::none;
      p.bytes = access.bytes;
      p.address = access.address;
      p.strength = access.strong ? strength_of(*instruction) : 0;
      p.acquires = says(*instruction, "acquire") || says(*instruction, "acq_rel");
      p.releases = says(*instruction, "release") || says(*instruction, "acq_rel");
      orders_ |= p.acquires || p.releases;
      if (opcode == "ldmatrix" || opcode == "stmatrix") {
        p.whole_warp = true;
        p.lanes = says(*instruction, "x1") ? 0xffu : says(*instruction, "x2") ? 0xffffu : exec::kAllLanes;
      }
      at[n] = &p;
      continue;
    }
    SyncProbe p;
    if (handler == exec::run_fence) {
      p.kind = strength_of(*instruction) == 1 ? SyncProbe::block_fence : SyncProbe::fence;
      orders_ = true;
    } else if (handler == exec::run_barrier && exec::BarrierKind(code.instrs[n].imm) == exec::BarrierKind::arrive) {
      p.kind = SyncProbe::arrive;
    } else if ((opcode == "bar" || opcode == "barrier") && says(*instruction, "warp") && handler != exec::run_branch &&
               handler != exec::run_branch_back) {
      p.kind = SyncProbe::warp_barrier;
    } else {
      continue;
    }
    p.call = [](Probe& probe, Warp& warp, const Instr* instr) {
      auto& sync = static_cast<SyncProbe&>(probe);
      sync.races->synchronise(sync, warp, instr);
      return proceed(probe, warp, instr);
    };
    p.gang = [](Probe& probe, const Gang& gang, const Instr* instr) {
      auto& sync = static_cast<SyncProbe&>(probe);
      for (unsigned k = 0; k < gang.count; ++k) sync.races->synchronise(sync, *gang.warps[k], instr);
    };
    p.races = this;
    instrumentation.add(0, n, syncs_.emplace_back(p));
  }
  std::vector<Run> runs = runs_of(instrumentation);
  for (std::size_t n = 0; n < code.count; ++n) {   // with a guard it is a run of its own
    const auto& access = code.accesses[n];
    const bool alone = code.instrs[n].guard || instrumentation.handler(n) == exec::run_guarded;
    if (at[n] && alone && access.kind == ir::AccessKind::load && at[n]->shared && !at[n]->strength && !at[n]->whole_warp)
      runs.push_back({{{std::uint32_t(n), 0}}, {code.instrs[n].op[access.address]}});
  }
  runs_.reserve(runs.size());
  for (auto& run : runs) {
    ReadRun reads{{}, std::move(run.rows)};
    for (const auto& load : run.loads)
      if (at[load.instr]) reads.loads.push_back({at[load.instr], &code.instrs[load.instr], load.row});
    if (reads.loads.size() != run.loads.size()) continue;   // more accesses than there can be sites
    for (const auto& load : reads.loads) at[load.probe->instr] = nullptr;
    auto& first = *reads.loads[0].probe;
    first.run = &runs_.emplace_back(std::move(reads));
    at[first.instr] = &first;
  }
  for (std::size_t n = 0; n < code.count; ++n)
    if (at[n]) instrumentation.add(0, n, *at[n]);
}

void Races::synchronise(const SyncProbe& probe, Warp& warp, const Instr* instr) {
  auto& block = clock(warp.block);
  const unsigned w = warp.index;
  const Mask active = exec::guarded(warp, instr);
  settle(block);
  switch (probe.kind) {
    case SyncProbe::arrive: {
      std::uint32_t number = 0;
      if (active) std::memcpy(&number, warp.regs + instr->op[0] + 4 * std::countr_zero(active), 4);
      block.advance(w);
      block.parted = true;
      block.passed[number % exec::kBarriers][w] = block.now[w];
      return;
    }
    case SyncProbe::warp_barrier: {
      Mask members = 0;
      for (Mask left = active; left; left &= left - 1) {
        Mask m;
        std::memcpy(&m, warp.regs + instr->op[0] + 4 * std::countr_zero(left), 4);
        members |= m;
      }
      if ((members & ~warp.active & ~warp.dead) && (warp.pass & warp.active) != warp.active) return;   // not all are here yet
      block.warp_barrier(w, members & active, ~warp.dead);
      return;
    }
    case SyncProbe::fence: case SyncProbe::block_fence:
      block.advance(w);
      for (Mask left = active; left; left &= left - 1) {
        const auto thread = w * 32 + unsigned(std::countr_zero(left));
        (probe.kind == SyncProbe::fence ? block.fence : block.block_fence)[thread] = block.now[w];
        block.acquire(thread, block.read[thread]);
        block.acquire(thread, block.common_read);
        block.read[thread] = nullptr;
      }
  }
}

void Races::page(AccessProbe& probe, std::uint64_t address) {
  if (shadow_.size() >= kPages) {
    shadow_.clear();
    ++state_.generation;
  }
  auto& cells = shadow_.page(address, probe.bytes);
  if (probe.bytes < 4 && cells.shift) {
    shadow_.split(cells);
    ++state_.generation;
  }
  probe.page = address >> Shadow::kPageBits;
  probe.generation = state_.generation;
  probe.page_lines = cells.lines;
  probe.page_stamps = cells.stamps;
  probe.page_shift = cells.shift;
}

/// Atomics of words in shared memory that order nothing, which mostly meet other atomics. The lanes that are left.
Mask Races::strong_words(RowContext& c, Mask mask) {
  const unsigned first = c.warp->index * 32;
  const Stamp me = Stamp::of(c.block.now[c.warp->index], c.probe.site, c.probe.strength);
  const std::byte* const row = c.row;
  const Cells& cells = *c.block.shared;
  Mask other = 0;
  for (Mask left = mask; left; left &= left - 1) {
    const auto lane = unsigned(std::countr_zero(left));
    std::uint32_t address;
    std::memcpy(&address, row + 4 * lane, 4);
    address += std::uint32_t(c.instr->mem.offset);
    if (address % 4 || address > c.warp->shared_bytes - 4) continue;   // a fault, or another block of the cluster
    Line& l = cells.lines[address / 128];
    Stamps& s = cells.stamps[address / 128];
    const unsigned n = address / 4 % 32;
    const Mask bit = Mask{1} << n;
    open(l, c.block.everyone, c.block);
    if (l.write_row || (l.read & bit) || (l.written & bit && !(s.writer[n] & kStrongWriter))) {
      other |= Mask{1} << lane;
      continue;
    }
    l.written |= bit;
    l.many &= ~bit;
    s.writer[n] = std::uint16_t((first + lane) | kStrongWriter);
    s.write[n] = me.by(first + lane).bits;
  }
  return other;
}

void Races::lanes(RowContext& c, Mask mask) {
  auto& probe = c.probe;
  if (probe.kind == ir::AccessKind::atomic && probe.shared && probe.bytes == 4 && !orders_ && c.block.shared->shift == 2 &&
      c.warp->shared_bytes >= 4)
    mask = strong_words(c, mask);
  const auto kind = probe.kind;
  const unsigned bytes = probe.bytes, warp = c.warp->index;
  const Stamp me = Stamp::of(c.block.now[warp], probe.site, probe.strength);
  for (Mask left = mask; left; left &= left - 1) {
    const auto lane = unsigned(std::countr_zero(left));
    std::uint64_t address;
    bool shared = probe.shared;
    if (shared) {
      std::uint32_t offset;
      std::memcpy(&offset, c.row + 4 * lane, 4);
      address = offset + std::uint32_t(c.instr->mem.offset);
    } else {
      std::memcpy(&address, c.row + 8 * lane, 8);
      address += std::uint64_t(std::int64_t(c.instr->mem.offset));
      if (probe.generic && address >= memory::kSharedWindow) {
        if (address - memory::kSharedWindow >= memory::kWindowSize) continue;   // local memory, parameters
        address -= memory::kSharedWindow;
        shared = true;
      }
    }
    if (address % bytes) continue;   // a fault, which is reported as such
    if (shared && address + bytes > c.warp->shared_bytes) continue;   // likewise, or another block of the cluster
    if (orders_) {
      this->lane(c, lane, address, shared);
      continue;
    }
    if (shared && bytes < 4 && c.block.shared->shift) c.block.shared->split();
    if (!shared && (address >> Shadow::kPageBits != probe.page || probe.generation != state_.generation)) page(probe, address);
    const unsigned shift = shared ? c.block.shared->shift : probe.page_shift;
    Line* const lines = shared ? c.block.shared->lines : probe.page_lines;
    Stamps* const stamps = shared ? c.block.shared->stamps : probe.page_stamps;
    const auto offset = shared ? address : address & ((1u << Shadow::kPageBits) - 1);
    const unsigned thread = warp * 32 + lane;
    bool exact = false;
    for (auto at = offset >> shift, end = (offset + bytes) >> shift; at < end; ++at) {
      const Cell cell{lines[at >> 5], stamps[at >> 5], unsigned(at) & 31};
      Line& l = cell.l;
      if (!open(l, since_of(c, shared), c.block)) {
        exact = true;
      } else {
        // Among strong writes nothing has to be ordered.
        const Mask bit = cell.bit();
        const bool enough = probe.strength == 2 || shared;
        if (kind == ir::AccessKind::load || !enough || (bit & l.read & ~l.old_read) ||
            ((bit & l.written & ~l.old_written) && !(writer_of(cell) & kStrongWriter))) {
          exact = true;
          continue;
        }
        l.written |= bit;
        l.old_written &= ~bit;
        l.foreign_written &= ~bit;
        l.shared_by_blocks &= ~bit;
        l.many &= ~bit;
        set_write(cell, thread, me, kStrongWriter);
      }
    }
    if (exact) this->lane(c, lane, address, shared);
  }
}

void Races::lane(RowContext& row, unsigned lane, std::uint64_t address, bool shared) {
  auto& probe = row.probe;
  Context c{probe, *row.warp, row.instr, row.gang, clock(row.warp->block), lane, address, shared, probe.kind != ir::AccessKind::load};
  const Stamp me = Stamp::of(c.block.now[c.warp.index], probe.site, probe.strength).by(c.thread());
  if (orders_ && probe.strength) order(c);
  if (shared && probe.bytes < 4 && c.block.shared->shift) c.block.shared->split();
  if (!shared && (address >> Shadow::kPageBits != probe.page || probe.generation != state_.generation)) page(probe, address);
  const unsigned shift = shared ? c.block.shared->shift : probe.page_shift;
  Line* const lines = shared ? c.block.shared->lines : probe.page_lines;
  Stamps* const stamps = shared ? c.block.shared->stamps : probe.page_stamps;
  const auto offset = shared ? address : address & ((1u << Shadow::kPageBits) - 1);
  for (auto at = offset >> shift, end = (offset + probe.bytes) >> shift; at < end; ++at) {
    const Cell cell{lines[at >> 5], stamps[at >> 5], unsigned(at) & 31};
    visit(cell, me, c, open(cell.l, since_of(row, shared), c.block));
  }
}

/// A strong access: what it reads may have been released to it, what it writes may release.
void Races::order(const Context& c) {
  auto& block = c.block;
  const auto thread = c.thread();
  const std::uint64_t place = c.shared ? memory::kSharedWindow + (std::uint64_t(block.instance) << 24) + c.address : c.address;
  const auto found = sync_.find(place);
  const auto near = block_sync_.find({block.instance, place});
  if (c.probe.kind != ir::AccessKind::store) {
    for (const auto* known : {found != sync_.end() ? &found->second : nullptr, near != block_sync_.end() ? &near->second : nullptr}) {
      if (!known) continue;
      if (c.probe.acquires) block.acquire(thread, *known);
      else if (*known) join(block.read[thread], *known), block.any_read = true;
    }
  }
  if (!c.write) return;
  const bool kept = c.probe.kind == ir::AccessKind::atomic;   // what others released there goes on being released
  if (c.probe.releases) {
    block.advance(c.warp.index);
    (c.probe.strength == 2 ? block.fence : block.block_fence)[thread] = block.now[c.warp.index];
  }
  auto publish = [&](Known& known, std::uint32_t fenced) {
    auto mine = block.released(thread, fenced);
    if (kept) join(mine, known);
    known = std::move(mine);
  };
  if (const auto fenced = block.fence[thread]) publish(sync_[place], fenced);
  else if (!kept && found != sync_.end()) sync_.erase(found);
  if (const auto fenced = block.block_fence[thread]) publish(block_sync_[{block.instance, place}], fenced);
}

/// Looks for conflicts of an access and remembers it. `newest`: whether no later block has accessed the line.
void Races::visit(Cell cell, Stamp me, const Context& c, bool newest) {
  auto& [l, s, n] = cell;
  const Mask bit = cell.bit();
  expand_reads(l, s);
  expand_writes(l, s);
  const auto mine = c.block.instance;
  // Both strong, and in each other's scope.
  auto strong = [&](Stamp o) {
    return me.strength() && o.strength() && ((me.strength() == 2 && o.strength() == 2) || instance_of(o, c) == mine);
  };
  const Stamp before{s.write[n]};
  if (live(before, c) && !strong(before) && !ordered(before, c)) conflict(before, true, me, c);
  if (c.write) {
    for (Stamp read : {Stamp{s.first[n]}, Stamp{s.other[n]}})
      if (live(read, c) && !strong(read) && !ordered(read, c)) conflict(read, false, me, c);
    s.write[n] = me.bits;
    s.writer[n] = std::uint16_t(me.thread() | (me.strength() == 2 || (c.shared && me.strength()) ? kStrongWriter : 0));
    l.written |= bit;
    l.old_written &= ~bit;
    l.foreign_written = newest ? l.foreign_written & ~bit : l.foreign_written | bit;
    l.many &= ~bit;
    l.shared_by_blocks &= ~bit;
    return;
  }
  const Stamp a{s.first[n]}, b{s.other[n]};
  if (ordered(a, c)) {
    s.first[n] = me.bits;
    s.reader[n] = std::uint16_t(me.thread());
    if (newest && !live(b, c)) l.foreign_read &= ~bit;
  } else if (ordered(b, c) || (instance_of(a, c) == instance_of(b, c) &&
                               (instance_of(a, c) != mine || (a.thread() / 32 == b.thread() / 32 && me.thread() / 32 != a.thread() / 32)))) {
    s.other[n] = me.bits;
  }
  l.read |= bit;
  l.old_read &= ~bit;
  l.two &= ~bit;
  l.many &= ~bit;
  const Stamp first{s.first[n]}, other{s.other[n]};
  if (!live(other, c)) return;
  l.second |= bit;
  if (!newest) {
    l.foreign_read |= bit;
    return;
  }
  // Two readers with whom later writers cannot both be ordered: further ones need not be kept.
  if (me.strength()) return;
  const auto lasts = [&](Stamp o) { return instance_of(o, c) != mine || o.when() >= c.block.everyone; };
  const bool unwritten = !(l.written & ~l.old_written & bit), both = lasts(first) && lasts(other);
  if (instance_of(first, c) != instance_of(other, c)) {
    if (state_.blocks_apart && !(l.written & bit)) l.shared_by_blocks |= bit;
    else if (both && unwritten) l.many |= bit;
  } else if (first.thread() / 32 != other.thread() / 32) {
    if (both && unwritten && instance_of(first, c) == mine) l.many |= bit;
  } else if (first.thread() / 32 == c.warp.index && first.when() == me.when() && other.when() == me.when() &&
             first.thread() != other.thread() && instance_of(first, c) == mine) {
    l.two |= bit;
  }
}

/// Whether a store is about to write what is there already.
bool Races::same_value(Stamp before, const Context& c) const {
  const unsigned elements = c.probe.address, size = c.probe.bytes / std::max(elements, 1u), stride = size == 1 ? 2 : size;
  const std::byte* there = c.shared ? c.warp.shared + c.address : memory::AddressSpace::instance().host(c.address, c.probe.bytes);
  if (!there) return false;
  // What the other lane writes to this place by the same instruction is not there yet.
  const Warp* together = nullptr;
  const unsigned other_lane = before.thread() % 32;
  if (before.site() == c.probe.site && instance_of(before, c) == c.block.instance) {
    const unsigned warp = before.thread() / 32;
    if (warp == c.warp.index) together = other_lane < c.lane ? &c.warp : nullptr;
    for (unsigned k = 0; c.gang && c.gang->warps[k] != &c.warp; ++k)
      if (c.gang->warps[k]->index == warp) together = c.gang->warps[k];
    if (together) {
      std::uint64_t at = 0;
      std::memcpy(&at, together->regs + c.instr->op[c.probe.address] + (c.probe.shared ? 4 : 8) * other_lane, c.probe.shared ? 4 : 8);
      at += std::uint64_t(std::int64_t(c.instr->mem.offset));
      if (c.probe.shared) at = std::uint32_t(at);
      if (c.shared && !c.probe.shared) at -= memory::kSharedWindow;
      if (at != c.address || !(exec::guarded(*together, c.instr) >> other_lane & 1)) together = nullptr;
    }
  }
  for (unsigned n = 0; n < elements; ++n) {
    const std::byte* other = together ? together->regs + c.instr->op[n] + stride * other_lane : there + n * size;
    if (std::memcmp(c.warp.regs + c.instr->op[n] + stride * c.lane, other, size) != 0) return false;
  }
  return true;
}

void Races::conflict(Stamp before, bool before_writes, Stamp me, const Context& c) {
  const auto low = std::min(before.site(), me.site()), high = std::max(before.site(), me.site());
  const bool both = before_writes && c.write;
  if (said_.count({low, high, false})) return;
  const auto kind_of = [&](Stamp s) { return accesses_[s.site()].kind; };
  const bool benign = both && before.strength() == 0 && me.strength() == 0 && kind_of(before) == ir::AccessKind::store &&
                      kind_of(me) == ir::AccessKind::store && same_value(before, c);
  if (!said_.insert({low, high, benign}).second) return;

  Finding f;
  f.kind = "race";
  f.kernel = readable_name(code_->info.name);
  f.benign = benign;
  const bool elsewhere = instance_of(before, c) != c.block.instance;
  const auto block = elsewhere ? ticks_.run(before.when()).block : c.warp.block->index;
  auto first = place_of(*code_, *launch_, accesses_[before.site()].instr, block, before.thread());
  auto second = place_of(*code_, *launch_, c.probe.instr, c.warp.block->index, me.thread());
  // The reading access comes first; of two writes the one on the later line.
  const bool swap = both ? first.line > second.line : !before_writes;
  const Stamp a = swap ? before : me, b = swap ? me : before;
  f.at = swap ? first : second;
  f.other = swap ? second : first;
  auto verb = [&](Stamp s, bool writes) {
    const bool atomic = kind_of(s) == ir::AccessKind::atomic;
    return std::string(atomic ? "updates atomically" : writes ? "writes" : "reads");
  };
  const bool a_writes = swap ? before_writes : c.write, b_writes = swap ? c.write : before_writes;
  char at[32];
  std::snprintf(at, sizeof at, c.shared ? "offset %llu" : "0x%llx", static_cast<unsigned long long>(c.address));
  f.message = "this thread " + verb(a, a_writes) + " " + (c.shared ? "shared" : "global") + " memory at " + at + " that another " +
              verb(b, b_writes) + ", and nothing orders the two";
  if (benign) f.message += "; both write the same value, so it does no harm today";
  else if (elsewhere)
    f.message += ": blocks run in any order; let each block write its own place, use an atomic operation, or launch a second kernel";
  else if (before.thread() / 32 == me.thread() / 32)
    f.message += ": lanes of a warp do not move in step; put __syncthreads() between the two, or __syncwarp() where only lanes of "
                 "one warp take part";
  else f.message += ": put __syncthreads() between the two";
  report(std::move(f));
}

std::shared_ptr<Observer> race_checker() { return std::make_shared<Races>(); }

}  // namespace simt::observers
