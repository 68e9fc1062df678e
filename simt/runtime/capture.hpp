// Stream capture: while a stream is captured, what it is told to do becomes nodes of a graph.
//
// The functions here are what the streams ask: whether they are captured, and whether what they are about to do is
// possible meanwhile. A violation fails the call in progress and invalidates the captures that it would have spoiled.
#pragma once

#include <atomic>
#include <map>
#include <thread>
#include <vector>

#include "simt/runtime/graph.hpp"
#include "simt/runtime/stream.hpp"

namespace simt::runtime {

enum CaptureMode : int { kGlobal, kThreadLocal, kRelaxed };

struct Capture {
  std::uint64_t id = 0;
  GraphRef graph;                  ///< null after the capture has ended
  int mode = kGlobal;
  std::thread::id thread;
  StreamRef origin;
  bool invalid = false;
  bool borrowed = false;           ///< the graph is the program's and outlives a failure
  std::map<StreamRef, std::vector<Edge>> ends;   ///< what the next node of each captured stream depends on
  std::vector<void*> shown;        ///< what cudaStreamGetCaptureInfo pointed to
  std::vector<abi::EdgeData> shown_data;
};
using CaptureRef = std::shared_ptr<Capture>;

/// Where an event was recorded in a capture.
struct CapturedEvent {
  CaptureRef capture;
  std::vector<Edge> ends;
};

extern std::atomic<int> captures;   ///< that are going on

/// Sets `out` if the stream is being captured. Fails if that capture was invalidated, or if the legacy stream would wait
/// for a captured one.
Code capturing(const StreamRef&, CaptureRef& out);
/// Fails if the stream is captured, or would have to wait for one that is.
Code capture_wait(const StreamRef&);
bool any_blocking_capture(int device);
/// Fails if this thread must not do now what a capture does not see.
Code capture_unsafe();
/// Fails if the function must not be called while a capture is going on.
Code check_call(const char* name);
/// A captured stream's next node.
Code add_captured(const StreamRef&, OperationRef, std::vector<GraphRef> bodies = {});
/// The stream is destroyed, and with it a capture that began in it.
void leave_capture(const StreamRef&);

/// Record and wait in captures; `done` says whether there is nothing else to do.
Code capture_record(const EventRef&, const StreamRef&, bool external, bool& done);
Code capture_wait_event(const StreamRef&, const EventRef&, bool external, bool& done);
/// Fails if the event was last recorded in a capture.
Code check_not_captured(const EventRef&);

void invalidate(Capture&);
/// Ends the capture for all its streams.
void end_capture(const CaptureRef&);
CaptureRef begin_capture(const StreamRef&, GraphRef, std::vector<Edge> ends, int mode, bool borrowed);
int exchange_capture_mode(int mode);

}  // namespace simt::runtime
