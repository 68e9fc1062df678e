// The syntax tree as JSON, for tests and for a look at what the parser made of a text.
#pragma once

#include <cstddef>
#include <string>

#include "simt/ptx/ast.hpp"

namespace simt::ptx {

std::string dump(const Module& module);

}  // namespace simt::ptx

extern "C" {

/// Parses `size` bytes of PTX. Returns JSON: the tree, or {"error": message, "line": PTX line}. Free it with simt_ptx_free.
char* simt_ptx_dump(const char* text, std::size_t size);
void simt_ptx_free(char* json);

}
