// Constant expressions: C's operators on 64-bit integers and on double, evaluated while parsing, as ptxas does.
#include <bit>

#include "simt/ptx/parser_impl.hpp"

namespace simt::ptx {
namespace {

constexpr int op(const char (&two)[3]) { return 256 * two[0] + two[1]; }

Constant integer(bool is_unsigned, std::uint64_t bits) {
  return {is_unsigned ? Constant::u64 : Constant::s64, bits};
}

Constant boolean(bool value) { return {Constant::s64, value}; }

bool compare(int code, auto a, auto b) {
  switch (code) {
    case '<': return a < b;
    case '>': return a > b;
    case op("<="): return a <= b;
    case op(">="): return a >= b;
    case op("=="): return a == b;
    default: return a != b;
  }
}

bool is_comparison(int code) {
  return code == '<' || code == '>' || code == op("<=") || code == op(">=") || code == op("==") || code == op("!=");
}

}  // namespace

double Constant::as_double() const {
  switch (kind) {
    case f64: return std::bit_cast<double>(bits);
    case f32: return std::bit_cast<float>(static_cast<std::uint32_t>(bits));
    case u64: return static_cast<double>(bits);
    default: return static_cast<double>(static_cast<std::int64_t>(bits));
  }
}

int Parser::binary_precedence() {
  if (token_.kind != Token::op) return 0;
  switch (token_.code) {
    case op("||"): return 1;
    case op("&&"): return 2;
    case '|': return 3;
    case '^': return 4;
    case '&': return 5;
    case op("=="):
    case op("!="): return 6;
    case '<':
    case '>':
    case op("<="):
    case op(">="): return 7;
    case op("<<"):
    case op(">>"): return 8;
    case '+':
    case '-': return 9;
    case '*':
    case '/':
    case '%': return 10;
    default: return 0;
  }
}

Constant Parser::parse_primary(int depth) {
  if (token_.kind == Token::dotted && token_.text[0] >= '0' && token_.text[0] <= '9') {
    token_ = lexer_.number_after_dot(token_);
  }
  const Token token = token_;
  switch (token.kind) {
    case Token::integer: advance(); return integer(token.is_unsigned, token.bits);
    case Token::f32: advance(); return {Constant::f32, token.bits};
    case Token::f64: advance(); return {Constant::f64, token.bits};
    case Token::name:
      if (token.text != "WARP_SZ") break;
      advance();
      return {Constant::s64, 32};
    case Token::op:
      if (!accept('(')) break;
      if (token_.is_dotted("s64") || token_.is_dotted("u64")) {
        const auto kind = token_.text == "u64" ? Constant::u64 : Constant::s64;
        advance();
        expect(')', "after the cast");
        const Constant value = parse_unary(depth + 1);
        if (value.is_float()) fail_at(token.line, "a cast to an integer takes an integer");
        return {kind, value.bits};
      }
      {
        const Constant value = parse_constant(depth + 1);
        expect(')', "after the expression");
        return value;
      }
    default: break;
  }
  fail_expected("a constant");
}

Constant Parser::parse_unary(int depth) {
  if (depth > max_expression_depth) fail("the expression is nested deeper than " + std::to_string(max_expression_depth));
  const Token token = token_;
  if (!(token.is('-') || token.is('+') || token.is('!') || token.is('~'))) return parse_primary(depth);
  advance();
  Constant value = parse_unary(depth + 1);
  if (token.is('+')) return value;
  if (value.is_float()) {
    if (!token.is('-')) fail_at(token.line, "'" + std::string(token.text) + "' takes an integer");
    value.bits ^= value.kind == Constant::f32 ? std::uint64_t{1} << 31 : std::uint64_t{1} << 63;
    return value;
  }
  if (token.is('-')) return {value.kind, 0 - value.bits};
  if (token.is('~')) return {value.kind, ~value.bits};
  return boolean(value.bits == 0);
}

Constant Parser::parse_binary(int lowest, int depth) {
  Constant a = parse_unary(depth);
  for (int precedence = binary_precedence(); precedence >= lowest; precedence = binary_precedence()) {
    const Token token = token_;
    advance();
    const Constant b = parse_binary(precedence + 1, depth);
    const int code = token.code;
    if (a.is_float() || b.is_float()) {
      if (!(a.is_float() && b.is_float())) fail_at(token.line, "the expression mixes an integer and a floating-point number");
      const double x = a.as_double(), y = b.as_double();
      if (is_comparison(code)) {
        a = boolean(compare(code, x, y));
        continue;
      }
      double result = 0;
      switch (code) {
        case '+': result = x + y; break;
        case '-': result = x - y; break;
        case '*': result = x * y; break;
        case '/':
          if (y == 0) fail_at(token.line, "the constant expression divides by zero");
          result = x / y;
          break;
        default: fail_at(token.line, "'" + std::string(token.text) + "' takes integers");
      }
      a = {Constant::f64, std::bit_cast<std::uint64_t>(result)};
      continue;
    }
    const bool is_unsigned = a.kind == Constant::u64 || b.kind == Constant::u64;
    const std::uint64_t x = a.bits, y = b.bits;
    const auto sx = static_cast<std::int64_t>(x), sy = static_cast<std::int64_t>(y);
    if (is_comparison(code)) {
      a = boolean(is_unsigned ? compare(code, x, y) : compare(code, sx, sy));
      continue;
    }
    switch (code) {
      case op("||"): a = boolean(x != 0 || y != 0); break;
      case op("&&"): a = boolean(x != 0 && y != 0); break;
      case '|': a = integer(is_unsigned, x | y); break;
      case '^': a = integer(is_unsigned, x ^ y); break;
      case '&': a = integer(is_unsigned, x & y); break;
      case '+': a = integer(is_unsigned, x + y); break;
      case '-': a = integer(is_unsigned, x - y); break;
      case '*': a = integer(is_unsigned, x * y); break;
      // A shift keeps the type of its left operand and takes the amount modulo 64.
      case op("<<"): a = {a.kind, x << (y & 63)}; break;
      case op(">>"): a = {a.kind, a.kind == Constant::u64 ? x >> (y & 63) : static_cast<std::uint64_t>(sx >> (y & 63))}; break;
      default:
        if (y == 0) fail_at(token.line, "the constant expression divides by zero");
        if (code == '%') {
          a = integer(true, x % y);  // operands of a remainder count as unsigned
        } else if (is_unsigned) {
          a = integer(true, x / y);
        } else {
          a = integer(false, sy == -1 ? 0 - x : static_cast<std::uint64_t>(sx / sy));
        }
    }
  }
  return a;
}

Constant Parser::parse_constant(int depth) {
  if (depth > max_expression_depth) fail("the expression is nested deeper than " + std::to_string(max_expression_depth));
  const Constant condition = parse_binary(1, depth);
  if (!token_.is('?')) return condition;
  if (condition.is_float()) fail("expected an integer before '?'");
  advance();
  const Constant yes = parse_constant(depth + 1);
  expect(':', "of the conditional expression");
  const Constant no = parse_constant(depth + 1);
  if (yes.is_float() != no.is_float()) fail("the expression mixes an integer and a floating-point number");
  return condition.bits != 0 ? yes : no;
}

std::int64_t Parser::parse_integer_constant(std::string_view what) {
  const std::uint32_t line = token_.line;
  const Constant value = parse_constant();
  if (value.is_float()) fail_at(line, std::string(what) + " must be an integer");
  return static_cast<std::int64_t>(value.bits);
}

}  // namespace simt::ptx
