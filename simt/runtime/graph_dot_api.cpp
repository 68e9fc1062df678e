// The interface's picture of a graph, for Graphviz.
#include <cstdio>

#include "simt/runtime/copy.hpp"
#include "simt/runtime/graph_api.hpp"
#include "simt/runtime/host_operation.hpp"

using namespace simt::runtime;
namespace abi = simt::abi;

namespace {

struct Dot {
  unsigned flags;
  std::string text;

  bool wants(unsigned flag) const { return flags & (1u | flag); }   // 1: everything

  std::string label(const Node& n) const {
    std::string s = format("%zu: %s", n.place, type_name(n.op->type()));
    const Operation* op = n.op.get();
    if (const auto* k = dynamic_cast<const KernelOperation*>(op)) {
      s += "\\n" + readable(k->bound.kernel->name);
      const auto &g = k->request.grid, &b = k->request.block;
      if (wants(1 << 2)) s += format("\\n<<<(%u, %u, %u), (%u, %u, %u), %zu>>>", g.x, g.y, g.z, b.x, b.y, b.z, k->request.dynamic_shared);
      if (wants(1 << 9)) s += format("\\ncooperative %d, cluster (%u, %u, %u)", k->request.cooperative, k->cluster.x, k->cluster.y, k->cluster.z);
      if (wants(1 << 10)) s += format("\\nfunction %p", k->function);
    } else if (const auto* c = dynamic_cast<const CopyOperation*>(op)) {
      static const char* const kinds[] = {"host to host", "host to device", "device to host", "device to device", "default"};
      s += format("\\n%s", kinds[c->kind]);
      if (wants(1 << 3)) s += format("\\n%p -> %p, %zu x %zu x %zu bytes", c->src.pointer, c->dst.pointer, c->params.extent.width, c->params.extent.height, c->params.extent.depth);
    } else if (const auto* f = dynamic_cast<const FillOperation*>(op); f && wants(1 << 4)) {
      s += format("\\n%p: %zu x %zu of %u bytes, value 0x%x", f->dst.pointer, f->params.width, f->params.height, f->element, f->value);
    } else if (const auto* h = dynamic_cast<const HostOperation*>(op); h && wants(1 << 5)) {
      s += format("\\nfunction %p, data %p", reinterpret_cast<void*>(h->params.fn), h->params.userData);
    } else if (const auto* e = dynamic_cast<const EventOperation*>(op); e && wants(1 << 6)) {
      s += format("\\nevent %p", e->handle);
    } else if (const auto* cond = dynamic_cast<const ConditionalOperation*>(op)) {
      s += format("\\n%s", cond->kind == abi::kIf ? "if" : cond->kind == abi::kWhile ? "while" : "switch");
      if (wants(1 << 15)) s += format("\\nhandle %llu, %u branches", static_cast<unsigned long long>(cond->condition->handle), cond->size);
    }
    if (wants(1 << 10)) s += format("\\nnode %p", n.handle);
    return s;
  }

  static std::string name(const Graph& g, const Node& n) { return format("n%llu_%zu", static_cast<unsigned long long>(g.id), n.place); }

  void add(const Graph& g) {
    text += format("subgraph cluster_%llu {\nlabel=\"graph %llu\";\n", static_cast<unsigned long long>(g.id), static_cast<unsigned long long>(g.id));
    for (const NodeRef& n : g.nodes) {
      text += name(g, *n) + " [shape=box, label=\"" + label(*n) + "\"];\n";
      for (const Edge& e : n->to) text += name(g, *n) + " -> " + name(g, *e.node) + ";\n";
    }
    text += "}\n";
    for (const NodeRef& n : g.nodes) {
      for (const GraphRef& b : n->bodies) {
        add(*b);
        if (!b->nodes.empty()) text += name(g, *n) + " -> " + name(*b, *b->nodes[0]) + " [style=dashed, lhead=" + format("cluster_%llu", static_cast<unsigned long long>(b->id)) + "];\n";
      }
    }
  }
};

}  // namespace

PMPP_EXPORT Code cudaGraphDebugDotPrint(void* graph, const char* path, unsigned flags) {
  return graph_call("cudaGraphDebugDotPrint", [&]() -> Code {
    const GraphRef g = graph_of(graph);
    if (!g) return abi::kInvalidValue;
    if (!path) return fail(abi::kInvalidValue, "the path is null.");
    Dot dot{flags, {}};
    dot.add(*g);
    std::FILE* file = std::fopen(path, "we");
    if (!file) return fail(304, format("'%s' cannot be written.", path));
    const std::string all = "digraph dot {\ncompound=true;\n" + dot.text + "}\n";
    const bool good = std::fwrite(all.data(), 1, all.size(), file) == all.size();
    return std::fclose(file) == 0 && good ? 0 : fail(304, format("'%s' could not be written to its end.", path));
  });
}
