// PTX text to syntax tree. Never throws on bad input, never recurses without a bound, never reads outside the text.
#pragma once

#include <memory>
#include <string>

#include "simt/ptx/ast.hpp"

namespace simt::ptx {

/// What is wrong with a piece of PTX, ready to show: "line 12: expected ';' before 'add'".
struct Error {
  std::string message;     ///< empty: no error
  std::uint32_t line = 0;  ///< PTX line, 0 if unknown
  explicit operator bool() const { return !message.empty(); }
};

/// Parses `text` (copied into the module). On failure returns null and fills `error`.
std::unique_ptr<Module> parse(std::string_view text, Error& error);

}  // namespace simt::ptx
