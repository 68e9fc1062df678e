// The interface's CUDA arrays, with and without mipmap levels: how they are made, what they are, and how they go.
#include <algorithm>

#include "simt/model/profile.hpp"
#include "simt/runtime/copy.hpp"
#include "simt/runtime/handles.hpp"
#include "simt/runtime/pool.hpp"

using namespace simt::runtime;
using simt::memory::AddressSpace;
namespace abi = simt::abi;
using std::size_t;
using ArrayRef = std::shared_ptr<Array>;
using MipmapsRef = std::shared_ptr<Mipmaps>;

namespace {

struct AllMipmaps {
  Handles<Mipmaps> handles{8};
};
Handles<Mipmaps>& all_mipmaps() {
  static auto* all = new AllMipmaps;
  return all->handles;
}

Code check_format(const abi::ChannelFormatDesc& d) {
  for (int c : {d.x, d.y, d.z, d.w})
    if (c != 0 && c != d.x) return fail(abi::kInvalidChannelDescriptor, "all channels of an element must have the same number of bits.");
  const bool gap = (!d.y && d.z) || (d.z != 0) != (d.w != 0);
  if ((d.x != 8 && d.x != 16 && d.x != 32) || d.f < 0 || d.f > 2 || gap || (d.f == 2 && d.x == 8))
    return fail(abi::kInvalidChannelDescriptor, "an element has 1, 2 or 4 channels of 8, 16 or 32 bits, signed, unsigned or float.");
  return 0;
}

bool within(const abi::Extent& e, size_t width, size_t height, size_t depth) {
  return e.width <= width && e.height <= height && e.depth <= depth;
}

/// Extent and flags against each other and against the sizes that the interface's tables allow.
Code check_shape(const abi::Extent& e, unsigned flags, bool mipmapped) {
  using P = simt::model::Profile;
  if (flags & ~0xffu || flags & 0x10) return fail(abi::kInvalidValue, format("array flags 0x%x are not known.", flags));
  if (flags & ~(kLayered | kSurface | kCubemap | kGather))
    return fail(abi::kNotSupported, format("array flags 0x%x: sparse arrays, deferred memory and attachments of graphics are not implemented by the "
                                           "software GPU.", flags));
  const bool layered = flags & kLayered, surface = flags & kSurface;
  auto bad = [&](const char* why) { return fail(abi::kInvalidValue, format("an array of %zu x %zu x %zu: %s", e.width, e.height, e.depth, why)); };
  if (e.width == 0) return bad("it has no elements.");
  if (layered && !e.depth) return bad("cudaArrayLayered needs a number of layers, the depth.");
  if (e.depth && !e.height && !layered) return bad("a depth needs a height.");
  if (flags & kGather && (e.depth || !e.height)) return bad("cudaArrayTextureGather is for two dimensions only.");
  bool fits;
  if (flags & kCubemap) {
    if (e.width != e.height || (layered ? e.depth % 6 : e.depth != 6)) return bad("a cubemap has squares, six of them, or a multiple of six with cudaArrayLayered.");
    fits = within(e, P::texture_cube, P::texture_cube, layered ? size_t{P::texture_cube_layers} : 6);
  } else if (layered) {
    fits = within(e, P::texture_layered, P::texture_layered, P::texture_layers);
  } else if (e.depth) {
    fits = within(e, P::texture_3d[0], P::texture_3d[1], P::texture_3d[2]) ||
           (!surface && within(e, P::texture_3d_flat[0], P::texture_3d_flat[1], P::texture_3d_flat[2]));
  } else if (e.height) {
    const auto& most = flags & kGather ? P::texture_2d_gather : mipmapped ? P::texture_2d_mipmap : P::texture_2d;
    fits = within(e, size_t(most[0]), size_t(most[1]), 0);
  } else {
    fits = within(e, surface ? P::surface_1d : mipmapped ? P::texture_1d_mipmap : P::texture_1d, 0, 0);
  }
  return fits ? 0 : bad("that is larger than the device allows; cudaDeviceProp has the limits, maxTexture.. and maxSurface..");
}

/// Bytes of an array; SIZE_MAX for too many.
size_t bytes_of(const Array& a) {
  size_t bytes;
  return __builtin_mul_overflow(a.row(), a.rows(), &bytes) || __builtin_mul_overflow(bytes, a.slices(), &bytes) ? SIZE_MAX : bytes;
}

ArrayRef describe_array(const abi::ChannelFormatDesc& desc, const abi::Extent& e, unsigned flags) {
  auto a = std::make_shared<Array>();
  a->desc = desc;
  a->extent = e;
  a->flags = flags;
  a->element = size_t(desc.x + desc.y + desc.z + desc.w) / 8;
  return a;
}

Code make_array(const char* name, void** out, const abi::ChannelFormatDesc* desc, const abi::Extent& e, unsigned flags) {
  return call(name, [&]() -> Code {
    if (!out || !desc) return fail(abi::kInvalidValue, "the place for the array or its format is null.");
    if (Code c = check_format(*desc)) return c;
    if (Code c = check_shape(e, flags, false)) return c;
    ArrayRef a = describe_array(*desc, e, flags);
    const size_t bytes = bytes_of(*a);
    const auto base = bytes == SIZE_MAX ? std::nullopt : AddressSpace::instance().allocate(bytes, current_device());
    if (!base) return out_of_memory(bytes);
    a->base = *base;
    *out = add_array(a);
    return 0;
  });
}

constexpr size_t kLevelUnit = 512;   // levels begin at multiples of it, as rows of pitched memory do

Code requirements(abi::ArrayMemoryRequirements* out, size_t bytes, int device) {
  if (!out) return null_place();
  if (Code c = check_device(device)) return c;
  *out = {bytes, 256, {}};
  return 0;
}

}  // namespace

MipmapsRef simt::runtime::mipmaps_of(const void* handle) {
  MipmapsRef m = all_mipmaps().get(handle);
  if (!m) fail(abi::kInvalidResourceHandle, format("%p is not a mipmapped array: it was freed or never allocated.", handle));
  return m;
}

PMPP_EXPORT Code cudaMallocArray(void** a, const abi::ChannelFormatDesc* d, size_t w, size_t h, unsigned f) { return make_array("cudaMallocArray", a, d, {w, h, 0}, f); }
PMPP_EXPORT Code cudaMalloc3DArray(void** a, const abi::ChannelFormatDesc* d, abi::Extent e, unsigned f) { return make_array("cudaMalloc3DArray", a, d, e, f); }
PMPP_EXPORT Code cudaFreeArray(void* handle) {
  return call("cudaFreeArray", [&]() -> Code {
    if (!handle) return 0;
    ArrayRef a = array_of(handle);
    if (!a) return abi::kInvalidResourceHandle;
    if (a->is_level) return fail(abi::kInvalidValue, "this array is a level of a mipmapped array; cudaFreeMipmappedArray frees all of them.");
    const Code before = synchronize_users(reinterpret_cast<void*>(a->base));
    remove_array(handle);
    AddressSpace::instance().release(a->base);
    return before;
  });
}

PMPP_EXPORT Code cudaMallocMipmappedArray(void** out, const abi::ChannelFormatDesc* desc, abi::Extent e, unsigned levels, unsigned flags) {
  return call("cudaMallocMipmappedArray", [&]() -> Code {
    if (!out || !desc) return fail(abi::kInvalidValue, "the place for the array or its format is null.");
    if (Code c = check_format(*desc)) return c;
    if (Code c = check_shape(e, flags, true)) return c;
    const bool volume = e.depth && !(flags & (kLayered | kCubemap));
    const size_t longest = std::max({e.width, e.height, volume ? e.depth : 1});
    unsigned most = 1;
    while (longest >> most) ++most;
    auto m = std::make_shared<Mipmaps>();
    size_t bytes = 0;
    for (unsigned l = 0; l < std::clamp(levels, 1u, most); ++l) {
      auto halved = [&](size_t n) { return n ? std::max<size_t>(n >> l, 1) : 0; };
      m->levels.push_back(describe_array(*desc, {halved(e.width), halved(e.height), volume ? halved(e.depth) : e.depth}, flags));
      m->levels.back()->is_level = true;
      m->levels.back()->base = bytes;   // from the first one, for now
      const size_t level = bytes_of(*m->levels.back());
      if (level > SIZE_MAX / 2) return out_of_memory(SIZE_MAX);
      bytes += (level + kLevelUnit - 1) / kLevelUnit * kLevelUnit;
    }
    const auto base = AddressSpace::instance().allocate(bytes, current_device());
    if (!base) return out_of_memory(bytes);
    m->base = *base;
    m->bytes = bytes;
    for (const ArrayRef& level : m->levels) {
      level->base += *base;
      m->handles.push_back(add_array(level));
    }
    *out = all_mipmaps().add(std::move(m));
    return 0;
  });
}
PMPP_EXPORT Code cudaFreeMipmappedArray(void* handle) {
  return call("cudaFreeMipmappedArray", [&]() -> Code {
    if (!handle) return 0;
    MipmapsRef m = mipmaps_of(handle);
    if (!m) return abi::kInvalidResourceHandle;
    const Code before = synchronize_users(reinterpret_cast<void*>(m->base));
    all_mipmaps().remove(handle);
    for (void* level : m->handles) remove_array(level);
    AddressSpace::instance().release(m->base);
    return before;
  });
}
PMPP_EXPORT Code cudaGetMipmappedArrayLevel(void** out, const void* handle, unsigned level) {
  return call("cudaGetMipmappedArrayLevel", [&]() -> Code {
    MipmapsRef m = mipmaps_of(handle);
    if (!m) return abi::kInvalidResourceHandle;
    if (!out) return null_place();
    if (level >= m->handles.size()) return fail(abi::kInvalidValue, format("level %u of an array with %zu levels.", level, m->handles.size()));
    *out = m->handles[level];
    return 0;
  });
}
PMPP_EXPORT Code cudaMipmappedArrayGetMemoryRequirements(abi::ArrayMemoryRequirements* out, void* handle, int device) {
  return call("cudaMipmappedArrayGetMemoryRequirements", [&]() -> Code {
    MipmapsRef m = mipmaps_of(handle);
    return m ? requirements(out, m->bytes, device) : Code{abi::kInvalidResourceHandle};
  });
}

PMPP_EXPORT Code cudaArrayGetInfo(abi::ChannelFormatDesc* d, abi::Extent* e, unsigned* f, void* handle) {
  return call("cudaArrayGetInfo", [&]() -> Code {
    ArrayRef a = array_of(handle);
    if (!a) return abi::kInvalidResourceHandle;
    if (d) *d = a->desc;
    if (e) *e = a->extent;
    if (f) *f = a->flags;
    return 0;
  });
}
PMPP_EXPORT Code cudaGetChannelDesc(abi::ChannelFormatDesc* d, const void* handle) {
  return call("cudaGetChannelDesc", [&]() -> Code {
    ArrayRef a = array_of(handle);
    if (!a) return abi::kInvalidResourceHandle;
    if (!d) return fail(abi::kInvalidValue, "the place for the answer is null.");
    *d = a->desc;
    return 0;
  });
}
PMPP_EXPORT Code cudaArrayGetMemoryRequirements(abi::ArrayMemoryRequirements* out, void* handle, int device) {
  return call("cudaArrayGetMemoryRequirements", [&]() -> Code {
    ArrayRef a = array_of(handle);
    return a ? requirements(out, bytes_of(*a), device) : Code{abi::kInvalidResourceHandle};
  });
}
// No format that the software GPU has is made of planes.
PMPP_EXPORT Code cudaArrayGetPlane(void** out, void* handle, unsigned) {
  return call("cudaArrayGetPlane", [&]() -> Code {
    if (!array_of(handle)) return abi::kInvalidResourceHandle;
    if (!out) return null_place();
    return fail(abi::kInvalidValue, "the array's format has no planes.");
  });
}
PMPP_EXPORT abi::ChannelFormatDesc cudaCreateChannelDesc(int x, int y, int z, int w, int f) { return {x, y, z, w, f}; }
PMPP_EXPORT Code cudaDeviceGetTexture1DLinearMaxWidth(size_t* texels, const abi::ChannelFormatDesc* desc, int device) {
  return call("cudaDeviceGetTexture1DLinearMaxWidth", [&]() -> Code {
    if (!texels || !desc) return null_place();
    if (Code c = check_device(device)) return c;
    if (Code c = check_format(*desc)) return c;
    *texels = simt::model::Profile::texture_1d_linear;
    return 0;
  });
}
