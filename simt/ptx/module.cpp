// Module scope: what stands outside of functions, and the debug strings that name inlined functions.
#include <algorithm>

#include "simt/ptx/parser_impl.hpp"

namespace simt::ptx {

std::string Parser::unique(Copies& copies, std::string_view name) {
  const std::uint32_t copy = ++copies[name];
  // '#' is no letter of PTX, so that the new name collides with none.
  return copy == 1 ? std::string(name) : std::string(name) + "#" + std::to_string(copy);
}

void Parser::parse_version() {
  if (!token_.is_dotted("version")) fail_expected("'.version', with which PTX begins,");
  advance();
  const std::string_view text = token_.text;
  const bool good = token_.kind == Token::f64 && text.size() == 3 && text[0] >= '1' && text[0] <= '9' && text[1] == '.' &&
                    text[2] >= '0' && text[2] <= '9';
  if (!good) fail_expected("a version such as '9.0'");
  module_.version = static_cast<std::uint32_t>(10 * (text[0] - '0') + (text[2] - '0'));
  advance();
}

void Parser::parse_target() {
  if (has_target_) fail("'.target' is given twice");
  has_target_ = true;
  do {
    const Token token = token_;
    const std::string_view word = expect_name("a target such as 'sm_75'");
    std::size_t digits = 3;
    while (digits < word.size() && word[digits] >= '0' && word[digits] <= '9') ++digits;
    const std::string_view variant = word.substr(std::min(digits, word.size()));
    const bool is_architecture = word.starts_with("sm_") && digits > 3 && (variant.empty() || variant == "a" || variant == "f");
    if (module_.target.empty() && is_architecture) {
      module_.target = word;
    } else if (word != "debug" && word != "texmode_unified" && word != "texmode_independent") {
      fail_at(token.line, "target option " + shown(token) + " is not supported");
    }
  } while (accept(','));
  if (module_.target.empty()) fail_expected("a target such as 'sm_75'");
}

namespace {

/// A file's name: nvcc writes a byte that is not ASCII as a backslash and three octal digits.
std::string file_name(std::string_view text) {
  std::string name;
  const auto octal = [&](std::size_t at) { return at < text.size() && text[at] >= '0' && text[at] <= '7'; };
  for (std::size_t n = 0; n < text.size(); ++n) {
    if (text[n] == '\\' && octal(n + 1) && octal(n + 2) && octal(n + 3)) {
      name += static_cast<char>((text[n + 1] - '0') * 64 + (text[n + 2] - '0') * 8 + (text[n + 3] - '0'));
      n += 3;
    } else {
      name += text[n];
    }
  }
  return name;
}

}  // namespace

void Parser::parse_file() {
  const auto number = static_cast<std::uint32_t>(expect_unsigned("the file's number", 0xffffffffu));
  module_.files.emplace_back(number, file_name(expect_string("the file's name in quotes")));
  if (accept(',')) {
    expect_unsigned("the file's time", ~std::uint64_t{0});
    expect(',', "between the file's time and size");
    expect_unsigned("the file's size", ~std::uint64_t{0});
  }
}

void Parser::parse_section() {
  const bool is_strings = token_.is_dotted("debug_str");
  if (token_.kind != Token::dotted && token_.kind != Token::name && token_.kind != Token::string) {
    fail_expected("the section's name");
  }
  advance();
  const std::uint32_t line = token_.line;
  expect('{', "before the section's contents");
  if (!is_strings) {
    while (!token_.is('}')) {
      if (token_.kind == Token::end) fail_at(line, "the section that begins here has no '}'");
      advance();
    }
    advance();
    return;
  }
  while (!accept('}')) {
    if (token_.kind == Token::name) {
      const std::string_view label = token_.text;
      advance();
      expect(':', "after a label");
      string_labels_.try_emplace(label, strings_.size());
    } else if (token_.is_dotted("b8")) {
      advance();
      do {
        strings_ += static_cast<char>(parse_integer_constant("a byte"));
      } while (accept(','));
    } else {
      fail_expected("'.b8', a label or '}' in section '.debug_str'");
    }
  }
}

void Parser::parse_alias() {
  const Token token = token_;
  const std::string_view name = expect_name("the alias");
  expect(',', "after the alias");
  const Token target_token = token_;
  const std::string_view target = expect_name("the function that the alias stands for");
  expect(';', "after '.alias'");
  const auto own = symbols_.find(name), other = symbols_.find(target);
  if (own == symbols_.end() || own->second.symbol_kind != SymbolOperand::function) {
    fail_at(token.line, "alias " + shown(token) + " is not declared as a function");
  }
  if (!module_.functions[own->second.index].is_declaration) {
    fail_at(token.line, "alias " + shown(token) + " has a body of its own");
  }
  if (other == symbols_.end() || other->second.symbol_kind != SymbolOperand::function) {
    fail_at(target_token.line, shown(target_token) + " is not a function");
  }
  for (const auto& [taken, aliasee] : module_.aliases) {
    if (taken == name) fail_at(token.line, "alias " + shown(token) + " is given twice");
    if (taken == target) fail_at(target_token.line, shown(target_token) + " is an alias itself");
  }
  if (module_.aliases.size() >= max_operands) fail("more than " + std::to_string(max_operands) + " aliases");
  module_.aliases.emplace_back(name, target);
}

void Parser::add_module_variable(Variable variable, std::string_view name, bool in_function) {
  const auto index = static_cast<std::uint32_t>(module_.variables.size());
  const Name what{Name::symbol, SymbolOperand::variable, index, 1};
  if (in_function) {
    declare(name, what, variable.line);
    variable.name = unique(symbol_copies_, name);
    module_.variables.push_back(std::move(variable));
    return;
  }
  const auto [at, is_new] = symbols_.try_emplace(name, what);
  if (is_new) {
    variable.name = unique(symbol_copies_, name);
    module_.variables.push_back(std::move(variable));
    return;
  }
  const std::string quoted = "'" + std::string(name) + "'";
  if (at->second.symbol_kind != SymbolOperand::variable) fail_at(variable.line, quoted + " is declared as a function too");
  Variable& old = module_.variables[at->second.index];
  if (old.space != variable.space) fail_at(variable.line, quoted + " is declared in two state spaces");
  // `.extern` may be repeated, before and after the definition.
  if (variable.linkage == Linkage::external) return;
  if (old.linkage != Linkage::external) fail_at(variable.line, quoted + " is defined twice");
  variable.name = old.name;
  old = std::move(variable);
}

void Parser::check_initialiser(const Variable& variable) const {
  for (const Initialiser& value : variable.init) {
    if (value.symbol.empty()) continue;
    if (!symbols_.contains(value.symbol)) {
      fail_at(variable.line, "'" + value.symbol + "', whose address initialises '" + variable.name + "', is not declared");
    }
  }
}

void Parser::finish_module() {
  for (const Variable& variable : module_.variables) check_initialiser(variable);
  std::size_t names = 0;
  for (const auto& [index, reference] : wanted_names_) {
    // Debug information may be stripped: a name that is not there leaves the location without one.
    std::uint64_t offset = reference.offset;
    if (reference.label != "debug_str") {
      const auto label = string_labels_.find(reference.label);
      if (label == string_labels_.end()) continue;
      offset += label->second;
    }
    if (offset >= strings_.size()) continue;
    const std::size_t stop = strings_.find('\0', offset);
    const std::size_t length = (stop == std::string::npos ? strings_.size() : stop) - offset;
    if (length > max_names - names) break;
    names += length;
    module_.locations[index].function = strings_.substr(offset, length);
  }
}

void Parser::parse_module() {
  parse_version();
  while (token_.kind != Token::end) {
    Linkage linkage = Linkage::none;
    const Token first = token_;
    if (first.kind != Token::dotted) fail_expected("a directive");
    for (;;) {
      Linkage word = Linkage::none;
      if (token_.is_dotted("visible")) word = Linkage::visible;
      if (token_.is_dotted("extern")) word = Linkage::external;
      if (token_.is_dotted("weak")) word = Linkage::weak;
      if (token_.is_dotted("common")) word = Linkage::common;
      if (word == Linkage::none) break;
      if (linkage != Linkage::none) fail_expected("one of '.visible', '.extern', '.weak' and '.common' only,");
      linkage = word;
      advance();
    }
    const Token directive = token_;
    if (directive.kind != Token::dotted) fail_expected("'.func', '.entry' or a state space");
    const std::string_view word = directive.text;
    advance();
    const bool links = word == "func" || word == "entry" || word == "global" || word == "const" || word == "shared";
    if (linkage != Linkage::none && !links) fail_at(directive.line, shown(first) + " cannot stand before " + shown(directive));
    if (links && !has_target_) fail_at(directive.line, "expected '.target' before " + shown(directive));
    if (word == "func" || word == "entry") {
      parse_function(linkage, word == "entry");
    } else if (word == "global") {
      parse_variables(Space::global, linkage, false);
    } else if (word == "const") {
      parse_variables(Space::constant, linkage, false);
    } else if (word == "shared") {
      parse_variables(Space::shared, linkage, false);
    } else if (word == "target") {
      parse_target();
    } else if (word == "address_size") {
      const std::uint64_t size = expect_unsigned("the address size", 64);
      if (size != 64) fail_at(directive.line, "expected '.address_size 64', got " + std::to_string(size));
    } else if (word == "file") {
      parse_file();
    } else if (word == "section") {
      parse_section();
    } else if (word == "alias") {
      parse_alias();
    } else if (word == "pragma") {
      parse_pragma(false);
    } else if (word == "reg" || word == "local" || word == "param") {
      fail_at(directive.line, shown(directive) + " is only allowed inside of a function");
    } else {
      fail_at(directive.line, "unknown directive " + shown(directive));
    }
  }
  if (!has_target_) fail_expected("'.target'");
  finish_module();
}

}  // namespace simt::ptx
