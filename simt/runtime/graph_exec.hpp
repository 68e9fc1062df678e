// Executable graphs: a copy of a graph, the order in which its nodes run, and launches of it.
#pragma once

#include <unordered_map>
#include <unordered_set>

#include "simt/runtime/graph.hpp"

namespace simt::runtime {

/// What a launch does, node after node. It never changes: what is enqueued stays as it was.
struct Plan {
  struct Step {
    OperationRef op;
    std::vector<std::shared_ptr<const Plan>> bodies;
  };
  std::vector<Step> steps;
  std::vector<ConditionRef> conditions;              ///< of this graph
  std::vector<std::shared_ptr<Hold>> holds;
};
using PlanRef = std::shared_ptr<const Plan>;

struct Exec {
  unsigned long long flags = 0;
  GraphRef graph;                                    ///< the copy
  std::weak_ptr<Graph> source;
  bool only = false;                                 ///< the source may have no other one
  std::unordered_map<const void*, Node*> of;         ///< a node's handle -> its copy, however deep
  std::unordered_set<const Node*> disabled;
  PlanRef plan;                                      ///< null after a change
  TaskRef last;
  ~Exec();
};
using ExecRef = std::shared_ptr<Exec>;

inline constexpr unsigned long long kAutoFree = 1, kUpload = 2, kDeviceLaunch = 4, kNodePriority = 8;

Handles<Exec>& exec_handles();
ExecRef exec_of(void* handle);   ///< null after failing the call in progress
/// The copy of a node; null after failing the call in progress.
Node* node_in(const ExecRef&, void* node);

/// `bad` and `result` are what cudaGraphInstantiateWithParams tells.
Code instantiate(const GraphRef&, unsigned long long flags, ExecRef& out, void** bad, int* result);
Code launch_graph(const ExecRef&, const StreamRef&);

/// Whether a copy of a node may be given other parameters: 0, or a cudaGraphExecUpdateResult and a sentence.
int check_change(const Exec&, const Operation& from, const Operation& to, std::string& why);
/// Gives the nodes of `into` the parameters of their counterparts, or none of them.
Code update(Exec&, Graph& into, const Graph& from, abi::UpdateResultInfo&);

}  // namespace simt::runtime
