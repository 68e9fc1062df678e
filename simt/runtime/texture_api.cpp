// The interface's texture objects: over CUDA arrays, linear memory and pitched memory. Surfaces and mipmaps are not implemented.
#include <algorithm>

#include "simt/exec/texture.hpp"
#include "simt/runtime/copy.hpp"
#include "simt/runtime/core.hpp"

using namespace simt::runtime;
using simt::exec::Texture;
using simt::memory::AddressSpace;
namespace abi = simt::abi;

namespace {

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

Code set_resource(Texture& t, const abi::ResourceDesc& r) {
  constexpr int kArray = 0, kLinear = 2, kPitched = 3;
  if (r.type == kArray) {
    const auto a = array_of(r.array);
    if (!a) return abi::kInvalidResourceHandle;
    t.base = a->base;
    t.width = static_cast<std::uint32_t>(a->extent.width);
    t.height = static_cast<std::uint32_t>(a->extent.height);
    t.depth = static_cast<std::uint32_t>(a->extent.depth);
    t.pitch = a->row();
    t.slice = a->row() * a->rows();
    t.layered = (a->flags & 1) != 0;
    return set_format(t, a->desc);
  }
  if (r.type != kLinear && r.type != kPitched)
    return fail(abi::kNotSupported, "the software GPU has textures over arrays, linear memory and pitched memory, but no mipmaps.");
  if (Code c = set_format(t, r.type == kLinear ? r.linear.desc : r.pitched.desc)) return c;
  const std::size_t texel = std::size_t{t.bits} / 8 * t.channels;
  t.base = reinterpret_cast<std::uint64_t>(r.type == kLinear ? r.linear.pointer : r.pitched.pointer);
  t.width = static_cast<std::uint32_t>(r.type == kLinear ? r.linear.bytes / texel : r.pitched.width);
  t.height = static_cast<std::uint32_t>(r.type == kLinear ? 0 : r.pitched.height);
  t.pitch = r.type == kLinear ? 0 : r.pitched.pitch;
  const std::size_t bytes = r.type == kLinear ? t.width * texel : t.height ? t.pitch * (t.height - 1) + t.width * texel : 0;
  if (bytes == 0) return fail(abi::kInvalidValue, "the texture has no texels.");
  const auto inside = AddressSpace::instance().lookup(t.base);
  if (!inside) return fail(abi::kInvalidValue, "the texture's memory: " + describe_stray(reinterpret_cast<void*>(t.base)));
  if (t.base + bytes > inside->base + inside->size)
    return fail(abi::kInvalidValue, format("a texture of %zu bytes does not fit into %s.", bytes, describe(*inside).c_str()));
  if (t.base % texel) return fail(abi::kInvalidValue, "the texture's memory is not aligned to its texels.");
  return 0;
}

}  // namespace

PMPP_EXPORT Code cudaCreateTextureObject(unsigned long long* out, const abi::ResourceDesc* resource, const abi::TextureDesc* how, const void* view) {
  return call("cudaCreateTextureObject", [&]() -> Code {
    if (!out || !resource || !how) return fail(abi::kInvalidValue, "the place for the object, its resource or its description is null.");
    if (view) return fail(abi::kNotSupported, "the software GPU has no views of resources.");
    Texture t;
    if (Code c = set_resource(t, *resource)) return c;
    for (int k = 0; k < 3; ++k) {
      if (how->addressMode[k] < 0 || how->addressMode[k] > 3) return fail(abi::kInvalidValue, "an address mode is none of wrap, clamp, mirror and border.");
      t.address[k] = static_cast<Texture::Address>(how->addressMode[k]);
    }
    if (how->sRGB) return fail(abi::kNotSupported, "the software GPU does not convert from sRGB.");
    t.linear = how->filterMode == 1 && resource->type != 2;   // linear memory is never filtered
    t.unit_range = how->readMode == 1 && t.format != Texture::floating;
    if (t.unit_range && t.bits == 32) return fail(abi::kInvalidValue, "32-bit integers cannot be read as normalized floats.");
    if (t.linear && t.format != Texture::floating && !t.unit_range) return fail(abi::kInvalidValue, "integers are interpolated only if they are read as normalized floats.");
    t.normalized = how->normalizedCoords != 0;
    std::copy(std::begin(how->borderColor), std::end(how->borderColor), t.border_value);
    *out = simt::exec::add_texture(t);
    return 0;
  });
}

PMPP_EXPORT Code cudaDestroyTextureObject(unsigned long long object) {
  return call("cudaDestroyTextureObject", [&]() -> Code {
    const Code before = synchronize_device();
    if (!simt::exec::remove_texture(object)) return fail(abi::kInvalidValue, format("%llu is not a texture object: it was destroyed or never created.", object));
    return before;
  });
}
