// Tokens of PTX. One pass over the bytes, no copies.
#include "simt/ptx/lexer.hpp"

#include <array>
#include <bit>
#include <charconv>
#include <limits>

namespace simt::ptx {
namespace {

enum : std::uint8_t { letter = 1, digit = 2, hex = 4, sigil = 8 };

constexpr auto classes = [] {
  std::array<std::uint8_t, 256> table{};
  for (int c = 'a'; c <= 'z'; ++c) table[c] = table[c - 'a' + 'A'] = letter;
  for (int c = 'a'; c <= 'f'; ++c) table[c] = table[c - 'a' + 'A'] = letter | hex;
  for (int c = '0'; c <= '9'; ++c) table[c] = digit | hex;
  table['_'] = table['$'] = letter;
  table['%'] = sigil;
  return table;
}();

bool in(char c, std::uint8_t wanted) { return (classes[static_cast<unsigned char>(c)] & wanted) != 0; }

std::uint64_t digit_value(char c) {
  if (c <= '9') return static_cast<std::uint64_t>(c - '0');
  return static_cast<std::uint64_t>((c | 32) - 'a' + 10);
}

}  // namespace

std::string shown(const Token& token) {
  if (token.kind == Token::end) return "the end of the text";
  std::string out = "'";
  if (token.kind == Token::dotted) out += '.';
  if (token.kind == Token::string) out += '"';
  for (char c : token.text.substr(0, 60)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 32 && byte < 127) {
      out += c;
    } else {
      static constexpr char digits[] = "0123456789abcdef";
      out += "\\x";
      out += digits[byte >> 4];
      out += digits[byte & 15];
    }
  }
  if (token.text.size() > 60) out += "...";
  if (token.kind == Token::string) out += '"';
  return out + "'";
}

Token Lexer::make(Token::Kind kind, const char* first, const char* last) const {
  Token token;
  token.kind = kind;
  token.line = line_;
  token.text = {first, static_cast<std::size_t>(last - first)};
  return token;
}

void Lexer::rewind(const Token& token, std::size_t offset) {
  at_ = token.text.data() + offset;
  line_ = token.line;
}

Token Lexer::number_after_dot(const Token& token) {
  rewind(token, 0);
  --at_;
  return number();
}

void Lexer::skip_blanks() {
  for (;;) {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\t' || *at_ == '\n' || *at_ == '\r' || *at_ == '\f' || *at_ == '\v')) {
      line_ += *at_ == '\n';
      ++at_;
    }
    if (end_ - at_ < 2 || *at_ != '/') return;
    if (at_[1] == '/') {
      while (at_ != end_ && *at_ != '\n') ++at_;
    } else if (at_[1] == '*') {
      const std::uint32_t start = line_;
      at_ += 2;
      while (end_ - at_ >= 2 && !(at_[0] == '*' && at_[1] == '/')) {
        line_ += *at_ == '\n';
        ++at_;
      }
      if (end_ - at_ < 2) throw SyntaxError{start, "the comment that begins with '/*' has no '*/'"};
      at_ += 2;
    } else {
      return;
    }
  }
}

Token Lexer::number() {
  const char* first = at_;
  auto fail = [&](const char* what) {
    while (at_ != end_ && in(*at_, letter | digit)) ++at_;
    Token token = make(Token::name, first, at_);
    throw SyntaxError{line_, std::string(what) + ", got " + shown(token)};
  };
  auto radix_digits = [&](unsigned shift, std::size_t exact) {
    const char* from = at_;
    std::uint64_t value = 0;
    while (at_ != end_ && in(*at_, hex) && digit_value(*at_) < (1u << shift)) {
      if (value >> (64 - shift) != 0) fail("expected an integer of at most 64 bits");
      value = value << shift | digit_value(*at_++);
    }
    const auto count = static_cast<std::size_t>(at_ - from);
    if (exact != 0 && count != exact) {
      fail(exact == 8 ? "expected 8 hexadecimal digits after '0f'" : "expected 16 hexadecimal digits after '0d'");
    }
    if (count == 0) fail("expected digits in this base");
    return value;
  };

  Token::Kind kind = Token::integer;
  std::uint64_t bits = 0;
  const char mark = end_ - at_ >= 2 && *at_ == '0' ? static_cast<char>(at_[1] | 32) : '\0';
  if (mark == 'x') {
    at_ += 2;
    bits = radix_digits(4, 0);
  } else if (mark == 'b') {
    at_ += 2;
    bits = radix_digits(1, 0);
  } else if (mark == 'f') {
    at_ += 2;
    kind = Token::f32;
    bits = radix_digits(4, 8);
  } else if (mark == 'd') {
    at_ += 2;
    kind = Token::f64;
    bits = radix_digits(4, 16);
  } else {
    const char* p = at_;
    while (p != end_ && in(*p, digit)) ++p;
    const char* whole_end = p;
    if (p != end_ && *p == '.') {
      ++p;
      while (p != end_ && in(*p, digit)) ++p;
    }
    if (p != end_ && (*p == 'e' || *p == 'E')) {
      const char* exponent = p + 1;
      if (exponent != end_ && (*exponent == '+' || *exponent == '-')) ++exponent;
      if (exponent != end_ && in(*exponent, digit)) {
        while (exponent != end_ && in(*exponent, digit)) ++exponent;
        p = exponent;
      }
    }
    if (p != whole_end) {
      double value = 0;
      const auto [stop, status] = std::from_chars(at_, p, value);
      if (status != std::errc{} || stop != p) fail("expected a number that a double can hold");
      kind = Token::f64;
      bits = std::bit_cast<std::uint64_t>(value);
      at_ = p;
    } else if (*at_ == '0' && whole_end - at_ > 1) {
      ++at_;
      bits = radix_digits(3, 0);
    } else {
      const auto [stop, status] = std::from_chars(at_, whole_end, bits);
      if (status != std::errc{}) fail("expected an integer of at most 64 bits");
      at_ = stop;
    }
  }
  bool is_unsigned = false;
  if (kind == Token::integer) {
    is_unsigned = bits > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    if (at_ != end_ && *at_ == 'U') {
      is_unsigned = true;
      ++at_;
    }
  }
  if (at_ != end_ && in(*at_, letter | digit)) fail("expected a number");
  Token token = make(kind, first, at_);
  token.bits = bits;
  token.is_unsigned = is_unsigned;
  return token;
}

Token Lexer::next() {
  skip_blanks();
  if (at_ == end_) return make(Token::end, at_, at_);
  const char* first = at_;
  const char c = *at_;

  if (in(c, letter)) {
    while (at_ != end_ && in(*at_, letter | digit)) ++at_;
    return make(Token::name, first, at_);
  }
  if (in(c, digit)) return number();
  if (c == '%' && end_ - at_ >= 2 && in(at_[1], letter | digit)) {
    ++at_;
    while (at_ != end_ && in(*at_, letter | digit)) ++at_;
    return make(Token::name, first, at_);
  }
  if (c == '.') {
    ++at_;
    while (at_ != end_) {
      if (in(*at_, letter | digit)) {
        ++at_;
      } else if (*at_ == ':' && end_ - at_ >= 3 && at_[1] == ':' && in(at_[2], letter | digit)) {
        at_ += 2;
      } else {
        break;
      }
    }
    if (at_ - first == 1) throw SyntaxError{line_, "expected a word after '.'"};
    return make(Token::dotted, first + 1, at_);
  }
  if (c == '"') {
    ++at_;
    while (at_ != end_ && *at_ != '"' && *at_ != '\n') ++at_;
    if (at_ == end_ || *at_ == '\n') throw SyntaxError{line_, "the string has no closing '\"'"};
    Token token = make(Token::string, first + 1, at_);
    ++at_;
    return token;
  }
  static constexpr std::string_view singles = "{}()[]<>,;:@!|&^~+-*/%?=";
  if (singles.find(c) == std::string_view::npos) {
    Token token = make(Token::op, first, first + 1);
    throw SyntaxError{line_, "expected PTX, got the character " + shown(token)};
  }
  ++at_;
  unsigned code = static_cast<unsigned char>(c);
  if (at_ != end_) {
    const char d = *at_;
    const bool doubled = d == c && (c == '<' || c == '>' || c == '&' || c == '|' || c == '=');
    const bool compared = d == '=' && (c == '<' || c == '>' || c == '!');
    if (doubled || compared) {
      ++at_;
      code = 256 * code + static_cast<unsigned char>(d);
    }
  }
  Token token = make(Token::op, first, at_);
  token.code = static_cast<std::uint16_t>(code);
  return token;
}

}  // namespace simt::ptx
