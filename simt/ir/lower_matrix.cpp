// Lowering of matrix instructions: mma, wmma, ldmatrix, stmatrix, movmatrix.
#include "simt/exec/handlers.hpp"
#include "simt/exec/matrix.hpp"
#include "simt/ir/lowering.hpp"
#include "simt/memory/memory.hpp"
#include "simt/ops/matrix.hpp"

namespace simt::ir {

using ptx::Space;
using ptx::Type;

namespace {

/// The registers of `{a, b, c}`, or of a single one.
std::vector<const ptx::Operand*> registers_of(const ptx::Operand& operand) {
  std::vector<const ptx::Operand*> items;
  if (const auto* v = std::get_if<ptx::VectorOperand>(&operand.value))
    for (const auto& item : v->items) items.push_back(&item);
  else
    items.push_back(&operand);
  return items;
}

}  // namespace

/// Appends the registers of a fragment; false after a fault.
bool FunctionLowering::fragment(const Instruction& instruction, const Operand& operand, const ops::Fragment& f, bool written,
                                std::vector<ValueId>& list) {
  const auto items = registers_of(operand);
  if (items.size() != f.registers)
    return fail(instruction, "an operand has " + std::to_string(items.size()) + " registers where " +
                                 std::to_string(f.registers) + " are needed");
  for (const auto* item : items) {
    const Type type = f.wide ? Type::f64 : f.element == ops::Element::f32 ? Type::f32 : Type::b32;
    const auto value = written ? write(*item, type) : read(*item, type);
    if (value == kNoValue) return false;
    if (class_of_value(value) != class_of(type)) return fail(instruction, "a register of a fragment has the wrong width");
    list.push_back(value);
  }
  return true;
}

/// An address as 64 bits, generic where it is one of shared memory, with the displacement added if asked for.
ValueId FunctionLowering::generic_address(const Instruction& instruction, const Operand& operand, Space space,
                                          std::int32_t* displacement) {
  const auto* where = std::get_if<ptx::AddressOperand>(&operand.value);
  if (!where) {
    fail(instruction, "an operand is not an address in brackets");
    return kNoValue;
  }
  const auto at = address(*where, space);
  if (!at.ok) return kNoValue;
  ValueId base = resize(at.base, Cls::r64, false);
  auto add = [&](std::uint64_t amount) {
    const auto sum = unit_.temporary(Cls::r64);
    emit(exec::move_handler(unit_.level, "add_64")).add(sum, true).add(base).add(unit_.constant(Cls::r64, amount));
    base = sum;
  };
  if (space == Space::shared) add(memory::kSharedWindow);
  if (displacement) *displacement = at.offset;
  else if (at.offset != 0) add(std::uint64_t(std::int64_t(at.offset)));
  return base;
}

bool FunctionLowering::matrix(const Instruction& instruction) {
  const auto opcode = instruction.opcode();
  const auto& operands = instruction.operands;
  if (opcode == "ldmatrix" || opcode == "stmatrix") return matrix_tiles(instruction, opcode == "stmatrix");
  Node node;
  begin_skip();
  if (opcode == "movmatrix") {
    if (!has(instruction, "m8n8") || !has(instruction, "trans") || !has(instruction, "b16") || instruction.parts.size() != 6)
      return fail(instruction, "the software GPU knows movmatrix.sync.aligned.m8n8.trans.b16");
    if (operands.size() != 2) return fail(instruction, "it takes two operands");
    const auto d = write(operands[0], Type::b32), a = read(operands[1], Type::b32);
    if (d == kNoValue || a == kNoValue) return false;
    if (class_of_value(d) != Cls::r32 || class_of_value(a) != Cls::r32) return fail(instruction, "a register has the wrong width");
    node.handler = exec::run_movmatrix;
    node.add(d, true).add(a);
    push(std::move(node));
    end_skip();
    return true;
  }
  std::string error;
  const int number = ops::find_matrix_form(instruction, error);
  if (number < 0) return fail(instruction, error);
  const auto& form = ops::matrix_form(number);
  node.imm = std::uint64_t(number);
  auto& list = node.list;
  if (form.kind == ops::MatrixForm::multiply) {
    if (operands.size() != 4) return fail(instruction, "it takes four operands");
    if (!fragment(instruction, operands[0], form.d, true, list)) return false;
    node.list_writes = std::uint32_t(list.size());
    if (!fragment(instruction, operands[1], form.a, false, list) || !fragment(instruction, operands[2], form.b, false, list) ||
        !fragment(instruction, operands[3], form.c, false, list))
      return false;
    node.handler = exec::matrix_multiply_handler(unit_.level);
  } else {
    const bool loads = form.kind == ops::MatrixForm::load;
    if (operands.size() != 2 && operands.size() != 3) return fail(instruction, "it takes a fragment, an address and a stride");
    if (!fragment(instruction, operands[loads ? 0 : 1], form.a, loads, list)) return false;
    if (loads) node.list_writes = std::uint32_t(list.size());
    const auto base = generic_address(instruction, operands[loads ? 1 : 0], form.space, nullptr);
    if (base == kNoValue) return false;
    // Without a stride, lines follow each other.
    const auto stride = operands.size() == 3
                            ? read_as(operands[2], Type::u32)
                            : unit_.constant(Cls::r32, form.by_columns ? form.a.rows : form.a.columns);
    if (stride == kNoValue) return false;
    list.push_back(base);
    list.push_back(stride);
    node.handler = loads ? exec::run_matrix_load : exec::run_matrix_store;
    node.has_site = true;
    node.access = {loads ? AccessKind::load : AccessKind::store, Space::none, 16, 0, true, false};
  }
  push(std::move(node));
  end_skip();
  return true;
}

bool FunctionLowering::matrix_tiles(const Instruction& instruction, bool stores) {
  unsigned count = 0;
  bool transposed = false, shaped = false, typed = false, synchronised = false, aligned = false;
  Space space = Space::none;
  for (std::size_t i = 1; i < instruction.parts.size(); ++i) {
    const auto part = instruction.parts[i];
    if (part == "sync") synchronised = true;
    else if (part == "aligned") aligned = true;
    else if (part == "m8n8") shaped = true;
    else if (part == "b16") typed = true;
    else if (part == "x1" || part == "x2" || part == "x4") count = unsigned(part[1] - '0');
    else if (part == "trans") transposed = true;
    else if (part == "shared" || part == "shared::cta") space = Space::shared;
    else return fail(instruction, "the software GPU does not know ." + std::string(part) + " here");
  }
  if (!synchronised || !aligned || !shaped || !typed || count == 0 || instruction.operands.size() != 2)
    return fail(instruction, "it needs .sync.aligned.m8n8, .x1, .x2 or .x4, .b16, a fragment and an address");
  const auto items = registers_of(instruction.operands[stores ? 1 : 0]);
  if (items.size() != count) return fail(instruction, "it needs " + std::to_string(count) + " registers");
  begin_skip();
  Node node;
  std::vector<ValueId> data;
  for (const auto* item : items) {
    const auto value = stores ? read(*item, Type::b32) : write(*item, Type::b32);
    if (value == kNoValue) return false;
    if (class_of_value(value) != Cls::r32) return fail(instruction, "a register has the wrong width");
    data.push_back(value);
  }
  const auto base = generic_address(instruction, instruction.operands[stores ? 0 : 1], space, &node.offset);
  if (base == kNoValue) return false;
  node.handler = stores ? exec::stmatrix_handler(count, transposed) : exec::ldmatrix_handler(count, transposed);
  if (stores) node.add(base);
  for (const auto value : data) node.add(value, !stores);
  if (!stores) node.add(base);
  node.has_site = true;
  node.access = {stores ? AccessKind::store : AccessKind::load, Space::none, 16,
                 std::uint8_t(stores ? 0 : count), true, false};
  push(std::move(node));
  end_skip();
  return true;
}

}  // namespace simt::ir
