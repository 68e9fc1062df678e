// Barriers that not all threads reach, and warp-level instructions that name or read lanes which do not take part.
#include <bit>
#include <cstring>
#include <unordered_map>

#include "simt/exec/handlers.hpp"
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

class Sync;

struct BarrierProbe : Probe {
  Sync* sync = nullptr;
  std::uint32_t site = 0;
};

struct CollectiveProbe : Probe {
  Sync* sync = nullptr;
  std::uint32_t site = 0;
  std::uint8_t members = 0;   ///< operand of the mask
  bool shuffle = false;
  bool always_all = false;    ///< the mask is a constant that names all lanes
  enum Mode : std::uint8_t { up, down, bfly, idx } mode = idx;
};

Mask lanes_of_block(const exec::BlockState& block, unsigned warp) {   // that were there when it began
  const auto left = block.threads - warp * 32;
  return left >= 32 ? exec::kAllLanes : (Mask{1} << left) - 1;
}

std::uint32_t lane_value(const Warp& warp, std::int32_t row, int lane) {
  std::uint32_t value;
  std::memcpy(&value, warp.regs + row + 4 * lane, 4);
  return value;
}

/// Rows of 32 bits that are all ones in every lane of every warp, whatever is executed: by place in the register file.
std::vector<bool> rows_of_ones(const ir::Code& code) {
  constexpr std::size_t bytes = 4 * exec::kLanes;
  std::vector<bool> ones(code.image.size() / 4 + 1);
  if (code.callees.size() > 1) return ones;   // calls pass arguments through rows
  for (std::size_t row = exec::kFixedBytes; row + bytes <= code.image.size(); row += 4)
    ones[row / 4] = code.image[row] == std::byte{0xff} && std::memcmp(&code.image[row], &code.image[row + 1], bytes - 1) == 0;
  const auto varies = [&](std::int32_t row) {
    if (row >= 0 && std::size_t(row) / 4 < ones.size()) ones[std::size_t(row) / 4] = false;
  };
  for (const auto* list : {&code.launch_rows, &code.warp_rows, &code.block_rows})
    for (const auto& special : *list) varies(special.row);
  for (std::size_t n = 0; n < code.count; ++n)
    for (unsigned k = 0; k < code.operands[n].count; ++k)
      if (code.operands[n].writes >> k & 1) varies(code.instrs[n].op[k]);
  for (const auto& list : code.lists)   // operands, from the third entry on
    for (std::size_t k = 2; k < list.size(); ++k) varies(list[k]);
  return ones;
}

class Sync final : public Observer {
 public:
  bool alone() const override { return true; }
  void launch_begin(const exec::Launch& launch, exec::Instrumentation& code) override;
  void launch_end(const exec::Launch&, const ir::Code&, const exec::Fault&) override {
    barriers_.clear();
    collectives_.clear();
    arrivals_.clear();
    block_ = nullptr;
  }
  void block_end(const exec::Worker&, const exec::BlockState& block) override {
    if (const auto at = arrivals_.find(&block); at != arrivals_.end()) at->second = {};
    block_ = nullptr;
  }
  void barrier(const exec::Worker&, const exec::BlockState& block, unsigned number, const Mask* arrived) override;
  void arrives(const BarrierProbe& probe, Warp& warp, const Instr* instr);
  void collective(const CollectiveProbe& probe, Warp& warp, const Instr* instr);

 private:
  struct Arrival {
    bool any = false, counted = false;
    std::uint32_t site = 0, thread = 0;   ///< of the first thread that came
  };
  Place place(const exec::BlockState& block, std::uint32_t site, std::uint32_t thread) const {
    return place_of(*code_, *launch_, site, block.index, thread);
  }
  void say(const char* kind, Place at, std::string message, std::optional<Place> other = {}) const {
    Finding f;
    f.kind = kind;
    f.kernel = readable_name(code_->info.name);
    f.message = std::move(message);
    f.at = std::move(at);
    f.other = std::move(other);
    report(std::move(f));
  }

  const exec::Launch* launch_ = nullptr;
  const ir::Code* code_ = nullptr;
  std::vector<BarrierProbe> barriers_;
  std::vector<CollectiveProbe> collectives_;
  using Arrivals = std::array<Arrival, exec::kBarriers>;
  Arrivals& arrivals(const exec::BlockState& block) {
    if (&block != block_) {
      block_ = &block;
      current_ = &arrivals_[&block];
    }
    return *current_;
  }
  std::unordered_map<const exec::BlockState*, Arrivals> arrivals_;
  const exec::BlockState* block_ = nullptr;   ///< whose arrivals were looked at last
  Arrivals* current_ = nullptr;
};

void Sync::launch_begin(const exec::Launch& launch, exec::Instrumentation& instrumentation) {
  launch_ = &launch;
  code_ = &instrumentation.code();
  barriers_.reserve(code_->count);
  collectives_.reserve(code_->count);
  std::vector<bool> ones;
  for (std::size_t n = 0; n < code_->count; ++n) {
    const auto* instruction = code_->origins[n].instruction;
    if (!instruction) continue;
    const auto handler = instrumentation.handler(n);
    const auto opcode = instruction->opcode();
    if (handler == exec::run_barrier) {
      auto& p = barriers_.emplace_back();
      p.call = [](Probe& probe, Warp& warp, const Instr* instr) {
        auto& b = static_cast<BarrierProbe&>(probe);
        b.sync->arrives(b, warp, instr);
        return proceed(probe, warp, instr);
      };
      p.gang = [](Probe& probe, const exec::Gang& gang, const Instr* instr) {
        auto& b = static_cast<BarrierProbe&>(probe);
        for (unsigned k = 0; k < gang.count; ++k) b.sync->arrives(b, *gang.warps[k], instr);
      };
      p.sync = this;
      p.site = std::uint32_t(n);
      instrumentation.add(0, n, p);
      continue;
    }
    const bool warp_barrier = opcode == "bar" && says(*instruction, "warp");
    if (!warp_barrier && opcode != "shfl" && opcode != "vote" && opcode != "match" && opcode != "redux") continue;
    if (code_->origins[n].weight == 0) continue;   // helpers, and the branch around a guarded one
    CollectiveProbe p;
    p.sync = this;
    p.site = std::uint32_t(n);
    p.members = warp_barrier ? 0 : opcode == "shfl" ? 5 : says(*instruction, "all") && opcode == "match" ? 3 : 2;
    p.shuffle = opcode == "shfl";
    if (ones.empty()) ones = rows_of_ones(*code_);
    const auto members = std::size_t(code_->instrs[n].op[p.members]) / 4;
    p.always_all = members < ones.size() && ones[members];
    p.mode = says(*instruction, "up")     ? CollectiveProbe::up
             : says(*instruction, "down") ? CollectiveProbe::down
             : says(*instruction, "bfly") ? CollectiveProbe::bfly
                                          : CollectiveProbe::idx;
    p.call = [](Probe& probe, Warp& warp, const Instr* instr) {
      auto& c = static_cast<CollectiveProbe&>(probe);
      c.sync->collective(c, warp, instr);
      return proceed(probe, warp, instr);
    };
    p.gang = [](Probe& probe, const exec::Gang& gang, const Instr* instr) {
      auto& c = static_cast<CollectiveProbe&>(probe);
      if (c.always_all && !gang.partial) return;
      for (unsigned k = 0; k < gang.count; ++k) c.sync->collective(c, *gang.warps[k], instr);
    };
    instrumentation.add(0, n, collectives_.emplace_back(p));
  }
}

void Sync::arrives(const BarrierProbe& probe, Warp& warp, const Instr* instr) {
  if (exec::BarrierKind(instr->imm) >= exec::BarrierKind::cluster_arrive || !warp.active) return;
  const int lane = std::countr_zero(warp.active);
  const auto number = lane_value(warp, instr->op[0], lane) % exec::kBarriers;
  const auto thread = warp.index * 32 + unsigned(lane);
  auto& first = arrivals(*warp.block)[number];
  if (!first.any) {
    first = {true, lane_value(warp, instr->op[1], lane) != 0, probe.site, thread};
    return;
  }
  if (first.site == probe.site || first.counted) return;
  auto here = place(*warp.block, probe.site, thread), there = place(*warp.block, first.site, first.thread);
  if (here.line == there.line && here.file == there.file) return;
  if (here.line < there.line) std::swap(here, there);
  say("barrier-divergence", here,
      "threads of one block are at different __syncthreads(): all of them must come to the same one; move it out of the branch",
      there);
}

void Sync::barrier(const exec::Worker&, const exec::BlockState& block, unsigned number, const Mask* arrived) {
  auto& first = arrivals(block)[number];
  if (first.any && !first.counted)
    for (std::uint32_t w = 0; w < block.warp_count; ++w) {
      const Mask missing = lanes_of_block(block, w) & ~arrived[w];
      if (!missing) continue;
      const auto thread = w * 32 + unsigned(std::countr_zero(missing));
      say("barrier-divergence", place(block, first.site, thread),
          "this thread has returned and never comes to the barrier that others of its block wait at. The hardware lets it pass, "
          "but __syncthreads() is for all threads of the block: let it skip its work instead of returning");
      break;
    }
  first = {};
}

void Sync::collective(const CollectiveProbe& probe, Warp& warp, const Instr* instr) {
  const Mask active = exec::guarded(warp, instr);
  if (active == exec::kAllLanes) {   // nobody to wait for, nobody who is missing: fine if each names itself
    Mask own = 1;
    for (int lane = 0; lane < exec::kLanes; ++lane) own &= lane_value(warp, instr->op[probe.members], lane) >> lane;
    if (own) return;
  }
  const Mask there = lanes_of_block(*warp.block, warp.index);
  Mask members = 0, strangers = 0;
  for (Mask left = active; left; left &= left - 1) {
    const int lane = std::countr_zero(left);
    const Mask m = lane_value(warp, instr->op[probe.members], lane);
    members |= m;
    if (!(m >> lane & 1)) strangers |= Mask{1} << lane;
  }
  char text[16];
  std::snprintf(text, sizeof text, "0x%08x", members);
  if (strangers) {
    say("sync-mask", place(*warp.block, probe.site, warp.index * 32 + unsigned(std::countr_zero(strangers))),
        "this thread calls a warp function with the mask " + std::string(text) + ", which does not hold its own lane " +
            std::to_string(std::countr_zero(strangers)));
    return;
  }
  const bool waits = (members & ~warp.active & ~warp.dead) != 0 && (warp.pass & warp.active) != warp.active;
  if (waits) return;   // it is executed again when the others are here
  if (const Mask gone = members & warp.dead & there) {
    say("sync-mask", place(*warp.block, probe.site, warp.index * 32 + unsigned(std::countr_zero(active))),
        "the mask " + std::string(text) + " names lane " + std::to_string(std::countr_zero(gone)) +
            ", which has returned and never comes; make the mask of the lanes that take part, with __ballot_sync before they part");
    return;
  }
  if (!probe.shuffle) return;
  for (Mask left = active; left; left &= left - 1) {
    const int lane = std::countr_zero(left);
    const auto b = std::int32_t(lane_value(warp, instr->op[3], lane) & 31), c = std::int32_t(lane_value(warp, instr->op[4], lane));
    const std::int32_t segment = c >> 8 & 31, clamp = c & 31, last = (lane & segment) | (clamp & ~segment);
    const std::int32_t from = probe.mode == CollectiveProbe::up     ? lane - b
                              : probe.mode == CollectiveProbe::down ? lane + b
                              : probe.mode == CollectiveProbe::bfly ? lane ^ b
                                                                    : (lane & segment) | (b & ~segment);
    const bool inside = probe.mode == CollectiveProbe::up ? from >= last : from <= last;
    if (!inside || from < 0 || from > 31 || (warp.active >> from & 1)) continue;
    if (!(there >> from & 1)) continue;   // the block ends before: the value is not used by who knows its size
    say("sync-mask", place(*warp.block, probe.site, warp.index * 32 + unsigned(lane)),
        "this thread reads lane " + std::to_string(from) + " by a shuffle, but that lane does not take part: its value is undefined");
    return;
  }
}

}  // namespace

std::shared_ptr<Observer> sync_checker() { return std::make_shared<Sync>(); }

}  // namespace simt::observers
