// Instantiating and running graphs. The nodes of a launch run one after the other on the stream's thread, in an order that
// the edges allow: a GPU promises no more.
#include "simt/runtime/graph_exec.hpp"

#include <algorithm>

#include "simt/runtime/capture.hpp"
#include "simt/runtime/conditions.hpp"
#include "simt/runtime/copy.hpp"

namespace simt::runtime {
namespace {

/// Tasks for the events of one launch: records that others wait for, and what its own wait nodes wait for.
struct LaunchedEvents {
  std::unordered_map<const Plan::Step*, std::shared_ptr<Event::Record>> records;
  std::unordered_map<const Plan::Step*, TaskRef> waits;
};

PlanRef make_plan(const Exec& e, const Graph& g) {
  auto plan = std::make_shared<Plan>();
  Node* bad = nullptr;
  for (Node* n : ordered(g, &bad)) {
    Plan::Step step{n->op, {}};
    if (e.disabled.contains(n)) continue;
    for (const GraphRef& b : n->bodies) step.bodies.push_back(make_plan(e, *b));
    plan->steps.push_back(std::move(step));
  }
  plan->conditions = g.conditions;
  for (const auto& [object, hold] : g.holds) plan->holds.push_back(hold);
  return plan;
}

void run_plan(const Plan&, const LaunchedEvents&, const Stream&);

/// A loop that nothing ends is stopped as a kernel is.
bool endless(std::uint64_t turns, int device) {
  const std::uint64_t budget = exec::settings().budget, most = budget >> 14;
  if (budget == 0 || turns <= most) return false;
  set_fault(device, {abi::kLaunchTimeout, format("a conditional node's loop was stopped as endless after %llu turns; nothing set its condition to 0. "
                                         "PMPP_SIM_BUDGET changes the limit.", static_cast<unsigned long long>(most))});
  return true;
}

void run_conditional(const Plan::Step& step, const LaunchedEvents& events, const Stream& stream) {
  const auto& op = static_cast<const ConditionalOperation&>(*step.op);
  const std::uint64_t handle = op.condition->handle;
  if (op.kind == abi::kWhile) {
    for (std::uint64_t turns = 1; condition(handle) && !device_failed(stream.device) && !endless(turns, stream.device); ++turns)
      run_plan(*step.bodies[0], events, stream);
    return;
  }
  const unsigned value = condition(handle);
  const std::size_t branch = op.kind == abi::kSwitch ? value : value ? 0 : 1;
  if (branch < step.bodies.size()) run_plan(*step.bodies[branch], events, stream);
}

void run_plan(const Plan& plan, const LaunchedEvents& events, const Stream& stream) {
  for (const Plan::Step& step : plan.steps) {
    if (device_failed(stream.device) || device_failed(step.op->device)) return;
    switch (step.op->type()) {
      case abi::kNodeGraph: run_plan(*step.bodies[0], events, stream); break;
      case abi::kNodeConditional: run_conditional(step, events, stream); break;
      case abi::kNodeEventRecord: {
        const auto& record = events.records.at(&step);
        record->time = std::chrono::steady_clock::now();
        complete(record->task);
        break;
      }
      case abi::kNodeWaitEvent:
        if (const auto& task = events.waits.at(&step)) wait_for(task);
        break;
      default:
        step.op->count();
        step.op->run(stream);
    }
  }
}

void set_defaults(const Plan& plan) {
  for (const ConditionRef& c : plan.conditions)
    if (c->assigned) set_condition(c->handle, c->initial);
  for (const auto& step : plan.steps)
    for (const PlanRef& body : step.bodies) set_defaults(*body);
}

using MemorySteps = std::vector<std::pair<GraphMemoryRef, bool>>;   // allocated, or freed

/// What the launch does to the books on memory, in order; fails if it is not possible.
Code plan_memory(const Plan& plan, bool auto_free, MemorySteps& done) {
  const auto allocated = [&](const GraphMemoryRef& m) {
    const auto at = std::find_if(done.rbegin(), done.rend(), [&](const auto& step) { return step.first == m; });
    return at == done.rend() ? m->allocated : at->second;
  };
  for (const auto& step : plan.steps) {
    if (step.op->type() == abi::kNodeMemAlloc) {
      const auto& m = static_cast<const AllocOperation&>(*step.op).memory;
      if (allocated(m) && !auto_free)
        return fail(abi::kInvalidValue, format("%p, which an earlier launch allocated, is not freed yet. Free it, or instantiate with "
                                               "cudaGraphInstantiateFlagAutoFreeOnLaunch.", m->pointer));
      done.emplace_back(m, true);
    } else if (step.op->type() == abi::kNodeMemFree) {
      const auto& m = static_cast<const FreeOperation&>(*step.op).memory;
      if (!allocated(m)) return fail(abi::kInvalidValue, format("%p, which a node frees, is not allocated.", m->pointer));
      done.emplace_back(m, false);
    }
    for (const PlanRef& body : step.bodies)
      if (Code c = plan_memory(*body, auto_free, done)) return c;
  }
  return 0;
}

void plan_events(const Plan& plan, LaunchedEvents& events) {
  for (const auto& step : plan.steps) {
    if (step.op->type() == abi::kNodeEventRecord) {
      const auto& op = static_cast<const EventOperation&>(*step.op);
      auto record = std::make_shared<Event::Record>();
      record->task = std::make_shared<Task>();
      record->task->device = op.event->device;
      op.event->captured = nullptr;
      set_record(op.event, record);
      events.records[&step] = std::move(record);
    } else if (step.op->type() == abi::kNodeWaitEvent) {
      events.waits[&step] = event_task(static_cast<const EventOperation&>(*step.op).event);
    }
    for (const PlanRef& body : step.bodies) plan_events(*body, events);
  }
}

void index(Exec& e, const Graph& g) {
  for (const NodeRef& n : g.nodes) {
    e.of[n->original] = n.get();
    for (const GraphRef& b : n->bodies) index(e, *b);
  }
}

Node* find_cycle(const Graph& g) {
  Node* bad = nullptr;
  ordered(g, &bad);
  for (const NodeRef& n : g.nodes)
    for (const GraphRef& b : n->bodies)
      if (!bad) bad = find_cycle(*b);
  return bad;
}

bool unused_condition(const Graph& g) {
  return std::any_of(g.conditions.begin(), g.conditions.end(), [](const ConditionRef& c) { return !c->used; }) ||
         std::any_of(g.nodes.begin(), g.nodes.end(), [](const NodeRef& n) {
           return std::any_of(n->bodies.begin(), n->bodies.end(), [](const GraphRef& b) { return unused_condition(*b); });
         });
}

Code check_event_operation(const Graph& g) {
  for (const NodeRef& n : g.nodes) {
    if (n->op->type() == abi::kNodeEventRecord || n->op->type() == abi::kNodeWaitEvent)
      if (!event_of(static_cast<const EventOperation&>(*n->op).handle)) return peek_error();
    for (const GraphRef& b : n->bodies)
      if (Code c = check_event_operation(*b)) return c;
  }
  return 0;
}

Handles<Exec>& exec_table() {
  static auto* h = new Handles<Exec>(18);
  return *h;
}

}  // namespace

Exec::~Exec() {
  std::lock_guard lock(graphs_mutex());
  if (only)
    if (const GraphRef g = source.lock()) g->instances--;
}

Handles<Exec>& exec_handles() { return exec_table(); }

ExecRef exec_of(void* handle) {
  ExecRef e = exec_table().get(handle);
  if (!e) fail(abi::kInvalidValue, format("%p is not an executable graph: it was destroyed or never instantiated.", handle));
  return e;
}

Node* node_in(const ExecRef& e, void* node) {
  if (!node_of(node)) return nullptr;
  const auto at = e->of.find(node);
  if (at != e->of.end()) return at->second;
  fail(abi::kInvalidValue, "the node does not belong to the graph from which the executable graph was made.");
  return nullptr;
}

Code instantiate(const GraphRef& g, unsigned long long flags, ExecRef& out, void** bad, int* result) {
  *bad = nullptr;
  *result = abi::kInstantiateError;
  if (flags & ~15ull) return fail(abi::kInvalidValue, format("flags 0x%llx are not known.", flags));
  if (flags & kDeviceLaunch) {
    if (flags & kAutoFree) return fail(abi::kInvalidValue, "a graph that the device launches cannot free its memory at a launch.");
    *result = abi::kInstantiateNodeNotSupported;
    return fail(abi::kNotSupported, "launches of graphs from the device are not implemented by the software GPU.");
  }
  if (g->parent) return fail(abi::kInvalidValue, "a child graph, or a branch of a conditional node, is a part of another graph and cannot be instantiated.");
  if (const Node* n = find_cycle(*g)) {
    *bad = n->handle;
    *result = abi::kInstantiateInvalidStructure;
    return fail(abi::kInvalidValue, "the graph's dependencies form a cycle.");
  }
  if (unused_condition(*g)) {
    *result = abi::kInstantiateHandleUnused;
    return fail(abi::kInvalidValue, "a conditional handle belongs to no conditional node.");
  }
  if (Code c = check_event_operation(*g)) return c;
  const bool only = g->has_memory() || g->contains(abi::kNodeConditional);
  if (only && g->instances)
    return fail(abi::kInvalidValue, "a graph with memory or conditional nodes has at most one executable graph; destroy the other one first.");
  out = std::make_shared<Exec>();
  out->flags = flags;
  out->graph = copy_graph(*g);
  out->source = g;
  out->only = only;
  if (only) g->instances++;
  index(*out, *out->graph);
  *result = abi::kInstantiateSuccess;
  return 0;
}

Code launch_graph(const ExecRef& e, const StreamRef& s) {
  CaptureRef capture;
  if (Code c = capturing(s, capture)) return c;
  if (capture) {
    invalidate(*capture);
    return fail(abi::kStreamCaptureUnsupported, "the stream is being captured, and no capture takes in the launch of a graph: "
                                                "end it and add the graph's own graph with cudaGraphAddChildGraphNode.");
  }
  if (!e->plan) e->plan = make_plan(*e, *e->graph);
  MemorySteps books;
  if (Code c = plan_memory(*e->plan, e->flags & kAutoFree, books)) return c;
  for (const auto& [m, on] : books) set_allocated(m, on);
  auto events = std::make_shared<LaunchedEvents>();
  plan_events(*e->plan, *events);
  std::vector<TaskRef> after;
  if (e->last) after.push_back(e->last);
  for (const auto& [step, task] : events->waits) order_after(s, task);
  e->last = submit(s, [plan = e->plan, events, s] {
    set_defaults(*plan);
    run_plan(*plan, *events, *s);
    // Whoever waits for an event of a launch that failed must not wait forever.
    for (const auto& [step, record] : events->records)
      if (!finished(record->task)) complete(record->task);
  }, {true, false}, std::move(after), true);
  for (const auto& [step, record] : events->records) record->task->seen = e->last->seen;
  return 0;
}

}  // namespace simt::runtime
