// Values that were never written, followed from where they are read to where they decide something: a branch, an address,
// a stored result.
//
// Which bytes of memory were written is kept all the time; registers are followed from the first read of an unwritten byte
// on. A value that is only moved carries its state along and is reported nowhere; what is computed from it is.
#include <algorithm>
#include <atomic>
#include <bit>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <unordered_map>

#include "simt/exec/async.hpp"
#include "simt/exec/handlers.hpp"
#include "simt/memory/memory.hpp"
#include "simt/observers/checkers.hpp"
#include "simt/observers/findings.hpp"
#include "simt/observers/rows.hpp"
#include "simt/observers/runs.hpp"
#include "simt/observers/source.hpp"

namespace simt::observers {

namespace {

using exec::Instr;
using exec::Mask;
using exec::Probe;
using exec::proceed;
using exec::Warp;

/// One bit a byte: whether it was written.
class Bits {
 public:
  explicit Bits(std::size_t bytes = 0) { clear(bytes); }
  void clear(std::size_t bytes) {
    words_.assign(bytes / 64 + 1, 0);
    missing_ = bytes;
  }
  /// Whether every byte was written.
  bool complete() const { return missing_ == 0; }
  bool all(std::size_t at, std::size_t end) const {
    while (at < end) {
      const std::size_t next = std::min(end, (at / 64 + 1) * 64);
      if (~words_[at / 64] & mask(at, next)) return false;
      at = next;
    }
    return true;
  }
  void set(std::size_t at, std::size_t end, bool written) {
    while (at < end) {
      const std::size_t next = std::min(end, (at / 64 + 1) * 64);
      auto& word = words_[at / 64];
      const std::uint64_t m = mask(at, next), before = word;
      word = written ? word | m : word & ~m;
      missing_ += std::size_t(std::popcount(before)) - std::size_t(std::popcount(word));
      at = next;
    }
  }

 private:
  static std::uint64_t mask(std::size_t at, std::size_t end) { return ~0ull >> (64 - (end - at)) << at % 64; }
  std::vector<std::uint64_t> words_;
  std::size_t missing_ = 0;
};

/// An allocation of which not everything was written when it was last looked at.
struct Region {
  std::uint64_t low, high;
  Bits bits;
};

class Uninitialized;

struct ValueProbe : Probe {
  Uninitialized* checker = nullptr;
  std::uint32_t site = 0;
  bool makes_barrier = false;   ///< it writes an mbarrier anew
  const Run* run = nullptr;   ///< whose other loads are looked at with this one
  // What global memory it met last: all of it is in the region, or in none.
  std::uint64_t low = 1, high = 0, generation = 0;
  Region* region = nullptr;
};

/// What is known of the values in a row, by lane.
struct Row {
  Mask unwritten = 0, computed = 0, near = 0;   ///< near: from shared or local memory
};

class Uninitialized final : public UninitializedChecker {
 public:
  bool alone() const override { return true; }
  void allocated(std::uint64_t address, std::size_t bytes) override;
  void written(std::uint64_t address, std::size_t bytes) override;

  void launch_begin(const exec::Launch& launch, exec::Instrumentation& instrumentation) override {
    launch_ = &launch;
    instrumentation_ = &instrumentation;
    code_ = &instrumentation.code();
    following_ = false;
    said_.clear();
    forget_complete();
    probes_.assign(code_->count, {});
    runs_ = runs_of(instrumentation);
    std::vector<bool> later(code_->count);   // loads of a run but the first
    for (const auto& run : runs_) {
      if (run.loads.size() < 2) continue;
      probes_[run.loads[0].instr].run = &run;
      for (std::size_t k = 1; k < run.loads.size(); ++k) later[run.loads[k].instr] = true;
    }
    for (std::size_t n = 0; n < code_->count; ++n) {
      probes_[n].checker = this;
      probes_[n].site = std::uint32_t(n);
      probes_[n].makes_barrier = instrumentation.handler(n) == exec::run_mbarrier_init;
      if (touches_memory(n) && !later[n] && (!regions_.empty() || code_->accesses[n].space != ptx::Space::global)) watch(n);
    }
  }
  /// Looks at accesses of memory.
  void watch(std::size_t n) {
    probes_[n].gang = [](Probe& probe, const exec::Gang& gang, const Instr* instr) {
      auto& p = static_cast<ValueProbe&>(probe);
      if (p.checker->whole_block(p, *gang.warps[0])) return;
      for (unsigned k = 0; k < gang.count; ++k)
        if (!p.checker->known(p, *gang.warps[k], instr)) p.checker->memory(p, *gang.warps[k], instr);
      if (p.run) p.checker->look_ahead(p, gang.warps, gang.count);
    };
    add(n, [](Probe& probe, Warp& warp, const Instr* instr) {
      auto& p = static_cast<ValueProbe&>(probe);
      if (!p.checker->known(p, warp, instr)) p.checker->memory(p, warp, instr);
      Warp* const one = &warp;
      if (p.run && !p.checker->whole_block(p, warp)) p.checker->look_ahead(p, &one, 1);
      return proceed(probe, warp, instr);
    });
  }
  /// The other loads of a run. They have probes of their own from now on if they may read what nobody has written.
  void look_ahead(ValueProbe& first, Warp* const* warps, unsigned count) {
    if (following_) return;   // they have
    const auto& loads = first.run->loads;
    bool all = true;
    for (std::size_t l = 1; all && l < loads.size(); ++l)
      for (unsigned k = 0; all && k < count; ++k) all = known(probes_[loads[l].instr], *warps[k], &code_->instrs[loads[l].instr]);
    if (all) return;
    first.run = nullptr;
    for (std::size_t l = 1; l < loads.size(); ++l) watch(loads[l].instr);
  }
  void launch_end(const exec::Launch&, const ir::Code&, const exec::Fault&) override {
    blocks_.clear();
    block_ = nullptr;
  }
  void block_begin(const exec::Worker& worker, const exec::BlockState& block) override {
    if (!spare_.empty()) {
      spare_.back().key() = &block;
      blocks_.insert(std::move(spare_.back()));
      spare_.pop_back();
    }
    auto& b = blocks_[&block];
    b.shared.clear(worker.grid->shared_bytes);
    b.shared.set(code_->info.static_shared, code_->static_shared, true);   // what the system has for itself
    b.local.assign(worker.grid->local_bytes ? block.warp_count : 0, Bits(std::size_t(worker.grid->local_bytes) * 32));
    b.rows.assign(block.warp_count, {});
    block_ = nullptr;
  }
  void block_end(const exec::Worker&, const exec::BlockState& block) override {
    if (spare_.size() < 64) spare_.push_back(blocks_.extract(&block));
    else blocks_.erase(&block);
    block_ = nullptr;
  }
  void copied(const Warp& warp, std::uint64_t to, std::uint64_t from, unsigned bytes, unsigned read) override;
  void wrote(const Warp& warp, int lane, std::uint64_t to, unsigned bytes) override;
  void accessed(const Warp& warp, const Instr*, int, std::uint64_t address, unsigned bytes, ir::AccessKind kind) override {
    if (kind != ir::AccessKind::store) return;
    if (Bits* const bits = bits_of(warp, address, bytes)) bits->set(address, address + bytes, true);
  }
  void tile(const Warp& warp, const Instr* instr, const exec::TileAccess& tile) override;

  /// Whether all of the shared memory that this accesses was written.
  bool whole_block(const ValueProbe& probe, const Warp& warp) {
    return !following_ && code_->accesses[probe.site].space == ptx::Space::shared && state(warp).shared.complete();
  }
  bool known(ValueProbe& probe, const Warp& warp, const Instr* instr);
  void memory(ValueProbe& probe, Warp& warp, const Instr* instr);
  void value(std::uint32_t site, Warp& warp, const Instr* instr);

 private:
  struct Block {
    Bits shared;
    std::vector<Bits> local;               ///< by warp; lane l has bytes [l * n, (l + 1) * n)
    std::vector<std::vector<Row>> rows;    ///< by warp, by 4 bytes of the register file
  };
  bool touches_memory(std::size_t n) const {
    const auto& access = code_->accesses[n];
    const auto* instruction = code_->origins[n].instruction;
    return access.kind != ir::AccessKind::none && access.kind != ir::AccessKind::copy && instruction &&
           instruction->opcode() != "wmma" && instruction->opcode() != "ldmatrix" && instruction->opcode() != "stmatrix" &&
           access.space != ptx::Space::constant;
  }
  void add(std::size_t n, decltype(Probe::call) call) {
    auto& p = probes_[n];
    p.call = call;
    instrumentation_->add(0, n, p);
  }
  Block& state(const Warp& warp) {
    if (warp.block != block_) {
      block_ = warp.block;
      current_ = &blocks_[block_];
    }
    return *current_;
  }
  /// The region of an address of global memory; null where everything counts as written.
  Region* region(ValueProbe& probe, std::uint64_t address) {
    if (address - probe.low >= probe.high - probe.low || probe.generation != generation_.load(std::memory_order_acquire)) look(probe, address);
    return probe.region;
  }
  void look(ValueProbe& probe, std::uint64_t address);
  void forget_complete();
  /// The bits of a generic address, which becomes a place among them; null where everything counts as written.
  Bits* bits_of(const Warp& warp, std::uint64_t& at, unsigned bytes) {
    if (at < memory::kSharedWindow) {
      ValueProbe anywhere;
      Region* const r = region(anywhere, at);
      if (!r || at + bytes > r->high) return nullptr;
      at -= r->low;
      return &r->bits;
    }
    at -= memory::kSharedWindow;
    return shared_bits(warp, at, bytes);
  }
  /// The same for an offset in shared memory, perhaps that of another block of the cluster.
  Bits* shared_bits(const Warp& warp, std::uint64_t& at, unsigned bytes) {
    const auto rank = at >> 24;
    at &= 0xffffff;
    if (at + bytes > warp.shared_bytes) return nullptr;
    if (rank == 0) return &state(warp).shared;
    auto& blocks = warp.block->cluster->blocks;
    return rank <= blocks.size() ? &blocks_[&blocks[rank - 1]].shared : nullptr;
  }
  void follow();
  std::vector<Row>& rows(const Warp& warp) {
    auto& r = state(warp).rows[warp.index];
    if (r.empty()) r.resize(code_->file_bytes / 4);
    return r;
  }
  void say(std::uint32_t site, const Warp& warp, Mask lanes, const char* decides);

  const exec::Launch* launch_ = nullptr;
  const ir::Code* code_ = nullptr;
  exec::Instrumentation* instrumentation_ = nullptr;
  bool following_ = false;
  std::vector<ValueProbe> probes_;
  std::vector<Run> runs_;
  using Blocks = std::unordered_map<const exec::BlockState*, Block>;
  Blocks blocks_;
  std::vector<Blocks::node_type> spare_;            ///< of blocks that have ended: their memory is used again
  const exec::BlockState* block_ = nullptr;         ///< who was looked at last
  Block* current_ = nullptr;
  RangeOf range_ = range_of(exec::isa());
  // Host code allocates and writes while kernels run: regions that probes may know are kept until the next launch.
  std::mutex mutex_;
  std::map<std::uint64_t, std::unique_ptr<Region>> regions_;   ///< by the address after the last
  std::vector<std::unique_ptr<Region>> gone_;
  std::atomic<std::uint64_t> generation_{1};
  std::uint32_t source_ = 0;                        ///< where an unwritten byte was last read
  std::set<std::uint32_t> said_;
};

/// The first unwritten byte was read: from now on all instructions are looked at.
void Uninitialized::follow() {
  following_ = true;
  for (std::size_t n = 0; n < code_->count; ++n)
    if (touches_memory(n)) {
      if (!probes_[n].call) watch(n);
    } else {
      add(n, [](Probe& probe, Warp& warp, const Instr* instr) {
        auto& p = static_cast<ValueProbe&>(probe);
        p.checker->value(p.site, warp, instr);
        return proceed(probe, warp, instr);
      });
    }
}

void Uninitialized::allocated(std::uint64_t address, std::size_t bytes) {
  if (!bytes) return;
  written(address, bytes);
  std::lock_guard lock(mutex_);
  for (auto at = regions_.upper_bound(address); at != regions_.end() && at->second->low < address + bytes;) {
    gone_.push_back(std::move(at->second));
    at = regions_.erase(at);
  }
  regions_[address + bytes] = std::make_unique<Region>(Region{address, address + bytes, Bits(bytes)});
  generation_.fetch_add(1, std::memory_order_release);
}

void Uninitialized::written(std::uint64_t address, std::size_t bytes) {
  std::lock_guard lock(mutex_);
  for (auto at = regions_.upper_bound(address); at != regions_.end() && at->second->low < address + bytes; ++at) {
    Region& r = *at->second;
    r.bits.set(std::max(address, r.low) - r.low, std::min(address + bytes, r.high) - r.low, true);
  }
}

void Uninitialized::forget_complete() {
  std::lock_guard lock(mutex_);
  gone_.clear();
  std::erase_if(regions_, [](const auto& entry) { return entry.second->bits.complete(); });
  generation_.fetch_add(1, std::memory_order_release);
}

void Uninitialized::look(ValueProbe& probe, std::uint64_t address) {
  std::lock_guard lock(mutex_);
  probe.generation = generation_.load(std::memory_order_acquire);
  const auto at = regions_.upper_bound(address);
  if (at != regions_.end() && at->second->low <= address) {
    probe.region = at->second.get();
    probe.low = probe.region->low;
    probe.high = probe.region->high;
    return;
  }
  probe.region = nullptr;
  probe.low = at == regions_.begin() ? 0 : std::prev(at)->second->high;
  probe.high = at == regions_.end() ? ~0ull : at->second->low;
}

/// Whether a row needs no look at its lanes, as long as no register holds a value that was never written: what it reads
/// was written, and what it writes is written now.
bool Uninitialized::known(ValueProbe& probe, const Warp& warp, const Instr* instr) {
  if (following_) return false;
  const auto& access = code_->accesses[probe.site];
  if (whole_block(probe, warp)) return true;
  const Mask mask = exec::guarded(warp, instr);
  if (!mask) return true;
  if (access.space == ptx::Space::local) return false;
  const auto* const row = warp.regs + instr->op[access.address];
  const unsigned bytes = access.bytes, shift = unsigned(std::countr_zero(bytes));
  const auto range = (access.wide ? range_.wide : range_.narrow)(row, mask, shift);
  std::uint64_t low, high;   // [low, high)
  Bits* bits;
  if (access.wide) {
    const auto offset = std::uint64_t(std::int64_t(instr->mem.offset));
    low = range.low + offset, high = range.high + offset + bytes;
    if (low < memory::kSharedWindow) {
      Region* const r = region(probe, low);
      if (high <= low || high > probe.high) return false;
      if (!r) return true;
      low -= r->low, high -= r->low;
      bits = &r->bits;
    } else {
      low -= memory::kSharedWindow, high -= memory::kSharedWindow;
      if (high > warp.shared_bytes || high <= low) return false;
      bits = &state(warp).shared;
    }
  } else {
    low = std::uint32_t(std::uint32_t(range.low) + std::uint32_t(instr->mem.offset));
    high = low + (range.high - range.low) + bytes;
    if (high > warp.shared_bytes) return false;
    bits = &state(warp).shared;
  }
  if (bits->complete()) return true;
  if (low % bytes) return false;
  if (access.kind != ir::AccessKind::store && !bits->all(low, high)) return false;
  if (access.kind == ir::AccessKind::load) return true;
  if (access.kind == ir::AccessKind::atomic) return true;   // what it changes was written before
  if (!range.dense) return false;
  bits->set(low, high, true);
  return true;
}

/// A copy carries along whether what it copies was written.
void Uninitialized::copied(const Warp& warp, std::uint64_t to, std::uint64_t from, unsigned bytes, unsigned read) {
  constexpr unsigned step = 4;   // the least that a copy moves
  for (unsigned at = 0; at < bytes; at += step) {
    std::uint64_t source = from + at, destination = to + at;
    const unsigned n = at < read ? std::min(step, read - at) : 0;
    const Bits* const given = n ? bits_of(warp, source, n) : nullptr;
    const bool written = !given || given->all(source, source + n);
    if (Bits* const bits = bits_of(warp, destination, step)) bits->set(destination, destination + step, written);
  }
}

void Uninitialized::wrote(const Warp& warp, int lane, std::uint64_t to, unsigned bytes) {
  constexpr unsigned step = 4;
  for (unsigned at = 0; at < bytes; at += step) {
    std::uint64_t place = to + at;
    if (place - memory::kLocalWindow < memory::kWindowSize) {
      place += std::uint64_t(warp.local_bytes) * unsigned(lane) - memory::kLocalWindow;
      state(warp).local[warp.index].set(place, place + step, true);
    } else if (Bits* const bits = bits_of(warp, place, step)) {
      bits->set(place, place + step, true);
    }
  }
}

void Uninitialized::tile(const Warp& warp, const Instr* instr, const exec::TileAccess& tile) {
  if (tile.loads) return;
  auto& probe = probes_[instr->origin];
  auto line = tile;
  line.lines = 1;
  for (unsigned n = 0; n < tile.lines; ++n, line.address += tile.stride) {
    const auto low = line.address, high = low + tile.bytes;
    Region* const r = low < memory::kSharedWindow ? region(probe, low) : nullptr;
    if (low >= memory::kSharedWindow || high > probe.high) Observer::tile(warp, instr, line);   // piece by piece
    else if (r) r->bits.set(low - r->low, high - r->low, true);
  }
}

void Uninitialized::say(std::uint32_t site, const Warp& warp, Mask lanes, const char* decides) {
  if (!said_.insert(site).second) return;
  const auto thread = warp.index * 32 + unsigned(std::countr_zero(lanes));
  Finding f;
  f.kind = "uninitialized";
  f.kernel = readable_name(code_->info.name);
  f.at = place_of(*code_, *launch_, site, warp.block->index, thread);
  const auto from = place_of(*code_, *launch_, source_, warp.block->index, thread);
  f.message = std::string(decides) + " a value that was never written";
  if (from.line != f.at->line) f.message += ", read at line " + std::to_string(from.line);
  f.other = from;
  f.message += ": give the memory a value first (cudaMemset, or a store and a barrier)";
  report(std::move(f));
}

void Uninitialized::memory(ValueProbe& probe, Warp& warp, const Instr* instr) {
  const auto site = probe.site;
  const Mask mask = exec::guarded(warp, instr);
  if (!mask) return;
  const auto& access = code_->accesses[site];
  const auto& operands = code_->operands[site];
  auto& block = state(warp);
  const bool loads = access.kind == ir::AccessKind::load, atomic = access.kind == ir::AccessKind::atomic && !probe.makes_barrier;
  const unsigned bytes = access.bytes;

  Mask stored = 0, computed = 0, near = 0;   // unwritten values among those that are stored
  if (following_) {
    auto& r = rows(warp);
    auto& address = r[std::size_t(instr->op[access.address]) / 4];
    if (const Mask bad = address.unwritten & mask) {
      say(site, warp, bad, "the address of this access depends on");
      address.unwritten &= ~mask;
    }
    for (unsigned n = 0; n < operands.count; ++n) {
      if ((operands.writes >> n & 1) || n == access.address) continue;
      const auto& row = r[std::size_t(instr->op[n]) / 4];
      stored |= row.unwritten & mask;
      computed |= row.unwritten & row.computed & mask;
      near |= row.unwritten & row.near & mask;
    }
  }
  Mask unwritten = 0, from_near = 0, to_global = 0;
  for (Mask left = mask; left; left &= left - 1) {
    const int lane = std::countr_zero(left);
    const Mask bit = Mask{1} << lane;
    std::uint64_t at = 0;
    Bits* bits = nullptr;
    auto space = access.space;
    if (access.wide) {
      std::memcpy(&at, warp.regs + instr->op[access.address] + 8 * lane, 8);
      at += std::uint64_t(std::int64_t(instr->mem.offset));
      if (at - memory::kSharedWindow < memory::kWindowSize) space = ptx::Space::shared, at -= memory::kSharedWindow;
      else if (at - memory::kLocalWindow < memory::kWindowSize) space = ptx::Space::local, at -= memory::kLocalWindow;
      else if (at >= memory::kSharedWindow) continue;
      else space = ptx::Space::global;
    } else {
      std::uint32_t offset;
      std::memcpy(&offset, warp.regs + instr->op[access.address] + 4 * lane, 4);
      at = offset + std::uint32_t(instr->mem.offset);
    }
    if (at % bytes) continue;   // a fault, which is reported as such
    if (space == ptx::Space::shared) {
      bits = shared_bits(warp, at, bytes);
    } else if (space == ptx::Space::local) {
      if (at + bytes > warp.local_bytes) continue;
      at += std::uint64_t(warp.local_bytes) * unsigned(lane);
      bits = &block.local[warp.index];
    } else {
      to_global |= bit;
      if (Region* const r = region(probe, at); r && at + bytes <= r->high) {
        bits = &r->bits;
        at -= r->low;
      }
    }
    if (!bits) continue;
    if ((loads || atomic) && !bits->all(at, at + bytes)) {
      unwritten |= bit;
      if (space != ptx::Space::global) from_near |= bit;
    }
    if (!loads) bits->set(at, at + bytes, atomic || !(stored & ~computed & bit) || (to_global & near & bit));
  }
  if (unwritten) {
    source_ = site;
    if (!following_) follow();
  }
  if (atomic) {
    if (unwritten | stored) say(site, warp, unwritten | stored, "an atomic operation makes its result from");
  } else if (!loads) {
    if (const Mask bad = computed | (near & to_global)) say(site, warp, bad, "this stored result comes from");
  }
  if (!following_ || !loads) return;
  auto& r = rows(warp);
  for (unsigned n = 0; n < operands.count; ++n) {
    if (!(operands.writes >> n & 1)) continue;
    auto& row = r[std::size_t(instr->op[n]) / 4];
    row.unwritten = (row.unwritten & ~mask) | unwritten;
    row.computed &= ~mask;
    row.near = (row.near & ~mask) | from_near;
  }
}

void Uninitialized::value(std::uint32_t site, Warp& warp, const Instr* instr) {
  auto& r = rows(warp);
  const auto& operands = code_->operands[site];
  const auto handler = instrumentation_->handler(site);
  auto& guard = r[std::size_t(instr->guard & ~3) / 4];
  if (const Mask bad = guard.unwritten & warp.active) {
    say(site, warp, bad, "this branch depends on");
    guard.unwritten = 0;
  }
  if (handler == exec::run_branch || handler == exec::run_branch_back || operands.count == 0 || !operands.writes) {
    // Only brx.idx and indirect calls have operands that decide where to go.
    if (handler == exec::run_indexed || handler == exec::run_call_indirect)
      if (const Mask bad = r[std::size_t(instr->op[0]) / 4].unwritten & warp.active) say(site, warp, bad, "this jump depends on");
    return;
  }
  const Mask mask = exec::guarded(warp, instr);
  Row sum;
  for (unsigned n = 0; n < operands.count; ++n) {
    if ((operands.writes >> n & 1) && !(operands.updates >> n & 1)) continue;
    const auto& row = r[std::size_t(instr->op[n]) / 4];
    sum.unwritten |= row.unwritten;
    sum.computed |= row.computed & row.unwritten;
    sum.near |= row.near & row.unwritten;
  }
  static const ptx::Instruction kNone;
  const auto* own = code_->origins[site].instruction;   // the copies of a call's arguments have none
  const auto& instruction = own ? *own : kNone;
  const auto opcode = instruction.opcode();
  if (sum.unwritten && opcode == "shfl") {   // the value of another lane
    const Row before = sum;
    sum = {};
    for (int lane = 0; lane < 32; ++lane) {
      std::uint32_t b, c;
      std::memcpy(&b, warp.regs + instr->op[3] + 4 * lane, 4);
      std::memcpy(&c, warp.regs + instr->op[4] + 4 * lane, 4);
      const std::int32_t segment = c >> 8 & 31, clamp = c & 31, last = (lane & segment) | (clamp & ~segment), operand = b & 31;
      const bool up = says(instruction, "up");
      std::int32_t from = up                         ? lane - operand
                          : says(instruction, "down") ? lane + operand
                          : says(instruction, "bfly") ? lane ^ operand
                                                      : (lane & segment) | (operand & ~segment);
      if (up ? from < last : from > last) from = lane;
      sum.unwritten |= Mask(before.unwritten >> (from & 31) & 1) << lane;
      sum.computed |= Mask(before.computed >> (from & 31) & 1) << lane;
      sum.near |= Mask(before.near >> (from & 31) & 1) << lane;
    }
  } else if (sum.unwritten & warp.active && (opcode == "vote" || opcode == "match" || opcode == "redux")) {
    sum.unwritten = exec::kAllLanes;
  }
  const bool moves = operands.moves || opcode == "mov" || opcode == "shfl" || opcode == "prmt";
  for (unsigned n = 0; n < operands.count; ++n) {
    if (!(operands.writes >> n & 1)) continue;
    auto& row = r[std::size_t(instr->op[n]) / 4];
    row.unwritten = (row.unwritten & ~mask) | (sum.unwritten & mask);
    row.computed = (row.computed & ~mask) | ((moves ? sum.computed : sum.unwritten) & mask);
    row.near = (row.near & ~mask) | (sum.near & mask);
  }
}

}  // namespace

std::shared_ptr<UninitializedChecker> uninitialized_checker() { return std::make_shared<Uninitialized>(); }

}  // namespace simt::observers
