// The interface's surface objects: CUDA arrays that kernels read and write.
#include <mutex>
#include <unordered_map>

#include "simt/exec/surface.hpp"
#include "simt/runtime/copy.hpp"
#include "simt/runtime/core.hpp"

using namespace simt::runtime;
namespace abi = simt::abi;

namespace {

/// What an object was made of, for those who ask.
struct SurfaceOrigins {
  std::mutex mutex;
  std::unordered_map<unsigned long long, abi::ResourceDesc> by_object;
};
SurfaceOrigins& surface_origins() {
  static auto* o = new SurfaceOrigins;
  return *o;
}

Code no_surface(unsigned long long object) {
  return fail(abi::kInvalidValue, format("%llu is not a surface object: it was destroyed or never created.", object));
}

}  // namespace

PMPP_EXPORT Code cudaCreateSurfaceObject(unsigned long long* out, const abi::ResourceDesc* resource) {
  return call("cudaCreateSurfaceObject", [&]() -> Code {
    if (!out || !resource) return fail(abi::kInvalidValue, "the place for the object or its resource is null.");
    if (resource->type != 0) return fail(abi::kInvalidValue, "a surface is over a CUDA array (cudaResourceTypeArray); a level of a mipmapped array is one.");
    const auto a = array_of(resource->array);
    if (!a) return abi::kInvalidResourceHandle;
    // Drivers take levels of mipmapped arrays in any case, and NVIDIA's own samples rely on it.
    if (!(a->flags & kSurface) && !a->is_level) return fail(abi::kInvalidValue, "the array was made without cudaArraySurfaceLoadStore.");
    simt::exec::Surface s;
    s.base = a->base;
    s.row = a->row();
    s.height = static_cast<std::uint32_t>(a->rows());
    s.depth = static_cast<std::uint32_t>(a->slices());
    s.layered = a->flags & (kLayered | kCubemap);   // a face is a layer
    s.dimensions = a->extent.depth && !s.layered ? 3 : a->extent.height ? 2 : 1;
    *out = simt::exec::add_surface(s);
    std::lock_guard lock(surface_origins().mutex);
    surface_origins().by_object[*out] = *resource;
    return 0;
  });
}

PMPP_EXPORT Code cudaDestroySurfaceObject(unsigned long long object) {
  return call("cudaDestroySurfaceObject", [&]() -> Code {
    const Code before = synchronize_device();
    if (object == 0) return before;   // no object: programs destroy it where they never made one
    if (!simt::exec::remove_surface(object)) return no_surface(object);
    std::lock_guard lock(surface_origins().mutex);
    surface_origins().by_object.erase(object);
    return before;
  });
}

PMPP_EXPORT Code cudaGetSurfaceObjectResourceDesc(abi::ResourceDesc* out, unsigned long long object) {
  return call("cudaGetSurfaceObjectResourceDesc", [&]() -> Code {
    if (!out) return null_place();
    std::lock_guard lock(surface_origins().mutex);
    const auto at = surface_origins().by_object.find(object);
    if (at == surface_origins().by_object.end()) return no_surface(object);
    *out = at->second;
    return 0;
  });
}
