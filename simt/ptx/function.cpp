// Functions: header, body with its nested scopes, source locations, and the resolution of names once the body is read.
#include "simt/ptx/parser_impl.hpp"

#include <algorithm>
#include <charconv>

namespace simt::ptx {

std::size_t Parser::LocationHash::operator()(const LocationKey& key) const {
  std::uint64_t hash = std::hash<std::string_view>{}(std::get<4>(key));
  const std::uint64_t words[] = {std::get<0>(key), std::get<1>(key), std::get<2>(key),
                                 static_cast<std::uint64_t>(std::get<3>(key)), std::get<5>(key)};
  for (std::uint64_t word : words) hash = (hash ^ word) * 0x9e3779b97f4a7c15u + (hash >> 29);
  return hash ^ (hash >> 32);
}

// ---- header ----------------------------------------------------------------------------------------------------------

void Parser::parse_dimensions(std::uint32_t (&out)[3]) {
  out[0] = out[1] = out[2] = 1;
  for (std::uint32_t& extent : out) {
    extent = static_cast<std::uint32_t>(expect_unsigned("an extent", 0xffffffffu));
    if (!accept(',')) return;
  }
  fail_expected("three extents at most");
}

void Parser::parse_function_directives(Function& function) {
  while (token_.kind == Token::dotted) {
    const Token token = token_;
    const std::string_view word = token.text;
    advance();
    auto number = [&] { return static_cast<std::uint32_t>(expect_unsigned("a number", 0xffffffffu)); };
    if (word == "maxntid") {
      parse_dimensions(function.max_threads);
    } else if (word == "reqntid") {
      parse_dimensions(function.required_threads);
    } else if (word == "reqnctapercluster") {
      parse_dimensions(function.required_cluster);
    } else if (word == "minnctapersm") {
      function.min_blocks = number();
    } else if (word == "maxnreg") {
      function.max_registers = number();
    } else if (word == "maxclusterrank") {
      function.max_cluster_rank = number();
    } else if (word == "maxnctapersm" || word == "abi_preserve" || word == "abi_preserve_control") {
      number();
    } else if (word == "explicitcluster") {
      function.explicit_cluster = true;
    } else if (word == "blocksareclusters") {
      function.blocks_are_clusters = true;
    } else if (word == "noreturn") {
      function.noreturn = true;
    } else if (word == "pragma") {
      parse_pragma(false);
    } else {
      fail_at(token.line, "unknown directive " + shown(token) + " of a function");
    }
  }
}

void Parser::parse_function(Linkage linkage, bool is_entry) {
  Function function;
  function.linkage = linkage;
  function.is_entry = is_entry;
  std::vector<std::string_view> result_names, names;
  if (token_.is_dotted("attribute")) {
    advance();
    parse_attribute(nullptr);
  }
  if (token_.is('(')) {
    if (is_entry) fail("an entry returns nothing");
    advance();
    function.returns = parse_parameters();
    result_names = parameter_names_;
  }
  const Token name_token = token_;
  const std::string_view name = expect_name("the function's name");
  function.name = name;
  function.line = name_token.line;
  if (accept('(')) {
    function.params = parse_parameters();
    names = parameter_names_;
  }
  parse_function_directives(function);
  const bool has_body = token_.is('{');
  if (!has_body) expect(';', "or '{' after the function's header");
  function.is_declaration = !has_body;

  const auto next = static_cast<std::uint32_t>(module_.functions.size());
  const auto [at, is_new] = symbols_.try_emplace(name, Name{Name::symbol, SymbolOperand::function, next, 1});
  if (is_new) {
    module_.functions.push_back(std::move(function));
  } else {
    if (at->second.symbol_kind != SymbolOperand::function) fail_at(name_token.line, shown(name_token) + " is declared as a variable too");
    Function& old = module_.functions[at->second.index];
    if (old.is_entry != is_entry) fail_at(name_token.line, shown(name_token) + " is declared both as '.func' and as '.entry'");
    if (old.params.size() != function.params.size() || old.returns.size() != function.returns.size()) {
      fail_at(name_token.line, shown(name_token) + " is declared with other parameters in line " + std::to_string(old.line));
    }
    if (!has_body) return;
    if (!old.is_declaration) fail_at(name_token.line, shown(name_token) + " is defined twice");
    if (linkage == Linkage::none && old.linkage != Linkage::external) function.linkage = old.linkage;
    function.noreturn |= old.noreturn;
    old = std::move(function);
  }
  if (!has_body) return;

  function_ = &module_.functions[at->second.index];
  scopes_.clear();
  scope_of_.clear();
  label_copies_.clear();
  variable_copies_.clear();
  pending_targets_.clear();
  last_location_.clear();
  location_ = -1;
  scope_ = -1;
  scopes_open_ = 0;
  open_scope();
  auto declare_parameters = [&](const std::vector<Variable>& list, const std::vector<std::string_view>& list_names,
                                SymbolOperand::Kind kind) {
    for (std::uint32_t i = 0; i < list.size(); ++i) {
      if (list_names[i] == "_") continue;
      if (list[i].space == Space::reg) {
        declare_register(list_names[i], list[i].type, list[i].vector, list[i].line);
      } else {
        ++variable_copies_[list_names[i]];
        declare(list_names[i], {Name::symbol, kind, i, 1}, list[i].line);
      }
    }
  };
  declare_parameters(function_->returns, result_names, SymbolOperand::result);
  declare_parameters(function_->params, names, SymbolOperand::parameter);
  parse_body();
  resolve_body();
  function_ = nullptr;
}

// ---- scopes ----------------------------------------------------------------------------------------------------------

void Parser::open_scope() {
  if (++scopes_open_ > max_scopes_open) fail("scopes are nested deeper than " + std::to_string(max_scopes_open));
  scopes_.emplace_back().parent = scope_;
  scope_ = static_cast<std::int32_t>(scopes_.size()) - 1;
}

void Parser::declare(std::string_view name, Name what, std::uint32_t line) {
  Scope& scope = scopes_[scope_];
  const bool taken = find_in_range(name, scope) != nullptr || scope.names.contains(name);
  if (taken) fail_at(line, "'" + std::string(name.substr(0, 100)) + "' is declared twice in this scope");
  scope.names.emplace(name, what);
}

std::uint32_t Parser::new_register(std::string name, Type type) {
  function_->registers.push_back({std::move(name), type});
  return static_cast<std::uint32_t>(function_->registers.size()) - 1;
}

const Parser::Name* Parser::find_in_range(std::string_view name, Scope& scope) {
  if (scope.ranges.empty()) return nullptr;
  std::uint64_t index = 0, weight = 1;
  for (std::size_t digits = 1; digits <= 10 && digits < name.size(); ++digits) {
    const char c = name[name.size() - digits];
    if (c < '0' || c > '9') break;
    index += static_cast<std::uint64_t>(c - '0') * weight;
    weight *= 10;
    if (c == '0' && digits > 1) continue;  // no leading zeros
    const auto range = scope.ranges.find(name.substr(0, name.size() - digits));
    if (range == scope.ranges.end() || index >= range->second.count) continue;
    // Registers of a range come into being when they are first used.
    Name what{Name::reg, SymbolOperand::unresolved, static_cast<std::uint32_t>(function_->registers.size()), 1};
    if (range->second.vector == 1) {
      new_register(std::string(name), range->second.type);
    } else {
      what.kind = Name::vector_reg;
      what.length = range->second.vector;
      for (std::uint32_t i = 0; i < what.length; ++i) {
        new_register(std::string(name) + "." + std::to_string(i), range->second.type);
      }
    }
    return &scope.names.emplace(name, what).first->second;
  }
  return nullptr;
}

const Parser::Name* Parser::find(std::string_view name, std::int32_t scope) {
  for (; scope >= 0; scope = scopes_[scope].parent) {
    const auto at = scopes_[scope].names.find(name);
    if (at != scopes_[scope].names.end()) return &at->second;
    if (const Name* found = find_in_range(name, scopes_[scope])) return found;
  }
  return nullptr;
}

// ---- body ------------------------------------------------------------------------------------------------------------

void Parser::parse_body() {
  const std::uint32_t line = token_.line;
  expect('{', "before the function's body");
  for (;;) {
    const Token token = token_;
    switch (token.kind) {
      case Token::name:
        advance();
        if (accept(':')) {
          parse_labelled(token.text, token.line);
        } else {
          parse_instruction(token.text, token.line);
        }
        break;
      case Token::dotted: parse_body_directive(); break;
      case Token::end: fail("the body of '" + function_->name + "', which begins in line " + std::to_string(line) + ", has no '}'");
      default:
        if (accept('{')) {
          open_scope();
        } else if (accept('}')) {
          scope_ = scopes_[scope_].parent;
          --scopes_open_;
          if (scope_ < 0) return;
        } else if (accept('@')) {
          parse_guard();
          const Token opcode = token_;
          parse_instruction(expect_name("an instruction"), opcode.line);
        } else {
          fail_expected("an instruction, a label or a directive");
        }
    }
  }
}

void Parser::parse_body_directive() {
  const Token token = token_;
  const std::string_view word = token.text;
  advance();
  if (word == "loc") return parse_location();
  if (word == "reg") return parse_registers();
  if (word == "pragma") return parse_pragma(true);
  if (word == "param") return parse_variables(Space::param, Linkage::none, true);
  if (word == "local") return parse_variables(Space::local, Linkage::none, true);
  if (word == "shared") return parse_variables(Space::shared, Linkage::none, true);
  if (word == "global") return parse_variables(Space::global, Linkage::none, true);
  if (word == "const") return parse_variables(Space::constant, Linkage::none, true);
  if (word == "callprototype" || word == "branchtargets" || word == "calltargets") {
    fail_at(token.line, "expected a label before " + shown(token));
  }
  fail_at(token.line, "unknown directive " + shown(token) + " in a function");
}

void Parser::parse_labelled(std::string_view label, std::uint32_t line) {
  if (token_.is_dotted("callprototype")) {
    advance();
    Prototype prototype;
    if (accept('(')) prototype.returns = parse_parameters();
    if (expect_name("'_' in place of the function's name") != "_") fail("expected '_' in place of the function's name");
    if (accept('(')) prototype.params = parse_parameters();
    Function directives;
    parse_function_directives(directives);
    prototype.noreturn = directives.noreturn;
    expect(';', "after '.callprototype'");
    declare(label, {Name::symbol, SymbolOperand::prototype, static_cast<std::uint32_t>(function_->prototypes.size()), 1}, line);
    prototype.name = unique(label_copies_, label);
    function_->prototypes.push_back(std::move(prototype));
    return;
  }
  if (token_.is_dotted("branchtargets") || token_.is_dotted("calltargets")) {
    PendingTargets pending;
    pending.calls = token_.text[0] == 'c';
    pending.scope = scope_;
    pending.line = line;
    advance();
    do {
      const std::string_view name = expect_name("a name");
      std::int64_t count = -1;
      if (!pending.calls && accept('<')) {
        count = static_cast<std::int64_t>(expect_unsigned("the number of labels", max_targets));
        expect('>', "after the number of labels");
      }
      targets_ += count < 0 ? 1 : static_cast<std::size_t>(count);
      if (targets_ > max_targets) fail("more than " + std::to_string(max_targets) + " branch or call targets");
      pending.names.emplace_back(name, count);
    } while (accept(','));
    expect(';', "after the list of targets");
    auto& lists = pending.calls ? function_->call_targets : function_->branch_targets;
    pending.index = static_cast<std::uint32_t>(lists.size());
    lists.emplace_back();
    const auto kind = pending.calls ? SymbolOperand::call_targets : SymbolOperand::branch_targets;
    declare(label, {Name::symbol, kind, pending.index, 1}, line);
    pending_targets_.push_back(std::move(pending));
    return;
  }
  declare(label, {Name::symbol, SymbolOperand::label, static_cast<std::uint32_t>(function_->labels.size()), 1}, line);
  function_->labels.emplace_back(unique(label_copies_, label), static_cast<std::uint32_t>(function_->body.size()));
}

void Parser::parse_pragma(bool in_function) {
  do {
    const Token token = token_;
    const std::string_view text = expect_string("a pragma in quotes");
    constexpr std::string_view used_bytes = "used_bytes_mask ";
    if (!in_function || !text.starts_with(used_bytes)) continue;
    std::string_view digits = text.substr(used_bytes.size());
    const bool is_hex = digits.starts_with("0x") || digits.starts_with("0X");
    if (is_hex) digits.remove_prefix(2);
    const auto [stop, status] = std::from_chars(digits.data(), digits.data() + digits.size(), used_bytes_, is_hex ? 16 : 10);
    if (status != std::errc{} || stop != digits.data() + digits.size()) {
      fail_at(token.line, "expected a mask of 32 bits in " + shown(token));
    }
  } while (accept(','));
  expect(';', "after '.pragma'");
}

// ---- source locations ------------------------------------------------------------------------------------------------

std::int32_t Parser::location_index(std::uint32_t file, std::uint32_t line, std::uint32_t column, std::int32_t parent,
                                    const StringReference& function) {
  const LocationKey key{file, line, column, parent, function.label, function.offset};
  const auto [at, is_new] = location_index_.try_emplace(key, static_cast<std::int32_t>(module_.locations.size()));
  if (is_new) {
    const int depth = parent < 0 ? 0 : location_depth_[parent] + 1;
    if (depth > max_inlining) fail("'inlined_at' is nested deeper than " + std::to_string(max_inlining));
    Location location;
    location.file = file;
    location.line = line;
    location.column = column;
    location.inlined_at = parent;
    module_.locations.push_back(std::move(location));
    location_depth_.push_back(depth);
    if (!function.label.empty()) wanted_names_.emplace_back(at->second, function);
  }
  return at->second;
}

void Parser::parse_location() {
  auto number = [&](std::string_view what) { return static_cast<std::uint32_t>(expect_unsigned(what, 0xffffffffu)); };
  const std::uint32_t file = number("the file's number"), line = number("the line"), column = number("the column");
  StringReference name;
  std::int32_t parent = -1;
  while (accept(',')) {
    if (token_.kind == Token::name && token_.text == "function_name") {
      advance();
      if (token_.kind != Token::name && !token_.is_dotted("debug_str")) fail_expected("a label in section '.debug_str'");
      name.label = token_.text;
      advance();
      if (accept('+')) name.offset = expect_unsigned("the offset of the name", max_text);
    } else if (token_.kind == Token::name && token_.text == "inlined_at") {
      advance();
      const std::uint32_t at_file = number("the file's number"), at_line = number("the line"), at_column = number("the column");
      // The call site's own chain is that of the latest `.loc` with these numbers.
      const auto site = last_location_.find({at_file, at_line, at_column, -1, {}, 0});
      parent = site != last_location_.end() ? site->second : location_index(at_file, at_line, at_column, -1, {});
    } else {
      fail_expected("'function_name' or 'inlined_at'");
    }
  }
  location_ = location_index(file, line, column, parent, name);
  last_location_[{file, line, column, -1, {}, 0}] = location_;
}

// ---- names -----------------------------------------------------------------------------------------------------------

void Parser::resolve(SymbolOperand& symbol, std::int32_t scope, std::uint32_t line) {
  // Views into the text would be cheaper to look up; names are few enough.
  const Name* found = find(symbol.name, scope);
  if (found == nullptr) {
    const auto at = symbols_.find(symbol.name);
    if (at != symbols_.end()) found = &at->second;
  }
  if (found == nullptr || found->kind != Name::symbol) {
    fail_at(line, "'" + symbol.name.substr(0, 100) + "' is not declared");
  }
  symbol.kind = found->symbol_kind;
  symbol.index = found->index;
  switch (symbol.kind) {
    case SymbolOperand::label:
      symbol.name = function_->labels[found->index].first;
      symbol.index = function_->labels[found->index].second;
      break;
    case SymbolOperand::local_variable: symbol.name = function_->variables[found->index].name; break;
    case SymbolOperand::variable: symbol.name = module_.variables[found->index].name; break;
    case SymbolOperand::prototype: symbol.name = function_->prototypes[found->index].name; break;
    default: break;
  }
}

void Parser::resolve(Operand& operand, std::int32_t scope, std::uint32_t line) {
  auto resolve_items = [&](std::vector<Operand>& items) {
    for (Operand& item : items) resolve(item, scope, line);
  };
  if (auto* symbol = std::get_if<SymbolOperand>(&operand.value)) {
    resolve(*symbol, scope, line);
  } else if (auto* address = std::get_if<AddressOperand>(&operand.value)) {
    if (auto* base = std::get_if<SymbolOperand>(&address->base)) resolve(*base, scope, line);
  } else if (auto* vector = std::get_if<VectorOperand>(&operand.value)) {
    resolve_items(vector->items);
  } else if (auto* tuple = std::get_if<TupleOperand>(&operand.value)) {
    resolve_items(tuple->items);
  }
}

void Parser::resolve_targets(const PendingTargets& pending) {
  auto& out = (pending.calls ? function_->call_targets : function_->branch_targets)[pending.index];
  auto add = [&](std::string name) {
    SymbolOperand symbol;
    symbol.name = std::move(name);
    resolve(symbol, pending.scope, pending.line);
    if (symbol.kind != (pending.calls ? SymbolOperand::function : SymbolOperand::label)) {
      fail_at(pending.line, "'" + symbol.name + (pending.calls ? "' is not a function" : "' is not a label"));
    }
    out.push_back(std::move(symbol.name));
  };
  for (const auto& [name, count] : pending.names) {
    if (count < 0) add(std::string(name));
    for (std::int64_t i = 0; i < count; ++i) add(std::string(name) + std::to_string(i));
  }
}

void Parser::resolve_body() {
  for (std::size_t i = 0; i < function_->body.size(); ++i) {
    Instruction& instruction = function_->body[i];
    for (Operand& operand : instruction.operands) resolve(operand, scope_of_[i], instruction.line);
  }
  for (const PendingTargets& pending : pending_targets_) resolve_targets(pending);
}

}  // namespace simt::ptx
