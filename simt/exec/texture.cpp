// Texture objects: texels by integer coordinates, by nearest point and by linear interpolation, between levels too, as the
// programming guide describes them. What the guide leaves open is as on an H200: weights have 8 fractional bits, the finest
// level that `tex` reads without a level is bound by minMipmapLevelClamp but knows no bias, integer coordinates outside give 0
// where no level is named and the nearest texel where one is.
#include "simt/exec/texture.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <string>

#include "simt/exec/access.hpp"
#include "simt/exec/cube.hpp"
#include "simt/exec/objects.hpp"
#include "simt/exec/tell.hpp"
#include "simt/ops/exact.hpp"

namespace simt::exec {
namespace {

Objects<Texture>& texture_objects() {
  static auto* all = new Objects<Texture>(0x7e00'0000ull);
  return *all;
}

struct Texel {
  std::uint32_t bits[4] = {};
};

/// To 8 fractional bits: a weight between neighbours is rounded, a level and its weight are cut.
float weight_of(float fraction) { return std::floor(fraction * 256 + 0.5f) / 256; }
float cut(float level) { return std::trunc(level * 256) / 256; }

/// One lane's sampling of one level. `good` becomes false after a fault.
struct Sampler {
  Warp& warp;
  const Instr* instr;
  const Texture& texture;
  const Texture::Level& level;
  int lane;
  bool good = true;

  std::uint32_t extent(int axis) const { return axis == 0 ? level.width : axis == 1 ? level.height : level.depth; }

  Texture::Address mode(int axis) const {
    const auto asked = texture.address[axis];
    if (!texture.normalized && asked != Texture::border) return Texture::clamp;  // the others need coordinates from 0 to 1
    return texture.seamless ? Texture::clamp : asked;
  }

  /// Brings a coordinate into the texture; false: the border.
  bool place(std::int64_t& i, int axis) const {
    const auto n = std::int64_t(std::max(1u, extent(axis)));
    if (i >= 0 && i < n) return true;
    switch (mode(axis)) {
      case Texture::border:
        return false;
      case Texture::clamp:
        i = std::clamp<std::int64_t>(i, 0, n - 1);
        return true;
      case Texture::wrap:
        i = (i % n + n) % n;
        return true;
      case Texture::mirror:
        i = (i % (2 * n) + 2 * n) % (2 * n);
        if (i >= n) i = 2 * n - 1 - i;
        return true;
    }
    return false;
  }

  std::uint32_t channel(const std::byte* at, int number) const {
    std::uint32_t raw = 0;
    std::memcpy(&raw, at, texture.bits / 8);
    if (texture.format == Texture::floating)
      return texture.bits == 16 ? std::uint32_t(ops::pack(ops::kF32, ops::unpack(ops::kF16, raw), {})) : raw;
    const unsigned unused = 32 - texture.bits;
    const auto value = texture.format == Texture::signed_integer ? std::int32_t(raw << unused) >> unused : std::int32_t(raw);
    if (!texture.unit_range) return std::uint32_t(value);
    const float most = float((1u << (texture.bits - (texture.format == Texture::signed_integer))) - 1);
    if (texture.srgb && number < 3) {
      const double v = double(value) / 255;
      return std::bit_cast<std::uint32_t>(float(v <= 0.04045 ? v / 12.92 : std::pow((v + 0.055) / 1.055, 2.4)));
    }
    return std::bit_cast<std::uint32_t>(std::max(-1.0f, float(value) / most));
  }

  Texel texel(std::int64_t x, std::int64_t y, std::int64_t z) {
    Texel result;
    if (!place(x, 0) || !place(y, 1) || !place(z, 2)) {
      std::copy_n(texture.border_bits, texture.channels, result.bits);
      return result;
    }
    const unsigned bytes = unsigned(texture.bits) / 8 * texture.channels;
    const std::uint64_t address = level.base + std::uint64_t(z) * level.slice + std::uint64_t(y) * level.pitch + std::uint64_t(x) * bytes;
    const std::byte* at = host_at(warp, instr, std::uint32_t(instr->list[1]), address, bytes, lane);
    if (!at) {
      good = false;
      return result;
    }
    if (observed(warp)) tell_access(warp, instr, lane, address, bytes, ir::AccessKind::load);
    for (int c = 0; c < texture.channels; ++c) result.bits[c] = channel(at + unsigned(c) * texture.bits / 8, c);
    return result;
  }

  /// A texel of a cube's face, or of the one beside it; at a corner of the cube, the mean of the three that meet there.
  Texel seamless_texel(std::int64_t x, std::int64_t y, std::int64_t z) {
    const auto n = std::int64_t(level.width);
    const bool beside = x < 0 || x >= n, above = y < 0 || y >= n;
    if (!beside && !above) return texel(x, y, z);
    const auto inside = [n](std::int64_t i) { return std::clamp<std::int64_t>(i, 0, n - 1); };
    auto over_edge = [&](std::int64_t i, std::int64_t j) {
      const CubePlace p = across_edge(unsigned(z % 6), i, j, n);
      return texel(p.x, p.y, z / 6 * 6 + p.face);
    };
    if (!beside || !above) return over_edge(x, y);
    const Texel three[] = {texel(inside(x), inside(y), z), over_edge(x, inside(y)), over_edge(inside(x), y)};
    Texel mean;
    for (int c = 0; c < texture.channels; ++c) {
      float sum = 0;
      for (const Texel& t : three) sum += std::bit_cast<float>(t.bits[c]);
      mean.bits[c] = std::bit_cast<std::uint32_t>(sum / 3);
    }
    return mean;
  }

  Texel nearest(const float* at, std::int64_t layer, unsigned dimensions) {
    std::int64_t i[3] = {0, 0, layer};
    for (unsigned k = 0; k < dimensions; ++k) i[k] = std::int64_t(std::floor(at[k]));
    return texel(i[0], i[1], i[2]);
  }

  /// A texel by integer coordinates: neither the address mode nor the border counts.
  Texel fetched(std::int64_t* at, unsigned dimensions, bool nearest) {
    for (unsigned k = 0; k < dimensions; ++k) {
      const auto inside = std::clamp<std::int64_t>(at[k], 0, std::int64_t(std::max(1u, extent(int(k)))) - 1);
      if (inside != at[k] && !nearest) return {};
      at[k] = inside;
    }
    return texel(at[0], at[1], at[2]);
  }

  /// The neighbours' share of `whole`, which is divided by z, then x, then y; each part has 8 bits again. What lies halfway
  /// goes to the near side in z, to the far side in x, and in y as the part before it went.
  Texel interpolated(const float* at, std::int64_t layer, unsigned dimensions, float whole) {
    std::int64_t first[3] = {0, 0, layer};
    float weight[3] = {};
    // A line is an image of one row, read at 0, its upper edge: half of the texel and half of a border.
    if (dimensions == 1 && !texture.layered && mode(1) == Texture::border) dimensions = 2;
    for (unsigned k = 0; k < dimensions; ++k) {
      float below = at[k] - 0.5f;
      if (mode(int(k)) == Texture::clamp && !texture.seamless)
        below = std::clamp(below, 0.0f, float(std::max(1u, extent(int(k))) - 1));   // nothing is divided outside
      const float index = std::floor(below);
      first[k] = std::int64_t(index);
      weight[k] = weight_of(below - index);
    }
    float sum[4] = {};
    for (unsigned corner = 0; corner < 1u << dimensions; ++corner) {
      float share = whole;
      std::int64_t i[3] = {first[0], first[1], first[2]};
      for (unsigned k : {2, 0, 1}) {
        if (k >= dimensions) continue;
        const bool up = k == 0 || (k == 1 && (corner & 1));
        const float far = up ? weight_of(share * weight[k]) : share - weight_of(share * (1 - weight[k]));
        share = corner >> k & 1 ? far : share - far;
        i[k] += corner >> k & 1;
      }
      if (share == 0) continue;
      const Texel t = texture.seamless ? seamless_texel(i[0], i[1], i[2]) : texel(i[0], i[1], i[2]);
      for (int c = 0; c < texture.channels; ++c) sum[c] += share * std::bit_cast<float>(t.bits[c]);
    }
    Texel result;
    for (int c = 0; c < texture.channels; ++c) result.bits[c] = std::bit_cast<std::uint32_t>(sum[c]);
    return result;
  }

  /// One channel of the four texels between which it would be interpolated, counter-clockwise from the lower left.
  Texel gathered(const float* at, std::int64_t layer, unsigned number) {
    const auto x = std::int64_t(std::floor(at[0] - 0.5f)), y = std::int64_t(std::floor(at[1] - 0.5f));
    constexpr int places[4][2] = {{0, 1}, {1, 1}, {1, 0}, {0, 0}};
    Texel result;
    for (int k = 0; k < 4; ++k) result.bits[k] = texel(x + places[k][0], y + places[k][1], layer).bits[number];
    return result;
  }
};

/// One lane's coordinates: as they come, and what was made of them.
struct Lookup {
  const TextureForm& form;
  const Texture& texture;
  std::int64_t layer = 0;
  float at[3] = {};               // for a cube: s and t of the face, from 0 to 1
  float across[3] = {}, down[3] = {};
  bool over_edge = false;         // a derivative of a direction leads to another face

  /// Brings a direction to a face; its derivatives become the ways to the places that the sums of direction and derivative meet.
  void to_face() {
    const CubeFace& f = face_of(at);
    const FacePlace here = place_on(f, at);
    for (float* along : {across, down}) {
      const float neighbour[3] = {at[0] + along[0], at[1] + along[1], at[2] + along[2]};
      const FacePlace there = place_on(f, neighbour);
      along[0] = there.s - here.s, along[1] = there.t - here.t, along[2] = 0;
      over_edge = over_edge || face_of(neighbour).face != f.face;
    }
    at[0] = here.s, at[1] = here.t, at[2] = 0;
    layer = layer * 6 + f.face;
  }

  /// Near the longest axis of the ellipse that the derivatives span. With one or two axes it is the longest of the derivatives,
  /// their sum and their difference, with estimated lengths, as an H200 has it for directions; beyond an edge, of the derivatives
  /// alone. With three axes it is that of the ellipse, of which a GPU comes within a quarter of a level.
  float level_of_gradient() const {
    const Texture::Level& finest = texture.levels[0];
    const float size[3] = {float(finest.width), float(finest.height), form.layered || form.cube ? 1.0f : float(finest.depth)};
    float x[3], y[3];
    for (int k = 0; k < 3; ++k) {
      const float scale = texture.normalized ? size[k] : 1;
      x[k] = across[k] * scale, y[k] = down[k] * scale;
    }
    if (form.dimensions == 3 && !form.cube) {
      float a = 0, b = 0, both = 0;
      for (int k = 0; k < 3; ++k) a += x[k] * x[k], b += y[k] * y[k], both += x[k] * y[k];
      return std::log2((a + b) / 2 + std::hypot((a - b) / 2, both)) / 2;
    }
    const auto length = [](float s, float t) {
      s = std::fabs(s), t = std::fabs(t);
      return std::max(s, t) + std::min(s, t) * 11 / 32;
    };
    float longest = std::max(length(x[0], x[1]), length(y[0], y[1]));
    if (!over_edge)
      longest = std::max({longest, length(x[0] + y[0], x[1] + y[1]) * 11 / 16, length(x[0] - y[0], x[1] - y[1]) * 11 / 16});
    return std::log2(longest);
  }

  /// `whole`: what the weights add up to, for a sample by linear interpolation.
  Texel sample(Warp& warp, const Instr* instr, const Texture::Level& level, int lane, bool& good, float whole = 1) const {
    Sampler sampler{warp, instr, texture, level, lane};
    const unsigned dimensions = form.cube ? 2 : form.dimensions;
    float there[3] = {};
    for (unsigned k = 0; k < dimensions; ++k) {
      there[k] = at[k] * (texture.normalized ? float(std::max(1u, sampler.extent(int(k)))) : 1);
      there[k] = std::isnan(there[k]) ? 0.0f : std::clamp(there[k], -1e9f, 1e9f);
    }
    const Texel result = form.mode == TextureForm::gather ? sampler.gathered(there, layer, form.channel)
                         : texture.linear                 ? sampler.interpolated(there, layer, dimensions, whole)
                                                          : sampler.nearest(there, layer, dimensions);
    good = good && sampler.good;
    return result;
  }

  /// `detail`: 0 is the finest level. `tex` without a level knows no bias.
  Texel sample_levels(Warp& warp, const Instr* instr, float detail, int lane, bool& good) const {
    if (form.mode != TextureForm::base) detail = cut(detail) + texture.bias;   // cut before: towards 0, not down
    const auto last = float(texture.levels.size() - 1);
    detail = std::isnan(detail) ? 0 : std::min(std::max(detail, texture.least_level), texture.greatest_level);
    detail = std::clamp(detail, 0.0f, last);
    if (!texture.linear_levels) return sample(warp, instr, texture.levels[std::size_t(std::floor(detail + 0.5f))], lane, good);
    const float weight = cut(detail - std::floor(detail));
    const auto fine = std::size_t(detail);
    if (weight == 0) return sample(warp, instr, texture.levels[fine], lane, good);
    const Texel a = sample(warp, instr, texture.levels[fine], lane, good, 1 - weight);
    const Texel b = sample(warp, instr, texture.levels[std::min(fine + 1, texture.levels.size() - 1)], lane, good, weight);
    const float of_a = texture.linear ? 1 : 1 - weight, of_b = texture.linear ? 1 : weight;   // linear: weighted already
    Texel result;
    for (int c = 0; c < texture.channels; ++c)
      result.bits[c] = std::bit_cast<std::uint32_t>(of_a * std::bit_cast<float>(a.bits[c]) + of_b * std::bit_cast<float>(b.bits[c]));
    return result;
  }
};

/// Why this instruction cannot read this texture; null if it can.
const char* misfit(const TextureForm& form, const Texture& texture) {
  if (form.cube != texture.cube) return texture.cube ? "a cubemap is read without a direction" : "the texture that is read is no cubemap";
  if (form.layered != texture.layered)
    return texture.layered ? "a layered texture is read without a layer" : "the texture that is read has no layers";
  if (form.mode == TextureForm::gather && !texture.gather)
    return "tld4 (tex2Dgather) of a texture whose array was made without cudaArrayTextureGather";
  if (form.mode == TextureForm::gradient && texture.anisotropy > 1)
    return "derivatives and maxAnisotropy above 1: the software GPU has no anisotropic filtering";
  return nullptr;
}

}  // namespace

std::uint64_t add_texture(Texture texture) { return texture_objects().add(std::move(texture)); }
std::shared_ptr<const Texture> find_texture(std::uint64_t number) { return texture_objects().find(number); }
bool remove_texture(std::uint64_t number) { return texture_objects().remove(number); }

const Instr* run_texture(Warp& warp, const Instr* instr) {
  const auto form = TextureForm::of(instr->list[0]);
  const std::int32_t* const rows = instr->list + 2;
  const std::int32_t* const object = rows + 4 + form.resident;
  const std::int32_t* const coordinates = object + 1;
  const std::int32_t* const more = coordinates + form.layered + form.dimensions;
  std::shared_ptr<const Texture> texture;
  std::uint64_t known = 0;
  for (Mask left = warp.active; left; left &= left - 1) {
    const int lane = std::countr_zero(left);
    const auto number = get<std::uint64_t>(warp, *object, lane);
    if (number != known || !texture) {
      texture = find_texture(number);
      if (!texture) return raise(warp, instr, 719, std::to_string(number) + " is not a texture object", lane);
      if (const char* why = misfit(form, *texture)) return raise(warp, instr, 719, why, lane);
      if (!reach_object(warp, instr, texture->levels[0].base, lane)) return nullptr;
      known = number;
    }
    Lookup lookup{form, *texture};
    const Texture::Level& finest = texture->levels[0];
    if (form.layered) {
      const std::int64_t layers = texture->cube ? finest.depth / 6 : finest.depth;
      lookup.layer = std::clamp<std::int64_t>(get<std::uint32_t>(warp, coordinates[0], lane), 0, layers - 1);
    }
    Texel result;
    bool good = true;
    if (form.integer) {
      std::int64_t i[3] = {0, 0, lookup.layer};
      for (unsigned k = 0; k < form.dimensions; ++k) i[k] = get<std::int32_t>(warp, coordinates[k + form.layered], lane);
      const auto level = form.mode == TextureForm::level ? get<std::int32_t>(warp, *more, lane) : 0;
      if (level >= 0 && level < std::int32_t(texture->levels.size())) {
        Sampler sampler{warp, instr, *texture, texture->levels[std::size_t(level)], lane};
        result = sampler.fetched(i, form.dimensions, form.mode == TextureForm::level);
        good = sampler.good;
      }
    } else {
      for (unsigned k = 0; k < form.dimensions; ++k) lookup.at[k] = get<float>(warp, coordinates[k + form.layered], lane);
      if (form.mode == TextureForm::gradient)
        for (unsigned k = 0; k < form.dimensions; ++k) {
          lookup.across[k] = get<float>(warp, more[k], lane);
          lookup.down[k] = get<float>(warp, more[form.dimensions + k], lane);
        }
      if (form.cube) lookup.to_face();
      if (form.mode == TextureForm::level)
        result = lookup.sample_levels(warp, instr, get<float>(warp, *more, lane), lane, good);
      else if (form.mode == TextureForm::gradient)
        result = lookup.sample_levels(warp, instr, lookup.level_of_gradient(), lane, good);
      else if (form.mode == TextureForm::gather)
        result = lookup.sample(warp, instr, finest, lane, good);
      else
        result = lookup.sample_levels(warp, instr, 0, lane, good);
    }
    if (!good) return nullptr;
    for (int c = 0; c < 4; ++c) put(warp, rows[c], lane, result.bits[c]);
  }
  if (form.resident) {
    Mask all;
    std::memcpy(&all, warp.regs + rows[4], sizeof all);
    all |= warp.active;
    std::memcpy(warp.regs + rows[4], &all, sizeof all);
  }
  return instr + 1;
}

}  // namespace simt::exec
