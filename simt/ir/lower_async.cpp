// Lowering of asynchronous copies (cp.async) and of barriers in memory (mbarrier).
#include "simt/exec/async.hpp"
#include "simt/exec/handlers.hpp"
#include "simt/ir/lowering.hpp"

namespace simt::ir {

using ptx::Space;
using ptx::Type;

namespace {

constexpr std::string_view kShared[] = {"shared", "shared::cta", "shared::cluster"};

Space space_of(const ptx::Instruction& instruction) {
  for (auto part : kShared)
    if (has(instruction, part)) return Space::shared;
  return Space::none;
}

std::uint64_t constant_of(const ptx::Operand& operand, std::uint64_t otherwise) {
  const auto* imm = std::get_if<ptx::ImmOperand>(&operand.value);
  return imm ? imm->bits : otherwise;
}

}  // namespace

bool FunctionLowering::asynchronous(const Instruction& instruction) {
  begin_skip();
  const bool good = instruction.opcode() == "mbarrier" ? memory_barrier(instruction)
                    : has(instruction, "mbarrier")     ? track_copies(instruction)
                    : has(instruction, "bulk")         ? copy_bulk(instruction)
                                                       : copy_async(instruction);
  end_skip();
  return good;
}

/// cp.async.ca, .cg and what commits and waits for them.
bool FunctionLowering::copy_async(const Instruction& instruction) {
  const auto& operands = instruction.operands;
  Node node;
  if (has(instruction, "commit_group") || has(instruction, "wait_all")) {
    node.handler = has(instruction, "wait_all") ? exec::run_copy_wait_all : exec::run_copy_commit;
    push(std::move(node));
    return true;
  }
  if (has(instruction, "wait_group")) {
    if (operands.size() != 1 || constant_of(operands[0], ~0ull) > 0xffffffff)
      return fail(instruction, "it needs the number of groups that may be left, a constant");
    node.handler = exec::run_copy_wait;
    node.imm = constant_of(operands[0], 0);
    push(std::move(node));
    return true;
  }
  if (const auto part = unknown_part(
          instruction, 1,
          {"async", "ca", "cg", "shared", "shared::cta", "global", "L2::cache_hint", "L2::64B", "L2::128B", "L2::256B"});
      !part.empty())
    return fail(instruction, "unknown modifier ." + part);
  const bool hinted = has(instruction, "L2::cache_hint");
  const std::size_t count = operands.size() - (hinted ? 1 : 0);
  if (operands.size() < 3 || count < 3 || count > 4)
    return fail(instruction, "it takes a destination, a source, a size and how much of it is read");
  const auto bytes = constant_of(operands[2], 0);
  if (bytes != 16 && (has(instruction, "cg") || (bytes != 4 && bytes != 8)))
    return fail(instruction, "a copy has 4, 8 or 16 bytes, with .cg 16");
  std::int32_t to_offset = 0;
  const auto to = generic_address(instruction, operands[0], Space::shared, &to_offset);
  const auto from = generic_address(instruction, operands[1], Space::none, nullptr);
  if (to == kNoValue || from == kNoValue) return false;
  const auto whole = unit_.constant(Cls::r32, bytes);
  auto read_bytes = whole;
  ValueId some = kNoValue;  // lanes that read anything
  if (count == 4 && constant_of(operands[3], 0) != bytes) {
    auto given = kNoValue;
    const auto* r = std::get_if<ptx::RegOperand>(&operands[3].value);
    if (r && r->index < ptx_.registers.size() && ptx_.registers[r->index].type == Type::pred) {   // it says whose source is ignored
      const auto copy = exec::move_handler(unit_.level, "copy_32");
      given = unit_.temporary(Cls::r32);
      emit(copy, false).add(given, true).add(whole);
      auto& none = emit(copy, false).add(given, true).add(unit_.constant(Cls::r32, 0));
      none.guard = reg(r->index);
      none.negated = r->negated;
    } else {
      given = read_as(operands[3], Type::u32);
    }
    if (given == kNoValue) return false;
    read_bytes = unit_.temporary(Cls::r32);
    some = unit_.temporary(Cls::pred);
    Node size;
    size.handler = exec::run_copy_size;
    size.imm = bytes;
    size.weight = 0;
    size.add(read_bytes, true).add(some, true).add(given);
    push(std::move(size));
  }
  // Observers see a load and a store.
  Node source;
  source.handler = exec::run_copy_source;
  source.guard = some;
  source.has_site = true;
  source.weight = 0;
  source.add(from).add(read_bytes).add(whole);
  source.access = {AccessKind::load, Space::none, std::uint8_t(bytes), 0, true, false};
  push(std::move(source));
  node.handler = exec::run_copy;
  node.offset = to_offset;
  node.has_site = true;
  node.add(to).add(from).add(whole).add(read_bytes);
  node.access = {AccessKind::copy, Space::none, std::uint8_t(bytes), 0, true, false};
  push(std::move(node));
  return true;
}

/// cp.async.mbarrier.arrive: the copies of a thread arrive at a barrier.
bool FunctionLowering::track_copies(const Instruction& instruction) {
  if (const auto part = unknown_part(instruction, 1, {"async", "mbarrier", "arrive", "noinc", "shared", "shared::cta", "b64"});
      !part.empty())
    return fail(instruction, "unknown modifier ." + part);
  if (instruction.operands.size() != 1) return fail(instruction, "it needs the address of a barrier");
  Node node;
  const auto at = generic_address(instruction, instruction.operands[0], space_of(instruction), &node.offset);
  if (at == kNoValue) return false;
  node.handler = exec::run_mbarrier_track;
  node.has_site = true;
  node.add(at).add(unit_.constant(Cls::r32, has(instruction, "noinc")));
  node.access = {AccessKind::atomic, Space::none, 8, 0, true, true};
  push(std::move(node));
  return true;
}

/// cp.async.bulk between global and shared memory. The copy is made at once, so that its groups are always complete.
bool FunctionLowering::copy_bulk(const Instruction& instruction) {
  const auto& operands = instruction.operands;
  if (has(instruction, "commit_group") || has(instruction, "wait_group")) return true;
  if (const auto part = unknown_part(
          instruction, 3,
          {"global", "shared::cta", "shared::cluster", "mbarrier::complete_tx::bytes", "bulk_group", "L2::cache_hint"});
      !part.empty() || instruction.parts.size() < 6 || instruction.parts[1] != "async" || instruction.parts[2] != "bulk")
    return fail(instruction, "the software GPU does not know this bulk copy");
  const bool tracked = has(instruction, "mbarrier::complete_tx::bytes");
  const std::size_t count = 3 + (tracked ? 1 : 0) + (has(instruction, "L2::cache_hint") ? 1 : 0);
  if (operands.size() != count) return fail(instruction, "it needs " + std::to_string(count) + " operands");
  auto space = [](std::string_view part) { return part == "global" ? Space::none : Space::shared; };
  const auto to = generic_address(instruction, operands[0], space(instruction.parts[3]), nullptr);
  const auto from = generic_address(instruction, operands[1], space(instruction.parts[4]), nullptr);
  const auto bytes = read_as(operands[2], Type::u32);
  if (to == kNoValue || from == kNoValue || bytes == kNoValue) return false;
  Node node;
  node.handler = exec::run_copy_bulk;
  node.has_site = true;
  node.add(to).add(from).add(bytes);
  push(std::move(node));
  return !tracked || complete_transaction(instruction, operands[3], bytes);
}

/// Counts bytes at a barrier that were announced to it.
bool FunctionLowering::complete_transaction(const Instruction& instruction, const Operand& barrier, ValueId bytes) {
  Node complete;
  const auto at = generic_address(instruction, barrier, Space::shared, &complete.offset);
  if (at == kNoValue) return false;
  complete.handler = exec::run_mbarrier_complete;
  complete.has_site = true;
  complete.weight = 0;
  complete.add(at).add(bytes);
  complete.access = {AccessKind::atomic, Space::none, 8, 0, true, true};
  push(std::move(complete));
  return true;
}

bool FunctionLowering::memory_barrier(const Instruction& instruction) {
  const auto& operands = instruction.operands;
  auto is = [&](std::string_view part) { return has(instruction, part); };
  if (instruction.parts.size() < 2) return fail(instruction, "it lacks an operation");
  const auto operation = instruction.parts[1];
  if (const auto part = unknown_part(instruction, 2,
                                     {"shared", "shared::cta", "shared::cluster", "b64", "expect_tx", "noComplete", "parity",
                                      "release", "acquire", "relaxed", "cta", "cluster"});
      !part.empty())
    return fail(instruction, "unknown modifier ." + part);
  Node node;
  if (operation == "pending_count") {
    if (operands.size() != 2) return fail(instruction, "it needs a destination and a state");
    const auto d = write(operands[0], Type::u32), state = read(operands[1], Type::b64);
    if (d == kNoValue || state == kNoValue) return false;
    if (class_of_value(d) != Cls::r32 || class_of_value(state) != Cls::r64)
      return fail(instruction, "an operand has the wrong width");
    node.handler = exec::run_mbarrier_pending;
    node.add(d, true).add(state);
    push(std::move(node));
    return true;
  }
  const bool tests = operation == "test_wait" || operation == "try_wait";
  const bool arrives = operation == "arrive" || operation == "arrive_drop";
  const bool expects = is("expect_tx");
  const std::size_t first = tests || arrives ? 1 : 0;  // where the address is
  if (operands.size() <= first) return fail(instruction, "it has too few operands");
  const auto at = generic_address(instruction, operands[first], space_of(instruction), &node.offset);
  if (at == kNoValue) return false;
  node.has_site = true;
  node.access = {AccessKind::atomic, Space::none, 8, std::uint8_t(first), true, true};
  auto number = [&](std::size_t n, std::uint64_t otherwise) {
    return n < operands.size() ? read_as(operands[n], Type::u32) : unit_.constant(Cls::r32, otherwise);
  };
  if (tests) {
    const bool parity = is("parity"), yields = operation == "try_wait";
    if (operands.size() < 3 || operands.size() > (yields ? 4u : 3u))
      return fail(instruction, "it needs a predicate, an address and a state");
    const auto d = write(operands[0], Type::pred);
    const auto state = parity ? read_as(operands[2], Type::u32) : read(operands[2], Type::b64);
    if (d == kNoValue || state == kNoValue) return false;
    if (class_of_value(d) != Cls::pred || class_of_value(state) != (parity ? Cls::r32 : Cls::r64))
      return fail(instruction, "an operand has the wrong width");
    node.handler = yields ? (parity ? exec::run_mbarrier_try_parity : exec::run_mbarrier_try)
                          : (parity ? exec::run_mbarrier_test_parity : exec::run_mbarrier_test);
    node.waits = true;
    node.add(d, true).add(at).add(state);
  } else if (arrives) {
    if (operands.size() > 3 || (expects && operands.size() != 3)) return fail(instruction, "it has the wrong number of operands");
    const auto d = write(operands[0], Type::b64);
    const auto threads = expects ? unit_.constant(Cls::r32, 1) : number(2, 1);
    const auto bytes = expects ? number(2, 0) : unit_.constant(Cls::r32, 0);
    if (d == kNoValue || threads == kNoValue || bytes == kNoValue) return false;
    if (class_of_value(d) != Cls::r64) return fail(instruction, "the destination is not a 64-bit register");
    node.handler = operation == "arrive" ? exec::run_mbarrier_arrive : exec::run_mbarrier_drop;
    node.add(d, true).add(at).add(threads).add(bytes);
  } else if (operation == "inval") {
    if (operands.size() != 1) return fail(instruction, "it takes an address");
    node.handler = exec::run_mbarrier_inval;
    node.add(at);
  } else if (operation == "init" || operation == "expect_tx" || operation == "complete_tx") {
    if (operands.size() != 2) return fail(instruction, "it takes an address and a number");
    const auto value = number(1, 0);
    if (value == kNoValue) return false;
    node.handler = operation == "init"        ? exec::run_mbarrier_init
                   : operation == "expect_tx" ? exec::run_mbarrier_expect
                                              : exec::run_mbarrier_complete;
    node.add(at).add(value);
  } else {
    return fail(instruction, "the software GPU does not know this operation");
  }
  push(std::move(node));
  return true;
}

}  // namespace simt::ir
