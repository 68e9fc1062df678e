// Functions that device code calls and the CUDA runtime provides: printf, assert, malloc, free.
#pragma once

#include <string_view>

#include "simt/exec/warp.hpp"

namespace simt::exec {

/// Operands: the result row, then one 64-bit row an argument.
struct External {
  std::string_view name;
  unsigned arguments = 0;
  bool wide_result = false;   ///< 64 bits, else 32
  Handler handler = nullptr;
};

/// Null if the runtime does not provide `name`.
const External* find_external(std::string_view name);

}  // namespace simt::exec
