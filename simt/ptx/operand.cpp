// Instructions: guard, dotted opcode, operands.
#include <algorithm>
#include <array>

#include "simt/ptx/parser_impl.hpp"

namespace simt::ptx {
namespace {

constexpr std::array<std::string_view, 8> with_component{
    "%tid", "%ntid", "%ctaid", "%nctaid", "%clusterid", "%nclusterid", "%cluster_ctaid", "%cluster_nctaid"};

constexpr std::array<std::string_view, 28> plain{
    "%laneid", "%warpid", "%nwarpid", "%smid", "%nsmid", "%gridid", "%is_explicit_cluster", "%cluster_ctarank",
    "%cluster_nctarank", "%lanemask_eq", "%lanemask_le", "%lanemask_lt", "%lanemask_ge", "%lanemask_gt", "%clock",
    "%clock_hi", "%clock64", "%globaltimer", "%globaltimer_lo", "%globaltimer_hi", "%reserved_smem_offset_begin",
    "%reserved_smem_offset_end", "%reserved_smem_offset_cap", "%total_smem_size", "%aggr_smem_size",
    "%dynamic_smem_size", "%current_graph_exec", "%reserved_smem_offset_0"};

/// `%envreg7`: the prefix, then a number below `count`.
bool numbered(std::string_view name, std::string_view prefix, int count) {
  if (!name.starts_with(prefix)) return false;
  const std::string_view digits = name.substr(prefix.size());
  if (digits.empty() || digits.size() > 2 || (digits.size() == 2 && digits[0] == '0')) return false;
  int value = 0;
  for (char c : digits) {
    if (c < '0' || c > '9') return false;
    value = 10 * value + (c - '0');
  }
  return value < count;
}

bool is_vector_special(std::string_view name) {
  return std::find(with_component.begin(), with_component.end(), name) != with_component.end();
}

/// 0 to 3 for x y z w or r g b a, -1 for anything else.
int component(std::string_view word) {
  if (word.size() != 1) return -1;
  const std::size_t at = std::string_view("xyzwrgba").find(word[0]);
  return at == std::string_view::npos ? -1 : static_cast<int>(at & 3);
}

RegOperand::Part part_of(std::string_view word) {
  static constexpr std::array<std::string_view, 7> words{"", "b0", "b1", "b2", "b3", "h0", "h1"};
  for (std::size_t i = 1; i < words.size(); ++i) {
    if (words[i] == word) return static_cast<RegOperand::Part>(i);
  }
  return RegOperand::whole;
}

}  // namespace

bool Parser::is_special_register(std::string_view name) const {
  if (is_vector_special(name) || std::find(plain.begin(), plain.end(), name) != plain.end()) return true;
  if (numbered(name, "%envreg", 32) || numbered(name, "%pm", 8) || numbered(name, "%reserved_smem_offset_", 2)) return true;
  return name.ends_with("_64") && numbered(name.substr(0, name.size() - 3), "%pm", 8);
}

std::int64_t Parser::parse_offset() {
  if (token_.is('+')) {
    advance();
    return parse_integer_constant("an address offset");
  }
  if (token_.is('-')) return parse_integer_constant("an address offset");
  return 0;
}

Operand Parser::parse_named_operand(bool negated, bool minus) {
  const Token token = token_;
  const std::string_view name = token.text;
  advance();
  // A suffix belongs to the name only where it follows without a blank.
  const bool suffixed = token_.kind == Token::dotted && token_.text.data() == name.data() + name.size() + 1;
  const Name* found = find(name, scope_);
  if (found != nullptr && found->kind != Name::symbol) {
    RegOperand reg{found->index, negated, minus, RegOperand::whole};
    if (found->kind == Name::vector_reg) {
      if (!suffixed) {
        VectorOperand vector;
        for (std::uint32_t i = 0; i < found->length; ++i) vector.items.push_back({RegOperand{found->index + i}});
        return {std::move(vector)};
      }
      const int which = component(token_.text);
      if (which < 0 || static_cast<std::uint32_t>(which) >= found->length) fail_expected("a component of the vector register");
      reg.index += static_cast<std::uint32_t>(which);
      advance();
    } else if (suffixed) {
      reg.part = part_of(token_.text);
      if (reg.part == RegOperand::whole) fail_expected("';' or a byte or half selector");
      advance();
    }
    return {reg};
  }
  if (negated || minus) fail_at(token.line, "register " + shown(token) + " is not declared");
  if (found == nullptr && name[0] == '%') {
    if (!is_special_register(name)) fail_at(token.line, "register " + shown(token) + " is not declared");
    std::string_view whole = name;
    if (suffixed) {
      if (!is_vector_special(name) || component(token_.text) < 0) {
        fail_at(token.line, shown(token) + " has no component " + shown(token_));
      }
      whole = {name.data(), name.size() + 1 + token_.text.size()};
      advance();
    }
    return {SpecialOperand{whole}};
  }
  SymbolOperand symbol;
  symbol.name = name;
  if (token_.is('[')) fail("an address is written '[" + symbol.name + "+bytes]', not with an index behind the name");
  symbol.offset = parse_offset();
  return {std::move(symbol)};
}

std::vector<Operand> Parser::parse_operand_list(char close, int depth) {
  std::vector<Operand> items;
  if (accept(close)) return items;
  for (;;) {
    if (items.size() >= max_operands) fail("more than " + std::to_string(max_operands) + " operands");
    items.push_back(parse_operand(depth, false));
    if (accept(close)) return items;
    expect(',', std::string("or '") + close + "' in the list of operands");
  }
}

Operand Parser::parse_bracketed(int depth) {
  AddressOperand address;
  bool plain_base = true;
  if (token_.kind == Token::name && token_.text != "WARP_SZ") {
    const Token token = token_;
    Operand base = parse_named_operand(false, false);
    if (auto* reg = std::get_if<RegOperand>(&base.value)) {
      address.base = *reg;
      address.offset = parse_offset();
    } else if (auto* symbol = std::get_if<SymbolOperand>(&base.value)) {
      address.offset = symbol->offset;
      symbol->offset = 0;
      address.base = std::move(*symbol);
    } else {
      fail_at(token.line, "expected a register, a variable or a number as the address, got " + shown(token));
    }
    plain_base = address.offset == 0;
  } else {
    address.base = ImmOperand{static_cast<std::uint64_t>(parse_integer_constant("an address")), ImmOperand::integer};
    plain_base = false;
  }
  if (!token_.is(',')) {
    expect(']', "after the address");
    return {std::move(address)};
  }
  TupleOperand tuple;
  if (!plain_base) {
    tuple.items.push_back({std::move(address)});
  } else if (auto* reg = std::get_if<RegOperand>(&address.base)) {
    tuple.items.push_back({*reg});
  } else {
    tuple.items.push_back({std::move(std::get<SymbolOperand>(address.base))});
  }
  advance();
  auto rest = parse_operand_list(']', depth + 1);
  std::move(rest.begin(), rest.end(), std::back_inserter(tuple.items));
  return {std::move(tuple)};
}

Operand Parser::parse_plain_operand(int depth, bool tuple_in_parentheses) {
  if (depth > max_operand_depth) fail("operands are nested deeper than " + std::to_string(max_operand_depth));
  const Token token = token_;
  if (token.kind == Token::name && token.text != "WARP_SZ") {
    if (token.text == "_") {
      advance();
      return {SinkOperand{}};
    }
    return parse_named_operand(false, false);
  }
  if (accept('{')) return {VectorOperand{parse_operand_list('}', depth + 1)}};
  if (accept('[')) return parse_bracketed(depth);
  if (tuple_in_parentheses && accept('(')) return {TupleOperand{parse_operand_list(')', depth + 1)}};
  if (token.is('!') || token.is('-')) {
    advance();
    if (token_.kind == Token::name && token_.text != "WARP_SZ") return parse_named_operand(token.is('!'), token.is('-'));
    lexer_.rewind(token, 0);
    advance();
  }
  if (token_.kind == Token::end || token_.is(';') || token_.is('}')) fail_expected("an operand");
  const Constant value = parse_constant();
  const auto kind = value.kind == Constant::f32   ? ImmOperand::f32
                    : value.kind == Constant::f64 ? ImmOperand::f64
                                                  : ImmOperand::integer;
  return {ImmOperand{value.bits, kind}};
}

Operand Parser::parse_operand(int depth, bool tuple_in_parentheses) {
  Operand first = parse_plain_operand(depth, tuple_in_parentheses);
  if (!token_.is('|')) return first;
  PairOperand pair;
  pair.items.push_back(std::move(first));
  advance();
  pair.items.push_back(parse_plain_operand(depth, false));
  for (const Operand& item : pair.items) {
    const bool vector = &item == pair.items.data() && std::holds_alternative<VectorOperand>(item.value);   // of a texture
    if (!vector && !std::holds_alternative<RegOperand>(item.value) && !std::holds_alternative<SinkOperand>(item.value)) {
      fail("expected a register or '_' on both sides of '|'");
    }
  }
  return {std::move(pair)};
}

void Parser::parse_guard() {
  if (token_.is('@')) fail("'@@' directives (DWARF of PTX 1.x) are not supported");
  guard_negated_ = accept('!');
  const Token token = token_;
  const std::string_view name = expect_name("a predicate register");
  const Name* found = find(name, scope_);
  if (found == nullptr || found->kind != Name::reg) fail_at(token.line, "predicate " + shown(token) + " is not declared");
  if (function_->registers[found->index].type != Type::pred) {
    fail_at(token.line, "the guard " + shown(token) + " is not a predicate register");
  }
  guard_ = static_cast<std::int32_t>(found->index);
}

void Parser::parse_instruction(std::string_view opcode, std::uint32_t line) {
  Instruction instruction;
  instruction.guard = guard_;
  instruction.guard_negated = guard_negated_;
  instruction.line = line;
  instruction.location = location_;
  instruction.used_bytes = used_bytes_;
  guard_ = -1;
  guard_negated_ = false;
  used_bytes_ = ~0u;
  instruction.parts.reserve(6);
  instruction.parts.push_back(opcode);
  while (token_.kind == Token::dotted) {
    if (instruction.parts.size() >= max_parts) fail("the opcode has more than " + std::to_string(max_parts) + " parts");
    instruction.parts.push_back(token_.text);
    advance();
  }
  if (!token_.is(';')) {
    const bool is_call = opcode == "call";
    instruction.operands.reserve(4);
    for (;;) {
      if (instruction.operands.size() >= max_operands) fail("more than " + std::to_string(max_operands) + " operands");
      instruction.operands.push_back(parse_operand(0, is_call));
      if (!accept(',')) break;
    }
  }
  expect(';', "");
  function_->body.push_back(std::move(instruction));
  scope_of_.push_back(scope_);
}

}  // namespace simt::ptx
