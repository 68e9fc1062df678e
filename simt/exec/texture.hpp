// Texture objects: what the runtime says about one, and the handler that samples it.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "simt/exec/warp.hpp"
#include "simt/memory/memory.hpp"

namespace simt::exec {

struct Texture {
  enum Format : std::uint8_t { signed_integer, unsigned_integer, floating };
  enum Address : std::uint8_t { wrap, clamp, mirror, border };
  struct Level {
    memory::GuestAddr base = 0;
    std::uint32_t width = 0, height = 0, depth = 0;  ///< texels, layers, or faces; what a texture does not have is 0
    std::uint64_t pitch = 0, slice = 0;              ///< bytes from row to row, from slice to slice
  };
  std::vector<Level> levels;             ///< the finest first
  Format format = floating;
  std::uint8_t bits = 32, channels = 1;  ///< of a channel; how many a texel has
  Address address[3] = {};
  bool layered = false, cube = false;
  bool linear = false;         ///< interpolates between texels
  bool linear_levels = false;  ///< and between levels
  bool unit_range = false;     ///< integers become numbers in [0, 1] or [-1, 1]
  bool normalized = false;     ///< coordinates run from 0 to 1
  bool srgb = false, seamless = false;
  bool gather = false;         ///< made for tld4
  float bias = 0, least_level = 0, greatest_level = 0;
  std::uint32_t anisotropy = 1;
  std::uint32_t border_bits[4] = {};
};

/// A texture object lives until it is removed; its number is never used again.
std::uint64_t add_texture(Texture texture);
std::shared_ptr<const Texture> find_texture(std::uint64_t number);   ///< null if there is none
bool remove_texture(std::uint64_t number);

/// How a tex or tld4 instruction names a texel: the constant of its list.
struct TextureForm {
  enum Mode : std::uint8_t { base, level, gradient, gather };
  std::uint8_t dimensions = 1;  ///< 1 to 3; of a direction: 3
  bool layered = false;         ///< the first coordinate is a layer
  bool integer = false;         ///< the others are .s32, not .f32
  bool cube = false;
  Mode mode = base;
  std::uint8_t channel = 0;     ///< that is gathered
  bool resident = false;        ///< says in a predicate that there was memory
  std::int32_t code() const {
    return dimensions | layered << 2 | integer << 3 | cube << 4 | mode << 5 | channel << 7 | resident << 9;
  }
  static TextureForm of(std::int32_t code) {
    return {std::uint8_t(code & 3), (code >> 2 & 1) != 0, (code >> 3 & 1) != 0, (code >> 4 & 1) != 0,
            Mode(code >> 5 & 3), std::uint8_t(code >> 7 & 3), (code >> 9 & 1) != 0};
  }
};

/// Instr::list: TextureForm::code, the site, four rows of results, the predicate if there is one, the object (64 bits), the
/// coordinates, then the level or both derivatives by coordinate.
const Instr* run_texture(Warp&, const Instr*);

}  // namespace simt::exec
