// Data races: accesses that share a byte, at least one of them a write, not both strong, and that nothing orders.
#include <bit>
#include <cstring>
#include <map>
#include <set>
#include <unordered_map>

#include "simt/exec/handlers.hpp"
#include "simt/memory/memory.hpp"
#include "simt/observers/checkers.hpp"
#include "simt/observers/clocks.hpp"
#include "simt/observers/findings.hpp"
#include "simt/observers/source.hpp"

namespace simt::observers {

namespace {

using exec::Instr;
using exec::Probe;
using exec::proceed;
using exec::Warp;

class Races;

/// Strength of an access or a fence by its scope.
std::uint8_t strength_of(const ptx::Instruction& instruction) { return says(instruction, "cta") ? 1 : 2; }

struct AccessProbe : Probe {
  Races* races = nullptr;
  std::uint32_t site = 0;
  ir::AccessKind kind = ir::AccessKind::none;
  bool shared = false, generic = false, whole_warp = false;
  bool acquires = false, releases = false;
  std::uint8_t bytes = 0, address = 0, strength = 0;
  Mask lanes = exec::kAllLanes;
};

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
    first_ = next_;
    if (shadow_.pages() > kPages / 8) shadow_.clear();
    sync_.clear();
    block_sync_.clear();
    blocks_.clear();
    current_ = nullptr;
    said_.clear();
    place_probes(code);
  }
  void launch_end(const exec::Launch&, const ir::Code&, const exec::Fault&) override {
    blocks_.clear();
    accesses_.clear();
    syncs_.clear();
  }
  void block_begin(const exec::Worker& worker, const exec::BlockState& block) override {
    blocks_[&block] = std::make_unique<BlockClock>(block, next_++, worker.grid->shared_bytes, orders_, tags_);
    current_ = nullptr;
  }
  void block_end(const exec::Worker&, const exec::BlockState& block) override {
    places_[blocks_[&block]->instance] = block.index;
    blocks_.erase(&block);
    current_ = nullptr;
  }
  void barrier(const exec::Worker&, const exec::BlockState& block, unsigned number, const Mask* arrived) override {
    blocks_[&block]->barrier(number, arrived);
  }

  void access(const AccessProbe& probe, Warp& warp, const Instr* instr);
  void synchronise(const SyncProbe& probe, Warp& warp, const Instr* instr);

 private:
  static constexpr std::size_t kPages = 1 << 15;   ///< of shadow memory: 128 MiB of the program's

  /// What a conflict is looked for with.
  struct Context {
    const AccessProbe& probe;
    Warp& warp;
    const Instr* instr;
    BlockClock& block;
    int lane = 0;
    std::uint64_t address = 0;
    bool shared = false, write = false;
  };

  BlockClock& clock(const exec::BlockState* block) {
    if (block != block_ || !current_) {
      block_ = block;
      current_ = blocks_[block].get();
    }
    return *current_;
  }
  void place_probes(exec::Instrumentation& code);
  bool known_reads(const AccessProbe& probe, const Warp& warp, const Instr* instr, BlockClock& block);
  bool visit(Cell& cell, const Stamp& me, const Context& c);
  void conflict(const Stamp& before, bool before_writes, const Stamp& me, const Context& c);
  bool same_value(const Stamp& before, const Context& c) const;
  void order(const Context& c);
  std::uint64_t index_of(std::uint32_t instance, const Context& c) const {
    if (instance == c.block.instance) return c.warp.block->index;
    if (const auto at = places_.find(instance); at != places_.end()) return at->second;
    for (const auto& [block, state] : blocks_)
      if (state->instance == instance) return block->index;
    return 0;
  }
  bool ordered(const Stamp& before, const Context& c) const {
    if (before.instance < first_) return true;   // of an earlier launch, or of none
    if (c.block.ordered(before, c.warp.index * 32 + unsigned(c.lane))) return true;
    // Blocks of one cluster have barriers of their own, which are not followed.
    const auto size = c.warp.worker->grid->cluster_blocks;
    return size > 1 && before.instance != c.block.instance &&
           (before.instance - first_) / size == (c.block.instance - first_) / size;
  }

  const exec::Launch* launch_ = nullptr;
  const ir::Code* code_ = nullptr;
  std::uint32_t next_ = 1, first_ = 1, tags_ = 0;
  bool orders_ = false;                    ///< the kernel has fences, or accesses that order
  Shadow shadow_;
  std::unordered_map<const exec::BlockState*, std::unique_ptr<BlockClock>> blocks_;
  std::unordered_map<std::uint32_t, std::uint64_t> places_;   ///< of blocks that have ended: instance to number
  const exec::BlockState* block_ = nullptr;
  BlockClock* current_ = nullptr;
  std::unordered_map<std::uint64_t, Known> sync_;             ///< released at an address
  std::map<std::pair<std::uint32_t, std::uint64_t>, Known> block_sync_;   ///< for threads of the same block only
  std::set<std::tuple<std::uint32_t, std::uint32_t, bool>> said_;
  std::vector<AccessProbe> accesses_;
  std::vector<SyncProbe> syncs_;
  std::uint8_t serial_ = 0;
};

const Instr* on_access(Probe& probe, Warp& warp, const Instr* instr) {
  auto& p = static_cast<AccessProbe&>(probe);
  p.races->access(p, warp, instr);
  return proceed(probe, warp, instr);
}

const Instr* on_sync(Probe& probe, Warp& warp, const Instr* instr) {
  auto& p = static_cast<SyncProbe&>(probe);
  p.races->synchronise(p, warp, instr);
  return proceed(probe, warp, instr);
}

void Races::place_probes(exec::Instrumentation& instrumentation) {
  const auto& code = instrumentation.code();
  orders_ = false;
  accesses_.reserve(code.count);
  syncs_.reserve(code.count);
  places_.clear();
  for (std::size_t n = 0; n < code.count; ++n) {
    const auto* instruction = code.origins[n].instruction;
    if (!instruction) continue;
    const auto opcode = instruction->opcode();
    const auto handler = instrumentation.handler(n);
    const auto& access = code.accesses[n];
    if (access.kind != ir::AccessKind::none && opcode != "wmma") {
      if (access.space != ptx::Space::none && access.space != ptx::Space::global && access.space != ptx::Space::shared) continue;
      auto& p = accesses_.emplace_back();
      p.call = on_access;
      p.races = this;
      p.site = std::uint32_t(n);
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
      instrumentation.add(0, n, p);
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
    p.call = on_sync;
    p.races = this;
    instrumentation.add(0, n, syncs_.emplace_back(p));
  }
}

void Races::synchronise(const SyncProbe& probe, Warp& warp, const Instr* instr) {
  auto& block = clock(warp.block);
  const unsigned w = warp.index;
  const Mask active = exec::guarded(warp, instr);
  switch (probe.kind) {
    case SyncProbe::arrive: {
      std::uint32_t number = 0;
      if (active) std::memcpy(&number, warp.regs + instr->op[0] + 4 * std::countr_zero(active), 4);
      block.advance(w);
      block.passed[number % exec::kBarriers][w] = block.tick;
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
        (probe.kind == SyncProbe::fence ? block.fence : block.block_fence)[thread] = block.tick;
        block.acquire(thread, block.read[thread]);
        block.acquire(thread, block.common_read);
        block.read[thread] = nullptr;
      }
  }
}

void Races::access(const AccessProbe& probe, Warp& warp, const Instr* instr) {
  if (probe.whole_warp && (~warp.active & ~warp.dead) != 0 && (warp.pass & warp.active) != warp.active) return;
  const Mask mask = exec::guarded(warp, instr) & probe.lanes;
  if (!mask) return;
  auto& block = clock(warp.block);
  const bool plain_load = probe.kind == ir::AccessKind::load && probe.strength == 0;
  if (plain_load && mask == exec::kAllLanes && !probe.generic && known_reads(probe, warp, instr, block)) return;
  Context c{probe, warp, instr, block};
  c.write = probe.kind != ir::AccessKind::load;
  Stamp me{block.instance, block.now[warp.index], probe.site, 0, probe.strength, ++serial_};
  for (Mask left = mask; left; left &= left - 1) {
    c.lane = std::countr_zero(left);
    if (probe.shared) {
      std::uint32_t offset;
      std::memcpy(&offset, warp.regs + instr->op[probe.address] + 4 * c.lane, 4);
      c.address = offset + std::uint32_t(instr->mem.offset);
      c.shared = true;
    } else {
      std::memcpy(&c.address, warp.regs + instr->op[probe.address] + 8 * c.lane, 8);
      c.address += std::uint64_t(std::int64_t(instr->mem.offset));
      c.shared = false;
      if (probe.generic && c.address >= memory::kSharedWindow) {
        if (c.address - memory::kSharedWindow >= memory::kWindowSize) continue;   // local memory, parameters
        c.address -= memory::kSharedWindow;
        c.shared = true;
      }
    }
    if (c.address % probe.bytes) continue;   // a fault, which is reported as such
    me.thread = std::uint16_t(warp.index * 32 + unsigned(c.lane));
    Cells* cells = block.shared.get();
    std::size_t offset = c.address;
    if (c.shared) {
      if (c.address + probe.bytes > block.shared->bytes()) continue;   // a fault, or another block of the cluster
    } else {
      if (shadow_.pages() >= kPages) shadow_.clear();
      cells = &shadow_.page(c.address, offset);
    }
    unsigned count;
    Cell* cell = cells->at(offset, probe.bytes, count);
    if (orders_ && probe.strength) order(c);
    const std::uint32_t mine = block.tag[warp.index], common = block.common_tag;
    for (unsigned n = 0; n < count; ++n) {
      auto& quiet = cells->quiet(cell + n);
      if (plain_load && (quiet == mine || quiet == common)) continue;
      if (!visit(cell[n], me, c) || c.write) {
        quiet = 0;
        continue;
      }
      // Two readers that later writers cannot both be ordered with: further ones need not be kept.
      const auto &a = cell[n].read[0], &b = cell[n].read[1];
      if (a.instance < first_ || b.instance < first_ || a.thread == b.thread) continue;
      const auto lasts = [&](const Stamp& s) { return s.instance != block.instance || s.when >= block.everyone; };
      if (a.instance != b.instance || a.thread / 32u != b.thread / 32u) quiet = lasts(a) && lasts(b) ? common : 0;
      else if (a.instance == block.instance && a.thread / 32u == warp.index && a.when == me.when && b.when == me.when) quiet = mine;
    }
  }
}

/// Whether a load of a full warp reads one place, or places side by side, that its warp has read before.
bool Races::known_reads(const AccessProbe& probe, const Warp& warp, const Instr* instr, BlockClock& block) {
  Cells* cells = block.shared.get();
  std::size_t offset;
  bool same = true, side_by_side = true;
  if (probe.shared) {
    std::uint32_t at[32];
    std::memcpy(at, warp.regs + instr->op[probe.address], sizeof at);
    for (std::uint32_t lane = 0; lane < 32; ++lane) {
      same &= at[lane] == at[0];
      side_by_side &= at[lane] == at[0] + lane * probe.bytes;
    }
    offset = at[0] + std::uint32_t(instr->mem.offset);
    if (offset + 32 * probe.bytes > cells->bytes()) return false;
  } else {
    std::uint64_t at[32];
    std::memcpy(at, warp.regs + instr->op[probe.address], sizeof at);
    for (std::uint64_t lane = 0; lane < 32; ++lane) {
      same &= at[lane] == at[0];
      side_by_side &= at[lane] == at[0] + lane * probe.bytes;
    }
    cells = &shadow_.page(at[0] + std::uint64_t(std::int64_t(instr->mem.offset)), offset);
    if (offset + 32 * probe.bytes > cells->bytes()) return false;
  }
  if (offset % probe.bytes || (!same && !side_by_side)) return false;
  return cells->all_quiet(offset, same ? probe.bytes : 32 * probe.bytes, block.tag[warp.index], block.common_tag);
}

/// A strong access: what it reads may have been released to it, what it writes may release.
void Races::order(const Context& c) {
  auto& block = c.block;
  const auto thread = c.warp.index * 32 + unsigned(c.lane);
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
    (c.probe.strength == 2 ? block.fence : block.block_fence)[thread] = block.tick;
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

/// Looks for conflicts of an access and remembers it. Whether all that was written there is ordered before the whole block.
bool Races::visit(Cell& cell, const Stamp& me, const Context& c) {
  // Both strong, and in each other's scope.
  auto strong = [&](const Stamp& s) {
    return me.strength && s.strength && (s.instance == me.instance || (me.strength == 2 && s.strength == 2));
  };
  if (!strong(cell.write) && !ordered(cell.write, c)) conflict(cell.write, true, me, c);
  if (c.write) {
    for (const auto& read : cell.read)
      if (read.instance && !strong(read) && !ordered(read, c)) conflict(read, false, me, c);
    cell.write = me;
    return false;
  }
  auto& a = cell.read[0];
  auto& b = cell.read[1];
  if (a.instance < first_ || c.block.ordered(a, me.thread)) a = me;
  else if (b.instance < first_ || c.block.ordered(b, me.thread)) b = me;
  else if (a.instance == b.instance && (me.instance != a.instance || (a.thread / 32u == b.thread / 32u && me.thread / 32u != a.thread / 32u)))
    b = me;
  return cell.write.instance < first_ || (cell.write.instance == me.instance && cell.write.when < c.block.everyone);
}

/// Whether a store is about to write what is there already.
bool Races::same_value(const Stamp& before, const Context& c) const {
  const unsigned elements = c.probe.address, size = c.probe.bytes / std::max(elements, 1u), stride = size == 1 ? 2 : size;
  const bool together = before.instance == c.block.instance && before.thread / 32u == c.warp.index && before.site == c.probe.site &&
                        before.serial == serial_;
  const std::byte* there = c.shared ? c.warp.shared + c.address : memory::AddressSpace::instance().host(c.address, c.probe.bytes);
  if (!there) return false;
  for (unsigned n = 0; n < elements; ++n) {
    const std::byte* row = c.warp.regs + c.instr->op[n];
    const std::byte* other = together ? row + stride * (before.thread % 32u) : there + n * size;
    if (std::memcmp(row + stride * unsigned(c.lane), other, size) != 0) return false;
  }
  return true;
}

void Races::conflict(const Stamp& before, bool before_writes, const Stamp& me, const Context& c) {
  const auto low = std::min(before.site, me.site), high = std::max(before.site, me.site);
  const bool both = before_writes && c.write;
  if (said_.count({low, high, false})) return;
  const auto kind_of = [&](const Stamp& s) { return code_->accesses[s.site].kind; };
  const bool benign = both && before.strength == 0 && me.strength == 0 && kind_of(before) == ir::AccessKind::store &&
                      kind_of(me) == ir::AccessKind::store && same_value(before, c);
  if (!said_.insert({low, high, benign}).second) return;

  Finding f;
  f.kind = "race";
  f.kernel = readable_name(code_->info.name);
  f.benign = benign;
  auto first = place_of(*code_, *launch_, before.site, index_of(before.instance, c), before.thread);
  auto second = place_of(*code_, *launch_, me.site, c.warp.block->index, me.thread);
  // The reading access comes first; of two writes the one on the later line.
  const bool swap = both ? first.line > second.line : !before_writes;
  const auto& a = swap ? before : me;
  f.at = swap ? first : second;
  f.other = swap ? second : first;
  auto verb = [&](const Stamp& s, bool writes) {
    const bool atomic = kind_of(s) == ir::AccessKind::atomic;
    return std::string(atomic ? "updates atomically" : writes ? "writes" : "reads");
  };
  const bool a_writes = &a == &me ? c.write : before_writes;
  const auto& b = swap ? me : before;
  const bool b_writes = &b == &me ? c.write : before_writes;
  char at[32];
  std::snprintf(at, sizeof at, c.shared ? "offset %llu" : "0x%llx", static_cast<unsigned long long>(c.address));
  f.message = "this thread " + verb(a, a_writes) + " " + (c.shared ? "shared" : "global") + " memory at " + at + " that another " +
              verb(b, b_writes) + ", and nothing orders the two";
  if (benign) f.message += "; both write the same value, so it does no harm today";
  else if (before.instance != me.instance)
    f.message += ": blocks run in any order; let each block write its own place, use an atomic operation, or launch a second kernel";
  else if (before.thread / 32u == me.thread / 32u)
    f.message += ": lanes of a warp do not move in step; put __syncthreads() between the two, or __syncwarp() where only lanes of "
                 "one warp take part";
  else f.message += ": put __syncthreads() between the two";
  report(std::move(f));
}

}  // namespace

std::shared_ptr<Observer> race_checker() { return std::make_shared<Races>(); }

}  // namespace simt::observers
