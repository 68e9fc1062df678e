// parse(), and how the parser looks at tokens.
#include "simt/ptx/parser.hpp"

#include <new>

#include "simt/ptx/parser_impl.hpp"

namespace simt::ptx {

void Parser::fail_at(std::uint32_t line, const std::string& message) { throw SyntaxError{line, message}; }

void Parser::fail_expected(std::string_view what) const {
  fail("expected " + std::string(what) + " before " + shown(token_));
}

bool Parser::accept(char c) {
  if (!token_.is(c)) return false;
  advance();
  return true;
}

void Parser::expect(char c, std::string_view context) {
  if (token_.is(c)) return advance();
  std::string what = "'";
  what += c;
  what += '\'';
  if (!context.empty()) (what += ' ') += context;
  fail_expected(what);
}

std::string_view Parser::expect_name(std::string_view what) {
  if (token_.kind != Token::name) fail_expected(what);
  const std::string_view name = token_.text;
  advance();
  return name;
}

std::uint64_t Parser::expect_unsigned(std::string_view what, std::uint64_t limit) {
  if (token_.kind != Token::integer) fail_expected(what);
  if (token_.bits > limit) fail(std::string(what) + " must be at most " + std::to_string(limit) + ", got " + shown(token_));
  const std::uint64_t value = token_.bits;
  advance();
  return value;
}

std::string_view Parser::expect_string(std::string_view what) {
  if (token_.kind != Token::string) fail_expected(what);
  const std::string_view text = token_.text;
  advance();
  return text;
}

std::unique_ptr<Module> parse(std::string_view text, Error& error) {
  error = {};
  try {
    while (!text.empty() && text.back() == '\0') text.remove_suffix(1);
    if (text.size() > max_text) {
      throw SyntaxError{0, "the PTX has " + std::to_string(text.size()) + " bytes; at most " +
                               std::to_string(max_text >> 20) + " MiB are read"};
    }
    auto module = std::make_unique<Module>();
    module->text = text;
    Parser parser(*module);
    parser.parse_module();
    return module;
  } catch (const SyntaxError& wrong) {
    error.line = wrong.line;
    error.message = wrong.line == 0 ? wrong.message : "line " + std::to_string(wrong.line) + ": " + wrong.message;
  } catch (const std::bad_alloc&) {
    error.message = "out of memory while reading the PTX";
  }
  return nullptr;
}

}  // namespace simt::ptx
