// Which loads of shared memory make a run.
#include "simt/observers/runs.hpp"

#include <algorithm>
#include <string_view>

#include "simt/exec/handlers.hpp"
#include "simt/ir/code.hpp"
#include "simt/observers/source.hpp"

namespace simt::observers {

namespace {

constexpr std::size_t kMostLoads = 64, kMostRows = 8;

/// Instructions that only make values out of values of their own lane.
bool computes(const ptx::Instruction* instruction) {
  if (!instruction) return false;
  constexpr std::string_view known[] = {"add", "sub", "mul", "mad", "fma",  "div", "rem",  "and", "or",   "xor", "not", "cnot",
                                        "shl", "shr", "shf", "mov", "cvt",  "cvta", "neg", "abs", "min",  "max", "selp", "setp",
                                        "set", "slct", "lop3", "prmt", "bfe", "bfi", "popc", "clz", "rcp", "sqrt", "rsqrt", "sin",
                                        "cos", "lg2", "ex2", "tanh"};
  return std::find(std::begin(known), std::end(known), instruction->opcode()) != std::end(known);
}

bool jumps(exec::Handler run) {
  return run == exec::run_jump || run == exec::run_jump_back || run == exec::run_branch || run == exec::run_branch_back;
}

}  // namespace

std::vector<Run> runs_of(const exec::Instrumentation& instrumentation) {
  const auto& code = instrumentation.code();
  std::vector<bool> entered(code.count + 1);   // by whom but the instruction before it
  for (std::size_t n = 0; n < code.count; ++n) {
    const auto& instr = code.instrs[n];
    if (jumps(instrumentation.handler(n))) entered[std::size_t(std::int64_t(n) + instr.jump.target)] = true;
    if (instrumentation.handler(n) == exec::run_indexed)
      for (std::int32_t k = 0; k < instr.list[0]; ++k) entered[std::size_t(std::int64_t(n) + instr.list[1 + k])] = true;
  }
  std::vector<Run> runs;
  std::vector<std::int32_t> written;   // since the run began
  bool open = false;
  for (std::size_t n = 0; n < code.count; ++n) {
    const auto& instr = code.instrs[n];
    const auto& access = code.accesses[n];
    const auto& operands = code.operands[n];
    const auto* instruction = code.origins[n].instruction;
    const auto handler = instrumentation.handler(n);
    open &= !entered[n];
    if (access.kind == ir::AccessKind::load && access.space == ptx::Space::shared && !access.wide && !access.strong && instruction &&
        instruction->opcode() == "ld" && instr.guard == 0 && handler != exec::run_guarded) {
      const auto row = instr.op[access.address];
      if (open) {
        auto& run = runs.back();
        const bool late = std::find(written.begin(), written.end(), row) != written.end();
        const bool another = std::find(run.rows.begin(), run.rows.end(), row) == run.rows.end();
        open = !late && run.loads.size() < kMostLoads && (!another || run.rows.size() < kMostRows);
      }
      if (!open) {
        runs.emplace_back();
        written.clear();
        open = true;
      }
      auto& run = runs.back();
      const auto at = std::find(run.rows.begin(), run.rows.end(), row);
      run.loads.push_back({std::uint32_t(n), std::uint32_t(at - run.rows.begin())});
      if (at == run.rows.end()) run.rows.push_back(row);
    } else {
      const bool constant = access.kind == ir::AccessKind::load && access.space == ptx::Space::constant;
      open &= (access.kind == ir::AccessKind::none ? computes(instruction) : constant && handler != exec::run_guarded) &&
              !jumps(handler);
    }
    for (unsigned k = 0; open && k < operands.count; ++k)
      if (operands.writes >> k & 1) written.push_back(instr.op[k]);
  }
  return runs;
}

}  // namespace simt::observers
