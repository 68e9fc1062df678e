// Tokens of PTX: names, dotted words (`.global`, `.shared::cta`), literals, strings and operators.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace simt::ptx {

/// Thrown inside simt/ptx only; `parse` turns it into an Error.
struct SyntaxError {
  std::uint32_t line;
  std::string message;
};

struct Token {
  enum Kind : std::uint8_t {
    end, name,
    dotted,    ///< text without the dot
    integer, f32, f64,
    string,    ///< text without the quotes
    op,        ///< `code` has the character, or two of them as 256 * first + second
  } kind = end;
  bool is_unsigned = false;      ///< an integer with suffix U, or one that does not fit a signed 64-bit integer
  std::uint16_t code = 0;
  std::uint32_t line = 1;
  std::uint64_t bits = 0;        ///< value of an integer, bit pattern of a float
  std::string_view text;

  bool is(char c) const { return kind == op && code == static_cast<unsigned char>(c); }
  bool is(const char (&two)[3]) const {
    return kind == op && code == 256 * static_cast<unsigned char>(two[0]) + static_cast<unsigned char>(two[1]);
  }
  bool is_dotted(std::string_view word) const { return kind == dotted && text == word; }
};

class Lexer {
 public:
  explicit Lexer(std::string_view text) : begin_(text.data()), at_(begin_), end_(begin_ + text.size()) {}

  /// The next token. At the end of the text, for ever a token of kind `end`.
  Token next();

  /// Reads the token again from `offset` bytes after its first byte, as where `%3` turns out to be a remainder.
  void rewind(const Token& token, std::size_t offset);

  /// Reads a dotted token such as `.5` again, as a number.
  Token number_after_dot(const Token& token);

 private:
  void skip_blanks();
  Token number();
  Token make(Token::Kind kind, const char* first, const char* last) const;

  const char* begin_;
  const char* at_;
  const char* end_;
  std::uint32_t line_ = 1;
};

/// The token as an error message shows it: quoted, short, printable.
std::string shown(const Token& token);

}  // namespace simt::ptx
