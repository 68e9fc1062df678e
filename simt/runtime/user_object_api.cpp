// The interface's user objects: what graphs keep alive for the program.
#include <climits>

#include "simt/runtime/graph_api.hpp"

using namespace simt::runtime;
namespace abi = simt::abi;

namespace {

std::shared_ptr<UserObject> object_of(void* handle, unsigned count) {
  auto o = user_objects().get(handle);
  if (!o) fail(abi::kInvalidValue, format("%p is not a user object, or its last reference was released.", handle));
  else if (count == 0 || count > INT_MAX) fail(abi::kInvalidValue, format("%u references; 1 to INT_MAX are possible.", count)), o = nullptr;
  return o;
}

Code give_up(const std::shared_ptr<UserObject>& o, unsigned count) {
  return o->release(count) ? 0 : fail(abi::kInvalidValue, format("the object has fewer than %u references.", count));
}

}  // namespace

PMPP_EXPORT Code cudaUserObjectCreate(void** out, void* pointer, abi::HostFunction destroy, unsigned count, unsigned flags) {
  return call("cudaUserObjectCreate", [&]() -> Code {
    if (!out) return fail(abi::kInvalidValue, "the place for the object is null.");
    if (!destroy) return fail(abi::kInvalidValue, "the destructor is null.");
    if (count == 0 || count > INT_MAX) return fail(abi::kInvalidValue, format("%u references; 1 to INT_MAX are possible.", count));
    if (flags != 1) return fail(abi::kInvalidValue, "the flags have to be cudaUserObjectNoDestructorSync.");
    auto o = std::make_shared<UserObject>(pointer, destroy, count);
    *out = o->handle = user_objects().add(o);
    return 0;
  });
}
PMPP_EXPORT Code cudaUserObjectRetain(void* object, unsigned count) {
  return call("cudaUserObjectRetain", [&]() -> Code {
    const auto o = object_of(object, count);
    if (!o) return abi::kInvalidValue;
    o->retain(count);
    return 0;
  });
}
PMPP_EXPORT Code cudaUserObjectRelease(void* object, unsigned count) {
  return call("cudaUserObjectRelease", [&]() -> Code {
    const auto o = object_of(object, count);
    return o ? give_up(o, count) : Code{abi::kInvalidValue};
  });
}
PMPP_EXPORT Code cudaGraphRetainUserObject(void* graph, void* object, unsigned count, unsigned flags) {
  return graph_call("cudaGraphRetainUserObject", [&]() -> Code {
    const GraphRef g = graph_of(graph);
    const auto o = g ? object_of(object, count) : nullptr;
    if (!o) return abi::kInvalidValue;
    if (flags > 1) return fail(abi::kInvalidValue, format("flags 0x%x; known is cudaGraphUserObjectMove.", flags));
    if (flags == 0) o->retain(count);
    g->holds.emplace(object, std::make_shared<Hold>(o, count));
    return 0;
  });
}
PMPP_EXPORT Code cudaGraphReleaseUserObject(void* graph, void* object, unsigned count) {
  std::vector<std::shared_ptr<Hold>> gone;   // after the lock: the destructor is the program's
  return graph_call("cudaGraphReleaseUserObject", [&]() -> Code {
    const GraphRef g = graph_of(graph);
    const auto o = g ? object_of(object, count) : nullptr;
    if (!o) return abi::kInvalidValue;
    unsigned held = 0;
    const auto [first, last] = g->holds.equal_range(object);
    for (auto at = first; at != last; ++at) held += at->second->count;
    if (held < count) return fail(abi::kInvalidValue, format("the graph has %u references of the object, fewer than %u.", held, count));
    for (auto at = first; at != last; ++at) gone.push_back(at->second);
    g->holds.erase(first, last);
    if (held == count) return 0;
    o->retain(held - count);   // copies of the graph keep what they share
    g->holds.emplace(object, std::make_shared<Hold>(o, held - count));
    return 0;
  });
}
