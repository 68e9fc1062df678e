// Surface objects: a CUDA array whose bytes kernels read and write, and the handler of suld, sust and sured.
#pragma once

#include <cstdint>
#include <memory>

#include "simt/exec/warp.hpp"
#include "simt/memory/memory.hpp"

namespace simt::exec {

struct Surface {
  memory::GuestAddr base = 0;
  std::uint64_t row = 0;                ///< bytes; rows and slices have no gaps
  std::uint32_t height = 1, depth = 1;  ///< rows; slices, layers or faces
  std::uint8_t dimensions = 1;          ///< of a layer
  bool layered = false;
};

std::uint64_t add_surface(Surface surface);
std::shared_ptr<const Surface> find_surface(std::uint64_t number);   ///< null if there is none
bool remove_surface(std::uint64_t number);

/// What a surface instruction does: the constant of its list.
struct SurfaceForm {
  enum Operation : std::uint8_t { load, store, add, least, greatest, bit_and, bit_or };
  enum Boundary : std::uint8_t { trap, clamp, zero };
  Operation operation = load;
  std::uint8_t dimensions = 1;
  bool layered = false;
  std::uint8_t bytes = 4, count = 1;    ///< of an element: 1, 2, 4, 8; elements: 1, 2, 4
  Boundary boundary = trap;
  bool is_signed = false;
  std::int32_t code() const {
    return operation | dimensions << 3 | layered << 5 | bytes << 6 | count << 10 | boundary << 13 | is_signed << 15;
  }
  static SurfaceForm of(std::int32_t code) {
    return {Operation(code & 7), std::uint8_t(code >> 3 & 3), (code >> 5 & 1) != 0, std::uint8_t(code >> 6 & 15),
            std::uint8_t(code >> 10 & 7), Boundary(code >> 13 & 3), (code >> 15 & 1) != 0};
  }
};

/// Instr::list: SurfaceForm::code, the site, a row an element, the object (64 bits), the coordinates (the layer first).
const Instr* run_surface(Warp&, const Instr*);

}  // namespace simt::exec
