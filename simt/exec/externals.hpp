// Functions that device code calls and the CUDA runtime provides: printf, assert, malloc, free, and what others add.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "simt/exec/warp.hpp"

namespace simt::exec {

/// Operands: the result row, then one 64-bit row an argument. Of a listed one only the result is an operand; its list has
/// the 64-bit rows, and a structure takes one for every 8 bytes.
struct External {
  std::string_view name;
  unsigned arguments = 0;
  bool wide_result = false;   ///< 64 bits, else 32
  Handler handler = nullptr;
  bool listed = false;
};

/// Null if the runtime does not provide `name`.
const External* find_external(std::string_view name);
/// Adds to what is provided, before the first program is loaded; the table must stay.
void provide(std::span<const External> table);

/// Argument `n` of a listed one, and its access site.
std::uint64_t listed_argument(const Warp& warp, const Instr* instr, unsigned n, int lane);
inline std::uint32_t listed_site(const Instr* instr) { return std::uint32_t(instr->list[1]); }

/// The heap of device code. 0 if it has no room.
std::uint64_t heap_allocate(const Warp& warp, std::uint64_t bytes);
/// False if the address is none that the heap gave out.
bool heap_free(Warp& warp, std::uint64_t address);

}  // namespace simt::exec
