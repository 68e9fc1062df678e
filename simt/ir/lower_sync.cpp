// Lowering of barriers, fences and of instructions through which lanes see each other.
#include <algorithm>

#include "simt/exec/block.hpp"
#include "simt/exec/handlers.hpp"
#include "simt/ir/lowering.hpp"

namespace simt::ir {

using exec::BarrierKind;
using ptx::Type;

bool FunctionLowering::synchronisation(const Instruction& instruction) {
  const auto opcode = instruction.opcode();
  if (opcode == "bar" || opcode == "barrier") return barrier(instruction);
  if (const bool looked_up = instruction.operands.size() > 1 || opcode == "activemask"; !looked_up) {   // the others are looked up by name
    const auto part = unknown_part(instruction, 1, {"cta", "cluster", "gpu", "gl", "sys", "sc", "acq_rel", "acquire", "release", "proxy", "alias", "async",
                                                    "async::generic", "global", "shared::cta", "shared::cluster", "mbarrier_init", "tensormap::generic",
                                                    "sync_restrict::shared::cta", "sync_restrict::shared::cluster", "u32", "wait", "launch_dependents",
                                                    "inc", "dec", "sync", "aligned"});
    if (!part.empty()) return fail(instruction, "unknown modifier ." + part);
  }
  if (opcode == "membar" || opcode == "fence") {
    Node node;
    node.handler = exec::run_fence;
    push(std::move(node));
    return true;
  }
  if (opcode == "griddepcontrol" || opcode == "setmaxnreg") return true;   // no other grid to wait for
  if (opcode == "nanosleep") {
    begin_skip();
    Node node;
    node.handler = exec::run_nanosleep;
    node.waits = true;
    push(std::move(node));
    end_skip();
    return true;
  }
  return shuffle(instruction);
}

bool FunctionLowering::barrier(const Instruction& instruction) {
  const auto& parts = instruction.parts;
  const auto& operands = instruction.operands;
  auto is = [&](std::string_view part) { return has(instruction, part); };
  begin_skip();
  Node node;
  node.handler = exec::run_barrier;
  if (const auto part = unknown_part(instruction, 1, {"cta", "cluster", "warp", "sync", "arrive", "wait", "red", "aligned", "release", "acquire", "relaxed",
                                                      "popc", "and", "or", "pred", "u32"});
      !part.empty())
    return fail(instruction, "unknown modifier ." + part);
  if (is("cluster")) {
    if (is("arrive") == is("wait")) return fail(instruction, "it is neither arrive nor wait");
    node.imm = std::uint64_t(is("arrive") ? BarrierKind::cluster_arrive : BarrierKind::cluster_wait);
    push(std::move(node));
    end_skip();
    return true;
  }
  if (parts.size() > 1 && is("warp")) {
    if (operands.size() != 1) return fail(instruction, "it needs a member mask");
    const auto mask = read_as(operands[0], Type::u32);
    if (mask == kNoValue) return false;
    node.handler = exec::collective_handler(unit_.level, "bar.warp");
    node.add(mask);
    push(std::move(node));
    end_skip();
    return true;
  }
  if (is_off("(barrier)", "a barrier")) return false;
  const bool reduces = is("red");
  const bool arrives = is("arrive");
  if (!reduces && !arrives && !is("sync")) return fail(instruction, "it is neither sync, arrive nor red");
  // sync a{, b}; arrive a, b; red d, a{, b}, p
  const std::size_t first = reduces ? 1 : 0;
  const std::size_t last = operands.size() - (reduces ? 1 : 0);
  if (operands.size() < first + 1 + (reduces ? 1 : 0) || last > first + 2)
    return fail(instruction, "it has the wrong number of operands");
  const auto number = read_as(operands[first], Type::u32);
  const bool counted = last > first + 1;
  const auto* zero = std::get_if<ptx::ImmOperand>(&operands[first].value);
  if ((counted || !zero || zero->bits) && is_off("(numbered)", "a numbered barrier")) return false;
  if (arrives && !counted) return fail(instruction, "it needs the number of threads");
  const auto count = counted ? read_as(operands[first + 1], Type::u32) : unit_.constant(Cls::r32, 0);
  if (number == kNoValue || count == kNoValue) return false;
  node.add(number).add(count);
  if (!reduces) {
    node.imm = std::uint64_t(arrives ? BarrierKind::arrive : BarrierKind::sync);
    push(std::move(node));
    end_skip();
    return true;
  }
  const bool popc = is("popc");
  node.imm = std::uint64_t(popc ? BarrierKind::red_popc : is("and") ? BarrierKind::red_and : BarrierKind::red_or);
  const auto p = read(operands.back(), Type::pred);
  const auto d = write(operands[0], popc ? Type::u32 : Type::pred);
  if (p == kNoValue || d == kNoValue) return false;
  if (class_of_value(p) != Cls::pred || class_of_value(d) != (popc ? Cls::r32 : Cls::pred))
    return fail(instruction, "an operand has the wrong type");
  node.add(p);
  const auto kind = node.imm;
  push(std::move(node));
  Node result;
  result.handler = exec::run_barrier_result;
  result.imm = kind;
  result.weight = 0;
  result.add(d, true).add(number);
  push(std::move(result));
  end_skip();
  return true;
}

/// shfl, vote, match, redux, activemask, elect.
bool FunctionLowering::shuffle(const Instruction& instruction) {
  const auto opcode = instruction.opcode();
  const auto& operands = instruction.operands;
  std::string operation(opcode);
  Type type = Type::none;
  for (std::size_t n = 1; n < instruction.parts.size(); ++n) {
    const auto part = instruction.parts[n];
    if (part == "sync") continue;
    if (type_of(part) != Type::none) type = type_of(part);
    (operation += '.') += part;
  }
  const bool synchronised = has(instruction, "sync");
  if (!synchronised && opcode != "activemask")
    return fail(instruction, "forms without .sync are gone since sm_70; add it, with a member mask");
  const auto handler = exec::collective_handler(unit_.level, operation);
  if (!handler) return fail(instruction, "the software GPU does not know this form");

  begin_skip();
  Node node;
  node.handler = handler;
  auto reads = [&](std::size_t n, Type t) {
    if (n >= operands.size()) return fail(instruction, "it has too few operands");
    const auto value = t == Type::pred ? read(operands[n], t) : read_as(operands[n], t);
    if (value == kNoValue) return false;
    if (class_of_value(value) != class_of(t)) return fail(instruction, "an operand has the wrong width");
    node.add(value);
    return true;
  };
  // The destination, and the predicate beside it where there is one.
  auto writes = [&](Type t, bool with_predicate) {
    if (operands.empty()) return fail(instruction, "it has no destination");
    const auto* pair = std::get_if<ptx::PairOperand>(&operands[0].value);
    if (pair && (!with_predicate || pair->items.size() != 2)) return fail(instruction, "it has no second result");
    const auto d = write(pair ? pair->items[0] : operands[0], t);
    if (d == kNoValue) return false;
    if (class_of_value(d) != class_of(t)) return fail(instruction, "the destination has the wrong width");
    node.add(d, true);
    if (!with_predicate) return true;
    const auto p = pair ? write(pair->items[1], Type::pred) : unit_.temporary(Cls::pred);
    if (p == kNoValue || class_of_value(p) != Cls::pred) return fail(instruction, "the second result is no predicate");
    node.add(p, true);
    return true;
  };
  bool good = true;
  if (opcode == "shfl") good = writes(Type::b32, true) && reads(1, Type::b32) && reads(2, Type::u32) && reads(3, Type::u32) && reads(4, Type::u32);
  else if (opcode == "vote") good = writes(has(instruction, "ballot") ? Type::b32 : Type::pred, false) && reads(1, Type::pred) && reads(2, Type::u32);
  else if (opcode == "match") good = writes(Type::b32, has(instruction, "all")) && reads(1, type) && reads(2, Type::u32);
  else if (opcode == "redux") good = writes(type, false) && reads(1, type) && reads(2, Type::u32);
  else if (opcode == "elect") good = writes(Type::b32, true) && reads(1, Type::u32);
  else good = writes(Type::b32, false);
  if (!good) return false;
  push(std::move(node));
  end_skip();
  return true;
}

}  // namespace simt::ir
