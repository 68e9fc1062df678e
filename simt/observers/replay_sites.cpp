// What a recording has to know of a kernel's instructions: which line they belong to, and which of them make a value that
// somebody who reads the line would recognise.
//
// The compiler leaves lines, but no names of variables. What can be known is which values a line computes, and of those the
// last one of each kind in a stretch of code without branches is the one that was assigned, where one was.
#include "simt/observers/replay_sites.hpp"

#include <algorithm>
#include <bit>
#include <map>
#include <tuple>

namespace simt::observers {

namespace {

template <class F>
void for_registers(const ptx::Operand& operand, F f) {
  if (const auto* r = std::get_if<ptx::RegOperand>(&operand.value)) return f(r->index);
  if (const auto* a = std::get_if<ptx::AddressOperand>(&operand.value)) {
    if (const auto* r = std::get_if<ptx::RegOperand>(&a->base)) f(r->index);
    return;
  }
  auto each = [&](const std::vector<ptx::Operand>& items) {
    for (const auto& item : items) for_registers(item, f);
  };
  if (const auto* v = std::get_if<ptx::VectorOperand>(&operand.value)) each(v->items);
  if (const auto* p = std::get_if<ptx::PairOperand>(&operand.value)) each(p->items);
  if (const auto* t = std::get_if<ptx::TupleOperand>(&operand.value)) each(t->items);
}

bool ends_block(const ptx::Instruction& instruction) {
  static constexpr std::string_view kOpcodes[] = {"bra", "brx", "ret", "exit", "trap", "call"};
  return std::find(std::begin(kOpcodes), std::end(kOpcodes), instruction.opcode()) != std::end(kOpcodes);
}

bool is_float(ptx::Type type) { return type == ptx::Type::f32 || type == ptx::Type::f64 || type == ptx::Type::f16 || type == ptx::Type::bf16; }

/// The type in which the result is to be read; none where there is no single register for it.
ptx::Type result_type(const ptx::Function& function, const ptx::Instruction& instruction) {
  static constexpr std::string_view kCounts[] = {"popc", "clz", "bfind", "match", "vote"};   // of another type than they look at
  const auto* destination = instruction.operands.empty() ? nullptr : std::get_if<ptx::RegOperand>(&instruction.operands[0].value);
  if (!destination || destination->part != ptx::RegOperand::whole) return ptx::Type::none;
  const auto declared = function.registers[destination->index].type;
  if (declared == ptx::Type::pred || declared == ptx::Type::none || ptx::size_of(declared) > 8) return ptx::Type::none;
  if (is_float(declared)) return declared;
  const bool first = instruction.opcode() == "cvt";
  auto said = ptx::Type::none;
  for (std::size_t n = 1; n < instruction.parts.size() && !(first && said != ptx::Type::none); ++n)
    if (const auto type = ptx::type_from_word(instruction.parts[n]); type != ptx::Type::none) said = type;
  if (std::find(std::begin(kCounts), std::end(kCounts), instruction.opcode()) != std::end(kCounts)) return ptx::Type::u32;
  if (ptx::size_of(said) == ptx::size_of(declared)) return said;
  const bool is_signed = said == ptx::Type::s32 || said == ptx::Type::s16 || said == ptx::Type::s8;
  switch (ptx::size_of(declared)) {   // widened
    case 1: case 2: return is_signed ? ptx::Type::s16 : ptx::Type::u16;
    case 4: return is_signed ? ptx::Type::s32 : ptx::Type::u32;
    default: return is_signed ? ptx::Type::s64 : ptx::Type::u64;
  }
}

/// The type of what a store or a reduction writes; none for vectors.
ptx::Type stored_type(const ptx::Instruction& instruction) {
  if (instruction.operands.size() < 2 || !std::get_if<ptx::AddressOperand>(&instruction.operands[0].value) ||
      says(instruction, "v2") || says(instruction, "v4") || says(instruction, "v8") || says(instruction, "param"))
    return ptx::Type::none;
  auto said = ptx::Type::none;
  for (auto part : instruction.parts)
    if (const auto type = ptx::type_from_word(part); type != ptx::Type::none) said = type;
  return ptx::size_of(said) <= 8 ? said : ptx::Type::none;
}

class Analysis {
 public:
  explicit Analysis(const ir::Code& code) : code_(code) {}

  Sites run() {
    sites_.by_instruction.resize(code_.count);
    std::map<const ptx::Function*, std::vector<std::int32_t>> known;   // of each PTX instruction, what its value is
    std::map<const ptx::Function*, std::vector<std::int32_t>> lines;
    for (std::size_t n = 0; n < code_.count; ++n) {
      const auto& origin = code_.origins[n];
      if (!origin.instruction) continue;
      if (!known.contains(origin.function)) {
        lines[origin.function] = lines_of(*origin.module, *origin.function);
        known[origin.function] = values_of(*origin.function, lines[origin.function]);
      }
      const auto index = std::size_t(origin.instruction - origin.function->body.data());
      auto& site = sites_.by_instruction[n];
      site.line = lines[origin.function][index];
      const auto opcode = origin.instruction->opcode();
      site.decides = (opcode == "bra" && origin.instruction->guard >= 0) || opcode == "setp" || opcode == "call" || opcode == "ret";
      place(n, *origin.function, *origin.instruction, known[origin.function][index], site);
    }
    return std::move(sites_);
  }

 private:
  std::vector<std::int32_t> lines_of(const ptx::Module& module, const ptx::Function& function) {
    std::vector<std::int32_t> result;
    std::int32_t before = -1;
    for (std::size_t n = 0; n < function.body.size(); ++n) {
      const auto own = own_line(module, function, n);
      if (own.line != 0) {   // line 0 is the compiler's: it belongs to what comes before
        const ShownLine shown{own.file, own.line, source_line(module, function, n).line};
        auto at = std::find(sites_.lines.begin(), sites_.lines.end(), shown);
        if (at == sites_.lines.end()) at = sites_.lines.insert(at, shown);
        before = std::int32_t(at - sites_.lines.begin());
      }
      result.push_back(before);
    }
    return result;
  }

  std::vector<std::int32_t> values_of(const ptx::Function& function, const std::vector<std::int32_t>& lines) {
    const auto size = function.body.size();
    // Which lines read a register, beside the one that the value comes from.
    std::map<std::uint32_t, std::vector<std::int32_t>> readers;
    for (std::size_t n = 0; n < size; ++n) {
      const auto& instruction = function.body[n];
      const bool writes = instruction.opcode() != "st" && instruction.opcode() != "red";
      for (std::size_t k = writes ? 1 : 0; k < instruction.operands.size(); ++k)
        for_registers(instruction.operands[k], [&](std::uint32_t r) { readers[r].push_back(lines[n]); });
    }
    std::vector<bool> begins(size + 1, false);
    for (const auto& label : function.labels) begins[std::min<std::size_t>(label.second, size)] = true;
    std::vector<std::int32_t> result(size, -1);
    std::map<std::tuple<std::int32_t, bool, bool, std::uint32_t>, std::size_t> last;   // in this block
    auto close = [&](std::int32_t branches) {   // `branches`: the line of the conditional branch that ends the block, or -1
      for (const auto& [key, n] : last) {
        const auto& instruction = function.body[n];
        ValueSite value;
        value.line = std::uint32_t(std::get<0>(key));
        value.stores = std::get<1>(key);
        value.type = ptx::type_word(value.stores ? stored_type(instruction) : result_type(function, instruction));
        value.decides = lines[n] == branches;
        if (!value.stores) {
          const auto target = std::get<ptx::RegOperand>(instruction.operands[0].value).index;
          value.target = function.registers[target].name;
          const auto& at = readers[target];
          value.leaves = std::any_of(at.begin(), at.end(), [&, n = n](std::int32_t line) { return line != lines[n]; });
        }
        result[n] = std::int32_t(sites_.values.size());
        sites_.values.push_back(std::move(value));
      }
      last.clear();
    };
    for (std::size_t n = 0; n < size; ++n) {
      const auto& instruction = function.body[n];
      if (begins[n]) close(-1);
      const bool stores = instruction.opcode() == "st" || instruction.opcode() == "red";
      const auto type = stores ? stored_type(instruction) : result_type(function, instruction);
      // A parameter that is loaded, and an address that becomes another kind, are nobody's variable.
      const bool none = instruction.opcode() == "cvta" || (!stores && says(instruction, "param"));
      if (type != ptx::Type::none && lines[n] >= 0 && !none) last[{lines[n], stores, is_float(type), ptx::size_of(type)}] = n;
      if (ends_block(instruction)) close(instruction.guard >= 0 ? lines[n] : -1);
    }
    close(-1);
    return result;
  }

  /// Where the value lies after the executed instruction: the last one that belongs to the PTX instruction has it.
  void place(std::size_t n, const ptx::Function& function, const ptx::Instruction& instruction, std::int32_t value, SiteOf& site) {
    if (value < 0) return;
    const auto& operands = code_.operands[n];
    if (sites_.values[std::size_t(value)].stores) {
      const auto& access = code_.accesses[n];
      if (access.kind == ir::AccessKind::none) return;
      for (unsigned k = 0; k < operands.count; ++k)
        if (k != access.address && !(operands.writes >> k & 1)) {
          site = {site.line, value, code_.instrs[n].op[k], std::uint8_t(std::max<std::uint32_t>(2, ptx::size_of(stored_type(instruction)))), site.decides};
          return;
        }
      return;
    }
    if (n + 1 < code_.count && code_.origins[n + 1].instruction == &instruction && code_.operands[n + 1].writes) return;
    if (!operands.writes) return;
    const auto declared = function.registers[std::get<ptx::RegOperand>(instruction.operands[0].value).index].type;
    site.value = value;
    site.row = code_.instrs[n].op[std::countr_zero(unsigned(operands.writes))];
    site.width = std::uint8_t(std::max<std::uint32_t>(2, ptx::size_of(declared)));
  }

  const ir::Code& code_;
  Sites sites_;
};

}  // namespace

Sites sites_of(const ir::Code& code) { return Analysis(code).run(); }

}  // namespace simt::observers
