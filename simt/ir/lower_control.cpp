// Lowering of branches, calls and returns.
//
// A call passes its arguments and results through a few 32-bit words that all functions of a kernel share: the caller
// copies its arguments there, the callee's prologue takes them, and results go back the same way. So a direct and an
// indirect call are the same thing.
#include <algorithm>

#include "simt/exec/externals.hpp"
#include "simt/exec/handlers.hpp"
#include "simt/ir/lowering.hpp"

namespace simt::ir {

using ptx::Space;
using ptx::Type;

namespace {
/// What a call of a function that uses alloca has for it; one that calls nothing has the thread's stack instead.
constexpr std::uint32_t kAllocaBytes = 8192;

std::uint32_t words_of(const ptx::Variable& v) { return std::uint32_t(size_of(v) / 4 + (size_of(v) % 4 != 0)); }
}  // namespace

std::int32_t FunctionLowering::block_of(std::string_view label) const {
  auto at = function_.label_blocks.find(label);
  return at == function_.label_blocks.end() ? -1 : at->second;
}

void FunctionLowering::prologue() {
  auto words_for = [&](const ptx::Variable& v) {
    Function::Words words{ValueId(unit_.values.size()), words_of(v)};
    for (std::uint32_t n = 0; n < words.count; ++n) unit_.temporary(Cls::r32);
    function_.params[v.name] = words;
    return words;
  };
  for (const auto& v : ptx_.variables) {
    if (v.space == Space::param) words_for(v);
    if (v.space == Space::local) {
      const std::uint32_t align = std::max<std::uint32_t>(v.align, 4);
      function_.local_bytes = (function_.local_bytes + align - 1) / align * align;
      function_.locals[v.name] = function_.local_bytes;
      function_.local_bytes += std::uint32_t(size_of(v));
    }
  }
  for (const auto& v : function_.module->variables) {   // module-scope .local: a place of its own in every thread
    if (v.space != Space::local) continue;
    const std::uint32_t align = std::max<std::uint32_t>(v.align, 4);
    function_.local_bytes = (function_.local_bytes + align - 1) / align * align;
    function_.locals[v.name] = function_.local_bytes;
    function_.local_bytes += std::uint32_t(size_of(v));
  }
  function_.local_bytes = (function_.local_bytes + 15) / 16 * 16;
  if (std::any_of(ptx_.body.begin(), ptx_.body.end(), [](const auto& i) { return i.opcode() == "alloca"; })) {
    function_.stack_top = unit_.temporary(Cls::r64);
    auto& node = emit(exec::run_local_base);
    node.imm = function_.local_bytes;
    node.add(function_.stack_top, true);
    if (calls_own_code()) function_.local_bytes += kAllocaBytes;
  }
  if (ptx_.is_entry) return;
  for (const auto& v : ptx_.returns) words_for(v);
  std::uint32_t at = 0;
  const auto copy = exec::move_handler(unit_.level, "copy_32");
  for (const auto& v : ptx_.params) {
    const auto words = words_for(v);
    for (std::uint32_t n = 0; n < words.count; ++n)
      emit(copy).add(words.first + ValueId(n), true).add(unit_.abi + ValueId(at++));
  }
}

/// Whether the function calls another one, which has a frame of its own.
bool FunctionLowering::calls_own_code() const {
  return std::any_of(ptx_.body.begin(), ptx_.body.end(), [&](const Instruction& i) {
    if (i.opcode() != "call") return false;
    for (const auto& operand : i.operands)
      if (const auto* s = std::get_if<ptx::SymbolOperand>(&operand.value))
        if (const auto* f = unit_.image.function(function_.module, s->name)) return !f->function->is_declaration;
    return true;
  });
}

/// alloca, stacksave, stackrestore: local memory between the function's variables and the next call's.
bool FunctionLowering::stack(const Instruction& instruction) {
  const auto& operands = instruction.operands;
  if (function_.stack_top == kNoValue) return fail(instruction, "this function has no alloca");
  if (instruction.parts.size() != 2 || instruction.parts[1] != "u64") return fail(instruction, "addresses have 64 bits here");
  const bool allocates = instruction.opcode() == "alloca", restores = instruction.opcode() == "stackrestore";
  if (operands.empty() || operands.size() > (allocates ? 3u : 1u) || (allocates && operands.size() < 2))
    return fail(instruction, "it has the wrong number of operands");
  const auto first = restores ? read(operands[0], Type::u64) : write(operands[0], Type::u64);
  if (first == kNoValue) return false;
  if (class_of_value(first) != Cls::r64) return fail(instruction, "an operand has the wrong width");
  Node node;
  if (!allocates) {
    node.handler = exec::move_handler(unit_.level, "copy_64");
    node.add(restores ? function_.stack_top : first, true).add(restores ? first : function_.stack_top);
    push(std::move(node));
    return true;
  }
  const auto size = read_as(operands[1], Type::u64);
  const auto align = operands.size() == 3 ? read_as(operands[2], Type::u32) : unit_.constant(Cls::r32, 8);
  if (size == kNoValue || align == kNoValue) return false;
  node.handler = exec::run_alloca;
  node.imm = calls_own_code() ? function_.local_bytes : 0;   // 0: up to the end of the thread's local memory
  node.updates = 2;
  node.add(first, true).add(function_.stack_top, true).add(size).add(align);
  push(std::move(node));
  return true;
}

bool FunctionLowering::control(const Instruction& instruction) {
  const auto opcode = instruction.opcode();
  if (const auto part = unknown_part(instruction, 1, {"uni", "idx", "mask"}); !part.empty())
    return fail(instruction, "unknown modifier ." + part);
  if (opcode == "bra") {
    const auto* label = instruction.operands.size() == 1
                            ? std::get_if<ptx::SymbolOperand>(&instruction.operands[0].value) : nullptr;
    const auto target = label ? block_of(label->name) : -1;
    if (target < 0) return fail(instruction, "it names no label of this function");
    Node node;
    node.kind = instruction.guard >= 0 ? Node::branch : Node::jump;
    node.handler = instruction.guard >= 0 ? exec::run_branch : exec::run_jump;
    node.target = target;
    push(std::move(node));
    return true;
  }
  if (opcode == "brx") {
    const auto* list = instruction.operands.size() == 2
                           ? std::get_if<ptx::SymbolOperand>(&instruction.operands[1].value) : nullptr;
    const auto* labels = list && list->kind == ptx::SymbolOperand::branch_targets &&
                                 list->index < ptx_.branch_targets.size()
                             ? &ptx_.branch_targets[list->index] : nullptr;
    if (!labels) return fail(instruction, "it names no .branchtargets list");
    begin_skip();
    Node node;
    node.kind = Node::indexed;
    node.handler = exec::run_indexed;
    const auto index = read_as(instruction.operands[0], Type::u32);
    if (index == kNoValue) return false;
    node.add(index);
    for (const auto& label : *labels) {
      node.targets.push_back(block_of(label));
      if (node.targets.back() < 0) return fail(instruction, label + " is no label of this function");
    }
    push(std::move(node));
    end_skip();
    return true;
  }
  if (opcode == "exit" || (opcode == "ret" && ptx_.is_entry)) {
    Node node;
    node.kind = Node::leave;
    node.handler = exec::run_exit;
    push(std::move(node));
    return true;
  }
  if (opcode == "ret") {
    begin_skip();
    std::uint32_t at = 0;
    const auto copy = exec::move_handler(unit_.level, "copy_32");
    for (const auto& v : ptx_.returns) {
      const auto words = function_.params[v.name];
      for (std::uint32_t n = 0; n < words.count; ++n)
        emit(copy, false).add(unit_.abi + ValueId(at++), true).add(words.first + ValueId(n));
    }
    Node node;
    node.kind = Node::ret;
    node.handler = exec::run_return;
    push(std::move(node));
    end_skip();
    return true;
  }
  if (opcode == "trap" || opcode == "brkpt") {
    begin_skip();
    Node node;
    node.kind = opcode == "trap" ? Node::trap : Node::plain;
    node.handler = opcode == "trap" ? exec::run_trap : exec::run_breakpoint;
    push(std::move(node));
    end_skip();
    return true;
  }
  if (opcode == "pmevent") return true;
  return call(instruction);
}

bool FunctionLowering::call(const Instruction& instruction) {
  // call (results), callee, (arguments), prototype;  only the callee is always there
  std::size_t n = 0;
  const auto& operands = instruction.operands;
  std::vector<std::string> results, arguments;
  auto names = [&](std::vector<std::string>& out) {
    if (n >= operands.size()) return true;
    const auto* tuple = std::get_if<ptx::TupleOperand>(&operands[n].value);
    if (!tuple) return true;
    ++n;
    for (const auto& item : tuple->items) {
      const auto* s = std::get_if<ptx::SymbolOperand>(&item.value);
      if (!s || !function_.params.count(s->name)) return false;
      out.push_back(s->name);
    }
    return true;
  };
  if (!names(results)) return fail(instruction, "a result is not a .param variable of this function");
  if (n >= operands.size()) return fail(instruction, "it names no function");
  const auto& callee = operands[n++];
  if (!names(arguments)) return fail(instruction, "an argument is not a .param variable of this function");

  begin_skip();
  Node node;
  node.kind = Node::call;
  const auto* s = std::get_if<ptx::SymbolOperand>(&callee.value);
  if (s) {
    const auto* linked = unit_.image.function(function_.module, s->name);
    if (!linked) return fail(instruction, "no unit of the program defines function " + s->name);
    if (linked->module != function_.module && is_off("(linked)", s->name + " of another module")) return false;
    if (linked->function->is_declaration) {
      if (!external(instruction, *linked, results, arguments)) return false;
      end_skip();
      return true;
    }
    auto words = [&](const std::vector<std::string>& list) {
      std::uint32_t sum = 0;
      for (const auto& name : list) sum += function_.params[name].count;
      return sum;
    };
    auto declared = [](const std::vector<ptx::Variable>& list) {
      std::uint32_t sum = 0;
      for (const auto& v : list) sum += words_of(v);
      return sum;
    };
    if (linked->function->is_entry) return fail(instruction, s->name + " is a kernel, not a function");
    if (words(results) != declared(linked->function->returns) || words(arguments) != declared(linked->function->params))
      return fail(instruction, "the arguments do not match those of " + s->name);
    node.handler = exec::run_call;
    node.imm = unit_.function_index(linked);
    function_.calls.push_back(std::uint32_t(node.imm));
  } else {
    if (is_off("(pointer)", "a call by a pointer")) return false;
    const auto pointer = read_as(callee, Type::u64);
    if (pointer == kNoValue) return false;
    node.handler = exec::run_call_indirect;
    node.add(pointer);
    function_.calls_indirectly = true;
  }
  const auto copy = exec::move_handler(unit_.level, "copy_32");
  std::uint32_t at = 0;
  for (const auto& name : arguments) {
    const auto words = function_.params[name];
    for (std::uint32_t k = 0; k < words.count; ++k, ++at) {
      if (at >= unit_.abi_words) return fail(instruction, "it passes more than any function takes");
      emit(copy, false).add(unit_.abi + ValueId(at), true).add(words.first + ValueId(k));
    }
  }
  push(std::move(node));
  at = 0;
  for (const auto& name : results) {
    const auto words = function_.params[name];
    for (std::uint32_t k = 0; k < words.count; ++k, ++at) {
      if (at >= unit_.abi_words) return fail(instruction, "it expects more than any function returns");
      emit(copy).add(words.first + ValueId(k), true).add(unit_.abi + ValueId(at));
    }
  }
  end_skip();
  return true;
}

/// A call of something that the CUDA runtime provides.
bool FunctionLowering::external(const Instruction& instruction, const LinkedFunction& callee,
                                const std::vector<std::string>& results, const std::vector<std::string>& arguments) {
  const auto& name = callee.function->name;
  if (is_off(name + "()")) return false;
  const auto* known = exec::find_external(name);
  if (!known) return undefined(instruction, "function", name, *callee.module, callee.function->line);
  Node node;
  node.handler = known->handler;
  node.has_site = true;   // it reads strings and arguments
  const auto result = unit_.temporary(known->wide_result ? Cls::r64 : Cls::r32);
  node.add(result, true);
  unsigned rows = 0;
  for (const auto& argument : arguments) {
    const auto words = function_.params[argument];
    for (std::uint32_t k = 0; k < words.count; k += 2, ++rows) {
      if (!known->listed && (k > 0 || rows >= known->arguments)) return fail(instruction, "an argument of " + name + " has an unexpected size");
      const auto value = unit_.temporary(Cls::r64);
      if (k + 1 < words.count)
        emit(exec::move_handler(unit_.level, "zip")).add(value, true).add(words.first + ValueId(k)).add(words.first + ValueId(k + 1));
      else
        emit(exec::move_handler(unit_.level, "widen_u32_64")).add(value, true).add(words.first + ValueId(k));
      if (known->listed) node.list.push_back(value);
      else node.add(value);
    }
  }
  if (results.size() > 1 || rows != known->arguments)
    return fail(instruction, name + " is called with other arguments than CUDA 13.0 passes to it");
  if (known->listed && node.list.empty()) node.list.push_back(unit_.constant(Cls::r64, 0));   // a list is never empty
  push(std::move(node));
  if (results.empty()) return true;
  const auto words = function_.params[results[0]];
  if (words.count != (known->wide_result ? 2u : 1u)) return fail(instruction, "the result of " + name + " has an unexpected size");
  if (known->wide_result)
    emit(exec::move_handler(unit_.level, "unzip")).add(words.first, true).add(words.first + 1, true).add(result);
  else
    emit(exec::move_handler(unit_.level, "copy_32")).add(words.first, true).add(result);
  return true;
}

}  // namespace simt::ir
