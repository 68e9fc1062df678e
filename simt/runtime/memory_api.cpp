// The interface's allocation calls: device, pinned, registered and managed memory, pools, and questions about pointers.
#include <algorithm>
#include <cstring>
#include <mutex>
#include <unordered_map>

#include "simt/observers/host.hpp"
#include "simt/runtime/copy.hpp"
#include "simt/runtime/graph.hpp"
#include "simt/runtime/handles.hpp"
#include "simt/runtime/managed.hpp"
#include "simt/runtime/pool.hpp"

using namespace simt::runtime;
using simt::memory::AddressSpace;
using simt::memory::GuestAddr;
using simt::memory::Kind;
namespace abi = simt::abi;
using std::size_t;

namespace simt::runtime {

Code out_of_memory(size_t bytes, int device) {
  auto& space = AddressSpace::instance();
  const size_t all = space.capacity(device), used = space.used(device);
  if (bytes < all - std::min(all, used))
    return fail(abi::kMemoryAllocation, format("%zu bytes were asked for, and this machine does not have them to spare now.", bytes));
  return fail(abi::kMemoryAllocation, format("%zu bytes were asked for, but only %zu of the device's %zu bytes are free.", bytes,
                                             all - std::min(all, used), all));
}

Code allocate(void** out, size_t bytes, Kind kind) {
  if (!out) return fail(abi::kInvalidValue, "the place for the pointer is null.");
  *out = nullptr;
  if (bytes == 0) return 0;
  auto address = AddressSpace::instance().allocate(bytes, current_device(), kind);
  if (!address) return out_of_memory(bytes);
  *out = reinterpret_cast<void*>(*address);
  simt::observers::host_allocated(*out, bytes, kind == Kind::device ? "cudaMalloc" : kind == Kind::managed ? "cudaMallocManaged" : "cudaMallocHost");
  return 0;
}

Code release(void* pointer) {
  if (const auto m = graph_memory(pointer)) {   // stays: the graph may be launched again
    if (!m->allocated) return fail(abi::kInvalidValue, format("%p is memory of a graph that was not launched, or it was freed before.", pointer));
    set_allocated(m, false);
    simt::observers::host_freed(pointer);
    return 0;
  }
  pool_forget(pointer);
  if (const auto a = AddressSpace::instance().lookup(reinterpret_cast<GuestAddr>(pointer)); a && a->kind == Kind::managed) forget_advice(pointer, a->size);
  switch (AddressSpace::instance().release(reinterpret_cast<GuestAddr>(pointer))) {
    case AddressSpace::FreeResult::ok:
      simt::observers::host_freed(pointer);
      return 0;
    case AddressSpace::FreeResult::already_freed: return fail(abi::kInvalidValue, format("%p was freed before.", pointer));
    case AddressSpace::FreeResult::not_a_base: {
      auto a = AddressSpace::instance().nearest(reinterpret_cast<GuestAddr>(pointer));
      return fail(abi::kInvalidValue, format("%p lies inside %s; free the pointer that was allocated, %p.", pointer,
                                             a ? describe(*a).c_str() : "an allocation", a ? (void*)a->base : nullptr));
    }
    case AddressSpace::FreeResult::unknown: break;
  }
  return fail(abi::kInvalidValue, format("%p was never allocated on the device.", pointer));
}

}  // namespace simt::runtime

namespace {

constexpr size_t kPitch = 512;   // rows start at multiples of it, as on every current device

std::mutex flags_mutex;
std::unordered_map<GuestAddr, unsigned>& host_flags() {   // what cudaHostAlloc and cudaHostRegister were given
  static auto* m = new std::unordered_map<GuestAddr, unsigned>;
  return *m;
}

void remember_flags(void* p, unsigned flags) {
  std::lock_guard lock(flags_mutex);
  host_flags()[reinterpret_cast<GuestAddr>(p)] = flags;
}
void forget_flags(const void* p) {
  std::lock_guard lock(flags_mutex);
  host_flags().erase(reinterpret_cast<GuestAddr>(p));
}

std::optional<simt::memory::Allocation> lookup(const void* p) {
  return AddressSpace::instance().lookup(reinterpret_cast<GuestAddr>(p));
}

/// Frees memory of the kinds that `may` accepts, after the work that may use it.
template <class May>
Code free_memory(void* p, May may, const char* instead) {
  if (!p) return 0;
  const Code before = synchronize_users(p);
  if (auto a = lookup(p); a && !may(a->kind)) return fail(abi::kInvalidValue, format("%p is %s; use %s.", p, describe(*a).c_str(), instead));
  const Code freed = release(p);
  return freed ? freed : before;
}

Code host_alloc(const char* name, void** out, size_t bytes, unsigned flags) {
  return call(name, [&]() -> Code {
    if (flags & ~7u) return fail(abi::kInvalidValue, format("flags 0x%x; known are cudaHostAllocPortable, Mapped and WriteCombined.", flags));
    const Code code = allocate(out, bytes, Kind::pinned);
    if (code == 0 && *out) remember_flags(*out, flags | 2);
    return code;
  });
}

}  // namespace

PMPP_EXPORT Code cudaMalloc(void** p, size_t n) {
  return call("cudaMalloc", [&] { return allocate(p, n, Kind::device); });
}
PMPP_EXPORT Code cudaFree(void* p) {
  return call("cudaFree", [&] {
    return free_memory(p, [](Kind k) { return k == Kind::device || k == Kind::managed; }, "the call that belongs to this kind of memory (cudaFreeHost for pinned memory; variables are not freed)");
  });
}
PMPP_EXPORT Code cudaMallocManaged(void** p, size_t n, unsigned flags) {
  return call("cudaMallocManaged", [&]() -> Code {
    if (flags != 1 && flags != 2) return fail(abi::kInvalidValue, format("flags 0x%x; give cudaMemAttachGlobal or cudaMemAttachHost.", flags));
    if (n == 0) return fail(abi::kInvalidValue, "0 bytes were asked for.");
    return allocate(p, n, Kind::managed);
  });
}
PMPP_EXPORT Code cudaMallocHost(void** p, size_t n) { return host_alloc("cudaMallocHost", p, n, 0); }
PMPP_EXPORT Code cudaHostAlloc(void** p, size_t n, unsigned flags) { return host_alloc("cudaHostAlloc", p, n, flags); }
PMPP_EXPORT Code cudaFreeHost(void* p) {
  return call("cudaFreeHost", [&] {
    const Code code = free_memory(p, [](Kind k) { return k == Kind::pinned; }, "the call that belongs to this kind of memory (cudaFree for device and managed memory)");
    if (code == 0) forget_flags(p);
    return code;
  });
}

PMPP_EXPORT Code cudaMallocPitch(void** p, size_t* pitch, size_t width, size_t height) {
  return call("cudaMallocPitch", [&]() -> Code {
    if (!pitch) return fail(abi::kInvalidValue, "the place for the pitch is null.");
    *pitch = (width + kPitch - 1) / kPitch * kPitch;
    size_t bytes;
    if (*pitch < width || __builtin_mul_overflow(*pitch, height, &bytes))
      return fail(abi::kInvalidValue, format("%zu rows of %zu bytes are more than an address can reach.", height, width));
    return allocate(p, bytes, Kind::device);
  });
}
PMPP_EXPORT Code cudaMalloc3D(abi::PitchedPtr* out, abi::Extent e) {
  return call("cudaMalloc3D", [&]() -> Code {
    if (!out) return fail(abi::kInvalidValue, "the place for the pointer is null.");
    const size_t pitch = (e.width + kPitch - 1) / kPitch * kPitch;
    size_t bytes;
    if (pitch < e.width || __builtin_mul_overflow(pitch, e.height, &bytes) || __builtin_mul_overflow(bytes, e.depth, &bytes))
      return fail(abi::kInvalidValue, format("%zu slices of %zu rows of %zu bytes are more than an address can reach.", e.depth, e.height, e.width));
    *out = {nullptr, pitch, e.width, e.height};
    return allocate(&out->ptr, bytes, Kind::device);
  });
}

PMPP_EXPORT Code cudaHostRegister(void* p, size_t n, unsigned flags) {
  return call("cudaHostRegister", [&]() -> Code {
    if (!p || n == 0) return fail(abi::kInvalidValue, "the range is empty.");
    if (flags & ~15u) return fail(abi::kInvalidValue, format("flags 0x%x are not known.", flags));
    if (flags & 4) return fail(abi::kNotSupported, "cudaHostRegisterIoMemory is not implemented by the software GPU.");
    auto& space = AddressSpace::instance();
    const auto base = reinterpret_cast<GuestAddr>(p);
    if (space.in_device_range(base)) return fail(abi::kInvalidValue, format("%p is device memory.", p));
    if (auto a = space.find_overlap(base, n)) return fail(abi::kHostMemoryAlreadyRegistered, format("%p overlaps %s, which is pinned or registered already.", p, describe(*a).c_str()));
    space.adopt(p, n, current_device(), Kind::registered);
    remember_flags(p, flags | 2);
    return 0;
  });
}
PMPP_EXPORT Code cudaHostUnregister(void* p) {
  return call("cudaHostUnregister", [&]() -> Code {
    const Code before = synchronize_users(p);
    auto a = lookup(p);
    if (!a || a->kind != Kind::registered || a->base != reinterpret_cast<GuestAddr>(p))
      return fail(abi::kHostMemoryNotRegistered, format("%p was not given to cudaHostRegister.", p));
    const Code code = release(p);
    forget_flags(p);
    return code ? code : before;
  });
}
PMPP_EXPORT Code cudaHostGetDevicePointer(void** device, void* host, unsigned flags) {
  return call("cudaHostGetDevicePointer", [&]() -> Code {
    if (!device || flags) return fail(abi::kInvalidValue, "the place for the pointer is null, or the flags are not 0.");
    auto a = lookup(host);
    if (!a || (a->kind != Kind::pinned && a->kind != Kind::registered)) return fail(abi::kInvalidValue, format("%p is neither pinned nor registered host memory.", host));
    *device = host;
    return 0;
  });
}
PMPP_EXPORT Code cudaHostGetFlags(unsigned* flags, void* host) {
  return call("cudaHostGetFlags", [&]() -> Code {
    std::lock_guard lock(flags_mutex);
    auto it = host_flags().find(reinterpret_cast<GuestAddr>(host));
    if (it == host_flags().end() || !flags) return fail(abi::kInvalidValue, format("%p is neither pinned nor registered host memory.", host));
    *flags = it->second;
    return 0;
  });
}

PMPP_EXPORT Code cudaMemGetInfo(size_t* free, size_t* total) {
  return call("cudaMemGetInfo", [&]() -> Code {
    if (!free || !total) return fail(abi::kInvalidValue, "a place for an answer is null.");
    auto& space = AddressSpace::instance();
    *total = space.capacity(current_device());
    *free = *total - std::min(*total, space.used(current_device()));
    return 0;
  });
}

PMPP_EXPORT Code cudaPointerGetAttributes(abi::PointerAttributes* out, const void* p) {
  return call("cudaPointerGetAttributes", [&]() -> Code {
    if (!out) return fail(abi::kInvalidValue, "the place for the answer is null.");
    *out = {};
    void* q = const_cast<void*>(p);
    auto a = lookup(p);
    if (!a) {
      out->device = -2;
      if (!AddressSpace::instance().in_device_range(reinterpret_cast<GuestAddr>(p))) out->hostPointer = q;
      return 0;
    }
    out->devicePointer = q;
    out->device = a->device;
    switch (a->kind) {
      case Kind::pinned: case Kind::registered: out->type = 1; break;
      case Kind::managed: out->type = 3; break;
      default: out->type = 2;
    }
    if (out->type != 2) out->hostPointer = q;
    return 0;
  });
}
