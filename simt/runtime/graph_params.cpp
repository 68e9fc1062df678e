// Making operations of the interface's parameters, and parameters of operations.
#include "simt/runtime/graph_params.hpp"

#include <algorithm>
#include <array>

#include "simt/runtime/copy.hpp"
#include "simt/runtime/host_operation.hpp"

namespace simt::runtime {
namespace {

constexpr int kCooperative = 2, kCluster = 4, kUpdatable = 13;
/// What nodes of kernels have: access policy, cooperative, cluster and its hints, priority, memory domains, carveout, links.
constexpr std::array kNodeAttributes{1, kCooperative, kCluster, 5, 8, 9, 10, 11, 14, 16};

OperationRef refused(Code code, const std::string& why) {
  fail(code, why);
  return nullptr;
}

/// The "extra" form of parameters: names and values, up to a null. False after failing the call.
bool packed_params(void** extra, std::span<const std::byte>& out) {
  const void* buffer = nullptr;
  std::size_t size = 0;
  for (; *extra; extra += 2) {
    const auto name = reinterpret_cast<std::uintptr_t>(*extra);
    if (name == 1) buffer = extra[1];
    else if (name == 2 && extra[1]) size = *static_cast<std::size_t*>(extra[1]);
    else return refused(abi::kInvalidValue, "'extra' has a name that is neither of a buffer nor of its size.") != nullptr;
  }
  if (!buffer) return refused(abi::kInvalidValue, "'extra' has no buffer of parameters.") != nullptr;
  out = {static_cast<const std::byte*>(buffer), size};
  return true;
}

/// While alive, another device is current.
struct OnDevice {
  const int before = current_device();
  explicit OnDevice(int device) {
    if (device != before) set_current_device(device);
  }
  ~OnDevice() {
    if (current_device() != before) set_current_device(before);
  }
};

OperationRef kernel_node(const abi::KernelNodeParams& p, const KernelOperation* old) {
  const OnDevice scope(old ? old->device : current_device());   // a node never moves to another one
  const BoundKernel bound = bind(p.func);
  if (!bound) return nullptr;
  if (p.kernelParams && p.extra) return refused(abi::kInvalidValue, "the parameters came twice, in kernelParams and in extra.");
  std::span<const std::byte> packed;
  if (p.extra && !packed_params(p.extra, packed)) return nullptr;
  LaunchRequest q{p.gridDim, p.blockDim, {0, 0, 0}, p.sharedMemBytes, false};
  if (old) {
    q.cooperative = old->request.cooperative;
    q.cluster = old->request.cluster;
  }
  std::shared_ptr<KernelOperation> op;
  if (make_kernel(bound, p.func, q, p.kernelParams, packed, op)) return nullptr;
  if (old) op->attributes = old->attributes;
  return op;
}

OperationRef copy_node(const abi::Memcpy3DParms& p) {
  End dst, src;
  Shape shape;
  std::shared_ptr<CopyOperation> op;
  if (resolve_box(p, dst, src, shape) || make_copy(dst, src, shape, p.kind, op)) return nullptr;
  op->params = p;
  return op;
}

OperationRef fill_node(const abi::MemsetParams& p) {
  if (p.elementSize != 1 && p.elementSize != 2 && p.elementSize != 4)
    return refused(abi::kInvalidValue, format("elements of %u bytes; 1, 2 and 4 are possible.", p.elementSize));
  if (p.width == 0 || p.height == 0) return refused(abi::kInvalidValue, format("%zu rows of %zu elements are nothing to fill.", p.height, p.width));
  if (reinterpret_cast<std::uintptr_t>(p.dst) % p.elementSize || (p.height > 1 && p.pitch % p.elementSize))
    return refused(abi::kInvalidValue, format("the destination or its pitch is not a multiple of the elements' %u bytes.", p.elementSize));
  std::shared_ptr<FillOperation> op;
  if (make_fill({p.dst, p.pitch}, p.value, p.elementSize, {p.width * p.elementSize, p.height}, op)) return nullptr;
  op->params = p;
  return op;
}

OperationRef event_node(void* handle, bool record) {
  auto op = std::make_shared<EventOperation>();
  op->record = record;
  op->handle = handle;
  op->event = event_of(handle);
  return op->event ? op : nullptr;
}

OperationRef child_node(const Graph& g, const abi::ChildGraphNodeParams& p, std::vector<GraphRef>& bodies) {
  const GraphRef child = graph_of(p.graph);
  if (!child) return nullptr;
  if (p.ownership != 0 && p.ownership != 1) return refused(abi::kInvalidValue, format("%d is not a cudaGraphChildGraphNodeOwnership.", p.ownership));
  if (child->contains(abi::kNodeConditional)) return refused(abi::kNotSupported, "a graph with conditional nodes cannot become a child.");
  for (const Graph* up = &g; up; up = up->parent)
    if (up == child.get()) return refused(abi::kInvalidValue, "a graph cannot become a child of itself.");
  if (p.ownership == 0) {
    if (child->has_memory()) return refused(abi::kNotSupported, "a graph with memory nodes becomes a child only by cudaGraphChildGraphOwnershipMove.");
    bodies.push_back(copy_graph(*child));
  } else {
    if (child->parent || child->captures || child->instances)
      return refused(abi::kInvalidValue, "the graph cannot be moved: it is a part of another one, is being captured into, or has an executable graph.");
    bodies.push_back(child);
  }
  auto op = std::make_shared<ChildOperation>();
  op->ownership = p.ownership;
  return op;
}

OperationRef conditional_node(Graph& g, abi::ConditionalNodeParams& p, std::vector<GraphRef>& bodies) {
  const ConditionRef c = g.condition(p.handle);
  if (!c) return refused(abi::kInvalidValue, format("%llu is not a conditional handle of this graph or of one that it is a part of.", p.handle));
  if (c->used) return refused(abi::kInvalidValue, "the conditional handle belongs to another node already.");
  if (p.type < abi::kIf || p.type > abi::kSwitch) return refused(abi::kInvalidValue, format("%d is not a cudaGraphConditionalNodeType.", p.type));
  const unsigned most = p.type == abi::kIf ? 2 : p.type == abi::kWhile ? 1 : 1u << 16;
  if (p.size == 0 || p.size > most)
    return refused(abi::kInvalidValue, format("%u branches; an if node has 1 or 2, a while node has 1, a switch node at least 1.", p.size));
  for (unsigned i = 0; i < p.size; ++i) {
    bodies.push_back(make_graph());
    bodies.back()->branch = true;
  }
  auto op = std::make_shared<ConditionalOperation>();
  op->condition = c;
  op->kind = p.type;
  op->size = p.size;
  return op;
}

}  // namespace

OperationRef make_operation(Graph& g, abi::NodeParams& p, const Operation* old, std::vector<GraphRef>& bodies) {
  if (std::any_of(std::begin(p.reserved0), std::end(p.reserved0), [](int r) { return r != 0; }) || p.reserved2)
    return refused(abi::kInvalidValue, "reserved bytes of the node's parameters are not 0; clear the whole structure first.");
  if (old && old->type() != p.type)
    return refused(abi::kInvalidValue, format("the type of the parameters is %s, that of the node is %s.", type_name(p.type), type_name(old->type())));
  if (old && (p.type == abi::kNodeGraph || p.type == abi::kNodeMemAlloc || p.type == abi::kNodeMemFree || p.type == abi::kNodeConditional))
    return refused(abi::kNotSupported, format("the parameters of a %s node cannot be changed.", type_name(p.type)));
  switch (p.type) {
    case abi::kNodeKernel: return kernel_node(p.kernel, static_cast<const KernelOperation*>(old));
    case abi::kNodeMemcpy: return copy_node(p.memcpy.copyParams);
    case abi::kNodeMemset: return fill_node(p.memset);
    case abi::kNodeHost: return p.host.fn ? std::make_shared<HostOperation>(p.host) : refused(abi::kInvalidValue, "the function is null.");
    case abi::kNodeGraph: return child_node(g, p.graph, bodies);
    case abi::kNodeEmpty: return std::make_shared<EmptyOperation>();
    case abi::kNodeWaitEvent: return event_node(p.event.event, false);
    case abi::kNodeEventRecord: return event_node(p.event.event, true);
    case abi::kNodeMemAlloc: {
      auto op = make_alloc(p.alloc, g);
      if (op) p.alloc.dptr = op->memory->pointer;
      return op;
    }
    case abi::kNodeMemFree: return make_free(p.free.dptr, g);
    case abi::kNodeConditional: return conditional_node(g, p.conditional, bodies);
    case abi::kNodeSemaphoreSignal: case abi::kNodeSemaphoreWait:
      return refused(abi::kNotSupported, "semaphore nodes are not implemented by the software GPU.");
    default: return refused(abi::kInvalidValue, format("%d is not a cudaGraphNodeType.", p.type));
  }
}

void tell(const Node& n, abi::NodeParams& p) {
  p = {};
  p.type = n.op->type();
  switch (p.type) {
    case abi::kNodeKernel: {
      const auto& op = static_cast<const KernelOperation&>(*n.op);
      const auto& layout = op.bound.kernel->info->params;
      op.arguments.clear();
      for (const auto& [offset, size] : layout) op.arguments.push_back(const_cast<std::byte*>(op.params.data()) + offset);
      p.kernel = {const_cast<void*>(op.function), op.request.grid, op.request.block, static_cast<unsigned>(op.request.dynamic_shared),
                  op.arguments.empty() ? nullptr : op.arguments.data(), nullptr};
      break;
    }
    case abi::kNodeMemcpy: p.memcpy.copyParams = static_cast<const CopyOperation&>(*n.op).params; break;
    case abi::kNodeMemset: p.memset = static_cast<const FillOperation&>(*n.op).params; break;
    case abi::kNodeHost: p.host = static_cast<const HostOperation&>(*n.op).params; break;
    case abi::kNodeGraph: p.graph = {n.bodies[0]->handle, static_cast<const ChildOperation&>(*n.op).ownership}; break;
    case abi::kNodeWaitEvent: case abi::kNodeEventRecord: p.event.event = static_cast<const EventOperation&>(*n.op).handle; break;
    case abi::kNodeMemAlloc: p.alloc = static_cast<const AllocOperation&>(*n.op).params; break;
    case abi::kNodeMemFree: p.free.dptr = static_cast<const FreeOperation&>(*n.op).memory->pointer; break;
    case abi::kNodeConditional: {
      const auto& op = static_cast<const ConditionalOperation&>(*n.op);
      p.conditional = {op.condition->handle, op.kind, op.size, const_cast<void**>(n.body_handles.data())};
      break;
    }
    default: break;
  }
}

namespace {
bool known_attribute(int which) {
  if (which == kUpdatable) return refused(abi::kNotSupported, "kernel nodes that the device changes are not implemented by the software GPU.") != nullptr;
  if (std::find(kNodeAttributes.begin(), kNodeAttributes.end(), which) != kNodeAttributes.end()) return true;
  return refused(abi::kInvalidValue, format("%d is not an attribute of kernel nodes.", which)) != nullptr;
}
}  // namespace

OperationRef with_attribute(const KernelOperation& old, int which, const abi::LaunchAttributeValue& value) {
  if (!known_attribute(which)) return nullptr;
  LaunchRequest q = old.request;
  if (which == kCooperative) q.cooperative = value.cooperative != 0;
  if (which == kCluster) q.cluster = value.clusterDim;
  std::shared_ptr<KernelOperation> op;
  if (make_kernel(old.bound, old.function, q, nullptr, old.params, op)) return nullptr;
  op->attributes = old.attributes;
  op->device = old.device;
  op->attributes[which] = value;
  return op;
}

bool attribute(const KernelOperation& op, int which, abi::LaunchAttributeValue& out) {
  if (!known_attribute(which)) return false;
  out = {};
  const auto at = op.attributes.find(which);
  if (at != op.attributes.end()) out = at->second;
  else if (which == kCooperative) out.cooperative = op.request.cooperative;
  else if (which == kCluster) out.clusterDim = op.request.cluster;
  return true;
}

abi::NodeParams params_1d(void* dst, const void* src, std::size_t bytes, int kind) {
  abi::NodeParams p{};
  p.type = abi::kNodeMemcpy;
  auto& c = p.memcpy.copyParams;
  c.srcPtr = {const_cast<void*>(src), bytes, bytes, 1};
  c.dstPtr = {dst, bytes, bytes, 1};
  c.extent = {bytes, 1, 1};
  c.kind = kind;
  return p;
}

}  // namespace simt::runtime
