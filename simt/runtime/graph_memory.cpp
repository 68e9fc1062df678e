// The interface's memory of graphs: allocation and free nodes, and the books on them.
//
// The address of an allocation node is fixed, so its memory is there from the node's creation on. "Allocated" is what
// the program may rely on: it begins with a launch and ends with whatever frees it, in the order of the calls.
#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "simt/memory/memory.hpp"
#include "simt/model/profile.hpp"
#include "simt/observers/host.hpp"
#include "simt/runtime/copy.hpp"
#include "simt/runtime/graph.hpp"
#include "simt/runtime/pool.hpp"

namespace simt::runtime {
namespace {

struct GraphBooks {
  std::mutex mutex;   // the last reference may go on a stream's thread
  std::unordered_map<const void*, std::weak_ptr<GraphMemory>> all;
  std::unordered_set<GraphMemoryRef> held;   // allocated: the program may use it although no graph does
  struct Device {
    std::uint64_t used = 0, used_high = 0, reserved = 0, reserved_high = 0;
  };
  Device devices[model::kMaxDevices];
};
GraphBooks& graph_books() {
  static auto* b = new GraphBooks;
  return *b;
}

}  // namespace

GraphMemory::~GraphMemory() {
  auto& b = graph_books();
  {
    std::lock_guard lock(b.mutex);
    b.all.erase(pointer);
    b.devices[device].reserved -= bytes;
  }
  memory::AddressSpace::instance().release(reinterpret_cast<memory::GuestAddr>(pointer));
}

GraphMemoryRef graph_memory(const void* pointer) {
  auto& b = graph_books();
  std::lock_guard lock(b.mutex);
  const auto at = b.all.find(pointer);
  return at == b.all.end() ? nullptr : at->second.lock();
}

void set_allocated(const GraphMemoryRef& m, bool on) {
  auto& b = graph_books();
  std::lock_guard lock(b.mutex);
  if (m->allocated == on) return;
  m->allocated = on;
  auto& d = b.devices[m->device];
  if (on) {
    b.held.insert(m);
    d.used += m->bytes;
    d.used_high = std::max(d.used_high, d.used);
  } else {
    b.held.erase(m);
    d.used -= m->bytes;
  }
}

std::shared_ptr<AllocOperation> make_alloc(const abi::MemAllocNodeParams& p, const Graph& g) {
  auto refuse = [](Code code, const char* why) {
    fail(code, why);
    return nullptr;
  };
  if (p.poolProps.allocType != 1 || p.poolProps.location.type != 1 || p.poolProps.handleTypes)
    return refuse(abi::kNotSupported, "only pinned memory of the device that is not shared between processes is possible in a graph.");
  if (check_device(p.poolProps.location.id)) return nullptr;
  if (p.accessDescCount && !p.accessDescs) return refuse(abi::kInvalidValue, "the list of who has access is null.");
  if (p.bytesize == 0) return refuse(abi::kInvalidValue, "0 bytes were asked for.");
  auto op = std::make_shared<AllocOperation>();
  op->params = p;
  op->access.assign(p.accessDescs, p.accessDescs + p.accessDescCount);
  for (const auto& a : op->access)
    if (a.location.type != 1 || check_device(a.location.id)) return nullptr;
  const auto address = memory::AddressSpace::instance().allocate(p.bytesize, p.poolProps.location.id);
  if (!address) {
    out_of_memory(p.bytesize, p.poolProps.location.id);
    return nullptr;
  }
  auto m = std::make_shared<GraphMemory>();
  m->pointer = reinterpret_cast<void*>(*address);
  m->bytes = p.bytesize;
  m->device = p.poolProps.location.id;
  m->owner = g.id;
  auto& b = graph_books();
  std::lock_guard lock(b.mutex);
  b.all[m->pointer] = m;
  auto& d = b.devices[m->device];
  d.reserved += m->bytes;
  d.reserved_high = std::max(d.reserved_high, d.reserved);
  op->memory = std::move(m);
  op->params.dptr = op->memory->pointer;
  op->params.accessDescs = op->access.data();
  return op;
}

std::shared_ptr<FreeOperation> make_free(void* pointer, Graph& g) {
  auto refuse = [](const std::string& why) {
    fail(abi::kInvalidValue, why);
    return nullptr;
  };
  const GraphMemoryRef m = graph_memory(pointer);
  if (!m) return refuse(format("%p is not memory of an allocation node: a graph frees no other.", pointer));
  if (m->freed_by == g.id) return refuse(format("%p is freed by another node of this graph.", pointer));
  if (m->freed_by && (m->freed_by == m->owner || g.id == m->owner))
    return refuse(format("%p is freed by a node of another graph; the graph that allocates it and another one cannot both free it.", pointer));
  auto op = std::make_shared<FreeOperation>();
  op->memory = m;
  m->freed_by = g.id;
  return op;
}

void AllocOperation::run(const Stream&) const { observers::host_allocated(memory->pointer, memory->bytes, "cudaMallocAsync"); }
void FreeOperation::run(const Stream&) const { observers::host_freed(memory->pointer); }

}  // namespace simt::runtime

using namespace simt::runtime;
namespace abi = simt::abi;

PMPP_EXPORT Code cudaDeviceGetGraphMemAttribute(int device, int attribute, void* value) {
  return call("cudaDeviceGetGraphMemAttribute", [&]() -> Code {
    if (Code c = check_device(device)) return c;
    if (!value) return null_place();
    auto& b = graph_books();
    std::lock_guard lock(b.mutex);
    const auto& d = b.devices[device];
    const std::uint64_t values[] = {d.used, d.used_high, d.reserved, d.reserved_high};
    if (attribute < 0 || attribute > 3) return fail(abi::kInvalidValue, format("%d is not a cudaGraphMemAttributeType.", attribute));
    *static_cast<std::uint64_t*>(value) = values[attribute];
    return 0;
  });
}
PMPP_EXPORT Code cudaDeviceSetGraphMemAttribute(int device, int attribute, void* value) {
  return call("cudaDeviceSetGraphMemAttribute", [&]() -> Code {
    if (Code c = check_device(device)) return c;
    if (!value) return fail(abi::kInvalidValue, "the value is null.");
    if (attribute != 1 && attribute != 3) return fail(abi::kInvalidValue, format("attribute %d cannot be set; the high-water marks can.", attribute));
    if (*static_cast<std::uint64_t*>(value)) return fail(abi::kInvalidValue, "a high-water mark can only be set to 0.");
    auto& b = graph_books();
    std::lock_guard lock(b.mutex);
    auto& d = b.devices[device];
    if (attribute == 1) d.used_high = d.used;
    else d.reserved_high = d.reserved;
    return 0;
  });
}
// The memory of a graph's nodes is theirs as long as they exist: there is none to spare.
PMPP_EXPORT Code cudaDeviceGraphMemTrim(int device) {
  return call("cudaDeviceGraphMemTrim", [&] { return check_device(device); });
}
