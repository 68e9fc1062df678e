// Chooses handlers for register-only instructions: asks the families, then checks the operands against the slots.
#include "simt/ops/select.hpp"

#include <unordered_map>

#include "simt/ops/form.hpp"
#include "simt/ops/tables.hpp"

namespace simt::ops {
namespace {

using Loops = std::unordered_map<std::string_view, exec::Loop>;

Loops loops_of(exec::Isa level) {
  Loops loops;
  auto add = [&](HotTable table) {
    for (std::size_t i = 0; i < table.count; ++i) loops.emplace(table.entries[i].name, table.entries[i].loop);
  };
  switch (level) {
#define SIMT_ADD(name) add(name());
#define SIMT_CASE(l) case exec::Isa::l: { using namespace l; SIMT_FOR_EACH_TABLE(SIMT_ADD) break; }
    SIMT_FOR_EACH_ISA(SIMT_CASE)
#undef SIMT_CASE
#undef SIMT_ADD
  }
  return loops;
}

std::string name_of(const ptx::Instruction& instruction) {
  std::string name;
  for (auto part : instruction.parts) (name += name.empty() ? "" : ".") += part;
  return name;
}

/// Vectors, pairs and tuples flattened, as the lowering does it.
void flatten(const ptx::Operand& operand, std::vector<const ptx::Operand*>& out) {
  auto each = [&](const std::vector<ptx::Operand>& items) {
    for (const auto& item : items) flatten(item, out);
  };
  if (auto* v = std::get_if<ptx::VectorOperand>(&operand.value)) each(v->items);
  else if (auto* p = std::get_if<ptx::PairOperand>(&operand.value)) each(p->items);
  else if (auto* t = std::get_if<ptx::TupleOperand>(&operand.value)) each(t->items);
  else out.push_back(&operand);
}

/// What is wrong with the operands, else an empty string. Rows have the width of their register, so this is also what
/// keeps handlers inside the register file.
std::string misfit(const Form& form, const Selection& s) {
  std::vector<const ptx::Operand*> operands;
  for (const auto& operand : form.instruction.operands) flatten(operand, operands);
  if (operands.size() != s.count)
    return " takes " + std::to_string(s.count) + " operands, not " + std::to_string(operands.size());
  for (unsigned i = 0; i < s.count; ++i) {
    const Slot& slot = s.slots[i];
    const std::string place = ": operand " + std::to_string(i + 1);
    const auto& value = operands[i]->value;
    if (auto* r = std::get_if<ptx::RegOperand>(&value)) {
      if (slot.role == Slot::literal) return place + " must be a constant";
      const ptx::Type type = r->index < form.function.registers.size() ? form.function.registers[r->index].type : ptx::Type::none;
      if (bits_of(type) != bits_of(slot.type))
        return place + " is a register of " + std::to_string(bits_of(type)) + " bits, " + std::to_string(bits_of(slot.type)) + " are needed";
      if (r->negated && (slot.type != ptx::Type::pred || slot.role != Slot::read)) return place + " cannot be negated";
    } else if (std::holds_alternative<ptx::SinkOperand>(value)) {
      if (slot.role != Slot::write) return place + " cannot be _";
    } else if (slot.role == Slot::write || std::holds_alternative<ptx::AddressOperand>(value)) {
      return place + " must be a register";
    } else if (slot.role == Slot::literal && !std::holds_alternative<ptx::ImmOperand>(value)) {
      return place + " must be a constant";
    }
  }
  return {};
}

/// By level.
const std::vector<Loops>& all_loops() {
  static const std::vector<Loops> all = [] {
    std::vector<Loops> loops;
#define SIMT_LEVEL(l) loops.push_back(loops_of(exec::Isa::l));
    SIMT_FOR_EACH_ISA(SIMT_LEVEL)
#undef SIMT_LEVEL
    return loops;
  }();
  return all;
}

}  // namespace

exec::Handler hot(std::string_view name, exec::Isa level) {
  const Loops& loops = all_loops()[static_cast<std::size_t>(level)];
  auto at = loops.find(name);
  return at == loops.end() ? nullptr : at->second.warp;
}

exec::GangEntry gang_loop(exec::Handler handler) {
  static const std::unordered_map<exec::Handler, exec::GangEntry> known = [] {
    std::unordered_map<exec::Handler, exec::GangEntry> map;
    for (const auto& loops : all_loops())
      for (const auto& [name, loop] : loops) map.emplace(loop.warp, loop.gang);
    return map;
  }();
  auto at = known.find(handler);
  return at == known.end() ? exec::GangEntry{} : at->second;
}

Selection select(const ptx::Instruction& instruction, const ptx::Function& function, exec::Isa level) {
  Form form(instruction, function, level);
  Selection s;
  const bool known = select_logic(form, s) || select_compare(form, s) || select_convert(form, s) ||
                     select_video(form, s) || select_float(form, s) || select_integer(form, s);
  const std::string name = name_of(instruction);
  if (!known) {
    s = {};
    s.error = "the software GPU does not know the instruction " + name;
  } else if (!s.handler) {
    s.error = name + ": " + (s.error.empty() ? "the software GPU does not know this form of " + std::string(form.opcode) : s.error);
  } else if (!form.exhausted()) {
    s = {};
    s.error = name + ": the software GPU does not know " + std::string(form.opcode) + " with ." + form.leftover();
  } else if (std::string what = misfit(form, s); !what.empty()) {
    s = {};
    s.error = name + what;
  }
  return s;
}

}  // namespace simt::ops
