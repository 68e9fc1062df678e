// Texture objects: texels by integer coordinates, by nearest point and by linear interpolation, as the programming guide
// describes them. Interpolation takes weights of 8 fractional bits, as GPUs do.
#include "simt/exec/texture.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <unordered_map>

#include "simt/exec/access.hpp"
#include "simt/ops/exact.hpp"

namespace simt::exec {
namespace {

std::shared_mutex texture_mutex;
std::unordered_map<std::uint64_t, Texture> textures;
std::uint64_t last_texture = 0x7e00'0000ull;

struct Texel {
  std::uint32_t bits[4] = {};
};

/// One lane's sampling. `good` becomes false after a fault.
struct Sampler {
  Warp& warp;
  const Instr* instr;
  const Texture& texture;
  int lane;
  bool good = true;

  std::uint32_t extent(int axis) const { return axis == 0 ? texture.width : axis == 1 ? texture.height : texture.depth; }

  /// Brings a coordinate into the texture; false: the border.
  bool place(std::int64_t& i, int axis) const {
    const auto n = std::int64_t(std::max(1u, extent(axis)));
    if (i >= 0 && i < n) return true;
    auto mode = texture.address[axis];
    if (!texture.normalized && mode != Texture::border) mode = Texture::clamp;   // the others need coordinates from 0 to 1
    switch (mode) {
      case Texture::border: return false;
      case Texture::clamp: i = std::clamp<std::int64_t>(i, 0, n - 1); return true;
      case Texture::wrap: i = (i % n + n) % n; return true;
      case Texture::mirror:
        i = (i % (2 * n) + 2 * n) % (2 * n);
        if (i >= n) i = 2 * n - 1 - i;
        return true;
    }
    return false;
  }

  std::uint32_t channel(const std::byte* at) const {
    std::uint32_t raw = 0;
    std::memcpy(&raw, at, texture.bits / 8);
    if (texture.format == Texture::floating)
      return texture.bits == 16 ? std::uint32_t(ops::pack(ops::kF32, ops::unpack(ops::kF16, raw), {})) : raw;
    const unsigned unused = 32 - texture.bits;
    const auto value = texture.format == Texture::signed_integer ? std::int32_t(raw << unused) >> unused : std::int32_t(raw);
    if (!texture.unit_range) return std::uint32_t(value);
    const float most = float((1u << (texture.bits - (texture.format == Texture::signed_integer))) - 1);
    return std::bit_cast<std::uint32_t>(std::max(-1.0f, float(value) / most));
  }

  Texel texel(std::int64_t x, std::int64_t y, std::int64_t z) {
    Texel result;
    if (!place(x, 0) || !place(y, 1) || !place(z, 2)) {
      for (int c = 0; c < texture.channels; ++c)
        result.bits[c] = texture.format == Texture::floating || texture.unit_range
                             ? std::bit_cast<std::uint32_t>(texture.border_value[c])
                             : std::uint32_t(std::int32_t(texture.border_value[c]));
      return result;
    }
    const unsigned bytes = unsigned(texture.bits) / 8 * texture.channels;
    const std::byte* at = host_at(warp, instr, std::uint32_t(instr->list[1]),
                                  texture.base + std::uint64_t(z) * texture.slice + std::uint64_t(y) * texture.pitch + std::uint64_t(x) * bytes, bytes, lane);
    if (!at) {
      good = false;
      return result;
    }
    for (int c = 0; c < texture.channels; ++c) result.bits[c] = channel(at + unsigned(c) * texture.bits / 8);
    return result;
  }

  Texel nearest(const float* at, std::int64_t layer, unsigned dimensions) {
    std::int64_t i[3] = {0, 0, layer};
    for (unsigned k = 0; k < dimensions; ++k) i[k] = std::int64_t(std::floor(at[k]));
    return texture.layered && dimensions == 1 ? texel(i[0], 0, layer) : texel(i[0], i[1], i[2]);
  }

  Texel interpolated(const float* at, std::int64_t layer, unsigned dimensions) {
    std::int64_t first[3] = {0, 0, layer};
    float weight[3] = {};
    for (unsigned k = 0; k < dimensions; ++k) {
      const float below = at[k] - 0.5f, whole = std::floor(below);
      first[k] = std::int64_t(whole);
      weight[k] = std::round((below - whole) * 256) / 256;
    }
    float sum[4] = {};
    for (unsigned corner = 0; corner < 1u << dimensions; ++corner) {
      float share = 1;
      std::int64_t i[3] = {first[0], first[1], first[2]};
      for (unsigned k = 0; k < dimensions; ++k) {
        share *= corner >> k & 1 ? weight[k] : 1 - weight[k];
        i[k] += corner >> k & 1;
      }
      if (share == 0) continue;
      const Texel t = texel(i[0], i[1], i[2]);
      for (int c = 0; c < texture.channels; ++c) sum[c] += share * std::bit_cast<float>(t.bits[c]);
    }
    Texel result;
    for (int c = 0; c < texture.channels; ++c) result.bits[c] = std::bit_cast<std::uint32_t>(sum[c]);
    return result;
  }
};

}  // namespace

std::uint64_t add_texture(const Texture& texture) {
  std::unique_lock lock(texture_mutex);
  textures.emplace(++last_texture, texture);
  return last_texture;
}

bool find_texture(std::uint64_t number, Texture& out) {
  std::shared_lock lock(texture_mutex);
  const auto at = textures.find(number);
  if (at != textures.end()) out = at->second;
  return at != textures.end();
}

bool remove_texture(std::uint64_t number) {
  std::unique_lock lock(texture_mutex);
  return textures.erase(number) != 0;
}

const Instr* run_texture(Warp& warp, const Instr* instr) {
  const auto form = TextureForm::of(instr->list[0]);
  const std::int32_t* const rows = instr->list + 2;
  const std::int32_t* const coordinates = rows + 5;
  Texture texture;
  std::uint64_t known = 0;
  for (Mask left = warp.active; left; left &= left - 1) {
    const int lane = std::countr_zero(left);
    std::uint64_t number;
    std::memcpy(&number, warp.regs + rows[4] + 8 * lane, 8);
    if (number != known || known == 0) {
      if (!find_texture(number, texture)) return raise(warp, instr, 719, std::to_string(number) + " is not a texture object", lane);
      known = number;
    }
    if (form.layered != texture.layered)
      return raise(warp, instr, 719, texture.layered ? "a layered texture is read without a layer" : "the texture that is read has no layers", lane);
    auto coordinate = [&](unsigned n) {
      std::uint32_t bits;
      std::memcpy(&bits, warp.regs + coordinates[n] + 4 * lane, 4);
      return bits;
    };
    Sampler sampler{warp, instr, texture, lane};
    std::int64_t layer = 0;
    if (form.layered) layer = std::clamp<std::int64_t>(coordinate(0), 0, std::int64_t(texture.depth) - 1);
    Texel result;
    if (form.integer) {
      std::int64_t i[3] = {0, 0, layer};
      for (unsigned k = 0; k < form.dimensions; ++k) i[k] = std::int32_t(coordinate(k + form.layered));
      result = sampler.texel(i[0], i[1], i[2]);
    } else {
      float at[3] = {};
      for (unsigned k = 0; k < form.dimensions; ++k) {
        at[k] = std::bit_cast<float>(coordinate(k + form.layered));
        if (texture.normalized) at[k] *= float(std::max(1u, sampler.extent(int(k))));
        at[k] = std::isnan(at[k]) ? 0.0f : std::clamp(at[k], -1e9f, 1e9f);
      }
      result = texture.linear ? sampler.interpolated(at, layer, form.dimensions) : sampler.nearest(at, layer, form.dimensions);
    }
    if (!sampler.good) return nullptr;
    for (int c = 0; c < 4; ++c) std::memcpy(warp.regs + rows[c] + 4 * lane, &result.bits[c], 4);
  }
  return instr + 1;
}

}  // namespace simt::exec
