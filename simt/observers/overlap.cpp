// Notes which bytes of global memory each instruction of a launch accesses, for as long as other work, or the host, can meet
// it there (order.hpp). Launches that nothing can overlap with get no probes.
#include <bit>
#include <cstring>
#include <map>

#include "simt/exec/isa.hpp"
#include "simt/memory/memory.hpp"
#include "simt/observers/order.hpp"
#include "simt/observers/rows.hpp"
#include "simt/observers/source.hpp"

namespace simt::observers {

namespace {

using exec::Instr;
using exec::Mask;
using exec::Probe;
using exec::Warp;

class Overlap;

struct TouchProbe : Probe {
  Overlap* overlap = nullptr;
  std::unique_ptr<Touched> touched;
  std::uint32_t instr = 0;
  std::uint8_t bytes = 0, address = 0;
};

class Overlap final : public Observer {
 public:
  bool alone() const override { return true; }
  void launch_begin(const exec::Launch& launch, exec::Instrumentation& instrumentation) override;
  void launch_end(const exec::Launch& launch, const ir::Code& code, const exec::Fault&) override;
  void touch(TouchProbe& probe, const Warp& warp, const Instr* instr);
  void accessed(const Warp& warp, const Instr* instr, int lane, std::uint64_t address, unsigned bytes, ir::AccessKind kind) override {
    if (address < low_ || address >= high_) return;
    auto& touched = alone_[{instr->origin, kind != ir::AccessKind::load}];
    if (!touched) {
      touched = std::make_unique<Touched>();
      touched->writes = kind != ir::AccessKind::load;
      touched->strong = kind == ir::AccessKind::atomic;
    }
    touched->mark(address, address + bytes, warp.block->index, warp.index * 32 + unsigned(lane), bytes);
  }
  void tile(const Warp& warp, const Instr* instr, const exec::TileAccess& tile) override {
    if (high_) Observer::tile(warp, instr, tile);
  }

 private:
  void keep(std::unique_ptr<Touched> touched, const exec::Launch& launch, const ir::Code& code, std::uint32_t instr);

  std::vector<TouchProbe> probes_;
  /// What stands in no row of addresses: matrices, textures, surfaces, bulk copies. By instruction, and whether it writes.
  std::map<std::pair<std::uint32_t, bool>, std::unique_ptr<Touched>> alone_;
  RangeOf range_ = range_of(exec::isa());
  std::uint64_t low_ = 0, high_ = 0;   ///< where accesses are of interest
};

void Overlap::launch_begin(const exec::Launch&, exec::Instrumentation& instrumentation) {
  const auto what = Doing::now() ? interest() : Interest::none;
  low_ = high_ = 0;
  if (what == Interest::none) return;
  high_ = memory::kSharedWindow;
  if (what == Interest::host) {
    const auto ranges = memory::AddressSpace::instance().shared_ranges();
    if (ranges.empty()) return;
    low_ = ranges.front().first;
    high_ = ranges.back().first + ranges.back().second;
  }
  const auto& code = instrumentation.code();
  probes_.reserve(code.count);
  for (std::size_t n = 0; n < code.count; ++n) {
    const auto& access = code.accesses[n];
    if (code.origins[n].instruction && code.origins[n].instruction->opcode() == "wmma") continue;
    if (!code.origins[n].instruction || access.kind == ir::AccessKind::none || access.kind == ir::AccessKind::copy || !access.wide) continue;
    if (access.space != ptx::Space::none && access.space != ptx::Space::global) continue;
    auto& p = probes_.emplace_back();
    p.call = [](Probe& probe, Warp& warp, const Instr* instr) {
      auto& t = static_cast<TouchProbe&>(probe);
      t.overlap->touch(t, warp, instr);
      return exec::proceed(probe, warp, instr);
    };
    p.gang = [](Probe& probe, const exec::Gang& gang, const Instr* instr) {
      auto& t = static_cast<TouchProbe&>(probe);
      for (unsigned k = 0; k < gang.count; ++k) t.overlap->touch(t, *gang.warps[k], instr);
    };
    p.overlap = this;
    p.instr = std::uint32_t(n);
    p.bytes = access.bytes;
    p.address = access.address;
    p.touched = std::make_unique<Touched>();
    p.touched->writes = access.kind != ir::AccessKind::load;
    const auto& instruction = *code.origins[n].instruction;
    p.touched->strong = access.strong && !says(instruction, "cta");
    p.touched->system = says(instruction, "volatile") || says(instruction, "sys");
    instrumentation.add(0, n, p);
  }
}

void Overlap::touch(TouchProbe& probe, const Warp& warp, const Instr* instr) {
  const Mask mask = exec::guarded(warp, instr);
  if (!mask) return;
  const std::byte* const row = warp.regs + instr->op[probe.address];
  const unsigned bytes = probe.bytes;
  const auto offset = std::uint64_t(std::int64_t(instr->mem.offset));
  const auto range = range_.wide(row, mask, unsigned(std::countr_zero(bytes)));
  const auto low = range.low + offset, high = range.high + offset + bytes;
  if (high <= low_ || low >= high_) return;
  const unsigned first = warp.index * 32;
  const auto block = warp.block->index;
  if (range.dense && low >= low_ && high <= high_) {
    probe.touched->mark(low, high, block, first + unsigned(std::countr_zero(mask)), bytes);
    return;
  }
  for (Mask left = mask; left; left &= left - 1) {
    const auto lane = unsigned(std::countr_zero(left));
    std::uint64_t at;
    std::memcpy(&at, row + 8 * lane, 8);
    at += offset;
    if (at >= low_ && at < high_) probe.touched->mark(at, at + bytes, block, first + lane, bytes);
  }
}

void Overlap::launch_end(const exec::Launch& launch, const ir::Code& code, const exec::Fault&) {
  for (auto& p : probes_) keep(std::move(p.touched), launch, code, p.instr);
  for (auto& [at, touched] : alone_) keep(std::move(touched), launch, code, at.first);
  probes_.clear();
  alone_.clear();
  low_ = high_ = 0;
}

void Overlap::keep(std::unique_ptr<Touched> touched, const exec::Launch& launch, const ir::Code& code, std::uint32_t instr) {
  Work* const work = Doing::now();
  if (!work || touched->empty()) return;
  const auto place = place_of(code, launch, instr, 0, 0);
  touched->kernel = readable_name(code.info.name);
  touched->file = place.file;
  touched->line = place.line;
  touched->grid = launch.grid;
  touched->block = launch.block;
  work->touched.push_back(std::move(touched));
}

}  // namespace

std::shared_ptr<Observer> overlap_observer() { return std::make_shared<Overlap>(); }

}  // namespace simt::observers
