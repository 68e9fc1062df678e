// Texture objects: what the runtime says about one, and the handler that samples it.
#pragma once

#include <cstdint>

#include "simt/exec/warp.hpp"
#include "simt/memory/memory.hpp"

namespace simt::exec {

struct Texture {
  enum Format : std::uint8_t { signed_integer, unsigned_integer, floating };
  enum Address : std::uint8_t { wrap, clamp, mirror, border };
  memory::GuestAddr base = 0;
  std::uint32_t width = 0, height = 0, depth = 0;   ///< texels; of layers if `layered`; what a texture does not have is 0
  std::uint64_t pitch = 0, slice = 0;               ///< bytes from row to row, from slice to slice
  Format format = floating;
  std::uint8_t bits = 32, channels = 1;             ///< of a channel; how many a texel has
  Address address[3] = {};
  bool layered = false;
  bool linear = false;                              ///< interpolates between texels
  bool unit_range = false;                          ///< integers become numbers in [0, 1] or [-1, 1]
  bool normalized = false;                          ///< coordinates run from 0 to 1
  float border_value[4] = {};
};

/// A texture object lives until it is removed; its number is never used again.
std::uint64_t add_texture(const Texture& texture);
bool find_texture(std::uint64_t number, Texture& out);
bool remove_texture(std::uint64_t number);

/// How a tex instruction names a texel: the constant of its list.
struct TextureForm {
  std::uint8_t dimensions = 1;      ///< 1 to 3
  bool layered = false;             ///< the first coordinate is a layer
  bool integer = false;             ///< the others are .s32, not .f32
  std::int32_t code() const { return dimensions | layered << 2 | integer << 3; }
  static TextureForm of(std::int32_t code) { return {std::uint8_t(code & 3), (code >> 2 & 1) != 0, (code >> 3 & 1) != 0}; }
};

/// Instr::list: TextureForm::code, the site, four rows of results, the object (64 bits), the coordinates.
const Instr* run_texture(Warp&, const Instr*);

}  // namespace simt::exec
