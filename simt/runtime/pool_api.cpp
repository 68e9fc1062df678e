// The interface's stream-ordered allocation. A pool keeps books; the memory itself comes from the address space.
#include <algorithm>
#include <atomic>
#include <mutex>
#include <unordered_map>

#include "simt/model/profile.hpp"
#include "simt/observers/host.hpp"
#include "simt/runtime/capture.hpp"
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
  int device = 0;
  std::shared_ptr<std::atomic<std::uint32_t>> shared_with = std::make_shared<std::atomic<std::uint32_t>>(0);   // other devices, a bit each
  std::uint64_t threshold = 0, used = 0, used_high = 0, reserved_high = 0, max_size = 0;
  int reuse[3] = {1, 1, 1};
  int host_access = 0;
  bool is_default = false;
};
using PoolRef = std::shared_ptr<Pool>;

struct Pools {
  std::mutex mutex;   // guards every pool
  Handles<Pool> handles{5};
  struct { void *usual, *current; } on[simt::model::kMaxDevices];   // of each device
  std::unordered_map<GuestAddr, std::pair<PoolRef, size_t>> allocations;
  Pools() {
    for (int d = 0; d < device_count(); ++d) {
      auto p = std::make_shared<Pool>();
      p->is_default = true;
      p->device = d;
      on[d].usual = on[d].current = handles.add(p);
    }
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

void* current_pool(int device) {
  std::lock_guard lock(pools().mutex);
  return pools().on[device].current;
}

/// A captured allocation: the address is known, the memory is there when the graph has come to it.
Code capture_allocation(const StreamRef& s, const CaptureRef& capture, void** out, size_t bytes) {
  std::lock_guard lock(graphs_mutex());
  abi::MemAllocNodeParams p{};
  p.poolProps.allocType = p.poolProps.location.type = 1;
  p.poolProps.location.id = s->device;
  p.bytesize = bytes;
  const auto op = make_alloc(p, *capture->graph);
  if (!op) return peek_error();
  if (Code c = add_captured(s, op)) return c;
  *out = op->memory->pointer;
  return 0;
}

/// Memory of a graph that a stream frees: the books follow the order of the calls.
Code free_of_graph(const GraphMemoryRef& m) {
  if (!m->allocated) return fail(abi::kInvalidValue, format("%p is memory of a graph that was not launched, or it was freed before.", m->pointer));
  set_allocated(m, false);
  return 0;
}

Code allocate_async(const char* name, void** out, size_t bytes, void* pool, void* stream, Default meaning) {
  return call(name, [&]() -> Code {
    StreamRef s = stream_of(stream, meaning);
    if (!s) return abi::kInvalidResourceHandle;
    PoolRef p = pool_of(pool ? pool : current_pool(s->device));
    if (!p) return abi::kInvalidValue;
    if (!out) return fail(abi::kInvalidValue, "the place for the pointer is null.");
    *out = nullptr;
    if (bytes == 0) return 0;
    CaptureRef capture;
    if (Code c = capturing(s, capture)) return c;
    if (capture) return capture_allocation(s, capture, out, bytes);
    {
      std::lock_guard lock(pools().mutex);
      if (p->max_size && bytes > p->max_size - std::min(p->max_size, p->used)) return fail(abi::kMemoryAllocation, "the pool's maximum size is reached.");
    }
    auto take = [&] { return AddressSpace::instance().allocate(bytes, p->device, Kind::device, {}, p->shared_with); };
    auto address = take();
    if (!address) {
      // Frees that are still queued may make room.
      if (Code code = synchronize(s)) return code;
      address = take();
    }
    if (!address) return out_of_memory(bytes, p->device);
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
    CaptureRef capture;
    if (Code c = capturing(s, capture)) return c;
    if (capture) {
      std::lock_guard lock(graphs_mutex());
      const auto op = make_free(p, *capture->graph);
      return op ? add_captured(s, op) : peek_error();
    }
    if (const auto m = graph_memory(p)) {
      if (Code c = free_of_graph(m)) return c;
      submit(s, [m] { simt::observers::host_freed(m->pointer); }, {true, true});
      return 0;
    }
    simt::observers::host_freed(p);
    auto a = AddressSpace::instance().lookup(reinterpret_cast<GuestAddr>(p));
    if (!a || a->base != reinterpret_cast<GuestAddr>(p) || a->kind != Kind::device) return release(p) ? abi::kInvalidValue : 0;
    submit(s, [p, device = s->device] {
      pool_forget(p);
      if (AddressSpace::instance().release(reinterpret_cast<GuestAddr>(p)) != AddressSpace::FreeResult::ok)
        set_fault(device, {abi::kInvalidValue, format("cudaFreeAsync: %p was freed before.", p)});
    }, {true, true});
    return 0;
  });
}

Code give_pool(const char* name, void** out, int device, bool usual) {
  return call(name, [&]() -> Code {
    if (Code c = check_device(device)) return c;
    if (!out) return fail(abi::kInvalidValue, "the place for the pool is null.");
    *out = usual ? pools().on[device].usual : current_pool(device);
    return 0;
  });
}

Code use_pool(const char* name, int device, void* handle) {
  return call(name, [&]() -> Code {
    if (Code c = check_device(device)) return c;
    const PoolRef p = pool_of(handle);
    if (!p) return abi::kInvalidValue;
    if (p->device != device) return fail(abi::kInvalidValue, format("the pool is device %d's; it cannot be the one of device %d.", p->device, device));
    std::lock_guard lock(pools().mutex);
    pools().on[device].current = handle;
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
  return give_pool("cudaDeviceGetDefaultMemPool", pool, device, true);
}
PMPP_EXPORT Code cudaDeviceGetMemPool(void** pool, int device) {
  return give_pool("cudaDeviceGetMemPool", pool, device, false);
}
PMPP_EXPORT Code cudaDeviceSetMemPool(int device, void* pool) {
  return use_pool("cudaDeviceSetMemPool", device, pool);
}

namespace {
Code check_kind(const abi::MemLocation* location, int type) {
  if (!location) return fail(abi::kInvalidValue, "the location is null.");
  if (type != 1 || location->type != 1) return fail(abi::kNotSupported, "only pools of pinned device memory are implemented by the software GPU.");
  return check_device(location->id);
}
}  // namespace
PMPP_EXPORT Code cudaMemGetDefaultMemPool(void** pool, abi::MemLocation* location, int type) {
  const Code c = call("cudaMemGetDefaultMemPool", [&] { return check_kind(location, type); });
  return c ? c : give_pool("cudaMemGetDefaultMemPool", pool, location->id, true);
}
PMPP_EXPORT Code cudaMemGetMemPool(void** pool, abi::MemLocation* location, int type) {
  const Code c = call("cudaMemGetMemPool", [&] { return check_kind(location, type); });
  return c ? c : give_pool("cudaMemGetMemPool", pool, location->id, false);
}
PMPP_EXPORT Code cudaMemSetMemPool(abi::MemLocation* location, int type, void* pool) {
  const Code c = call("cudaMemSetMemPool", [&] { return check_kind(location, type); });
  return c ? c : use_pool("cudaMemSetMemPool", location->id, pool);
}

PMPP_EXPORT Code cudaMemPoolCreate(void** pool, const abi::MemPoolProps* props) {
  return call("cudaMemPoolCreate", [&]() -> Code {
    if (!pool || !props) return fail(abi::kInvalidValue, "the place for the pool or its properties are null.");
    if (props->allocType != 1 || props->location.type != 1) return fail(abi::kNotSupported, "only pools of pinned device memory are implemented by the software GPU.");
    if (Code c = check_device(props->location.id)) return c;
    if (props->handleTypes != 0) return fail(abi::kNotSupported, "pools that are shared between processes are not implemented by the software GPU.");
    auto p = std::make_shared<Pool>();
    p->device = props->location.id;
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
    auto& there = pools().on[p->device];
    if (there.current == pool) there.current = there.usual;
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
    const PoolRef p = pool_of(pool);
    if (!p) return abi::kInvalidValue;
    if (!list && count) return fail(abi::kInvalidValue, "the list is null.");
    std::uint32_t mask = p->shared_with->load();
    for (size_t i = 0; i < count; ++i) {
      const auto& [location, flags] = list[i];
      if (location.type != 1) return fail(abi::kInvalidValue, "access can be set for devices only.");
      if (Code c = check_device(location.id)) return c;
      if (flags != 0 && flags != 3) return fail(abi::kInvalidValue, format("%d is no cudaMemAccessFlags that a pool can have: 0 (none) or 3 (read and write).", flags));
      if (location.id == p->device && flags == 0) return fail(abi::kInvalidValue, "a device keeps full access to its own pool.");
      const std::uint32_t bit = location.id == p->device ? 0 : std::uint32_t{1} << location.id;
      if (bit && flags && !simt::model::current().peer_access) return fail(abi::kInvalidDevice, "these devices cannot use each other's memory.");
      mask = flags ? mask | bit : mask & ~bit;
    }
    p->shared_with->store(mask);
    AddressSpace::instance().forget_windows();
    return 0;
  });
}
PMPP_EXPORT Code cudaMemPoolGetAccess(int* flags, void* pool, abi::MemLocation* location) {
  return call("cudaMemPoolGetAccess", [&]() -> Code {
    const PoolRef p = pool_of(pool);
    if (!p) return abi::kInvalidValue;
    if (!flags || !location) return fail(abi::kInvalidValue, "the place for the answer or the location is null.");
    *flags = 0;
    if (location->type != 1) return 0;
    if (Code c = check_device(location->id)) return c;
    if (location->id == p->device || (p->shared_with->load() >> location->id & 1)) *flags = 3;
    return 0;
  });
}
