// Values that were never written, followed from where they are read to where they decide something: a branch, an address,
// a stored result.
//
// Which bytes of memory were written is kept all the time; registers are followed from the first read of an unwritten byte
// on. A value that is only moved carries its state along and is reported nowhere; what is computed from it is.
#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <set>
#include <unordered_map>

#include "simt/exec/handlers.hpp"
#include "simt/memory/memory.hpp"
#include "simt/observers/checkers.hpp"
#include "simt/observers/findings.hpp"
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
  explicit Bits(std::size_t bytes = 0, bool written = false) : words_((bytes + 63) / 64 + 1, written ? ~0ull : 0) {}
  bool all(std::size_t at, unsigned bytes) const { return (get(at) & mask(bytes)) == mask(bytes); }
  void set(std::size_t at, unsigned bytes, bool written) {   // at most 32, aligned: in one word
    auto& word = words_[at / 64];
    const std::uint64_t m = mask(bytes) << at % 64;
    word = written ? word | m : word & ~m;
  }
  std::size_t size() const { return (words_.size() - 1) * 64; }

 private:
  static std::uint64_t mask(unsigned bytes) { return (1ull << bytes) - 1; }
  std::uint64_t get(std::size_t at) const { return words_[at / 64] >> at % 64; }
  std::vector<std::uint64_t> words_;
};

class Uninitialized;

struct ValueProbe : Probe {
  Uninitialized* checker = nullptr;
  std::uint32_t site = 0;
};

/// What is known of the values in a row, by lane.
struct Row {
  Mask unwritten = 0, computed = 0, near = 0;   ///< near: from shared or local memory
};

class Uninitialized final : public UninitializedChecker {
 public:
  bool alone() const override { return true; }
  void allocated(std::uint64_t address, std::size_t bytes) override { mark(address, bytes, false); }
  void written(std::uint64_t address, std::size_t bytes) override { mark(address, bytes, true); }

  void launch_begin(const exec::Launch& launch, exec::Instrumentation& instrumentation) override {
    launch_ = &launch;
    instrumentation_ = &instrumentation;
    code_ = &instrumentation.code();
    following_ = false;
    said_.clear();
    probes_.assign(code_->count, {});
    for (std::size_t n = 0; n < code_->count; ++n)
      if (touches_memory(n)) add(n, [](Probe& probe, Warp& warp, const Instr* instr) {
          auto& p = static_cast<ValueProbe&>(probe);
          p.checker->memory(p.site, warp, instr);
          return proceed(probe, warp, instr);
        });
  }
  void launch_end(const exec::Launch&, const ir::Code&, const exec::Fault&) override { blocks_.clear(); }
  void block_begin(const exec::Worker& worker, const exec::BlockState& block) override {
    auto& b = blocks_[&block];
    b.shared = Bits(worker.grid->shared_bytes);
    b.local.assign(block.warp_count, Bits(std::size_t(worker.grid->local_bytes) * 32));
    b.rows.assign(block.warp_count, {});
  }
  void block_end(const exec::Worker&, const exec::BlockState& block) override { blocks_.erase(&block); }
  void copied(const Warp& warp, std::uint64_t to, std::uint64_t from, unsigned bytes, unsigned read) override;
  void wrote(const Warp& warp, int lane, std::uint64_t to, unsigned bytes) override;

  void memory(std::uint32_t site, Warp& warp, const Instr* instr);
  void value(std::uint32_t site, Warp& warp, const Instr* instr);

 private:
  struct Block {
    Bits shared;
    std::vector<Bits> local;               ///< by warp; lane l has bytes [l * n, (l + 1) * n)
    std::vector<std::vector<Row>> rows;    ///< by warp, by 4 bytes of the register file
  };
  static constexpr unsigned kPageBits = 12;

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
    p.checker = this;
    p.site = std::uint32_t(n);
    instrumentation_->add(0, n, p);
  }
  void mark(std::uint64_t address, std::size_t bytes, bool written) {
    for (std::uint64_t at = address, end = address + bytes; at < end;) {
      const std::uint64_t next = std::min(end, ((at >> kPageBits) + 1) << kPageBits);
      auto found = pages_.find(at >> kPageBits);
      if (found == pages_.end()) {
        if (written) {
          at = next;
          continue;
        }
        found = pages_.emplace(at >> kPageBits, Bits(std::size_t{1} << kPageBits, true)).first;
      }
      for (; at < next; ++at) found->second.set(at & ((1u << kPageBits) - 1), 1, written);
    }
    last_ = nullptr;
    last_page_ = ~0ull;
  }
  /// Of global memory; null where everything counts as written.
  Bits* page(std::uint64_t address) {
    const auto page = address >> kPageBits;
    if (page != last_page_) {
      const auto found = pages_.find(page);
      last_ = found == pages_.end() ? nullptr : &found->second;
      last_page_ = page;
    }
    return last_;
  }
  /// The bits of a generic address, which becomes a place among them; null where everything counts as written.
  Bits* bits_of(const Warp& warp, std::uint64_t& at, unsigned bytes) {
    if (at < memory::kSharedWindow) {
      Bits* const bits = page(at);
      at &= (1u << kPageBits) - 1;
      return bits;
    }
    at -= memory::kSharedWindow;
    return at + bytes <= warp.shared_bytes ? &blocks_[warp.block].shared : nullptr;
  }
  void follow();
  std::vector<Row>& rows(const Warp& warp) {
    auto& r = blocks_[warp.block].rows[warp.index];
    if (r.empty()) r.resize(code_->file_bytes / 4);
    return r;
  }
  void say(std::uint32_t site, const Warp& warp, Mask lanes, const char* decides);

  const exec::Launch* launch_ = nullptr;
  const ir::Code* code_ = nullptr;
  exec::Instrumentation* instrumentation_ = nullptr;
  bool following_ = false;
  std::vector<ValueProbe> probes_;
  std::unordered_map<const exec::BlockState*, Block> blocks_;
  std::unordered_map<std::uint64_t, Bits> pages_;   ///< of memory that was allocated and never written before
  Bits* last_ = nullptr;
  std::uint64_t last_page_ = ~0ull;
  std::uint32_t source_ = 0;                        ///< where an unwritten byte was last read
  std::set<std::uint32_t> said_;
};

/// The first unwritten byte was read: from now on all instructions are looked at.
void Uninitialized::follow() {
  following_ = true;
  for (std::size_t n = 0; n < code_->count; ++n)
    if (!touches_memory(n)) add(n, [](Probe& probe, Warp& warp, const Instr* instr) {
        auto& p = static_cast<ValueProbe&>(probe);
        p.checker->value(p.site, warp, instr);
        return proceed(probe, warp, instr);
      });
}

/// A copy carries along whether what it copies was written.
void Uninitialized::copied(const Warp& warp, std::uint64_t to, std::uint64_t from, unsigned bytes, unsigned read) {
  constexpr unsigned step = 4;   // the least that a copy moves
  for (unsigned at = 0; at < bytes; at += step) {
    std::uint64_t source = from + at, destination = to + at;
    const unsigned n = at < read ? std::min(step, read - at) : 0;
    const Bits* const given = n ? bits_of(warp, source, n) : nullptr;
    const bool written = !given || given->all(source, n);
    if (Bits* const bits = bits_of(warp, destination, step)) bits->set(destination, step, written);
  }
}

void Uninitialized::wrote(const Warp& warp, int lane, std::uint64_t to, unsigned bytes) {
  constexpr unsigned step = 4;
  for (unsigned at = 0; at < bytes; at += step) {
    std::uint64_t place = to + at;
    if (place - memory::kLocalWindow < memory::kWindowSize)
      blocks_[warp.block].local[warp.index].set(place - memory::kLocalWindow + std::uint64_t(warp.local_bytes) * unsigned(lane), step, true);
    else if (Bits* const bits = bits_of(warp, place, step))
      bits->set(place, step, true);
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

void Uninitialized::memory(std::uint32_t site, Warp& warp, const Instr* instr) {
  const Mask mask = exec::guarded(warp, instr);
  if (!mask) return;
  const auto& access = code_->accesses[site];
  const auto& operands = code_->operands[site];
  auto& block = blocks_[warp.block];
  const bool loads = access.kind == ir::AccessKind::load, atomic = access.kind == ir::AccessKind::atomic;
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
      if (at + bytes > warp.shared_bytes) continue;
      bits = &block.shared;
    } else if (space == ptx::Space::local) {
      if (at + bytes > warp.local_bytes) continue;
      at += std::uint64_t(warp.local_bytes) * unsigned(lane);
      bits = &block.local[warp.index];
    } else {
      to_global |= bit;
      bits = page(at);
      at &= (1u << kPageBits) - 1;
    }
    if (!bits) continue;
    if ((loads || atomic) && !bits->all(at, bytes)) {
      unwritten |= bit;
      if (space != ptx::Space::global) from_near |= bit;
    }
    if (!loads) bits->set(at, bytes, atomic || !(stored & ~computed & bit) || (to_global & near & bit));
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
