// Changing executable graphs: which changes are possible, and finding the counterparts of nodes.
#include <map>

#include "simt/runtime/copy.hpp"
#include "simt/runtime/graph_exec.hpp"
#include "simt/runtime/launch.hpp"

namespace simt::runtime {
namespace {

int priority_of(const KernelOperation& op) {
  const auto at = op.attributes.find(8);
  return at == op.attributes.end() ? 0 : at->second.priority;
}

struct Pairing {
  const Exec& exec;
  abi::UpdateResultInfo& info;
  std::map<const Node*, const Node*> with;                   // a node of the executable graph -> of the other one
  std::map<const Node*, const Node*> back;
  std::vector<std::pair<Graph*, const Graph*>> graphs;
  std::string why;

  bool refuse(int result, const Node* node, const Node* from, std::string sentence) {
    info = {result, node ? node->handle : nullptr, from ? from->handle : nullptr};
    why = std::move(sentence);
    return false;
  }

  bool pair(Graph& into, const Graph& from) {
    graphs.emplace_back(&into, &from);
    if (into.nodes.size() != from.nodes.size())
      return refuse(abi::kUpdateTopologyChanged, nullptr, nullptr, format("the executable graph has %zu nodes, the other one %zu.", into.nodes.size(), from.nodes.size()));
    const auto exits = [](const Graph& g) {
      std::vector<Node*> found;
      for (const NodeRef& n : g.nodes)
        if (n->to.empty()) found.push_back(n.get());
      return found;
    };
    const auto mine = exits(into), theirs = exits(from);
    if (mine.size() != theirs.size())
      return refuse(abi::kUpdateTopologyChanged, theirs.empty() ? nullptr : theirs.back(), nullptr,
                    format("%zu nodes of the executable graph have no successor, %zu of the other one.", mine.size(), theirs.size()));
    for (std::size_t i = 0; i < mine.size(); ++i)
      if (!pair(*mine[i], *theirs[i], nullptr)) return false;
    for (const NodeRef& n : from.nodes)
      if (!back.contains(n.get())) return refuse(abi::kUpdateTopologyChanged, n.get(), nullptr, "a node has no counterpart.");
    return true;
  }

  bool pair(Node& a, const Node& b, const Node* successor) {
    const auto known = with.find(&a);
    if (known != with.end() || back.contains(&b)) {
      if (known != with.end() && known->second == &b) return true;
      return refuse(abi::kUpdateTopologyChanged, successor ? successor : &b, successor ? &b : nullptr, "a dependency leads to another node than before.");
    }
    with[&a] = &b;
    back[&b] = &a;
    if (a.op->type() != b.op->type())
      return refuse(abi::kUpdateNodeTypeChanged, &b, nullptr, format("a node's type was %s and is %s.", type_name(a.op->type()), type_name(b.op->type())));
    if (a.from.size() != b.from.size())
      return refuse(abi::kUpdateTopologyChanged, &b, nullptr, format("a %s node had %zu dependencies and now has %zu.", type_name(a.op->type()), a.from.size(), b.from.size()));
    std::string sentence;
    if (const int result = check_change(exec, *a.op, *b.op, sentence)) return refuse(result, &b, nullptr, sentence);
    for (std::size_t i = 0; i < a.from.size(); ++i)
      if (!pair(*a.from[i].node, *b.from[i].node, &b)) return false;
    for (std::size_t i = 0; i < a.bodies.size(); ++i)
      if (!pair(*a.bodies[i], *b.bodies[i])) return false;
    return true;
  }
};

}  // namespace

int check_change(const Exec& e, const Operation& from, const Operation& to, std::string& why) {
  switch (from.type()) {
    case abi::kNodeKernel: {
      const auto &a = static_cast<const KernelOperation&>(from), &b = static_cast<const KernelOperation&>(to);
      if (a.request.cooperative != b.request.cooperative) {
        why = "a cooperative launch and an ordinary one cannot take each other's place.";
        return abi::kUpdateAttributesChanged;
      }
      if ((e.flags & kNodePriority) && priority_of(a) != priority_of(b)) {
        why = "the graph uses the priorities of its nodes, which cannot change.";
        return abi::kUpdateAttributesChanged;
      }
      return 0;
    }
    case abi::kNodeMemcpy:
      if (same_places(static_cast<const CopyOperation&>(from), static_cast<const CopyOperation&>(to))) return 0;
      why = "a copy's source or destination became another kind of memory.";
      return abi::kUpdateParametersChanged;
    case abi::kNodeMemset: {
      const auto &a = static_cast<const FillOperation&>(from), &b = static_cast<const FillOperation&>(to);
      const auto &p = a.params, &q = b.params;
      const bool plane = p.height > 1 || q.height > 1;
      if (plane && (p.height != q.height || p.width != q.width || p.pitch != q.pitch || p.elementSize != q.elementSize))
        why = "the shape of a fill of several rows cannot change.";
      else if (!same_place(a, b)) why = "a fill's destination became another kind of memory.";
      return why.empty() ? 0 : abi::kUpdateParametersChanged;
    }
    case abi::kNodeMemAlloc:
      if (static_cast<const AllocOperation&>(from).memory == static_cast<const AllocOperation&>(to).memory) return 0;
      why = "memory allocation nodes cannot be updated.";
      return abi::kUpdateNotSupported;
    case abi::kNodeMemFree:
      if (static_cast<const FreeOperation&>(from).memory == static_cast<const FreeOperation&>(to).memory) return 0;
      why = "memory free nodes cannot be updated.";
      return abi::kUpdateNotSupported;
    case abi::kNodeConditional: {
      const auto &a = static_cast<const ConditionalOperation&>(from), &b = static_cast<const ConditionalOperation&>(to);
      if (a.kind == b.kind && a.size == b.size) return 0;
      why = "the kind and the number of branches of a conditional node cannot change.";
      return abi::kUpdateParametersChanged;
    }
    default: return 0;
  }
}

Code update(Exec& e, Graph& into, const Graph& from, abi::UpdateResultInfo& info) {
  info = {abi::kUpdateSuccess, nullptr, nullptr};
  Pairing p{e, info, {}, {}, {}, {}};
  if (!p.pair(into, from)) return fail(abi::kGraphExecUpdateFailure, p.why);
  for (const auto& [mine, theirs] : p.with) const_cast<Node*>(mine)->op = theirs->op;
  for (const auto& [mine, theirs] : p.graphs) {
    mine->conditions = theirs->conditions;
    mine->holds = theirs->holds;
  }
  e.plan = nullptr;
  return 0;
}

}  // namespace simt::runtime
