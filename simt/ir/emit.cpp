// From ordered blocks of nodes to the array of instructions that the interpreter runs.
#include <algorithm>
#include <new>

#include "simt/exec/handlers.hpp"
#include "simt/ir/unit.hpp"

namespace simt::ir {

using exec::Fault;
using exec::Instr;
using ptx::Space;

namespace {

/// What the register files of a gang may take of the second cache. Measured: a whole block in lockstep, which makes its
/// barriers free, is worth more than registers that stay in the first one.
constexpr std::size_t kGangCache = 384 << 10;

/// An instruction with its target still a block.
struct Draft {
  Instr instr;
  std::int32_t target = -1;        ///< block
  std::uint32_t back_loop = ~0u;   ///< back edges: the loop whose header is the target
  Access access;
  Operands operands;
  Origin origin;
  bool constants = true;           ///< all operands are
};

}  // namespace

Fault Unit::emit(Code& code) {
  std::vector<Draft> drafts;
  std::vector<std::size_t> starts;
  for (auto& owned : functions) {
    auto& function = *owned;
    const auto shift = std::int32_t(function.frame_shift);
    auto row = [&](ValueId id) {
      const auto& value = values[id];
      return value.kind == Value::local ? value.row + shift : value.row;
    };
    starts.push_back(drafts.size());
    std::vector<std::size_t> block_start(function.blocks.size(), 0), fixups;
    for (std::size_t place = 0; place < function.layout.size(); ++place) {
      const auto b = function.layout[place];
      auto& block = function.blocks[b];
      const auto next = place + 1 < function.layout.size() ? function.layout[place + 1] : -1;
      block_start[b] = drafts.size();
      auto jump_to = [&](Draft& draft, std::int32_t target) {
        draft.target = target;
        fixups.push_back(std::size_t(&draft - drafts.data()));
        const auto& to = function.blocks[target];
        if (to.order > block.order) return;
        const bool branch = draft.instr.run == exec::run_branch;
        draft.instr.run = branch ? exec::run_branch_back : exec::run_jump_back;
        // The slice is counted in instructions; a loop that may wait for others gets about 64 turns of it.
        std::int32_t weight = 1;
        for (auto o = to.order; o <= block.order; ++o)
          for (const auto& node : function.blocks[function.layout[o]].nodes) weight += node.weight;
        bool waits = false;
        for (auto loop = block.loop; loop >= 0; loop = function.loops[loop].parent)
          if (function.loops[loop].header == target) waits = function.loops[loop].waits;
        code.cooperates |= waits;
        draft.instr.jump.charge = std::uint32_t(std::min(weight, 1 << 16)) | (waits ? exec::kWaits : 0);
      };
      bool branched = false;
      for (auto& node : block.nodes) {
        Draft draft;
        draft.access = node.access;
        draft.operands = {node.count, node.writes, node.updates, node.copy || node.weight == 0};
        draft.origin = {function.module, function.ptx, node.instruction, node.weight};
        auto& instr = draft.instr;
        instr.run = node.handler;
        for (unsigned n = 0; n < node.count; ++n) {
          instr.op[n] = row(node.ops[n]);
          draft.constants &= values[node.ops[n]].kind == Value::constant;
        }
        if (node.guard != kNoValue) {
          instr.guard = row(node.guard) | (node.negated ? 1 : 0);
          if (node.kind == Node::plain) {
            instr.inner = instr.run;
            instr.run = exec::run_guarded;
          }
        }
        if (!node.list.empty()) {
          auto& list = code.lists.emplace_back();
          list.push_back(std::int32_t(node.imm));
          list.push_back(node.has_site ? std::int32_t(code.sites++) : 0);
          for (auto id : node.list) list.push_back(row(id));
          instr.list = list.data();
        } else if (node.has_site) {
          instr.mem = {node.offset, code.sites++};
          if (node.least != node.greatest) instr.op[4] = node.least, instr.op[5] = node.greatest;
        } else {
          instr.imm = node.imm;
        }
        if (node.kind == Node::branch && node.target == next && block.fall >= 0 && block.fall != next) {
          instr.guard ^= 1;   // fall into the target, jump to what was the fall-through
          drafts.push_back(draft);
          jump_to(drafts.back(), block.fall);
          block.fall = next;
          branched = true;
          continue;
        }
        drafts.push_back(draft);
        if (node.kind == Node::jump || node.kind == Node::branch) jump_to(drafts.back(), node.target);
        if (node.kind == Node::indexed) fixups.push_back(drafts.size() - 1);
        branched = node.kind != Node::plain && node.kind != Node::call;
      }
      if (block.fall < 0) continue;
      if (block.fall == next) {
        if (branched || function.blocks[next].predecessors.size() < 2) continue;
        Draft join;
        join.origin = {function.module, function.ptx, block.nodes.empty() ? nullptr : block.nodes.back().instruction, 0};
        join.instr.run = exec::run_join;
        drafts.push_back(join);
        continue;
      }
      Draft jump;
      jump.origin = {function.module, function.ptx, block.nodes.empty() ? nullptr : block.nodes.back().instruction, 0};
      jump.instr.run = exec::run_jump;
      drafts.push_back(jump);
      jump_to(drafts.back(), block.fall);
    }
    for (auto at : fixups) {
      auto& draft = drafts[at];
      if (draft.target >= 0) draft.instr.jump.target = std::int32_t(std::int64_t(block_start[draft.target]) - std::int64_t(at));
    }
    // brx.idx: its list holds the number of targets, then each of them relative to the instruction.
    for (auto at : fixups) {
      auto& draft = drafts[at];
      if (draft.target >= 0) continue;
      for (auto b : function.layout)
        for (auto& node : function.blocks[b].nodes) {
          if (node.kind != Node::indexed || node.instruction != draft.origin.instruction) continue;
          auto& list = code.lists.emplace_back();
          list.push_back(std::int32_t(node.targets.size()));
          for (auto t : node.targets) list.push_back(std::int32_t(std::int64_t(block_start[t]) - std::int64_t(at)));
          draft.instr.list = list.data();
        }
    }
  }

  code.count = drafts.size();
  code.instrs.reset(static_cast<Instr*>(::operator new[](sizeof(Instr) * std::max<std::size_t>(code.count, 1), std::align_val_t(64))));
  for (std::size_t n = 0; n < code.count; ++n) {
    auto& draft = drafts[n];
    draft.instr.origin = std::uint32_t(n);
    new (&code.instrs[n]) Instr(draft.instr);
    code.origins.push_back(draft.origin);
    code.accesses.push_back(draft.access);
    code.operands.push_back(draft.operands);
    const auto loop = ops::gang_loop(draft.instr.run);
    code.gang.push_back(exec::gang_entry(draft.instr, loop.full ? loop : exec::gang_loop(draft.instr.run), draft.constants));
  }
  std::size_t file = functions[0]->frame_begin;
  for (std::size_t n = 0; n < functions.size(); ++n) {
    const auto& f = *functions[n];
    ir::Callee callee{f.ptx, code.instrs.get() + starts[n], f.frame_begin, f.frame_end, {}, f.local_bytes, f.recursive};
    for (int z = 0; z < 4; ++z) callee.zones[z] = f.zones[z] + f.frame_shift;
    code.callees.push_back(callee);
    code.by_address[f.linked->address] = std::uint32_t(n);
    file = std::max<std::size_t>(file, f.frame_end);
    code.recursive |= f.recursive || f.stack_top != kNoValue;
  }
  code.file_bytes = (file + 63) / 64 * 64;
  if (code.file_bytes > (1u << 26)) return {218, "kernel " + code.info.name + " has too many registers"};
  code.gang_warps = std::clamp<unsigned>(unsigned(kGangCache / code.file_bytes), 1, exec::kGangWarps);
  code.static_shared = static_shared;
  code.shared_variables = shared_names;
  fill_rows(code);

  // Local memory of the deepest chain of calls; functions that recurse count once.
  std::vector<std::uint32_t> depth(functions.size(), 0);
  for (std::size_t round = 0; round < functions.size(); ++round) {
    bool changed = false;
    for (std::size_t n = 0; n < functions.size(); ++n) {
      std::uint32_t below = 0;
      for (auto g : call_graph_[n])
        if (!functions[g]->recursive) below = std::max(below, depth[g]);
      const auto sum = functions[n]->local_bytes + below;
      changed |= sum != depth[n];
      depth[n] = sum;
    }
    if (!changed) break;
  }
  for (auto d : depth) code.local_bytes = std::max(code.local_bytes, d);

  auto& info = code.info;
  info.static_shared = static_shared - reserved_shared;
  info.local_bytes = code.local_bytes;
  for (const auto& f : functions) info.registers = std::max(info.registers, f->live_registers);
  info.registers = std::min<std::uint32_t>(255, info.registers + 8);
  const auto& e = *entry.function;
  std::uint64_t threads = 1;
  bool limited = false;
  for (int k = 0; k < 3; ++k) {
    info.required_block[k] = e.required_threads[k];
    info.required_cluster[k] = e.required_cluster[k];
    const auto limit = e.required_threads[k] ? e.required_threads[k] : e.max_threads[k];
    if (limit) threads *= limit, limited = true;
  }
  info.max_threads_per_block = limited ? std::uint32_t(std::min<std::uint64_t>(threads, 1024)) : 1024;
  for (const auto& [name, placed] : image.variables())
    if (placed.variable->space == Space::constant) info.const_bytes += placed.size;
  return {};
}

}  // namespace simt::ir
