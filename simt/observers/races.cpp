// Data races: accesses that share a byte, at least one of them a write, not both strong, and that nothing orders.
#include "simt/observers/races_checker.hpp"

#include <bit>
#include <cstring>

#include "simt/exec/handlers.hpp"
#include "simt/memory/memory.hpp"
#include "simt/observers/checkers.hpp"
#include "simt/observers/findings.hpp"
#include "simt/observers/runs.hpp"
#include "simt/observers/source.hpp"

namespace simt::observers {

/// Strength of an access or a fence by its scope.
static std::uint8_t strength_of(const ptx::Instruction& instruction) { return says(instruction, "cta") ? 1 : 2; }

void race_lanes(RowContext& c, Mask mask) { c.probe.races->lanes(c, mask); }
void race_lane(RowContext& c, unsigned lane, std::uint64_t address, bool shared) { c.probe.races->lane(c, lane, address, shared); }
bool race_same_block(const RowContext& c, Stamp a, Stamp b) { return c.probe.races->same_block(a, b); }
void race_split(RowContext& c) { c.block.shared->split(); }
void race_page(AccessProbe& probe, std::uint64_t address) { probe.races->page(probe, address); }

void Races::place_probes(exec::Instrumentation& instrumentation) {
  const auto& code = instrumentation.code();
  orders_ = cluster_;
  accesses_.reserve(code.count);
  syncs_.reserve(code.count);
  std::vector<AccessProbe*> at(code.count);   // none was added yet
  for (std::size_t n = 0; n < code.count; ++n) {
    const auto* instruction = code.origins[n].instruction;
    if (!instruction) continue;
    const auto opcode = instruction->opcode();
    const auto handler = instrumentation.handler(n);
    const auto& access = code.accesses[n];
    const bool copies = opcode == "cp" && access.kind != ir::AccessKind::load && access.kind != ir::AccessKind::atomic;
    if (copies || opcode == "wmma" || opcode == "tex" || opcode == "tld4" || opcode == "suld" || opcode == "sust" || opcode == "sured") {
      if (code.instrs[n].run == exec::run_branch || accesses_.size() == Stamp::kSites) continue;
      auto& p = accesses_.emplace_back();
      p.races = this;
      p.site = std::uint32_t(accesses_.size() - 1);
      p.instr = std::uint32_t(n);
      p.kind = copies || opcode == "sust" || says(*instruction, "store") ? ir::AccessKind::store : ir::AccessKind::load;
      alone_[std::uint32_t(n)] = p.site;
      continue;
    }
    if (access.kind != ir::AccessKind::none) {
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
      if (opcode == "mbarrier" || opcode == "cp") set_barrier(p, *instruction, handler);
      orders_ |= p.acquires || p.releases || p.barrier != AccessProbe::no_barrier;
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
    } else if (handler == exec::run_barrier && exec::BarrierKind(code.instrs[n].imm) >= exec::BarrierKind::cluster_arrive) {
      if (says(*instruction, "relaxed")) continue;
      p.kind = exec::BarrierKind(code.instrs[n].imm) == exec::BarrierKind::cluster_arrive ? SyncProbe::cluster_arrive : SyncProbe::cluster_wait;
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
    case SyncProbe::cluster_arrive:
      block.advance(w);
      block.came[w] = block.now[w];
      return;
    case SyncProbe::cluster_wait:
      if (warp.block->cluster_arrived[w] & active) block.waits |= Mask{1} << w;
      else block.learn_cluster(w, warp.block->rank);
      return;
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
    if (!cluster_ && shared && address + bytes > c.warp->shared_bytes) continue;   // likewise
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
  BlockClock* const home = shared ? home_of(*row.warp->block, address) : &clock(row.warp->block);
  if (!home || (shared && address + probe.bytes > row.warp->shared_bytes)) return;
  Context c{probe, *row.warp, row.instr, row.gang, clock(row.warp->block), lane, address, shared, probe.kind != ir::AccessKind::load, *home};
  const Stamp me = Stamp::of(c.block.now[c.warp.index], probe.site, probe.strength).by(c.thread());
  if (probe.barrier) at_barrier(c);
  else if (orders_ && probe.strength) order(c);
  if (shared && probe.bytes < 4 && home->shared->shift) home->shared->split();
  if (!shared && (address >> Shadow::kPageBits != probe.page || probe.generation != state_.generation)) page(probe, address);
  const unsigned shift = shared ? home->shared->shift : probe.page_shift;
  Line* const lines = shared ? home->shared->lines : probe.page_lines;
  Stamps* const stamps = shared ? home->shared->stamps : probe.page_stamps;
  const auto offset = shared ? address : address & ((1u << Shadow::kPageBits) - 1);
  const auto since = cluster_ && shared ? blocks_.at(&row.warp->block->cluster->blocks[0])->start : since_of(row, shared);
  for (auto at = offset >> shift, end = (offset + probe.bytes) >> shift; at < end; ++at) {
    const Cell cell{lines[at >> 5], stamps[at >> 5], unsigned(at) & 31};
    visit(cell, me, c, open(cell.l, since, c.block));
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
  const auto is_write = [&](Stamp o) { return accesses_[o.site()].kind != ir::AccessKind::load; };
  const Stamp before{s.write[n]};
  if (live(before, c) && !strong(before) && !ordered(before, c)) conflict(before, true, me, c);
  if (c.write) {
    for (Stamp read : {Stamp{s.first[n]}, Stamp{s.other[n]}})
      if (live(read, c) && !strong(read) && !ordered(read, c)) conflict(read, is_write(read), me, c);
    // A weak write before a strong one must not be forgotten: others may be ordered with the strong one only.
    if (me.strength() && live(before, c) && !before.strength() && (!c.shared || cluster_ || before.when() >= c.block.everyone)) {
      s.first[n] = before.bits;
      s.reader[n] = std::uint16_t(before.thread());
      l.read |= bit;
      l.old_read &= ~bit;
      if (!newest || instance_of(before, c) != mine) l.foreign_read |= bit;
    }
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
  const bool keeps = me.strength() && live(a, c) && is_write(a);
  if (keeps && !strong(a) && !ordered(a, c)) conflict(a, true, me, c);
  if (ordered(a, c) && !keeps) {
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
  if (alone_.count(c.probe.instr)) return false;   // it is not known what it writes
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

/// Whether an access is in NVIDIA's header of cooperative groups, and not a copy, which is the program's.
bool Races::of_groups(std::uint32_t site) const {
  const auto& origin = code_->origins[accesses_[site].instr];
  if (!origin.instruction) return false;
  const auto file = written_in(*origin.module, *origin.function, std::size_t(origin.instruction - origin.function->body.data()));
  return file.find("/cooperative_groups") != std::string::npos && !file.ends_with("/async.h");
}

void Races::conflict(Stamp before, bool before_writes, Stamp me, const Context& c, bool copying) {
  // What the system or the program lends to groups of several warps is theirs: nobody else knows its rules.
  if (quiet_ || (c.shared && c.address >= code_->info.static_shared && c.address < code_->static_shared)) return;
  const auto low = std::min(before.site(), me.site()), high = std::max(before.site(), me.site());
  const bool both = before_writes && c.write;
  if (said_.count({low, high, false})) return;
  if (c.shared && of_groups(before.site()) && of_groups(me.site())) {
    said_.insert({low, high, false});
    return;
  }
  const auto kind_of = [&](Stamp s) { return accesses_[s.site()].kind; };
  const bool benign = !copying && both && before.strength() == 0 && me.strength() == 0 && kind_of(before) == ir::AccessKind::store &&
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
  if (copying)
    f.message = "this thread " + verb(me, c.write) + " shared memory at " + at + " while an asynchronous copy to it is still under way: wait "
                "for the copy (cp.async.wait_group, __pipeline_wait_prior(), or its barrier) before, and put __syncthreads() behind the wait "
                "if others read what a thread has copied";
  else if (benign) f.message += "; both write the same value, so it does no harm today";
  else if (elsewhere && c.shared)
    f.message += ": put a barrier of the cluster (cluster.sync()) between the two";
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
