// Captures: who is in one, what its next node depends on, and what must not be done meanwhile.
#include "simt/runtime/capture.hpp"

#include <algorithm>
#include <cstring>
#include <set>
#include <string_view>
#include <utility>

#include "simt/runtime/launch.hpp"

namespace simt::runtime {

std::atomic<int> captures{0};

namespace {

std::vector<CaptureRef>& active() {   // guarded by the lock of graphs
  static auto* list = new std::vector<CaptureRef>;
  return *list;
}
thread_local int thread_mode = kGlobal;

bool blocking(const Capture& c, int device) {
  return std::any_of(c.ends.begin(), c.ends.end(), [&](const auto& end) { return end.first->device == device && end.first->blocking(); });
}

/// Nothing that a stream is told after the call in progress may be lost silently: what it would have spoiled ends.
Code spoil(Capture& c, Code code, const std::string& why) {
  invalidate(c);
  return fail(code, why);
}

/// The legacy stream waits for all blocking ones: those of them that are captured never come to an end.
Code check_legacy(const StreamRef& s) {
  if (!s->legacy || !any_blocking_capture(s->device)) return 0;
  for (const CaptureRef& c : active())
    if (blocking(*c, s->device)) invalidate(*c);
  return fail(abi::kStreamCaptureImplicit,
              "the default stream waits for all blocking streams, and one of them is being captured. Name a stream in this call, or "
              "create the captured one with cudaStreamNonBlocking.");
}

Code invalid_already() {
  return fail(abi::kStreamCaptureInvalidated, "an earlier call made the capture invalid; end it with cudaStreamEndCapture.");
}

/// What the frontier becomes when something else is waited for too.
void join(std::vector<Edge>& ends, const std::vector<Edge>& more) {
  for (const Edge& e : more)
    if (std::none_of(ends.begin(), ends.end(), [&](const Edge& other) { return other.node == e.node; })) ends.push_back(e);
}

}  // namespace

bool any_blocking_capture(int device) {
  return std::any_of(active().begin(), active().end(), [&](const CaptureRef& c) { return blocking(*c, device); });
}

void invalidate(Capture& c) { c.invalid = true; }

Code capturing(const StreamRef& s, CaptureRef& out) {
  if (captures.load(std::memory_order_acquire) == 0) return 0;
  std::lock_guard lock(graphs_mutex());
  if (s->capture) {
    if (s->capture->invalid) return invalid_already();
    out = s->capture;
    return 0;
  }
  return check_legacy(s);
}

Code capture_wait(const StreamRef& s) {
  if (captures.load(std::memory_order_acquire) == 0) return 0;
  std::lock_guard lock(graphs_mutex());
  if (!s->capture) return check_legacy(s);
  if (s->capture->invalid) return invalid_already();
  return spoil(*s->capture, abi::kStreamCaptureUnsupported,
               "the stream is being captured: its work is not done yet, so nothing can wait for it or ask how far it is.");
}

Code capture_unsafe() {
  if (captures.load(std::memory_order_acquire) == 0 || thread_mode == kRelaxed) return 0;
  std::lock_guard lock(graphs_mutex());
  bool found = false;
  for (const CaptureRef& c : active()) {
    const bool own = c->thread == std::this_thread::get_id();
    if (own ? c->mode == kRelaxed : c->mode != kGlobal || thread_mode != kGlobal) continue;
    invalidate(*c);
    found = true;
  }
  if (!found) return 0;
  return fail(abi::kStreamCaptureUnsupported,
              "a stream is being captured, and the graph would not know of this call. Do it before the capture, or capture with "
              "cudaStreamCaptureModeRelaxed if the graph does not depend on it.");
}

Code check_call(const char* name) {
  static const std::set<std::string_view> whole_device{"cudaDeviceSynchronize", "cudaDeviceReset"};
  static const std::set<std::string_view> unseen{
      "cudaMalloc", "cudaFree", "cudaMallocManaged", "cudaMallocHost", "cudaHostAlloc", "cudaFreeHost", "cudaMallocPitch", "cudaMalloc3D",
      "cudaMallocArray", "cudaMalloc3DArray", "cudaFreeArray", "cudaHostRegister", "cudaHostUnregister", "cudaDestroyTextureObject",
      "cudaDestroySurfaceObject", "cudaMallocMipmappedArray", "cudaFreeMipmappedArray",
      "cudaEventQuery", "cudaEventSynchronize", "cudaMemPoolTrimTo", "cudaDeviceGraphMemTrim"};
  if (whole_device.contains(name)) {
    std::lock_guard lock(graphs_mutex());
    bool found = false;
    for (const CaptureRef& c : active())
      for (const auto& [stream, ends] : c->ends)
        if (stream->device == current_device()) invalidate(*c), found = true;
    return !found ? 0 : fail(abi::kStreamCaptureUnsupported, "a stream is being captured: its work is not done yet, so nothing can wait for the device.");
  }
  return unseen.contains(name) ? capture_unsafe() : 0;
}

Code add_captured(const StreamRef& s, OperationRef op, std::vector<GraphRef> bodies) {
  std::lock_guard lock(graphs_mutex());
  Capture& c = *s->capture;
  if (Code code = check_node(*c.graph, op->type(), bodies)) {
    invalidate(c);
    return code;
  }
  if (const auto* kernel = dynamic_cast<const KernelOperation*>(op.get()); kernel && s->priority) {
    auto copy = std::make_shared<KernelOperation>(*kernel);   // the node keeps the priority of the stream
    copy->attributes[8].priority = s->priority;
    op = std::move(copy);
  }
  auto& ends = c.ends[s];
  const NodeRef node = append(c.graph, std::move(op), ends, std::move(bodies));
  ends = {{node.get(), {}}};
  return 0;
}

void leave_capture(const StreamRef& s) {
  std::lock_guard lock(graphs_mutex());
  const CaptureRef c = s->capture;
  if (!c || c->origin != s) return;   // what a forked stream did last still has to be joined
  invalidate(*c);
  end_capture(c);
}

Code capture_record(const EventRef& event, const StreamRef& s, bool external, bool& done) {
  done = false;
  CaptureRef c;
  if (Code code = capturing(s, c)) return code;
  std::lock_guard lock(graphs_mutex());
  if (!c) {
    event->captured = nullptr;
    return external ? fail(abi::kInvalidValue, "cudaEventRecordExternal is for streams that are being captured.") : 0;
  }
  done = true;
  if (external) return 0;
  event->captured = std::make_shared<CapturedEvent>(c, c->ends[s]);
  return 0;
}

Code capture_wait_event(const StreamRef& s, const EventRef& event, bool external, bool& done) {
  done = false;
  if (captures.load(std::memory_order_acquire) == 0 && !event->captured)
    return external ? fail(abi::kInvalidValue, "cudaEventWaitExternal is for streams that are being captured.") : 0;
  std::lock_guard lock(graphs_mutex());
  const CaptureRef mine = s->capture;
  if (mine && mine->invalid) return invalid_already();
  if (external) {
    done = mine != nullptr;
    return mine ? 0 : fail(abi::kInvalidValue, "cudaEventWaitExternal is for streams that are being captured.");
  }
  if (!event->captured) {
    if (!mine) return check_legacy(s);
    return spoil(*mine, abi::kStreamCaptureIsolation,
                 "the stream is being captured, but the event was not recorded in that capture. If it is to be waited for at every "
                 "launch of the graph, pass cudaEventWaitExternal.");
  }
  const CaptureRef theirs = event->captured->capture;
  if (!theirs->graph) {
    if (mine) invalidate(*mine);
    return fail(abi::kCapturedEvent, "the event was last recorded in a capture that has ended; record it again.");
  }
  if (theirs->invalid) return invalid_already();
  done = true;
  if (mine && mine != theirs) {
    invalidate(*mine);
    return spoil(*theirs, abi::kStreamCaptureMerge, "the stream and the event belong to two captures, which cannot become one.");
  }
  if (!mine) {
    if (s->legacy) return spoil(*theirs, abi::kStreamCaptureImplicit, "the default stream cannot be captured; wait in another one.");
    s->capture = theirs;
    theirs->ends[s] = event->captured->ends;
  } else {
    join(theirs->ends[s], event->captured->ends);
  }
  return 0;
}

Code check_not_captured(const EventRef& event) {
  std::lock_guard lock(graphs_mutex());
  if (!event->captured) return 0;
  if (event->captured->capture->graph) invalidate(*event->captured->capture);
  return fail(abi::kCapturedEvent, "the event was last recorded in a capture: it says nothing about work of the device.");
}

CaptureRef begin_capture(const StreamRef& s, GraphRef graph, std::vector<Edge> ends, int mode, bool borrowed) {
  static std::uint64_t next_id = 0;
  auto c = std::make_shared<Capture>();
  c->id = ++next_id;
  c->graph = std::move(graph);
  c->graph->captures++;
  c->mode = mode;
  c->thread = std::this_thread::get_id();
  c->origin = s;
  c->borrowed = borrowed;
  c->ends[s] = std::move(ends);
  s->capture = c;
  active().push_back(c);
  captures.fetch_add(1, std::memory_order_release);
  return c;
}

void end_capture(const CaptureRef& c) {
  for (const auto& [stream, ends] : c->ends) stream->capture = nullptr;
  c->ends.clear();
  c->origin = nullptr;
  c->graph->captures--;
  if (c->invalid && !c->borrowed) hide(*c->graph);
  c->graph = nullptr;
  std::erase(active(), c);
  captures.fetch_sub(1, std::memory_order_release);
}

int exchange_capture_mode(int mode) { return std::exchange(thread_mode, mode); }

}  // namespace simt::runtime
