// The interface's graphs: making and destroying them, their nodes and edges, and questions about these.
#include "simt/runtime/graph_api.hpp"

#include <algorithm>

#include "simt/runtime/conditions.hpp"

using namespace simt::runtime;
namespace abi = simt::abi;
using std::size_t;

namespace {

void mark_branch(Graph& g) {
  g.branch = true;
  for (const NodeRef& n : g.nodes)
    for (const GraphRef& b : n->bodies) mark_branch(*b);
}

/// Fills a list of the caller's, or says how long it is.
template <class List, class Get>
Code give_nodes(const List& list, void** out, size_t* count, Get get) {
  if (!count) return fail(abi::kInvalidValue, "the place for the number is null.");
  if (out) {
    const size_t n = std::min(*count, list.size());
    for (size_t i = 0; i < n; ++i) out[i] = get(list[i]);
    std::fill(out + n, out + *count, nullptr);
    *count = n;
  } else {
    *count = list.size();
  }
  return 0;
}

Code give_edges(const char* name, void* node, void** out, abi::EdgeData* data, size_t* count, std::vector<Edge> Node::* edges) {
  return graph_call(name, [&]() -> Code {
    const NodeRef n = node_of(node);
    if (!n) return abi::kInvalidValue;
    const auto& list = (*n).*edges;
    if (data && !out) return fail(abi::kInvalidValue, "the data of dependencies are nothing without the dependencies.");
    if (out && !data && std::any_of(list.begin(), list.end(), [](const Edge& e) { return !e.data.plain(); }))
      return fail(abi::kLossyQuery, "an edge has data, for which there is no place.");
    if (data && count)
      for (size_t i = 0; i < std::min(*count, list.size()); ++i) data[i] = list[i].data;
    return give_nodes(list, out, count, [](const Edge& e) { return e.node->handle; });
  });
}

/// What may not be taken out of a graph, and when.
Code check_removal(const Graph& g) {
  if (g.captures) return fail(abi::kIllegalState, "a stream is being captured into the graph.");
  if (g.has_memory()) return fail(abi::kInvalidValue, "nodes and edges of a graph with memory nodes cannot be removed.");
  return 0;
}

/// The ends of `count` edges, all of them nodes of the graph.
Code edge_ends(const Graph& g, void* const* from, void* const* to, size_t count, std::vector<std::pair<Node*, Node*>>& out) {
  if (count && (!from || !to)) return fail(abi::kInvalidValue, "a list of nodes is null.");
  for (size_t i = 0; i < count; ++i) {
    const NodeRef a = node_of(from[i]), b = a ? node_of(to[i]) : nullptr;
    if (!a || !b) return abi::kInvalidValue;
    if (a->graph != &g || b->graph != &g) return fail(abi::kInvalidValue, format("edge %zu has a node of another graph.", i));
    out.emplace_back(a.get(), b.get());
  }
  return 0;
}

}  // namespace

Code simt::runtime::add_node(void** out, void* graph, void* const* from, const abi::EdgeData* data, size_t count, abi::NodeParams& p) {
  if (!out) return fail(abi::kInvalidValue, "the place for the node is null.");
  const GraphRef g = graph_of(graph);
  if (!g) return abi::kInvalidValue;
  std::vector<Edge> edges;
  if (Code c = check_edges(*g, from, data, count, edges)) return c;
  if (Code c = check_node(*g, p.type, {})) return c;
  std::vector<GraphRef> bodies;
  const OperationRef op = make_operation(*g, p, nullptr, bodies);
  if (!op) return peek_error();
  if (Code c = check_node(*g, p.type, bodies)) return c;
  if (g->branch)
    for (const GraphRef& b : bodies) mark_branch(*b);
  const NodeRef n = append(g, op, edges, std::move(bodies));
  *out = n->handle;
  if (p.type == abi::kNodeConditional) {
    static_cast<const ConditionalOperation&>(*op).condition->used = true;
    p.conditional.phGraph_out = n->body_handles.data();
  }
  return 0;
}

PMPP_EXPORT Code cudaGraphCreate(void** out, unsigned flags) {
  return graph_call("cudaGraphCreate", [&]() -> Code {
    if (!out) return fail(abi::kInvalidValue, "the place for the graph is null.");
    if (flags) return fail(abi::kInvalidValue, format("flags 0x%x; they must be 0.", flags));
    const GraphRef g = make_graph();
    show(g);
    *out = g->handle;
    return 0;
  });
}
PMPP_EXPORT Code cudaGraphDestroy(void* graph) {
  GraphRef g;   // goes after the lock: the destructors of user objects are the program's
  return graph_call("cudaGraphDestroy", [&]() -> Code {
    if (!(g = graph_of(graph))) return abi::kInvalidValue;
    if (g->parent) return fail(abi::kInvalidValue, "the graph is a part of another one and goes with it.");
    if (g->captures) return fail(abi::kIllegalState, "a stream is being captured into the graph; end that first.");
    hide(*g);
    return 0;
  });
}
PMPP_EXPORT Code cudaGraphClone(void** out, void* graph) {
  return graph_call("cudaGraphClone", [&]() -> Code {
    if (!out) return fail(abi::kInvalidValue, "the place for the graph is null.");
    const GraphRef g = graph_of(graph);
    if (!g) return abi::kInvalidValue;
    if (g->has_memory() || g->contains(abi::kNodeConditional)) return fail(abi::kNotSupported, "a graph with memory or conditional nodes cannot be cloned.");
    const GraphRef copy = copy_graph(*g);
    copy->branch = false;
    show(copy);
    *out = copy->handle;
    return 0;
  });
}
PMPP_EXPORT Code cudaGraphNodeFindInClone(void** out, void* original, void* clone) {
  return graph_call("cudaGraphNodeFindInClone", [&]() -> Code {
    if (!out) return fail(abi::kInvalidValue, "the place for the node is null.");
    const GraphRef g = graph_of(clone);
    if (!g) return abi::kInvalidValue;
    if (!node_of(original)) return abi::kInvalidValue;
    for (const NodeRef& n : g->nodes) {
      if (n->original != original) continue;
      *out = n->handle;
      return 0;
    }
    return fail(abi::kInvalidValue, "the graph has no copy of this node: it is not a clone of the node's graph, or the copy was destroyed.");
  });
}
PMPP_EXPORT Code cudaGraphAddNode(void** out, void* graph, void* const* from, const abi::EdgeData* data, size_t count, abi::NodeParams* p) {
  return graph_call("cudaGraphAddNode", [&]() -> Code {
    return p ? add_node(out, graph, from, data, count, *p) : fail(abi::kInvalidValue, "the parameters are null.");
  });
}
PMPP_EXPORT Code cudaGraphDestroyNode(void* node) {
  return graph_call("cudaGraphDestroyNode", [&]() -> Code {
    const NodeRef n = node_of(node);
    if (!n) return abi::kInvalidValue;
    if (Code c = check_removal(*n->graph)) return c;
    remove_node(n);
    return 0;
  });
}
PMPP_EXPORT Code cudaGraphNodeGetType(void* node, int* type) {
  return graph_call("cudaGraphNodeGetType", [&]() -> Code {
    const NodeRef n = node_of(node);
    if (!n) return abi::kInvalidValue;
    if (!type) return null_place();
    *type = n->op->type();
    return 0;
  });
}

PMPP_EXPORT Code cudaGraphGetNodes(void* graph, void** nodes, size_t* count) {
  return graph_call("cudaGraphGetNodes", [&]() -> Code {
    const GraphRef g = graph_of(graph);
    return g ? give_nodes(g->nodes, nodes, count, [](const NodeRef& n) { return n->handle; }) : Code{abi::kInvalidValue};
  });
}
PMPP_EXPORT Code cudaGraphGetRootNodes(void* graph, void** nodes, size_t* count) {
  return graph_call("cudaGraphGetRootNodes", [&]() -> Code {
    const GraphRef g = graph_of(graph);
    if (!g) return abi::kInvalidValue;
    std::vector<void*> roots;
    for (const NodeRef& n : g->nodes)
      if (n->from.empty()) roots.push_back(n->handle);
    return give_nodes(roots, nodes, count, [](void* handle) { return handle; });
  });
}
PMPP_EXPORT Code cudaGraphGetEdges(void* graph, void** from, void** to, abi::EdgeData* data, size_t* count) {
  return graph_call("cudaGraphGetEdges", [&]() -> Code {
    const GraphRef g = graph_of(graph);
    if (!g) return abi::kInvalidValue;
    if (!from != !to) return fail(abi::kInvalidValue, "one of the two lists of nodes is null.");
    std::vector<std::pair<const Node*, const Edge*>> edges;   // in the order of the nodes that they start at
    for (const NodeRef& n : g->nodes)
      for (const Edge& e : n->to) edges.emplace_back(n.get(), &e);
    if (from && !data && std::any_of(edges.begin(), edges.end(), [](const auto& e) { return !e.second->data.plain(); }))
      return fail(abi::kLossyQuery, "an edge has data, for which there is no place.");
    if (data && count && from)
      for (size_t i = 0; i < std::min(*count, edges.size()); ++i) data[i] = edges[i].second->data;
    size_t again = count ? *count : 0;
    if (from && count) give_nodes(edges, from, &again, [](const auto& e) { return e.first->handle; });
    return give_nodes(edges, to, count, [](const auto& e) { return e.second->node->handle; });
  });
}
PMPP_EXPORT Code cudaGraphNodeGetDependencies(void* node, void** out, abi::EdgeData* data, size_t* count) {
  return give_edges("cudaGraphNodeGetDependencies", node, out, data, count, &Node::from);
}
PMPP_EXPORT Code cudaGraphNodeGetDependentNodes(void* node, void** out, abi::EdgeData* data, size_t* count) {
  return give_edges("cudaGraphNodeGetDependentNodes", node, out, data, count, &Node::to);
}
PMPP_EXPORT Code cudaGraphAddDependencies(void* graph, void* const* from, void* const* to, const abi::EdgeData* data, size_t count) {
  return graph_call("cudaGraphAddDependencies", [&]() -> Code {
    const GraphRef g = graph_of(graph);
    if (!g) return abi::kInvalidValue;
    std::vector<std::pair<Node*, Node*>> ends;
    if (Code c = edge_ends(*g, from, to, count, ends)) return c;
    for (size_t i = 0; i < count; ++i) {
      const Code c = connect(*ends[i].first, *ends[i].second, data ? data[i] : abi::EdgeData{});
      if (!c) continue;
      abi::EdgeData had;
      while (i--) disconnect(*ends[i].first, *ends[i].second, nullptr, had);   // all or none
      return c;
    }
    return 0;
  });
}
PMPP_EXPORT Code cudaGraphRemoveDependencies(void* graph, void* const* from, void* const* to, const abi::EdgeData* data, size_t count) {
  return graph_call("cudaGraphRemoveDependencies", [&]() -> Code {
    const GraphRef g = graph_of(graph);
    if (!g) return abi::kInvalidValue;
    std::vector<std::pair<Node*, Node*>> ends;
    if (Code c = edge_ends(*g, from, to, count, ends)) return c;
    if (count)
      if (Code c = check_removal(*g)) return c;
    std::vector<abi::EdgeData> removed(count);
    for (size_t i = 0; i < count; ++i) {   // without data: the edge as it is
      if (disconnect(*ends[i].first, *ends[i].second, data ? &data[i] : nullptr, removed[i])) continue;
      while (i--) connect(*ends[i].first, *ends[i].second, removed[i]);
      return fail(abi::kInvalidValue, data ? "the graph has no such edge with these data." : "the graph has no such edge.");
    }
    return 0;
  });
}

PMPP_EXPORT Code cudaGraphConditionalHandleCreate(unsigned long long* out, void* graph, unsigned initial, unsigned flags) {
  return graph_call("cudaGraphConditionalHandleCreate", [&]() -> Code {
    if (!out) return fail(abi::kInvalidValue, "the place for the handle is null.");
    const GraphRef g = graph_of(graph);
    if (!g) return abi::kInvalidValue;
    if (flags > 1) return fail(abi::kInvalidValue, format("flags 0x%x; known is cudaGraphCondAssignDefault.", flags));
    auto c = std::make_shared<Condition>();
    c->initial = initial;
    c->assigned = flags == 1;
    set_condition(c->handle, initial);
    g->conditions.push_back(c);
    *out = c->handle;
    return 0;
  });
}
