// Fuzz target: the PTX parser and the dump of its tree. Any text must give a tree whose indices all hold, or an error.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "simt/ptx/dump.hpp"
#include "simt/ptx/parser.hpp"

namespace {

using namespace simt::ptx;

void demand(bool truth) {
  if (!truth) std::abort();
}

void check(const Module& module, const Function& function, const Operand& operand) {
  const auto check_all = [&](const std::vector<Operand>& items) {
    for (const Operand& item : items) check(module, function, item);
  };
  const auto check_register = [&](const RegOperand& reg) { demand(reg.index < function.registers.size()); };
  const auto check_symbol = [&](const SymbolOperand& symbol) {
    switch (symbol.kind) {
      case SymbolOperand::unresolved: demand(false); break;
      case SymbolOperand::variable: demand(symbol.index < module.variables.size()); break;
      case SymbolOperand::local_variable: demand(symbol.index < function.variables.size()); break;
      case SymbolOperand::parameter: demand(symbol.index < function.params.size()); break;
      case SymbolOperand::result: demand(symbol.index < function.returns.size()); break;
      case SymbolOperand::function: demand(symbol.index < module.functions.size()); break;
      case SymbolOperand::label: demand(symbol.index <= function.body.size()); break;
      case SymbolOperand::prototype: demand(symbol.index < function.prototypes.size()); break;
      case SymbolOperand::branch_targets: demand(symbol.index < function.branch_targets.size()); break;
      case SymbolOperand::call_targets: demand(symbol.index < function.call_targets.size()); break;
    }
  };
  const auto& value = operand.value;
  if (auto* reg = std::get_if<RegOperand>(&value)) check_register(*reg);
  if (auto* symbol = std::get_if<SymbolOperand>(&value)) check_symbol(*symbol);
  if (auto* vector = std::get_if<VectorOperand>(&value)) check_all(vector->items);
  if (auto* pair = std::get_if<PairOperand>(&value)) check_all(pair->items);
  if (auto* tuple = std::get_if<TupleOperand>(&value)) check_all(tuple->items);
  if (auto* address = std::get_if<AddressOperand>(&value)) {
    if (auto* reg = std::get_if<RegOperand>(&address->base)) check_register(*reg);
    if (auto* symbol = std::get_if<SymbolOperand>(&address->base)) check_symbol(*symbol);
  }
}

void check(const Module& module) {
  for (std::size_t i = 0; i < module.locations.size(); ++i) demand(module.locations[i].inlined_at < static_cast<std::int32_t>(i));
  for (const Function& function : module.functions) {
    for (const Instruction& instruction : function.body) {
      demand(!instruction.parts.empty());
      demand(instruction.guard < static_cast<std::int32_t>(function.registers.size()));
      demand(instruction.location < static_cast<std::int32_t>(module.locations.size()));
      for (const Operand& operand : instruction.operands) check(module, function, operand);
    }
    for (const auto& label : function.labels) demand(label.second <= function.body.size());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Error error;
  const auto module = parse({reinterpret_cast<const char*>(data), size}, error);
  demand((module == nullptr) == static_cast<bool>(error));
  if (module != nullptr) {
    check(*module);
    dump(*module);
  }
  return 0;
}
