// mov, selp, slct and the logic of predicates.
#include "simt/ops/form.hpp"
#include "simt/ops/rare.hpp"

namespace simt::ops {
namespace {

using ptx::Type;

/// slct: a where c is not negative. -0 counts as zero, NaN as negative.
std::uint64_t select_by_sign(std::uint64_t* in, const Rare& r) {
  bool first;
  if (r.from == nullptr) {
    first = static_cast<std::int32_t>(in[2]) >= 0;
  } else {
    Exact c = unpack(*r.from, in[2], r.flush_inputs);
    first = c.kind == Exact::zero || (c.kind != Exact::nan && !c.sign);
  }
  return first ? in[0] : in[1];
}

bool is_vector(const ptx::Operand& operand) { return std::holds_alternative<ptx::VectorOperand>(operand.value); }

void select_mov(Form& form, Selection& s) {
  const TypeInfo* t = form.type();
  const auto& operands = form.instruction.operands;
  if (!t || form.types.size() != 1 || operands.size() != 2) return;
  const std::string bits = std::to_string(t->row_bits());
  if (t->kind == TypeInfo::pred) {
    slot(s, Slot::write, Type::pred);
    slot(s, Slot::read, Type::pred);
    s.handler = hot("mov.pred", form.level);
    return;
  }
  for (bool unpack : {true, false}) {
    const ptx::Operand& operand = operands[unpack ? 0 : 1];
    if (!is_vector(operand)) continue;
    const std::size_t n = std::get<ptx::VectorOperand>(operand.value).items.size();
    const TypeInfo* part = n == 2 || n == 4 ? type_info("b" + std::to_string(t->row_bits() / n)) : nullptr;
    if (!part) return;
    if (!unpack) slot(s, Slot::write, t->row);
    for (std::size_t i = 0; i < n; ++i) slot(s, unpack ? Slot::write : Slot::read, part->row);
    if (unpack) slot(s, Slot::read, t->row);
    s.handler = hot((unpack ? "unpack." : "pack.") + std::to_string(n) + ".b" + bits, form.level);
    return;
  }
  slot(s, Slot::write, t->row);
  slot(s, Slot::read, t->row);
  s.handler = hot("mov.b" + bits, form.level);
  s.copy = s.handler != nullptr;
}

}  // namespace

bool select_logic(Form& form, Selection& s) {
  const TypeInfo* t = form.type();
  const std::string_view op = form.opcode;
  if (op == "mov") {
    select_mov(form, s);
    return true;
  }
  if (t && t->kind == TypeInfo::pred && (op == "and" || op == "or" || op == "xor" || op == "not" || op == "cnot")) {
    slot(s, Slot::write, Type::pred);
    slot(s, Slot::read, Type::pred);
    if (op != "not" && op != "cnot") slot(s, Slot::read, Type::pred);
    s.handler = hot(std::string(op == "cnot" ? "not" : op) + ".pred", form.level);
    return true;
  }
  if (op == "selp") {
    if (!t || form.types.size() != 1 || t->row_bits() < 16 || t->row_bits() > 64) return true;
    slot(s, Slot::write, t->row);
    slot(s, Slot::read, t->row);
    slot(s, Slot::read, t->row);
    slot(s, Slot::read, Type::pred);
    s.handler = hot("selp.b" + std::to_string(t->row_bits()), form.level);
    return true;
  }
  if (op == "slct") {
    const TypeInfo* c = form.type(1);
    if (!c || form.types.size() != 2 || t->row_bits() < 16 || (c->name != "s32" && c->name != "f32")) return true;
    Rare rare;
    rare.lane = select_by_sign;
    rare.from = c->format;
    rare.flush_inputs = form.take("ftz");
    for (int i = 0; i < 3; ++i) slot(s, i == 0 ? Slot::write : Slot::read, t->row);
    slot(s, Slot::read, c->row);
    use(s, rare);
    return true;
  }
  return false;
}

}  // namespace simt::ops
