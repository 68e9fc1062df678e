// The interface's texture objects: over CUDA arrays, mipmapped arrays, linear memory and pitched memory.
#include <algorithm>
#include <bit>
#include <mutex>
#include <unordered_map>

#include "simt/exec/texture.hpp"
#include "simt/model/profile.hpp"
#include "simt/runtime/copy.hpp"
#include "simt/runtime/core.hpp"

using namespace simt::runtime;
using simt::exec::Texture;
using simt::memory::AddressSpace;
namespace abi = simt::abi;

namespace {

constexpr int kArray = 0, kMipmapped = 1, kLinear = 2, kPitched = 3;   // cudaResourceType

/// What an object was made of, for those who ask.
struct Origin {
  abi::ResourceDesc resource;
  abi::TextureDesc how;
  abi::ResourceViewDesc view;
  bool viewed = false;
};
struct Origins {
  std::mutex mutex;
  std::unordered_map<unsigned long long, Origin> by_object;
};
Origins& origins() {
  static auto* o = new Origins;
  return *o;
}

/// Fills in the format; fails the call in progress if no texture has it.
Code set_format(Texture& t, const abi::ChannelFormatDesc& d) {
  const int channels = (d.x != 0) + (d.y != 0) + (d.z != 0) + (d.w != 0);
  if ((d.x != 8 && d.x != 16 && d.x != 32) || channels == 3 || d.f < 0 || d.f > 2 || (d.f == 2 && d.x == 8))
    return fail(abi::kInvalidChannelDescriptor, "a texel has 1, 2 or 4 channels of 8, 16 or 32 bits, signed, unsigned or float.");
  t.bits = static_cast<std::uint8_t>(d.x);
  t.channels = static_cast<std::uint8_t>(channels);
  t.format = static_cast<Texture::Format>(d.f);
  return 0;
}

Code set_arrays(Texture& t, const std::vector<std::shared_ptr<Array>>& levels) {
  for (const auto& a : levels)
    t.levels.push_back({a->base, std::uint32_t(a->extent.width), std::uint32_t(a->extent.height), std::uint32_t(a->extent.depth), a->row(), a->row() * a->rows()});
  const Array& a = *levels[0];
  t.layered = a.flags & kLayered;
  t.cube = a.flags & kCubemap;
  t.gather = a.flags & kGather;
  return set_format(t, a.desc);
}

Code set_plain(Texture& t, const abi::ResourceDesc& r) {
  using P = simt::model::Profile;
  if (Code c = set_format(t, r.type == kLinear ? r.linear.desc : r.pitched.desc)) return c;
  const std::size_t texel = std::size_t{t.bits} / 8 * t.channels;
  Texture::Level level;
  level.base = reinterpret_cast<std::uint64_t>(r.type == kLinear ? r.linear.pointer : r.pitched.pointer);
  const std::size_t width = r.type == kLinear ? r.linear.bytes / texel : r.pitched.width, height = r.type == kLinear ? 0 : r.pitched.height;
  if (r.type == kLinear ? width > P::texture_1d_linear
                        : width > std::size_t(P::texture_2d_linear[0]) || height > std::size_t(P::texture_2d_linear[1]) || r.pitched.pitch > std::size_t(P::texture_2d_linear[2]))
    return fail(abi::kInvalidValue, "the texture is larger than the device allows; cudaDeviceProp::maxTexture2DLinear and cudaDeviceGetTexture1DLinearMaxWidth have the limits.");
  level.width = static_cast<std::uint32_t>(width);
  level.height = static_cast<std::uint32_t>(height);
  level.pitch = r.type == kLinear ? 0 : r.pitched.pitch;
  const std::size_t bytes = r.type == kLinear ? width * texel : height ? level.pitch * (height - 1) + width * texel : 0;
  if (bytes == 0) return fail(abi::kInvalidValue, "the texture has no texels.");
  if (level.pitch % 32 || (height > 1 && level.pitch < width * texel))
    return fail(abi::kInvalidValue, format("a pitch of %zu bytes for rows of %zu; it must be a multiple of 32 (cudaDeviceProp::texturePitchAlignment), and not less than a row.", r.pitched.pitch, width * texel));
  const auto inside = AddressSpace::instance().lookup(level.base);
  if (!inside) return fail(abi::kInvalidValue, "the texture's memory: " + describe_stray(reinterpret_cast<void*>(level.base)));
  if (level.base + bytes > inside->base + inside->size)
    return fail(abi::kInvalidValue, format("a texture of %zu bytes does not fit into %s.", bytes, describe(*inside).c_str()));
  if (level.base % texel) return fail(abi::kInvalidValue, "the texture's memory is not aligned to its texels.");
  t.levels.push_back(level);
  return 0;
}

Code set_resource(Texture& t, const abi::ResourceDesc& r) {
  switch (r.type) {
    case kArray: {
      const auto a = array_of(r.array);
      return a ? set_arrays(t, {a}) : Code{abi::kInvalidResourceHandle};
    }
    case kMipmapped: {
      const auto m = mipmaps_of(r.array);
      return m ? set_arrays(t, m->levels) : Code{abi::kInvalidResourceHandle};
    }
    case kLinear: case kPitched: return set_plain(t, r);
    default: return fail(abi::kInvalidValue, format("%d is not a cudaResourceType.", r.type));
  }
}

/// Another format of the same texels, some of the levels, some of the layers.
Code set_view(Texture& t, const abi::ResourceDesc& r, const abi::ResourceViewDesc& v) {
  if (r.type != kArray && r.type != kMipmapped) return fail(abi::kInvalidValue, "only arrays and mipmapped arrays have views.");
  const Texture::Level& finest = t.levels[0];
  if (v.width != finest.width || v.height != finest.height || v.depth != finest.depth)
    return fail(abi::kInvalidValue, format("a view of %zu x %zu x %zu; it must have the resource's extent, %u x %u x %u.", v.width, v.height, v.depth, finest.width, finest.height, finest.depth));
  if (v.format > 0x18) return fail(abi::kNotSupported, "block-compressed formats are not implemented by the software GPU.");
  if (v.format > 0) {
    // By kind: bytes and words unsigned before signed, with 1, 2 and 4 channels; then halves and floats.
    constexpr int bits[] = {8, 8, 16, 16, 32, 32, 16, 32}, kind[] = {1, 0, 1, 0, 1, 0, 2, 2}, channels[] = {1, 2, 4};
    const int n = (v.format - 1) / 3, count = channels[(v.format - 1) % 3];
    if (bits[n] * count != t.bits * t.channels)
      return fail(abi::kNotSupported, format("a view of %d bits a texel of a resource with %d; other sizes are not implemented by the software GPU.", bits[n] * count, t.bits * t.channels));
    t.bits = static_cast<std::uint8_t>(bits[n]);
    t.channels = static_cast<std::uint8_t>(count);
    t.format = static_cast<Texture::Format>(kind[n]);
  }
  if (v.firstMipmapLevel > v.lastMipmapLevel || v.lastMipmapLevel >= t.levels.size())
    return fail(abi::kInvalidValue, format("levels %u to %u of %zu.", v.firstMipmapLevel, v.lastMipmapLevel, t.levels.size()));
  t.levels = {t.levels.begin() + v.firstMipmapLevel, t.levels.begin() + v.lastMipmapLevel + 1};
  const unsigned unit = t.cube ? 6 : 1, layers = t.layered ? t.levels[0].depth : 1;
  if (v.firstLayer > v.lastLayer || v.lastLayer >= layers || v.firstLayer % unit || (t.layered && (v.lastLayer + 1) % unit))
    return fail(abi::kInvalidValue, format("layers %u to %u of %u%s.", v.firstLayer, v.lastLayer, layers, t.cube ? ", which come in sixes" : ""));
  if (t.layered)
    for (Texture::Level& level : t.levels) {
      level.base += v.firstLayer * level.slice;
      level.depth = v.lastLayer - v.firstLayer + 1;
    }
  return 0;
}

Code set_sampling(Texture& t, const abi::ResourceDesc& r, const abi::TextureDesc& how) {
  for (int k = 0; k < 3; ++k) {
    if (how.addressMode[k] < 0 || how.addressMode[k] > 3)
      return fail(abi::kInvalidValue, "an address mode is none of wrap, clamp, mirror and border.");
    t.address[k] = static_cast<Texture::Address>(how.addressMode[k]);
  }
  for (int mode : {how.filterMode, how.mipmapFilterMode, how.readMode})
    if (mode < 0 || mode > 1) return fail(abi::kInvalidValue, "a filter mode or a read mode is neither 0 nor 1.");
  if (r.type == kMipmapped && !how.normalizedCoords) return fail(abi::kInvalidValue, "a mipmapped array needs normalizedCoords.");
  if (how.seamlessCubemap && !t.cube) return fail(abi::kInvalidValue, "seamlessCubemap of an array without cudaArrayCubemap.");
  t.unit_range = how.readMode == 1 && t.format != Texture::floating;
  if (t.unit_range && t.bits == 32) return fail(abi::kInvalidNormSetting, "32-bit integers cannot be read as normalized floats.");
  t.linear = how.filterMode == 1 && r.type != kLinear;   // linear memory is never filtered
  t.linear_levels = how.mipmapFilterMode == 1 && t.levels.size() > 1;
  if ((t.linear || t.linear_levels) && t.format != Texture::floating && !t.unit_range)
    return fail(abi::kInvalidFilterSetting, "integers are interpolated only if they are read as normalized floats.");
  t.srgb = how.sRGB != 0;
  if (t.srgb && (t.bits != 8 || t.format != Texture::unsigned_integer || !t.unit_range))
    return fail(abi::kNotSupported, "the software GPU converts from sRGB only bytes that are read as normalized floats.");
  t.normalized = how.normalizedCoords != 0 || t.cube;
  t.seamless = how.seamlessCubemap != 0;
  t.anisotropy = std::clamp(how.maxAnisotropy, 1u, 16u);
  t.bias = how.mipmapLevelBias;
  t.least_level = how.minMipmapLevelClamp;
  t.greatest_level = how.maxMipmapLevelClamp;
  for (int c = 0; c < 4; ++c) t.border_bits[c] = std::bit_cast<std::uint32_t>(how.borderColor[c]);   // integers come as such bits
  return 0;
}

template <class Out, class Read>
Code ask(const char* name, Out* out, unsigned long long object, Read read) {
  return call(name, [&]() -> Code {
    if (!out) return null_place();
    std::lock_guard lock(origins().mutex);
    const auto at = origins().by_object.find(object);
    if (at == origins().by_object.end())
      return fail(abi::kInvalidValue, format("%llu is not a texture object: it was destroyed or never created.", object));
    return read(at->second);
  });
}

}  // namespace

PMPP_EXPORT Code cudaCreateTextureObject(unsigned long long* out, const abi::ResourceDesc* resource, const abi::TextureDesc* how,
                                         const abi::ResourceViewDesc* view) {
  return call("cudaCreateTextureObject", [&]() -> Code {
    if (!out || !resource || !how)
      return fail(abi::kInvalidValue, "the place for the object, its resource or its description is null.");
    Texture t;
    if (Code c = set_resource(t, *resource)) return c;
    if (view)
      if (Code c = set_view(t, *resource, *view)) return c;
    if (Code c = set_sampling(t, *resource, *how)) return c;
    *out = simt::exec::add_texture(std::move(t));
    std::lock_guard lock(origins().mutex);
    origins().by_object[*out] = {*resource, *how, view ? *view : abi::ResourceViewDesc{}, view != nullptr};
    return 0;
  });
}

PMPP_EXPORT Code cudaDestroyTextureObject(unsigned long long object) {
  return call("cudaDestroyTextureObject", [&]() -> Code {
    const Code before = synchronize_device();
    if (!simt::exec::remove_texture(object))
      return fail(abi::kInvalidValue, format("%llu is not a texture object: it was destroyed or never created.", object));
    std::lock_guard lock(origins().mutex);
    origins().by_object.erase(object);
    return before;
  });
}

PMPP_EXPORT Code cudaGetTextureObjectResourceDesc(abi::ResourceDesc* out, unsigned long long object) {
  return ask("cudaGetTextureObjectResourceDesc", out, object, [&](const Origin& o) -> Code { return *out = o.resource, 0; });
}
PMPP_EXPORT Code cudaGetTextureObjectTextureDesc(abi::TextureDesc* out, unsigned long long object) {
  return ask("cudaGetTextureObjectTextureDesc", out, object, [&](const Origin& o) -> Code { return *out = o.how, 0; });
}
PMPP_EXPORT Code cudaGetTextureObjectResourceViewDesc(abi::ResourceViewDesc* out, unsigned long long object) {
  return ask("cudaGetTextureObjectResourceViewDesc", out, object, [&](const Origin& o) -> Code {
    if (!o.viewed) return fail(abi::kInvalidValue, "the texture object was made without a view.");
    return *out = o.view, 0;
  });
}
