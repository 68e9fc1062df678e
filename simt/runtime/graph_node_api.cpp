// The interface's nodes of graphs: adding one of each type, and its parameters.
#include "simt/runtime/copy.hpp"
#include "simt/runtime/graph_api.hpp"

using namespace simt::runtime;
namespace abi = simt::abi;
using std::size_t;
using Params = abi::NodeParams;

NodeRef simt::runtime::typed_node(void* node, int type) {
  const NodeRef n = node_of(node);
  if (!n || n->op->type() == type) return n;
  fail(abi::kInvalidValue, format("the node's type is %s, not %s.", type_name(n->op->type()), type_name(type)));
  return nullptr;
}

Code simt::runtime::set_params(void* node, Params& p) {
  const NodeRef n = node_of(node);
  if (!n) return abi::kInvalidValue;
  std::vector<GraphRef> none;
  const OperationRef op = make_operation(*n->graph, p, n->op.get(), none);
  if (!op) return peek_error();
  n->op = op;
  return 0;
}

namespace {

template <class P>
Code add_typed(const char* name, void** out, void* graph, void* const* from, size_t count, int type, P Params::* member, const P* value) {
  return graph_call(name, [&]() -> Code {
    if (!value) return fail(abi::kInvalidValue, "the parameters are null.");
    Params p = node_params(type, member, *value);
    return add_node(out, graph, from, nullptr, count, p);
  });
}

template <class P>
Code set_typed(const char* name, void* node, int type, P Params::* member, const P* value) {
  return graph_call(name, [&]() -> Code {
    if (!value) return fail(abi::kInvalidValue, "the parameters are null.");
    Params p = node_params(type, member, *value);
    return set_params(node, p);
  });
}

template <class P>
Code get_typed(const char* name, void* node, int type, P Params::* member, P* out) {
  return graph_call(name, [&]() -> Code {
    const NodeRef n = typed_node(node, type);
    if (!n) return abi::kInvalidValue;
    if (!out) return null_place();
    Params p;
    tell(*n, p);
    *out = p.*member;
    return 0;
  });
}

Params copy_params(const abi::Memcpy3DParms& c) {
  Params p{};
  p.type = abi::kNodeMemcpy;
  p.memcpy.copyParams = c;
  return p;
}

Code add_1d(const char* name, void** out, void* graph, void* const* from, size_t count, void* dst, const void* src, size_t bytes, int kind) {
  return graph_call(name, [&] {
    Params p = params_1d(dst, src, bytes, kind);
    return add_node(out, graph, from, nullptr, count, p);
  });
}
Code set_1d(const char* name, void* node, void* dst, const void* src, size_t bytes, int kind) {
  return graph_call(name, [&] {
    Params p = params_1d(dst, src, bytes, kind);
    return set_params(node, p);
  });
}

/// Calls `f` with the address of a symbol's part.
template <class F>
Code with_symbol(const char* name, const void* symbol, size_t bytes, size_t offset, F f) {
  return call(name, [&]() -> Code {
    BoundSymbol bound;
    void* at = symbol_part(symbol, bytes, offset, bound);
    return at ? f(at) : bound.error;
  });
}

Code event_node_of(const char* name, void** out, void* graph, void* const* from, size_t count, int type, void* event) {
  const abi::EventNodeParams p{event};
  return add_typed(name, out, graph, from, count, type, &Params::event, &p);
}
Code get_event(const char* name, void* node, int type, void** out) {
  abi::EventNodeParams p{};
  const Code c = get_typed(name, node, type, &Params::event, out ? &p : nullptr);
  if (!c) *out = p.event;
  return c;
}
Code set_event(const char* name, void* node, int type, void* event) {
  const abi::EventNodeParams p{event};
  return set_typed(name, node, type, &Params::event, &p);
}

}  // namespace

PMPP_EXPORT Code cudaGraphAddKernelNode(void** out, void* g, void* const* from, size_t n, const abi::KernelNodeParams* p) { return add_typed("cudaGraphAddKernelNode", out, g, from, n, abi::kNodeKernel, &Params::kernel, p); }
PMPP_EXPORT Code cudaGraphKernelNodeGetParams(void* node, abi::KernelNodeParams* p) { return get_typed("cudaGraphKernelNodeGetParams", node, abi::kNodeKernel, &Params::kernel, p); }
PMPP_EXPORT Code cudaGraphKernelNodeSetParams(void* node, const abi::KernelNodeParams* p) { return set_typed("cudaGraphKernelNodeSetParams", node, abi::kNodeKernel, &Params::kernel, p); }

PMPP_EXPORT Code cudaGraphKernelNodeSetAttribute(void* node, int which, const abi::LaunchAttributeValue* value) {
  return graph_call("cudaGraphKernelNodeSetAttribute", [&]() -> Code {
    const NodeRef n = typed_node(node, abi::kNodeKernel);
    if (!n) return abi::kInvalidValue;
    if (!value) return fail(abi::kInvalidValue, "the value is null.");
    const OperationRef op = with_attribute(static_cast<const KernelOperation&>(*n->op), which, *value);
    if (!op) return peek_error();
    n->op = op;
    return 0;
  });
}
PMPP_EXPORT Code cudaGraphKernelNodeGetAttribute(void* node, int which, abi::LaunchAttributeValue* value) {
  return graph_call("cudaGraphKernelNodeGetAttribute", [&]() -> Code {
    const NodeRef n = typed_node(node, abi::kNodeKernel);
    if (!n) return abi::kInvalidValue;
    if (!value) return null_place();
    return attribute(static_cast<const KernelOperation&>(*n->op), which, *value) ? 0 : peek_error();
  });
}
PMPP_EXPORT Code cudaGraphKernelNodeCopyAttributes(void* to, void* from) {
  return graph_call("cudaGraphKernelNodeCopyAttributes", [&]() -> Code {
    const NodeRef a = typed_node(to, abi::kNodeKernel), b = a ? typed_node(from, abi::kNodeKernel) : nullptr;
    if (!a || !b) return abi::kInvalidValue;
    OperationRef op = a->op;
    for (const auto& [which, value] : static_cast<const KernelOperation&>(*b->op).attributes)
      if (!(op = with_attribute(static_cast<const KernelOperation&>(*op), which, value))) return peek_error();
    a->op = op;
    return 0;
  });
}

PMPP_EXPORT Code cudaGraphAddMemcpyNode(void** out, void* g, void* const* from, size_t n, const abi::Memcpy3DParms* c) {
  return graph_call("cudaGraphAddMemcpyNode", [&]() -> Code {
    if (!c) return fail(abi::kInvalidValue, "the parameters are null.");
    Params p = copy_params(*c);
    return add_node(out, g, from, nullptr, n, p);
  });
}
PMPP_EXPORT Code cudaGraphMemcpyNodeGetParams(void* node, abi::Memcpy3DParms* out) {
  abi::MemcpyNodeParams p{};
  const Code c = get_typed("cudaGraphMemcpyNodeGetParams", node, abi::kNodeMemcpy, &Params::memcpy, out ? &p : nullptr);
  if (!c) *out = p.copyParams;
  return c;
}
PMPP_EXPORT Code cudaGraphMemcpyNodeSetParams(void* node, const abi::Memcpy3DParms* c) {
  return graph_call("cudaGraphMemcpyNodeSetParams", [&]() -> Code {
    if (!c) return fail(abi::kInvalidValue, "the parameters are null.");
    Params p = copy_params(*c);
    return set_params(node, p);
  });
}
PMPP_EXPORT Code cudaGraphAddMemcpyNode1D(void** out, void* g, void* const* from, size_t n, void* dst, const void* src, size_t bytes, int kind) { return add_1d("cudaGraphAddMemcpyNode1D", out, g, from, n, dst, src, bytes, kind); }
PMPP_EXPORT Code cudaGraphMemcpyNodeSetParams1D(void* node, void* dst, const void* src, size_t bytes, int kind) { return set_1d("cudaGraphMemcpyNodeSetParams1D", node, dst, src, bytes, kind); }
PMPP_EXPORT Code cudaGraphAddMemcpyNodeToSymbol(void** out, void* g, void* const* from, size_t n, const void* symbol, const void* src, size_t bytes, size_t offset, int kind) {
  return with_symbol("cudaGraphAddMemcpyNodeToSymbol", symbol, bytes, offset, [&](void* at) { return add_1d("cudaGraphAddMemcpyNodeToSymbol", out, g, from, n, at, src, bytes, kind); });
}
PMPP_EXPORT Code cudaGraphAddMemcpyNodeFromSymbol(void** out, void* g, void* const* from, size_t n, void* dst, const void* symbol, size_t bytes, size_t offset, int kind) {
  return with_symbol("cudaGraphAddMemcpyNodeFromSymbol", symbol, bytes, offset, [&](void* at) { return add_1d("cudaGraphAddMemcpyNodeFromSymbol", out, g, from, n, dst, at, bytes, kind); });
}
PMPP_EXPORT Code cudaGraphMemcpyNodeSetParamsToSymbol(void* node, const void* symbol, const void* src, size_t bytes, size_t offset, int kind) {
  return with_symbol("cudaGraphMemcpyNodeSetParamsToSymbol", symbol, bytes, offset, [&](void* at) { return set_1d("cudaGraphMemcpyNodeSetParamsToSymbol", node, at, src, bytes, kind); });
}
PMPP_EXPORT Code cudaGraphMemcpyNodeSetParamsFromSymbol(void* node, void* dst, const void* symbol, size_t bytes, size_t offset, int kind) {
  return with_symbol("cudaGraphMemcpyNodeSetParamsFromSymbol", symbol, bytes, offset, [&](void* at) { return set_1d("cudaGraphMemcpyNodeSetParamsFromSymbol", node, dst, at, bytes, kind); });
}

PMPP_EXPORT Code cudaGraphAddMemsetNode(void** out, void* g, void* const* from, size_t n, const abi::MemsetParams* p) { return add_typed("cudaGraphAddMemsetNode", out, g, from, n, abi::kNodeMemset, &Params::memset, p); }
PMPP_EXPORT Code cudaGraphMemsetNodeGetParams(void* node, abi::MemsetParams* p) { return get_typed("cudaGraphMemsetNodeGetParams", node, abi::kNodeMemset, &Params::memset, p); }
PMPP_EXPORT Code cudaGraphMemsetNodeSetParams(void* node, const abi::MemsetParams* p) { return set_typed("cudaGraphMemsetNodeSetParams", node, abi::kNodeMemset, &Params::memset, p); }

PMPP_EXPORT Code cudaGraphAddHostNode(void** out, void* g, void* const* from, size_t n, const abi::HostNodeParams* p) { return add_typed("cudaGraphAddHostNode", out, g, from, n, abi::kNodeHost, &Params::host, p); }
PMPP_EXPORT Code cudaGraphHostNodeGetParams(void* node, abi::HostNodeParams* p) { return get_typed("cudaGraphHostNodeGetParams", node, abi::kNodeHost, &Params::host, p); }
PMPP_EXPORT Code cudaGraphHostNodeSetParams(void* node, const abi::HostNodeParams* p) { return set_typed("cudaGraphHostNodeSetParams", node, abi::kNodeHost, &Params::host, p); }

PMPP_EXPORT Code cudaGraphAddChildGraphNode(void** out, void* g, void* const* from, size_t n, void* child) {
  const abi::ChildGraphNodeParams p{child, 0};
  return add_typed("cudaGraphAddChildGraphNode", out, g, from, n, abi::kNodeGraph, &Params::graph, &p);
}
PMPP_EXPORT Code cudaGraphChildGraphNodeGetGraph(void* node, void** out) {
  abi::ChildGraphNodeParams p{};
  const Code c = get_typed("cudaGraphChildGraphNodeGetGraph", node, abi::kNodeGraph, &Params::graph, out ? &p : nullptr);
  if (!c) *out = p.graph;
  return c;
}
PMPP_EXPORT Code cudaGraphAddEmptyNode(void** out, void* g, void* const* from, size_t n) {
  const abi::MemFreeNodeParams none{};
  return add_typed("cudaGraphAddEmptyNode", out, g, from, n, abi::kNodeEmpty, &Params::free, &none);
}

PMPP_EXPORT Code cudaGraphAddEventRecordNode(void** out, void* g, void* const* from, size_t n, void* e) { return event_node_of("cudaGraphAddEventRecordNode", out, g, from, n, abi::kNodeEventRecord, e); }
PMPP_EXPORT Code cudaGraphEventRecordNodeGetEvent(void* node, void** out) { return get_event("cudaGraphEventRecordNodeGetEvent", node, abi::kNodeEventRecord, out); }
PMPP_EXPORT Code cudaGraphEventRecordNodeSetEvent(void* node, void* e) { return set_event("cudaGraphEventRecordNodeSetEvent", node, abi::kNodeEventRecord, e); }
PMPP_EXPORT Code cudaGraphAddEventWaitNode(void** out, void* g, void* const* from, size_t n, void* e) { return event_node_of("cudaGraphAddEventWaitNode", out, g, from, n, abi::kNodeWaitEvent, e); }
PMPP_EXPORT Code cudaGraphEventWaitNodeGetEvent(void* node, void** out) { return get_event("cudaGraphEventWaitNodeGetEvent", node, abi::kNodeWaitEvent, out); }
PMPP_EXPORT Code cudaGraphEventWaitNodeSetEvent(void* node, void* e) { return set_event("cudaGraphEventWaitNodeSetEvent", node, abi::kNodeWaitEvent, e); }

PMPP_EXPORT Code cudaGraphAddMemAllocNode(void** out, void* g, void* const* from, size_t n, abi::MemAllocNodeParams* p) {
  return graph_call("cudaGraphAddMemAllocNode", [&]() -> Code {
    if (!p) return fail(abi::kInvalidValue, "the parameters are null.");
    Params all = node_params(abi::kNodeMemAlloc, &Params::alloc, *p);
    const Code c = add_node(out, g, from, nullptr, n, all);
    if (!c) p->dptr = all.alloc.dptr;
    return c;
  });
}
PMPP_EXPORT Code cudaGraphMemAllocNodeGetParams(void* node, abi::MemAllocNodeParams* p) { return get_typed("cudaGraphMemAllocNodeGetParams", node, abi::kNodeMemAlloc, &Params::alloc, p); }
PMPP_EXPORT Code cudaGraphAddMemFreeNode(void** out, void* g, void* const* from, size_t n, void* pointer) {
  const abi::MemFreeNodeParams p{pointer};
  return add_typed("cudaGraphAddMemFreeNode", out, g, from, n, abi::kNodeMemFree, &Params::free, &p);
}
PMPP_EXPORT Code cudaGraphMemFreeNodeGetParams(void* node, void* out) {
  abi::MemFreeNodeParams p{};
  const Code c = get_typed("cudaGraphMemFreeNodeGetParams", node, abi::kNodeMemFree, &Params::free, out ? &p : nullptr);
  if (!c) *static_cast<void**>(out) = p.dptr;
  return c;
}

PMPP_EXPORT Code cudaGraphNodeSetParams(void* node, Params* p) {
  return graph_call("cudaGraphNodeSetParams", [&]() -> Code { return p ? set_params(node, *p) : fail(abi::kInvalidValue, "the parameters are null."); });
}
