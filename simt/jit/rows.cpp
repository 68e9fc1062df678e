// Which rows are live where, and which are uniform.
#include "simt/jit/rows.hpp"

#include <cstring>
#include <unordered_set>

#include "simt/exec/handlers.hpp"

namespace simt::jit {

using exec::Instr;
using ir::Special;

namespace {

constexpr std::size_t kMostFile = 1 << 20, kMostWords = 4 << 20;

bool jumps(const Instr& instr) {
  return instr.run == exec::run_jump || instr.run == exec::run_jump_back || instr.run == exec::run_branch || instr.run == exec::run_branch_back;
}

}  // namespace

Rows::Rows(const ir::Code& code) : code_(code) {
  if (code.count == 0 || code.file_bytes > kMostFile) return;
  find_leaders();
  find_uniform();
  find_live();
}

void Rows::find_leaders() {
  leaders_.assign(code_.count + 1, false);
  const auto* const start = code_.instrs.get();
  for (const auto& callee : code_.callees) leaders_[std::size_t(callee.start - start)] = true;
  for (std::size_t n = 0; n < code_.count; ++n) {
    const auto& instr = start[n];
    if (jumps(instr)) leaders_[std::size_t(std::int64_t(n) + instr.jump.target)] = true;
    if (instr.run == exec::run_indexed)
      for (std::int32_t k = 0; k < instr.list[0]; ++k) leaders_[std::size_t(std::int64_t(n) + instr.list[1 + k])] = true;
  }
}

void Rows::find_uniform() {
  kind_.assign(code_.image.size() / 4 + 1, is_constant);
  const auto set = [&](std::int32_t row, std::uint8_t kind) {
    if (row >= 0 && std::size_t(row) / 4 < kind_.size()) kind_[std::size_t(row) / 4] = kind;
  };
  for (const auto& s : code_.launch_rows) {
    switch (s.which) {
      case Special::laneid: case Special::lanemask_eq: case Special::lanemask_le: case Special::lanemask_lt:
      case Special::lanemask_ge: case Special::lanemask_gt: set(s.row, varies); break;
      default: set(s.row, is_uniform);
    }
  }
  for (const auto& s : code_.warp_rows) set(s.row, s.which == Special::warpid ? is_uniform : varies);
  for (const auto& s : code_.block_rows) set(s.row, is_uniform);
  // Words through which calls pass arguments lie there as well; instructions write them.
  for (std::size_t n = 0; n < code_.count; ++n)
    for (unsigned k = 0; k < code_.operands[n].count; ++k)
      if (code_.operands[n].writes >> k & 1) set(code_.instrs[n].op[k], varies);
  for (const auto& list : code_.lists)   // operands, from the third entry on
    for (std::size_t k = 2; k < list.size(); ++k) set(list[k], varies);
  if (code_.callees.size() > 1) kind_.assign(kind_.size(), varies);
}

void Rows::find_live() {
  // Rows of the frames, which is what instructions write; the image before them is always live.
  index_.assign(code_.file_bytes / 4 + 1, -1);
  std::int32_t count = 0;
  const auto number = [&](std::int32_t row) {
    if (row < std::int32_t(code_.image.size())) return;
    auto& index = index_[std::size_t(row) / 4];
    if (index < 0) index = count++;
  };
  for (std::size_t n = 0; n < code_.count; ++n) {
    for (unsigned k = 0; k < code_.operands[n].count; ++k) number(code_.instrs[n].op[k]);
    number(code_.instrs[n].guard & ~3);
  }
  words_ = (std::size_t(count) + 63) / 64;
  if (words_ * (code_.count + 1) > kMostWords) return;
  live_.assign(words_ * (code_.count + 1), 0);
  std::unordered_set<const std::int32_t*> lists;
  for (const auto& list : code_.lists) lists.insert(list.data());
  std::vector<std::uint64_t> now(words_);
  for (bool changed = true; changed;) {
    changed = false;
    for (std::size_t n = code_.count; n-- > 0;) {
      const auto& instr = code_.instrs[n];
      const auto& operands = code_.operands[n];
      const auto join = [&](std::size_t next) {
        for (std::size_t w = 0; w < words_; ++w) now[w] |= live_[next * words_ + w];
      };
      now.assign(words_, 0);
      const bool calls = instr.run == exec::run_call || instr.run == exec::run_call_indirect || instr.run == exec::run_return;
      if (calls || instr.run == exec::run_indexed || lists.contains(instr.list)) {
        now.assign(words_, ~0ull);
      } else {
        const bool ends = instr.run == exec::run_exit && instr.guard == 0;
        if (jumps(instr)) join(std::size_t(std::int64_t(n) + instr.jump.target));
        if (!ends && instr.run != exec::run_jump && instr.run != exec::run_jump_back) join(n + 1);
        const auto each = [&](bool written) {
          for (unsigned k = 0; k < operands.count; ++k) {
            const auto row = index(instr.op[k]);
            if (row < 0) continue;
            const bool writes = operands.writes >> k & 1, reads = !writes || (operands.updates >> k & 1);
            const auto bit = 1ull << (row % 64);
            if (written && writes && instr.run != exec::run_guarded) now[std::size_t(row) / 64] &= ~bit;
            if (!written && reads) now[std::size_t(row) / 64] |= bit;
          }
        };
        each(true);
        each(false);
        if (const auto row = index(instr.guard & ~3); row >= 0) now[std::size_t(row) / 64] |= 1ull << (row % 64);
      }
      if (std::memcmp(now.data(), &live_[n * words_], words_ * 8) == 0) continue;
      std::memcpy(&live_[n * words_], now.data(), words_ * 8);
      changed = true;
    }
  }
  known_ = true;
}

bool Rows::live(std::size_t n, std::int32_t row) const {
  const auto at = index(row);
  return at < 0 || (live_[n * words_ + std::size_t(at) / 64] >> (at % 64) & 1);
}

bool Rows::uniform(std::int32_t row) const {
  return row >= exec::kFixedBytes && row < std::int32_t(code_.image.size()) && kind_[std::size_t(row) / 4] != varies;
}

std::optional<std::uint64_t> Rows::constant(std::int32_t row, unsigned bytes) const {
  if (!uniform(row) || kind_[std::size_t(row) / 4] != is_constant) return std::nullopt;
  std::uint64_t value = 0;
  std::memcpy(&value, code_.image.data() + row, bytes);
  return value;
}

}  // namespace simt::jit
