// Graphs as data: handles, edges, copies, orders.
#include "simt/runtime/graph.hpp"

#include <algorithm>
#include <queue>
#include <set>

#include "simt/runtime/conditions.hpp"

namespace simt::runtime {
namespace {

struct GraphTables {
  std::recursive_mutex mutex;
  Handles<Graph> graphs{16};
  Handles<Node> nodes{17};
  Handles<UserObject> user_objects{19};
  std::uint64_t next_id = 0;
};
GraphTables& tables() {
  static auto* t = new GraphTables;   // the program's own statics may still destroy graphs
  return *t;
}

bool same(const abi::EdgeData& a, const abi::EdgeData& b) {
  return a.from_port == b.from_port && a.to_port == b.to_port && a.type == b.type;
}

std::vector<Edge>::iterator find_edge(std::vector<Edge>& edges, const Node* node) {
  return std::find_if(edges.begin(), edges.end(), [&](const Edge& e) { return e.node == node; });
}

Code check_data(const Node& from, const Node* to, const abi::EdgeData& d) {
  const bool kernels = from.op->type() == abi::kNodeKernel && (!to || to->op->type() == abi::kNodeKernel);
  if (std::any_of(std::begin(d.reserved), std::end(d.reserved), [](unsigned char c) { return c != 0; }) || d.to_port || d.type > 1 || d.from_port > 2)
    return fail(abi::kInvalidValue, "the data of an edge have an unknown port or type, or bytes that have to be 0.");
  if ((d.from_port || d.type) && !kernels) return fail(abi::kInvalidValue, "only edges between kernel nodes have ports and types.");
  if (d.type == 1 && d.from_port == 0) return fail(abi::kInvalidValue, "a programmatic edge leaves from a programmatic or launch completion port.");
  return 0;
}

/// A spread of bits for choosing among nodes that may all be next.
std::uint64_t mixed(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
  return x ^ (x >> 31);
}

}  // namespace

std::recursive_mutex& graphs_mutex() { return tables().mutex; }
Handles<Graph>& graph_handles() { return tables().graphs; }
Handles<Node>& node_handles() { return tables().nodes; }
Handles<UserObject>& user_objects() { return tables().user_objects; }

GraphRef graph_of(void* handle) {
  GraphRef g = tables().graphs.get(handle);
  if (!g) fail(abi::kInvalidValue, format("%p is not a graph: it was destroyed or never created.", handle));
  return g;
}

NodeRef node_of(void* handle) {
  NodeRef n = tables().nodes.get(handle);
  if (!n) fail(abi::kInvalidValue, format("%p is not a node of a graph: it was destroyed or never added.", handle));
  return n;
}

Condition::Condition() : handle(add_condition()) {}
Condition::~Condition() { remove_condition(handle); }

bool UserObject::release(unsigned n) {
  std::uint64_t before = count_.load();
  do {
    if (before < n) return false;
  } while (!count_.compare_exchange_weak(before, before - n));
  if (before == n) {
    tables().user_objects.remove(handle);
    InCallback scope;
    destroy_(pointer_);
  }
  return true;
}

Graph::~Graph() {
  for (const NodeRef& n : nodes) n->graph = nullptr;
}

bool Graph::contains(int type) const {
  return std::any_of(nodes.begin(), nodes.end(), [&](const NodeRef& n) {
    return n->op->type() == type || std::any_of(n->bodies.begin(), n->bodies.end(), [&](const GraphRef& b) { return b->contains(type); });
  });
}

ConditionRef Graph::condition(std::uint64_t wanted) const {
  for (const ConditionRef& c : conditions)
    if (c->handle == wanted) return c;
  return parent ? parent->condition(wanted) : nullptr;
}

GraphRef make_graph() {
  auto g = std::make_shared<Graph>();
  g->id = ++tables().next_id;
  return g;
}

GraphRef copy_graph(const Graph& source) {
  GraphRef g = make_graph();
  g->original = source.handle;
  g->branch = source.branch;
  g->conditions = source.conditions;
  g->holds = source.holds;
  std::vector<Node*> made;
  for (const NodeRef& n : source.nodes) {
    std::vector<GraphRef> bodies;
    for (const GraphRef& b : n->bodies) bodies.push_back(copy_graph(*b));
    std::vector<Edge> none;
    const NodeRef copy = append(g, n->op, none, std::move(bodies));
    copy->original = n->handle ? n->handle : n->original;
    made.push_back(copy.get());
  }
  for (std::size_t i = 0; i < made.size(); ++i) {
    for (const Edge& e : source.nodes[i]->from) made[i]->from.push_back({made[e.node->place], e.data});
    for (const Edge& e : source.nodes[i]->to) made[i]->to.push_back({made[e.node->place], e.data});
  }
  return g;
}

void show(const GraphRef& g) {
  g->handle = tables().graphs.add(g);
  for (const NodeRef& n : g->nodes) {
    n->handle = tables().nodes.add(n);
    n->body_handles.clear();
    for (const GraphRef& b : n->bodies) {
      show(b);
      n->body_handles.push_back(b->handle);
    }
  }
}

void hide(Graph& g) {
  for (const NodeRef& n : g.nodes) {
    if (n->handle) tables().nodes.remove(n->handle);
    for (const GraphRef& b : n->bodies) hide(*b);
  }
  if (g.handle) tables().graphs.remove(g.handle);
  g.handle = nullptr;
}

Code check_edges(const Graph& g, void* const* nodes, const abi::EdgeData* data, std::size_t count, std::vector<Edge>& out) {
  if (count && !nodes) return fail(abi::kInvalidValue, format("%zu dependencies, but their list is null.", count));
  for (std::size_t i = 0; i < count; ++i) {
    const NodeRef n = node_of(nodes[i]);
    if (!n) return abi::kInvalidValue;
    if (n->graph != &g) return fail(abi::kInvalidValue, format("dependency %zu is a node of another graph.", i));
    if (find_edge(out, n.get()) != out.end()) return fail(abi::kInvalidValue, format("dependency %zu comes twice.", i));
    const abi::EdgeData d = data ? data[i] : abi::EdgeData{};
    if (Code c = check_data(*n, nullptr, d)) return c;
    out.push_back({n.get(), d});
  }
  return 0;
}

Code check_node(const Graph& g, int type, const std::vector<GraphRef>& bodies) {
  const bool memory = type == abi::kNodeMemAlloc || type == abi::kNodeMemFree;
  if (g.branch && (memory || type == abi::kNodeHost || type == abi::kNodeEventRecord || type == abi::kNodeWaitEvent))
    return fail(abi::kNotSupported, format("a branch of a conditional node has kernels, copies, fills, empty nodes, child graphs and conditional nodes, but no %s node.", type_name(type)));
  for (const GraphRef& b : bodies)
    if (g.branch)
      for (int t : {abi::kNodeHost, abi::kNodeEventRecord, abi::kNodeWaitEvent, abi::kNodeMemAlloc, abi::kNodeMemFree})
        if (b->contains(t)) return fail(abi::kNotSupported, format("the child graph has a %s node, which a branch of a conditional node must not have.", type_name(t)));
  if (memory && g.parent) return fail(abi::kNotSupported, "memory nodes cannot be added to a child graph.");
  return 0;
}

NodeRef append(const GraphRef& g, OperationRef op, const std::vector<Edge>& from, std::vector<GraphRef> bodies) {
  auto n = std::make_shared<Node>();
  n->graph = g.get();
  n->op = std::move(op);
  n->bodies = std::move(bodies);
  n->place = g->nodes.size();
  n->from = from;
  for (const Edge& e : from) e.node->to.push_back({n.get(), e.data});
  for (const GraphRef& b : n->bodies) b->parent = g.get();
  g->nodes.push_back(n);
  if (g->handle) {
    n->handle = tables().nodes.add(n);
    for (const GraphRef& b : n->bodies) {
      if (!b->handle) show(b);
      n->body_handles.push_back(b->handle);
    }
  }
  return n;
}

Code connect(Node& from, Node& to, const abi::EdgeData& d) {
  if (&from == &to) return fail(abi::kInvalidValue, "a node cannot depend on itself.");
  if (find_edge(to.from, &from) != to.from.end()) return fail(abi::kInvalidValue, "this dependency exists already.");
  if (Code c = check_data(from, &to, d)) return c;
  to.from.push_back({&from, d});
  from.to.push_back({&to, d});
  return 0;
}

bool disconnect(Node& from, Node& to, const abi::EdgeData* wanted, abi::EdgeData& had) {
  const auto at = find_edge(to.from, &from);
  if (at == to.from.end() || (wanted && !same(at->data, *wanted))) return false;
  had = at->data;
  to.from.erase(at);
  from.to.erase(find_edge(from.to, &to));
  return true;
}

void remove_node(const NodeRef& n) {
  for (const Edge& e : n->from) e.node->to.erase(find_edge(e.node->to, n.get()));
  for (const Edge& e : n->to) e.node->from.erase(find_edge(e.node->from, n.get()));
  for (const GraphRef& b : n->bodies) hide(*b);
  if (const auto* c = dynamic_cast<const ConditionalOperation*>(n->op.get())) c->condition->used = false;
  tables().nodes.remove(n->handle);
  Graph& g = *n->graph;
  n->graph = nullptr;
  g.nodes.erase(g.nodes.begin() + static_cast<std::ptrdiff_t>(n->place));
  for (std::size_t i = 0; i < g.nodes.size(); ++i) g.nodes[i]->place = i;
}

std::vector<Node*> ordered(const Graph& g, Node** bad) {
  std::vector<std::size_t> open(g.nodes.size());
  // What was added first goes first, or as the seed says.
  const std::uint64_t seed = exec::settings().seed;
  const auto rank = [&](const Node* n) { return seed ? mixed(seed + n->place) : n->place; };
  const auto later = [&](const Node* a, const Node* b) { return rank(a) > rank(b); };
  std::priority_queue<Node*, std::vector<Node*>, decltype(later)> ready(later);
  for (const NodeRef& n : g.nodes)
    if ((open[n->place] = n->from.size()) == 0) ready.push(n.get());
  std::vector<Node*> order;
  while (!ready.empty()) {
    Node* n = ready.top();
    ready.pop();
    order.push_back(n);
    for (const Edge& e : n->to)
      if (--open[e.node->place] == 0) ready.push(e.node);
  }
  if (order.size() == g.nodes.size()) return order;
  for (const NodeRef& n : g.nodes)
    if (open[n->place]) *bad = n.get();
  return {};
}

const char* type_name(int type) {
  static const char* const names[] = {"kernel", "memcpy", "memset", "host", "child graph", "empty", "event wait", "event record",
                                      "semaphore signal", "semaphore wait", "memory allocation", "memory free", "batched memory", "conditional"};
  return type >= 0 && type <= abi::kNodeConditional ? names[type] : "unknown";
}

}  // namespace simt::runtime
