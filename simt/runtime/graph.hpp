// Graphs: nodes, the edges between them, and what is only ever a node. What streams do as well is in launch.hpp, copy.hpp
// and host_operation.hpp.
//
// One lock guards all graphs and captures. Executable graphs (graph_exec.hpp) hold copies, so a graph may change or go
// while they run.
#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <vector>

#include "simt/runtime/graph_abi.hpp"
#include "simt/runtime/handles.hpp"
#include "simt/runtime/stream.hpp"

namespace simt::runtime {

struct Graph;
struct Node;
using GraphRef = std::shared_ptr<Graph>;
using NodeRef = std::shared_ptr<Node>;

struct Edge {
  Node* node;
  abi::EdgeData data;
};

struct Node {
  void* handle = nullptr;
  Graph* graph = nullptr;
  OperationRef op;
  std::vector<Edge> from, to;       ///< what it depends on, and what depends on it, in the order of the calls
  std::vector<GraphRef> bodies;     ///< of a child graph node: one; of a conditional node: its branches
  std::vector<void*> body_handles;
  const void* original = nullptr;   ///< of a copy: the handle that it was made from
  std::size_t place = 0;            ///< in the graph
};

/// What cudaGraphSetConditional changes and a conditional node looks at.
struct Condition {
  std::uint64_t handle;
  std::atomic<unsigned> initial{0};
  std::atomic<bool> assigned{false};     ///< every launch of the graph starts with the initial value
  bool used = false;                     ///< by a node
  Condition();
  ~Condition();
};
using ConditionRef = std::shared_ptr<Condition>;

class UserObject {
 public:
  UserObject(void* pointer, abi::HostFunction destroy, unsigned count) : pointer_(pointer), destroy_(destroy), count_(count) {}
  void retain(unsigned n) { count_ += n; }
  /// Runs the destructor with the last reference and forgets the handle; false if there are fewer.
  bool release(unsigned n);
  void* handle = nullptr;

 private:
  void* pointer_;
  abi::HostFunction destroy_;
  std::atomic<std::uint64_t> count_;
};
Handles<UserObject>& user_objects();
/// References that a graph owns; copies of the graph share them.
struct Hold {
  std::shared_ptr<UserObject> object;
  unsigned count;
  ~Hold() { object->release(count); }
};

struct Graph {
  void* handle = nullptr;
  std::uint64_t id = 0;
  std::vector<NodeRef> nodes;        ///< in the order in which they were added
  Graph* parent = nullptr;           ///< of a child graph and of a conditional's branch
  bool branch = false;               ///< of a conditional node, however deep
  unsigned captures = 0;             ///< that go into it
  unsigned instances = 0;            ///< executable graphs, counted if there may be only one
  const void* original = nullptr;
  std::vector<ConditionRef> conditions;
  std::multimap<void*, std::shared_ptr<Hold>> holds;
  ~Graph();

  bool contains(int type) const;     ///< a node of this type, however deep
  bool has_memory() const { return contains(abi::kNodeMemAlloc) || contains(abi::kNodeMemFree); }
  ConditionRef condition(std::uint64_t handle) const;   ///< its own or a parent's
};

std::recursive_mutex& graphs_mutex();
Handles<Graph>& graph_handles();
Handles<Node>& node_handles();
/// Null after failing the call in progress.
GraphRef graph_of(void* handle);
NodeRef node_of(void* handle);

GraphRef make_graph();
/// A graph without handles: of an executable graph, or before it becomes a child.
GraphRef copy_graph(const Graph&);
/// Gives handles to a graph, its nodes, and what is below them; and takes them.
void show(const GraphRef&);
void hide(Graph&);

/// Fails unless every dependency is a node of the graph and none comes twice.
Code check_edges(const Graph&, void* const* nodes, const abi::EdgeData* data, std::size_t count, std::vector<Edge>& out);
/// The node is checked already. Dependencies must be nodes of the graph.
NodeRef append(const GraphRef&, OperationRef, const std::vector<Edge>& from, std::vector<GraphRef> bodies = {});
/// Fails unless the graph may have such a node.
Code check_node(const Graph&, int type, const std::vector<GraphRef>& bodies);
Code connect(Node& from, Node& to, const abi::EdgeData&);
bool disconnect(Node& from, Node& to, const abi::EdgeData* wanted, abi::EdgeData& had);
void remove_node(const NodeRef&);

/// The nodes in an order that their edges allow; the seed chooses among several. Empty if they form a cycle: `bad` is on it.
std::vector<Node*> ordered(const Graph&, Node** bad);

const char* type_name(int type);

// ---- what only graphs do ----------------------------------------------------------------------------------------------

struct EmptyOperation final : Operation {
  int type() const override { return abi::kNodeEmpty; }
  void run(const Stream&) const override {}
};
struct ChildOperation final : Operation {
  int ownership = 0;
  int type() const override { return abi::kNodeGraph; }
  void run(const Stream&) const override {}   // its graph is run instead
};
struct EventOperation final : Operation {
  bool record = false;
  void* handle = nullptr;
  EventRef event;
  int type() const override { return record ? abi::kNodeEventRecord : abi::kNodeWaitEvent; }
  void run(const Stream&) const override {}   // a launch makes a task of it
};
struct ConditionalOperation final : Operation {
  ConditionRef condition;
  int kind = 0;
  unsigned size = 0;
  int type() const override { return abi::kNodeConditional; }
  void run(const Stream&) const override {}   // one of its graphs is run instead
};

/// Memory of an allocation node: its address is fixed, and it exists as long as a graph, or the program, may use it.
struct GraphMemory {
  void* pointer = nullptr;
  std::size_t bytes = 0;
  int device = 0;
  std::uint64_t owner = 0;        ///< the graph's id
  std::atomic<std::uint64_t> freed_by = 0;   ///< the graph with a node that frees it
  bool allocated = false;         ///< by a launch, and not freed since
  ~GraphMemory();
};
using GraphMemoryRef = std::shared_ptr<GraphMemory>;
struct AllocOperation final : Operation {
  abi::MemAllocNodeParams params{};
  std::vector<abi::MemAccessDesc> access;
  GraphMemoryRef memory;
  int type() const override { return abi::kNodeMemAlloc; }
  void run(const Stream&) const override;
};
struct FreeOperation final : Operation {
  GraphMemoryRef memory;
  ~FreeOperation() override { memory->freed_by = 0; }
  int type() const override { return abi::kNodeMemFree; }
  void run(const Stream&) const override;
};

/// These are null after failing the call in progress.
std::shared_ptr<AllocOperation> make_alloc(const abi::MemAllocNodeParams&, const Graph&);
std::shared_ptr<FreeOperation> make_free(void* pointer, Graph&);
GraphMemoryRef graph_memory(const void* pointer);   ///< null if it is not of a graph
void set_allocated(const GraphMemoryRef&, bool);

}  // namespace simt::runtime
