// The interface's stream-ordered allocation. A pool keeps books; the memory itself comes from the address space.
#include <algorithm>
#include <mutex>
#include <unordered_map>

#include "simt/observers/host.hpp"
#include "simt/runtime/handles.hpp"
#include "simt/runtime/pool.hpp"
#include "simt/runtime/stream.hpp"

using namespace simt::runtime;
using simt::memory::AddressSpace;
using simt::memory::GuestAddr;
using simt::memory::Kind;
namespace abi = simt::abi;
using std::size_t;

namespace {

struct Pool {
  std::uint64_t threshold = 0, used = 0, used_high = 0, reserved_high = 0, max_size = 0;
  int reuse[3] = {1, 1, 1};
  int host_access = 0;
  bool is_default = false;
};
using PoolRef = std::shared_ptr<Pool>;

struct Pools {
  std::mutex mutex;   // guards every pool
  Handles<Pool> handles{5};
  void *default_handle, *current_handle;
  std::unordered_map<GuestAddr, std::pair<PoolRef, size_t>> allocations;
  Pools() {
    auto p = std::make_shared<Pool>();
    p->is_default = true;
    default_handle = current_handle = handles.add(p);
  }
};
Pools& pools() {
  static auto* p = new Pools;
  return *p;
}

PoolRef pool_of(void* handle) {
  PoolRef p = pools().handles.get(handle);
  if (!p) fail(abi::kInvalidValue, format("%p is not a memory pool.", handle));
  return p;
}

void* current_pool() {
  std::lock_guard lock(pools().mutex);
  return pools().current_handle;
}

Code allocate_async(const char* name, void** out, size_t bytes, void* pool, void* stream, Default meaning) {
  return call(name, [&]() -> Code {
    StreamRef s = stream_of(stream, meaning);
    if (!s) return abi::kInvalidResourceHandle;
    PoolRef p = pool_of(pool ? pool : current_pool());
    if (!p) return abi::kInvalidValue;
    if (!out) return fail(abi::kInvalidValue, "the place for the pointer is null.");
    *out = nullptr;
    if (bytes == 0) return 0;
    {
      std::lock_guard lock(pools().mutex);
      if (p->max_size && bytes > p->max_size - std::min(p->max_size, p->used)) return fail(abi::kMemoryAllocation, "the pool's maximum size is reached.");
    }
    auto address = AddressSpace::instance().allocate(bytes, 0);
    if (!address) {
      // Frees that are still queued may make room.
      if (Code code = synchronize(s)) return code;
      address = AddressSpace::instance().allocate(bytes, 0);
    }
    if (!address) return out_of_memory(bytes);
    *out = reinterpret_cast<void*>(*address);
    simt::observers::host_allocated(*out, bytes, "cudaMallocAsync");
    std::lock_guard lock(pools().mutex);
    pools().allocations[*address] = {p, bytes};
    p->used += bytes;
    p->used_high = std::max(p->used_high, p->used);
    p->reserved_high = std::max(p->reserved_high, p->used);
    return 0;
  });
}

Code free_async(void* p, void* stream, Default meaning) {
  return call("cudaFreeAsync", [&]() -> Code {
    StreamRef s = stream_of(stream, meaning);
    if (!s) return abi::kInvalidResourceHandle;
    if (!p) return 0;
    simt::observers::host_freed(p);
    auto a = AddressSpace::instance().lookup(reinterpret_cast<GuestAddr>(p));
    if (!a || a->base != reinterpret_cast<GuestAddr>(p) || a->kind != Kind::device) return release(p) ? abi::kInvalidValue : 0;
    submit(s, [p] {
      pool_forget(p);
      if (AddressSpace::instance().release(reinterpret_cast<GuestAddr>(p)) != AddressSpace::FreeResult::ok)
        set_fault({abi::kInvalidValue, format("cudaFreeAsync: %p was freed before.", p)});
    }, {true, true});
    return 0;
  });
}

Code give_handle(const char* name, void** out, void* handle) {
  return call(name, [&]() -> Code {
    if (!out) return fail(abi::kInvalidValue, "the place for the pool is null.");
    *out = handle;
    return 0;
  });
}

Code use_pool(const char* name, void* handle) {
  return call(name, [&]() -> Code {
    if (!pool_of(handle)) return abi::kInvalidValue;
    std::lock_guard lock(pools().mutex);
    pools().current_handle = handle;
    return 0;
  });
}

}  // namespace

void simt::runtime::pool_forget(const void* pointer) {
  auto& g = pools();
  std::lock_guard lock(g.mutex);
  auto it = g.allocations.find(reinterpret_cast<GuestAddr>(pointer));
  if (it == g.allocations.end()) return;
  it->second.first->used -= it->second.second;
  g.allocations.erase(it);
}

PMPP_EXPORT Code cudaMallocAsync(void** p, size_t n, void* q) { return allocate_async("cudaMallocAsync", p, n, nullptr, q, Default::legacy); }
PMPP_EXPORT Code cudaMallocAsync_ptsz(void** p, size_t n, void* q) { return allocate_async("cudaMallocAsync", p, n, nullptr, q, Default::per_thread); }
PMPP_EXPORT Code cudaMallocFromPoolAsync(void** p, size_t n, void* pool, void* q) { return allocate_async("cudaMallocFromPoolAsync", p, n, pool, q, Default::legacy); }
PMPP_EXPORT Code cudaMallocFromPoolAsync_ptsz(void** p, size_t n, void* pool, void* q) { return allocate_async("cudaMallocFromPoolAsync", p, n, pool, q, Default::per_thread); }
PMPP_EXPORT Code cudaFreeAsync(void* p, void* q) { return free_async(p, q, Default::legacy); }
PMPP_EXPORT Code cudaFreeAsync_ptsz(void* p, void* q) { return free_async(p, q, Default::per_thread); }

PMPP_EXPORT Code cudaDeviceGetDefaultMemPool(void** pool, int device) {
  if (device != 0) return call("cudaDeviceGetDefaultMemPool", [&] { return check_device(device); });
  return give_handle("cudaDeviceGetDefaultMemPool", pool, pools().default_handle);
}
PMPP_EXPORT Code cudaDeviceGetMemPool(void** pool, int device) {
  if (device != 0) return call("cudaDeviceGetMemPool", [&] { return check_device(device); });
  return give_handle("cudaDeviceGetMemPool", pool, current_pool());
}
PMPP_EXPORT Code cudaDeviceSetMemPool(int device, void* pool) {
  if (device != 0) return call("cudaDeviceSetMemPool", [&] { return check_device(device); });
  return use_pool("cudaDeviceSetMemPool", pool);
}

PMPP_EXPORT Code cudaMemPoolCreate(void** pool, const abi::MemPoolProps* props) {
  return call("cudaMemPoolCreate", [&]() -> Code {
    if (!pool || !props) return fail(abi::kInvalidValue, "the place for the pool or its properties are null.");
    if (props->allocType != 1 || props->location.type != 1) return fail(abi::kNotSupported, "only pools of pinned device memory are implemented by the software GPU.");
    if (Code c = check_device(props->location.id)) return c;
    if (props->handleTypes != 0) return fail(abi::kNotSupported, "pools that are shared between processes are not implemented by the software GPU.");
    auto p = std::make_shared<Pool>();
    p->max_size = props->maxSize;
    *pool = pools().handles.add(p);
    return 0;
  });
}
PMPP_EXPORT Code cudaMemPoolDestroy(void* pool) {
  return call("cudaMemPoolDestroy", [&]() -> Code {
    PoolRef p = pool_of(pool);
    if (!p) return abi::kInvalidValue;
    if (p->is_default) return fail(abi::kInvalidValue, "the default pool cannot be destroyed.");
    pools().handles.remove(pool);
    std::lock_guard lock(pools().mutex);
    if (pools().current_handle == pool) pools().current_handle = pools().default_handle;
    return 0;
  });
}
PMPP_EXPORT Code cudaMemPoolTrimTo(void* pool, size_t) {
  return call("cudaMemPoolTrimTo", [&]() -> Code { return pool_of(pool) ? 0 : abi::kInvalidValue; });
}
PMPP_EXPORT Code cudaMemPoolSetAttribute(void* pool, int attribute, void* value) {
  return call("cudaMemPoolSetAttribute", [&]() -> Code {
    PoolRef p = pool_of(pool);
    if (!p) return abi::kInvalidValue;
    if (!value) return fail(abi::kInvalidValue, "the value is null.");
    std::lock_guard lock(pools().mutex);
    const std::uint64_t wide = attribute >= 4 ? *static_cast<std::uint64_t*>(value) : 0;
    switch (attribute) {
      case 1: case 2: case 3: p->reuse[attribute - 1] = *static_cast<int*>(value); return 0;
      case 4: p->threshold = wide; return 0;
      case 6: case 8:
        if (wide != 0) return fail(abi::kInvalidValue, "a high-water mark can only be set to 0.");
        (attribute == 6 ? p->reserved_high : p->used_high) = p->used;
        return 0;
      default: return fail(abi::kInvalidValue, format("attribute %d cannot be set.", attribute));
    }
  });
}
PMPP_EXPORT Code cudaMemPoolGetAttribute(void* pool, int attribute, void* value) {
  return call("cudaMemPoolGetAttribute", [&]() -> Code {
    PoolRef p = pool_of(pool);
    if (!p) return abi::kInvalidValue;
    if (!value) return fail(abi::kInvalidValue, "the place for the value is null.");
    std::lock_guard lock(pools().mutex);
    auto* wide = static_cast<std::uint64_t*>(value);
    switch (attribute) {
      case 1: case 2: case 3: *static_cast<int*>(value) = p->reuse[attribute - 1]; return 0;
      case 4: *wide = p->threshold; return 0;
      case 5: case 7: *wide = p->used; return 0;
      case 6: *wide = p->reserved_high; return 0;
      case 8: *wide = p->used_high; return 0;
      default: return fail(abi::kInvalidValue, format("%d is not a cudaMemPoolAttr.", attribute));
    }
  });
}
PMPP_EXPORT Code cudaMemPoolSetAccess(void* pool, const abi::MemAccessDesc* list, size_t count) {
  return call("cudaMemPoolSetAccess", [&]() -> Code {
    if (!pool_of(pool)) return abi::kInvalidValue;
    if (!list && count) return fail(abi::kInvalidValue, "the list is null.");
    for (size_t i = 0; i < count; ++i)
      if (list[i].location.type != 1 || list[i].location.id != 0) return fail(abi::kInvalidDevice, "access can be set for device 0 only.");
      else if (list[i].flags != 3) return fail(abi::kInvalidValue, "a device keeps full access to its own pool.");
    return 0;
  });
}
PMPP_EXPORT Code cudaMemPoolGetAccess(int* flags, void* pool, abi::MemLocation* location) {
  return call("cudaMemPoolGetAccess", [&]() -> Code {
    if (!pool_of(pool)) return abi::kInvalidValue;
    if (!flags || !location) return fail(abi::kInvalidValue, "the place for the answer or the location is null.");
    *flags = location->type == 1 && location->id == 0 ? 3 : 0;
    return 0;
  });
}
