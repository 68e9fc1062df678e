// The interface's executable graphs: instantiating, launching, updating.
#include "simt/runtime/capture.hpp"
#include "simt/runtime/copy.hpp"
#include "simt/runtime/graph_api.hpp"
#include "simt/runtime/graph_exec.hpp"

using namespace simt::runtime;
namespace abi = simt::abi;
using std::size_t;
using Params = abi::NodeParams;

namespace {

Code make_exec(const char* name, void** out, void* graph, unsigned long long flags, unsigned long long allowed, void** bad, int* result) {
  return graph_call(name, [&]() -> Code {
    *bad = nullptr;
    *result = abi::kInstantiateError;
    if (!out) return fail(abi::kInvalidValue, "the place for the executable graph is null.");
    const GraphRef g = graph_of(graph);
    if (!g) return abi::kInvalidValue;
    if (flags & ~allowed) return fail(abi::kInvalidValue, format("flags 0x%llx are not known to this call.", flags));
    ExecRef e;
    if (Code c = instantiate(g, flags, e, bad, result)) return c;
    *out = exec_handles().add(e);
    return 0;
  });
}

Code make_exec(const char* name, void** out, void* graph, unsigned long long flags) {
  void* bad;
  int result;
  return make_exec(name, out, graph, flags, 15 & ~kUpload, &bad, &result);
}

Code make_exec(void** out, void* graph, abi::InstantiateParams* p, Default meaning) {
  if (!p) return call("cudaGraphInstantiateWithParams", [] { return fail(abi::kInvalidValue, "the parameters are null."); });
  if (p->flags & kUpload)
    if (Code c = call("cudaGraphInstantiateWithParams", [&]() -> Code { return stream_of(p->uploadStream, meaning) ? 0 : Code{abi::kInvalidResourceHandle}; })) return c;
  return make_exec("cudaGraphInstantiateWithParams", out, graph, p->flags, 15, &p->errNode_out, &p->result_out);
}

Code launch_exec(const char* name, void* exec, void* stream, Default meaning, bool run) {
  return graph_call(name, [&]() -> Code {
    const ExecRef e = exec_of(exec);
    if (!e) return abi::kInvalidValue;
    const StreamRef s = stream_of(stream, meaning);
    if (!s) return abi::kInvalidResourceHandle;
    if (run) return launch_graph(e, s);
    CaptureRef capture;
    if (Code c = capturing(s, capture)) return c;
    return capture ? capture_wait(s) : 0;   // uploading is nothing here, but no graph does it
  });
}

Code set_in_exec(const ExecRef& e, void* node, Params& p) {
  Node* n = node_in(e, node);
  if (!n) return abi::kInvalidValue;
  if (p.type == abi::kNodeGraph && n->op->type() == p.type) {
    const GraphRef child = graph_of(p.graph.graph);
    abi::UpdateResultInfo info;
    return child ? update(*e, *n->bodies[0], *child, info) : Code{abi::kInvalidValue};
  }
  std::vector<GraphRef> none;
  const OperationRef op = make_operation(*n->graph, p, n->op.get(), none);
  if (!op) return peek_error();
  if (p.type == abi::kNodeMemcpy) {
    for (const OperationRef& o : {n->op, op}) {
      const auto& extent = static_cast<const CopyOperation&>(*o).params.extent;
      if (extent.height > 1 || extent.depth > 1) return fail(abi::kInvalidValue, "in an executable graph only copies of one row can be changed.");
      if (extent.width == 0) return fail(abi::kInvalidValue, "the copy has 0 bytes.");
    }
  }
  std::string why;
  if (check_change(*e, *n->op, *op, why)) return fail(abi::kInvalidValue, why);
  n->op = op;
  e->plan = nullptr;
  return 0;
}

template <class P>
Code set_typed_in_exec(const char* name, void* exec, void* node, int type, P Params::* member, const P* value) {
  return graph_call(name, [&]() -> Code {
    const ExecRef e = exec_of(exec);
    if (!e) return abi::kInvalidValue;
    if (!value) return fail(abi::kInvalidValue, "the parameters are null.");
    Params p = node_params(type, member, *value);
    return set_in_exec(e, node, p);
  });
}

Code set_1d_in_exec(const char* name, void* exec, void* node, void* dst, const void* src, size_t bytes, int kind) {
  const Params p = params_1d(dst, src, bytes, kind);
  return set_typed_in_exec(name, exec, node, abi::kNodeMemcpy, &Params::memcpy, &p.memcpy);
}

Code set_event_in_exec(const char* name, void* exec, void* node, int type, void* event) {
  const abi::EventNodeParams p{event};
  return set_typed_in_exec(name, exec, node, type, &Params::event, &p);
}

Code with_switch(const char* name, void* exec, void* node, auto f) {
  return graph_call(name, [&]() -> Code {
    const ExecRef e = exec_of(exec);
    if (!e) return abi::kInvalidValue;
    Node* n = node_in(e, node);
    if (!n) return abi::kInvalidValue;
    const int type = n->op->type();
    if (type != abi::kNodeKernel && type != abi::kNodeMemcpy && type != abi::kNodeMemset)
      return fail(abi::kInvalidValue, format("only kernel, memcpy and memset nodes can be disabled, not a %s node.", type_name(type)));
    return f(*e, n);
  });
}

}  // namespace

PMPP_EXPORT Code cudaGraphInstantiate(void** out, void* graph, unsigned long long flags) { return make_exec("cudaGraphInstantiate", out, graph, flags); }
PMPP_EXPORT Code cudaGraphInstantiateWithFlags(void** out, void* graph, unsigned long long flags) { return make_exec("cudaGraphInstantiateWithFlags", out, graph, flags); }
PMPP_EXPORT Code cudaGraphInstantiateWithParams(void** out, void* graph, abi::InstantiateParams* p) { return make_exec(out, graph, p, L); }
PMPP_EXPORT Code cudaGraphInstantiateWithParams_ptsz(void** out, void* graph, abi::InstantiateParams* p) { return make_exec(out, graph, p, T); }
PMPP_EXPORT Code cudaGraphLaunch(void* e, void* q) { return launch_exec("cudaGraphLaunch", e, q, L, true); }
PMPP_EXPORT Code cudaGraphLaunch_ptsz(void* e, void* q) { return launch_exec("cudaGraphLaunch", e, q, T, true); }
PMPP_EXPORT Code cudaGraphUpload(void* e, void* q) { return launch_exec("cudaGraphUpload", e, q, L, false); }
PMPP_EXPORT Code cudaGraphUpload_ptsz(void* e, void* q) { return launch_exec("cudaGraphUpload", e, q, T, false); }

PMPP_EXPORT Code cudaGraphExecDestroy(void* exec) {
  ExecRef e;   // goes after the lock, as in cudaGraphDestroy
  return graph_call("cudaGraphExecDestroy", [&]() -> Code {
    if (!(e = exec_of(exec))) return abi::kInvalidValue;
    exec_handles().remove(exec);
    return 0;
  });
}
PMPP_EXPORT Code cudaGraphExecGetFlags(void* exec, unsigned long long* flags) {
  return graph_call("cudaGraphExecGetFlags", [&]() -> Code {
    const ExecRef e = exec_of(exec);
    if (!e) return abi::kInvalidValue;
    if (!flags) return null_place();
    *flags = e->flags;
    return 0;
  });
}
PMPP_EXPORT Code cudaGraphExecUpdate(void* exec, void* graph, abi::UpdateResultInfo* info) {
  return graph_call("cudaGraphExecUpdate", [&]() -> Code {
    abi::UpdateResultInfo unwanted;
    if (!info) info = &unwanted;
    *info = {abi::kUpdateError, nullptr, nullptr};
    const ExecRef e = exec_of(exec);
    const GraphRef g = e ? graph_of(graph) : nullptr;
    if (!g) return abi::kInvalidValue;
    if (g->parent) return fail(abi::kInvalidValue, "a child graph, or a branch of a conditional node, cannot update an executable graph.");
    return update(*e, *e->graph, *g, *info);
  });
}

PMPP_EXPORT Code cudaGraphNodeSetEnabled(void* exec, void* node, unsigned on) {
  return with_switch("cudaGraphNodeSetEnabled", exec, node, [&](Exec& e, Node* n) -> Code {
    if (on) e.disabled.erase(n);
    else e.disabled.insert(n);
    e.plan = nullptr;
    return 0;
  });
}
PMPP_EXPORT Code cudaGraphNodeGetEnabled(void* exec, void* node, unsigned* on) {
  return with_switch("cudaGraphNodeGetEnabled", exec, node, [&](const Exec& e, const Node* n) -> Code {
    if (!on) return null_place();
    *on = !e.disabled.contains(n);
    return 0;
  });
}

PMPP_EXPORT Code cudaGraphExecNodeSetParams(void* exec, void* node, Params* p) {
  return graph_call("cudaGraphExecNodeSetParams", [&]() -> Code {
    const ExecRef e = exec_of(exec);
    if (!e) return abi::kInvalidValue;
    return p ? set_in_exec(e, node, *p) : fail(abi::kInvalidValue, "the parameters are null.");
  });
}
PMPP_EXPORT Code cudaGraphExecKernelNodeSetParams(void* e, void* node, const abi::KernelNodeParams* p) { return set_typed_in_exec("cudaGraphExecKernelNodeSetParams", e, node, abi::kNodeKernel, &Params::kernel, p); }
PMPP_EXPORT Code cudaGraphExecMemcpyNodeSetParams(void* e, void* node, const abi::Memcpy3DParms* c) {
  const abi::MemcpyNodeParams p{0, {0, 0, 0}, c ? *c : abi::Memcpy3DParms{}};
  return set_typed_in_exec("cudaGraphExecMemcpyNodeSetParams", e, node, abi::kNodeMemcpy, &Params::memcpy, c ? &p : nullptr);
}
PMPP_EXPORT Code cudaGraphExecMemcpyNodeSetParams1D(void* e, void* node, void* dst, const void* src, size_t bytes, int kind) { return set_1d_in_exec("cudaGraphExecMemcpyNodeSetParams1D", e, node, dst, src, bytes, kind); }
PMPP_EXPORT Code cudaGraphExecMemcpyNodeSetParamsToSymbol(void* e, void* node, const void* symbol, const void* src, size_t bytes, size_t offset, int kind) {
  return call("cudaGraphExecMemcpyNodeSetParamsToSymbol", [&]() -> Code {
    BoundSymbol bound;
    void* at = symbol_part(symbol, bytes, offset, bound);
    return at ? set_1d_in_exec("cudaGraphExecMemcpyNodeSetParamsToSymbol", e, node, at, src, bytes, kind) : bound.error;
  });
}
PMPP_EXPORT Code cudaGraphExecMemcpyNodeSetParamsFromSymbol(void* e, void* node, void* dst, const void* symbol, size_t bytes, size_t offset, int kind) {
  return call("cudaGraphExecMemcpyNodeSetParamsFromSymbol", [&]() -> Code {
    BoundSymbol bound;
    void* at = symbol_part(symbol, bytes, offset, bound);
    return at ? set_1d_in_exec("cudaGraphExecMemcpyNodeSetParamsFromSymbol", e, node, dst, at, bytes, kind) : bound.error;
  });
}
PMPP_EXPORT Code cudaGraphExecMemsetNodeSetParams(void* e, void* node, const abi::MemsetParams* p) { return set_typed_in_exec("cudaGraphExecMemsetNodeSetParams", e, node, abi::kNodeMemset, &Params::memset, p); }
PMPP_EXPORT Code cudaGraphExecHostNodeSetParams(void* e, void* node, const abi::HostNodeParams* p) { return set_typed_in_exec("cudaGraphExecHostNodeSetParams", e, node, abi::kNodeHost, &Params::host, p); }
PMPP_EXPORT Code cudaGraphExecChildGraphNodeSetParams(void* e, void* node, void* child) {
  const abi::ChildGraphNodeParams p{child, 0};
  return set_typed_in_exec("cudaGraphExecChildGraphNodeSetParams", e, node, abi::kNodeGraph, &Params::graph, &p);
}
PMPP_EXPORT Code cudaGraphExecEventRecordNodeSetEvent(void* e, void* node, void* event) { return set_event_in_exec("cudaGraphExecEventRecordNodeSetEvent", e, node, abi::kNodeEventRecord, event); }
PMPP_EXPORT Code cudaGraphExecEventWaitNodeSetEvent(void* e, void* node, void* event) { return set_event_in_exec("cudaGraphExecEventWaitNodeSetEvent", e, node, abi::kNodeWaitEvent, event); }
