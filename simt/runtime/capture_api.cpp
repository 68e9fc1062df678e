// The interface's stream capture.
#include <algorithm>
#include <set>

#include "simt/runtime/capture.hpp"

using namespace simt::runtime;
namespace abi = simt::abi;
using std::size_t;

namespace {

Code with_capture(const char* name, void* stream, Default meaning, auto f) {
  return call(name, [&]() -> Code {
    StreamRef s = stream_of(stream, meaning);
    if (!s) return abi::kInvalidResourceHandle;
    std::lock_guard lock(graphs_mutex());
    return f(s);
  });
}

/// Asking the default stream is an error of its own while a stream that it waits for is captured, but spoils nothing.
Code check_question(const StreamRef& s) {
  if (s->legacy && captures.load() && any_blocking_capture(s->device))
    return fail(abi::kStreamCaptureImplicit, "a blocking stream is being captured, for which the default stream would wait.");
  return 0;
}

Code begin(const StreamRef& s, GraphRef graph, std::vector<Edge> ends, int mode) {
  if (mode < kGlobal || mode > kRelaxed) return fail(abi::kInvalidValue, format("%d is not a cudaStreamCaptureMode.", mode));
  if (s->legacy) return fail(abi::kStreamCaptureUnsupported, "the default stream cannot be captured; create one.");
  if (s->capture) return fail(abi::kIllegalState, "the stream is being captured already.");
  const bool borrowed = graph != nullptr;
  if (!graph) {
    graph = make_graph();
    show(graph);
  }
  begin_capture(s, std::move(graph), std::move(ends), mode, borrowed);
  return 0;
}

/// Whether everything that forked streams did last is before something that the first stream did.
bool joined(const Capture& c) {
  std::set<const Node*> before;
  std::vector<const Node*> todo;
  for (const Edge& e : c.ends.at(c.origin)) todo.push_back(e.node);
  while (!todo.empty()) {
    const Node* n = todo.back();
    todo.pop_back();
    if (!before.insert(n).second) continue;
    for (const Edge& e : n->from) todo.push_back(e.node);
  }
  for (const auto& [stream, ends] : c.ends)
    for (const Edge& e : ends)
      if (!before.contains(e.node)) return false;
  return true;
}

Code end(const StreamRef& s, void** out) {
  const CaptureRef c = s->capture;
  if (!out && !(c && c->borrowed)) return null_place();   // who gave the graph has it
  if (!c) return fail(abi::kIllegalState, "the stream is not being captured.");
  if (c->origin != s) return fail(abi::kStreamCaptureUnmatched, "the capture began in another stream and has to end there.");
  if (c->mode != kRelaxed && c->thread != std::this_thread::get_id())
    return fail(abi::kStreamCaptureWrongThread, "another thread began the capture; only with cudaStreamCaptureModeRelaxed may this one end it.");
  if (out) *out = nullptr;
  Code code = 0;
  if (c->invalid) {
    code = fail(abi::kStreamCaptureInvalidated, "a call between begin and end was not possible in a capture; there is no graph.");
  } else if (!joined(*c)) {
    invalidate(*c);
    code = fail(abi::kStreamCaptureUnjoined, "another stream joined the capture, and the first one does not wait for all of its work: record an event in it, and wait for that event here.");
  } else if (out) {
    *out = c->graph->handle;
  }
  end_capture(c);
  return code;
}

Code info(const StreamRef& s, int* status, unsigned long long* id, void** graph, const void* const** nodes, const abi::EdgeData** data, size_t* count) {
  if (!status) return null_place();
  if (Code c = check_question(s)) return c;
  const CaptureRef c = s->capture;
  *status = !c ? 0 : c->invalid ? 2 : 1;
  if (count) *count = 0;
  if (*status != 1) return 0;
  if (data && !nodes) return fail(abi::kInvalidValue, "the data of dependencies are nothing without the dependencies.");
  const auto& ends = c->ends[s];
  if (nodes && !data && std::any_of(ends.begin(), ends.end(), [](const Edge& e) { return !e.data.plain(); }))
    return fail(abi::kLossyQuery, "a dependency has data, for which there is no place.");
  c->shown.clear();
  c->shown_data.clear();
  for (const Edge& e : ends) c->shown.push_back(e.node->handle), c->shown_data.push_back(e.data);
  if (id) *id = c->id;
  if (graph) *graph = c->graph->handle;
  if (nodes) *nodes = c->shown.data();
  if (data) *data = c->shown_data.data();
  if (count) *count = ends.size();
  return 0;
}

Code update(const StreamRef& s, void* const* nodes, const abi::EdgeData* data, size_t count, unsigned flags) {
  if (flags > 1) return fail(abi::kInvalidValue, format("flags 0x%x; known are cudaStreamAddCaptureDependencies and cudaStreamSetCaptureDependencies.", flags));
  const CaptureRef c = s->capture;
  if (!c) return fail(abi::kIllegalState, "the stream is not being captured.");
  if (c->invalid) return fail(abi::kStreamCaptureInvalidated, "an earlier call made the capture invalid.");
  std::vector<Edge> more;
  if (Code code = check_edges(*c->graph, nodes, data, count, more)) return code;
  auto& ends = c->ends[s];
  if (flags == 1) ends.clear();
  for (const Edge& e : more)
    if (std::none_of(ends.begin(), ends.end(), [&](const Edge& other) { return other.node == e.node; })) ends.push_back(e);
  return 0;
}

}  // namespace

#define PMPP_STREAM_CALL(name, parameters, stream, ...)                                               \
  PMPP_EXPORT Code name parameters { return with_capture(#name, stream, L, __VA_ARGS__); }            \
  PMPP_EXPORT Code name##_ptsz parameters { return with_capture(#name, stream, T, __VA_ARGS__); }

PMPP_STREAM_CALL(cudaStreamBeginCapture, (void* q, int mode), q, [&](const StreamRef& s) -> Code { return begin(s, nullptr, {}, mode); })
PMPP_STREAM_CALL(cudaStreamBeginCaptureToGraph, (void* q, void* graph, void* const* nodes, const abi::EdgeData* data, size_t count, int mode), q,
                 [&](const StreamRef& s) -> Code {
  const GraphRef g = graph_of(graph);
  if (!g) return abi::kInvalidValue;
  std::vector<Edge> ends;
  if (Code c = check_edges(*g, nodes, data, count, ends)) return c;
  return begin(s, g, std::move(ends), mode);
})
PMPP_STREAM_CALL(cudaStreamEndCapture, (void* q, void** graph), q, [&](const StreamRef& s) -> Code { return end(s, graph); })
PMPP_STREAM_CALL(cudaStreamIsCapturing, (void* q, int* out), q, [&](const StreamRef& s) -> Code { return info(s, out, nullptr, nullptr, nullptr, nullptr, nullptr); })
PMPP_STREAM_CALL(cudaStreamGetCaptureInfo,
                 (void* q, int* status, unsigned long long* id, void** graph, const void* const** nodes, const abi::EdgeData** data, size_t* count), q,
                 [&](const StreamRef& s) -> Code { return info(s, status, id, graph, nodes, data, count); })
PMPP_STREAM_CALL(cudaStreamUpdateCaptureDependencies, (void* q, void** nodes, const abi::EdgeData* data, size_t count, unsigned flags), q,
                 [&](const StreamRef& s) -> Code { return update(s, nodes, data, count, flags); })
#undef PMPP_STREAM_CALL

PMPP_EXPORT Code cudaThreadExchangeStreamCaptureMode(int* mode) {
  return call("cudaThreadExchangeStreamCaptureMode", [&]() -> Code {
    if (!mode || *mode < kGlobal || *mode > kRelaxed) return fail(abi::kInvalidValue, "the mode is not a cudaStreamCaptureMode.");
    *mode = exchange_capture_mode(*mode);
    return 0;
  });
}
