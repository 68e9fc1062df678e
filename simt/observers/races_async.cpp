// Races of what is not a row of accesses: barriers in memory, copies that are under way, clusters, matrices, textures and surfaces.
#include <bit>
#include <cstring>

#include "simt/exec/async.hpp"
#include "simt/memory/memory.hpp"
#include "simt/observers/races_checker.hpp"
#include "simt/observers/source.hpp"

namespace simt::observers {

void Races::set_barrier(AccessProbe& p, const ptx::Instruction& instruction, exec::Handler handler) {
  if (handler == exec::run_mbarrier_init) {
    p.barrier = AccessProbe::init;
    p.kind = ir::AccessKind::store;
    p.strength = 0;
  } else if (handler == exec::run_mbarrier_arrive || handler == exec::run_mbarrier_drop || handler == exec::run_mbarrier_complete) {
    p.barrier = says(instruction, "relaxed") ? AccessProbe::counts : AccessProbe::arrives_at;
  } else if (handler == exec::run_mbarrier_test || handler == exec::run_mbarrier_try) {
    p.barrier = AccessProbe::tests;
  } else if (handler == exec::run_mbarrier_test_parity || handler == exec::run_mbarrier_try_parity) {
    p.barrier = AccessProbe::tests_parity;
  } else if (handler == exec::run_mbarrier_track || handler == exec::run_mbarrier_expect || handler == exec::run_mbarrier_inval) {
    p.barrier = AccessProbe::counts;
  } else {
    return;
  }
  p.acquires = p.releases = false;
}

/// An mbarrier orders those who arrived in a phase before those who see that it is over.
void Races::at_barrier(const Context& c) {
  const auto* memory = c.warp.shared;
  if (&c.home != &c.block) {
    for (const auto& block : c.warp.block->cluster->blocks)
      if (blocks_[&block].get() == &c.home) memory = block.shared;
  }
  exec::Barrier64 state;
  std::memcpy(&state, memory + c.address, sizeof state);
  const auto key = [&](unsigned phase) { return std::uint64_t(c.address) << 1 | phase; };
  const auto thread = c.thread();
  switch (c.probe.barrier) {
    case AccessProbe::arrives_at: {
      // Its own copies of the kind that counts bytes at a barrier end with this one's phase.
      for (auto& [word, copy] : c.home.copies)
        if (copy.barrier == 1 && copy.thread == thread && accesses_[c.probe.site].kind == ir::AccessKind::atomic && counts_bytes(c.probe))
          copy.barrier = std::uint32_t(c.address) + 2;
      c.block.advance(c.warp.index);
      auto mine = c.block.released(thread, c.block.now[c.warp.index]);
      auto& known = c.home.phases[key(state.phase)];
      join(mine, known);
      known = std::move(mine);
      return;
    }
    case AccessProbe::tests: case AccessProbe::tests_parity: {
      unsigned of = 0;
      if (c.probe.barrier == AccessProbe::tests_parity) {
        std::uint32_t parity;
        std::memcpy(&parity, c.warp.regs + c.instr->op[2] + 4 * c.lane, 4);
        of = parity & 1;
      } else {
        exec::Barrier64 token;
        std::memcpy(&token, c.warp.regs + c.instr->op[2] + 8 * c.lane, 8);
        of = token.phase;
      }
      if (state.phase == of) return;   // not yet
      if (const auto at = c.home.phases.find(key(of)); at != c.home.phases.end()) c.block.acquire(thread, at->second);
      end_copies(c.home, std::uint32_t(c.address) + 2);
      return;
    }
    default: return;
  }
}

bool Races::counts_bytes(const AccessProbe& probe) const {
  return code_->origins[probe.instr].instruction->opcode() == "cp";
}

void Races::end_copies(BlockClock& home, std::uint32_t barrier) {
  if (home.copies.empty()) return;
  std::vector<std::uint32_t> words;
  for (const auto& [word, copy] : home.copies)
    if (copy.barrier == barrier) words.push_back(word);
  for (const auto word : words) home.end_copy(word);
}

AccessProbe* Races::alone_probe(const Instr* instr) {
  const auto at = alone_.find(instr->origin);
  return at == alone_.end() ? nullptr : &accesses_[at->second];
}

/// Row by row and lane by lane, where copies are under way or blocks reach each other's memory. A probe may stand for a run of loads.
void Races::one_by_one(AccessProbe& probe, const Gang* gang, Warp& warp, const Instr* instr, BlockClock& block) {
  const auto* const run = probe.run;
  for (std::size_t n = 0; n < (run ? run->loads.size() : 1); ++n) {
    auto& p = run ? *run->loads[n].probe : probe;
    const Instr* const at = run ? run->loads[n].instr : instr;
    for (unsigned k = 0; k < (gang ? gang->count : 1); ++k) {
      Warp& w = gang ? *gang->warps[k] : warp;
      if (p.whole_warp && (~w.active & ~w.dead) != 0 && (w.pass & w.active) != w.active) continue;
      const Mask mask = exec::guarded(w, at) & p.lanes;
      if (!mask) continue;
      RowContext c{state_, p, gang, &w, at, block, w.regs + (run ? run->rows[run->loads[n].row] : at->op[p.address])};
      look_for_copies(c, mask);
      if (cluster_) lanes(c, mask);
    }
  }
}

void Races::look_for_copies(RowContext& c, Mask mask) {
  auto& p = c.probe;
  if (p.barrier || (!p.shared && !p.generic)) return;
  for (Mask left = mask; left; left &= left - 1) {
    const auto lane = unsigned(std::countr_zero(left));
    std::uint64_t address = 0;
    std::memcpy(&address, c.row + (p.shared ? 4 : 8) * lane, p.shared ? 4 : 8);
    address += std::uint64_t(std::int64_t(c.instr->mem.offset));
    if (p.shared) address = std::uint32_t(address);
    else if (address - memory::kSharedWindow >= memory::kWindowSize) continue;
    else address -= memory::kSharedWindow;
    if (BlockClock* const home = home_of(*c.warp->block, address)) meets_copy(c, lane, *home, address);
  }
}

void Races::meets_copy(RowContext& c, unsigned lane, BlockClock& home, std::uint64_t address) {
  for (auto word = std::uint32_t(address / 4), end = std::uint32_t((address + c.probe.bytes + 3) / 4); word < end; ++word) {
    if (!home.copying_to(word)) continue;
    const auto& copy = home.copies[word];
    Context context{c.probe, *c.warp, c.instr, c.gang, clock(c.warp->block), lane, word * std::uint64_t{4}, true, c.probe.kind != ir::AccessKind::load, home};
    const auto now = context.block.now[c.warp->index];
    conflict(Stamp::of(home.start, copy.site, 0).by(copy.thread), true, Stamp::of(now, c.probe.site, c.probe.strength).by(context.thread()), context, true);
    return;
  }
}

void Races::accessed(const Warp& warp, const Instr* instr, int lane, std::uint64_t address, unsigned bytes, ir::AccessKind kind) {
  AccessProbe* const probe = alone_probe(instr);
  if (!probe || ticks_.over() || bytes == 0 || (bytes & (bytes - 1)) || address % bytes) return;
  auto& block = clock(warp.block);
  const bool shared = address >= memory::kSharedWindow;
  if (shared && address - memory::kSharedWindow >= memory::kWindowSize) return;
  if (shared) address -= memory::kSharedWindow;
  probe->kind = kind == ir::AccessKind::atomic ? ir::AccessKind::atomic : kind;
  probe->strength = kind == ir::AccessKind::atomic ? 2 : 0;
  probe->bytes = std::uint8_t(bytes);
  settle(block);
  RowContext c{state_, *probe, nullptr, const_cast<Warp*>(&warp), instr, block};
  if (std::uint64_t at = address; shared)
    if (BlockClock* const home = home_of(*warp.block, at)) meets_copy(c, unsigned(lane), *home, at);
  this->lane(c, unsigned(lane), address, shared);
}

void Races::tile(const Warp& warp, const Instr* instr, const exec::TileAccess& tile) {
  AccessProbe* const probe = alone_probe(instr);
  if (!probe || ticks_.over()) return;
  auto& block = clock(warp.block);
  exec::TileAccess own = tile;
  const bool shared = tile.address >= memory::kSharedWindow;
  if (shared) own.address -= memory::kSharedWindow;
  const std::uint64_t length = (tile.lines - 1) * tile.stride + tile.bytes;
  // What is as long as this, and lies elsewhere in part, is a fault.
  const std::uint64_t end = shared ? warp.shared_bytes : memory::kSharedWindow;
  const bool inside = tile.stride <= end && length <= end && own.address <= end - length;
  const bool neighbours = tile.loads || (tile.piece_step == 1 && tile.per_lane == 1 && tile.line_step <= exec::kLanes);
  const bool simple = !tile.loads || (block.simple && !block.lanes[warp.index] && ticks_.alone_since(block.start));
  if (cluster_ || !block.copies.empty() || !inside || !neighbours || !simple || ((tile.address | tile.stride) & (tile.piece - 1)) != 0)
    return Observer::tile(warp, instr, tile);
  probe->kind = tile.loads ? ir::AccessKind::load : ir::AccessKind::store;
  probe->strength = 0;
  probe->bytes = std::uint8_t(tile.piece);
  settle(block);
  if (shared && tile.piece < 4 && block.shared->shift) block.shared->split();
  RowContext c{state_, *probe, nullptr, const_cast<Warp*>(&warp), instr, block};
  rows_.tile(c, own, shared, block.together[warp.index]);
}

void Races::copying(const Warp& warp, const Instr* instr, int lane, std::uint64_t to, unsigned bytes, bool ends) {
  AccessProbe* const probe = alone_probe(instr);
  std::uint64_t address = to - memory::kSharedWindow;
  if (!probe || ticks_.over() || address >= memory::kWindowSize) return;
  auto& block = clock(warp.block);
  std::uint64_t offset = address;
  BlockClock* const home = home_of(*warp.block, offset);
  if (!home) return;
  probe->kind = ir::AccessKind::store;
  probe->bytes = std::uint8_t(bytes);
  settle(block);
  settle(*home);
  RowContext c{state_, *probe, nullptr, const_cast<Warp*>(&warp), instr, block};
  const auto first = std::uint32_t(offset / 4), last = std::uint32_t((offset + bytes) / 4);
  if (ends) {   // who met it in between was told so
    quiet_ = true;
    for (auto word = first; word < last; ++word) home->end_copy(word);
  } else {
    meets_copy(c, unsigned(lane), *home, offset);
  }
  this->lane(c, unsigned(lane), address, true);
  quiet_ = false;
  if (ends) return;
  const bool by_barrier = says(*code_->origins[instr->origin].instruction, "mbarrier::complete_tx::bytes");
  for (auto word = first; word < last; ++word)
    home->begin_copy(word, {probe->site, warp.index * 32 + unsigned(lane), by_barrier ? 1u : 0u});
}

void Races::tracked(const Warp& warp, const Instr* instr) {
  for (Mask left = warp.active; left; left &= left - 1) {
    const auto lane = unsigned(std::countr_zero(left));
    std::uint64_t address;
    std::memcpy(&address, warp.regs + instr->op[0] + 8 * lane, 8);
    address += std::uint64_t(std::int64_t(instr->mem.offset)) - memory::kSharedWindow;
    BlockClock* const home = address < memory::kWindowSize ? home_of(*warp.block, address) : nullptr;
    if (!home || address + 8 > warp.shared_bytes) continue;
    auto& block = clock(warp.block);
    exec::Barrier64 state;
    std::memcpy(&state, warp.shared + address, sizeof state);
    block.advance(warp.index);
    auto mine = block.released(warp.index * 32 + lane, block.now[warp.index]);
    auto& known = home->phases[std::uint64_t(address) << 1 | state.phase];
    join(mine, known);
    known = std::move(mine);
  }
}

void Races::cluster_barrier(const exec::Cluster& cluster) {
  auto came = std::make_shared<std::vector<BlockClock::Times>>();
  for (const auto& block : cluster.blocks) came->push_back(blocks_[&block]->came);
  for (const auto& block : cluster.blocks) {
    auto& clock = *blocks_[&block];
    clock.cluster_came = came;
    for (Mask left = clock.waits; left; left &= left - 1) clock.learn_cluster(unsigned(std::countr_zero(left)), block.rank);
  }
}

}  // namespace simt::observers
