// Streams: queues of work that run in order, each on a thread of its own, and what orders them among each other.
//
// Work in a blocking stream waits for the legacy default stream's earlier work, and the legacy stream's work waits for
// all earlier work in blocking streams, on each device for itself. Work that fails puts its device into a failed state: until a call that
// synchronises has reported the failure, later work is skipped, as on a GPU, whose context is lost. After the report
// the device works again.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "simt/observers/order.hpp"
#include "simt/runtime/core.hpp"

namespace simt::runtime {

using Work = std::function<void()>;

struct Stream;

/// What a stream does, or a node of a graph. All that it needs is in it, and it never changes.
class Operation {
 public:
  virtual ~Operation() = default;
  virtual int type() const = 0;                       ///< a cudaGraphNodeType
  virtual void run(const Stream&) const = 0;          ///< in the stream's turn; what fails goes to set_fault
  virtual void count() const {}                       ///< for the counters that tests read
  int device = current_device();                      ///< the one that was current when it was made
};
using OperationRef = std::shared_ptr<const Operation>;

struct Capture;
struct CapturedEvent;

struct Task {
  Work work;
  std::vector<std::shared_ptr<Task>> after;   // of other streams
  bool always = false;       // runs in the failed state too
  bool by_caller = false;    // the thread that enqueued it runs it
  bool done = false;
  int device = 0;            // its stream's
  observers::WorkRef seen;   // as checkers know it; null if none is on
};
using TaskRef = std::shared_ptr<Task>;

struct Stream {
  unsigned flags = 0;        // 1: non-blocking
  int device = 0;
  std::atomic<int> priority = 0;
  std::uint64_t id = 0;
  bool legacy = false;
  void* handle = nullptr;
  // Guarded by the scheduler's lock.
  std::deque<TaskRef> queue;
  TaskRef last;
  bool worker = false, closing = false;
  std::map<int, abi::LaunchAttributeValue> attributes;   // by cudaStreamAttrID; the priority is not among them
  std::condition_variable wake;
  observers::Clock order;    // for the checkers: what is done when its last task is
  std::uint64_t works = 0;
  std::shared_ptr<Capture> capture;   // guarded by the lock of graphs

  bool blocking() const { return (flags & 1) == 0; }
};
using StreamRef = std::shared_ptr<Stream>;

struct Event {
  unsigned flags = 0;        // 1: blocking wait, 2: no timing, 4: between processes
  int device = 0;
  struct Record {
    TaskRef task;
    std::chrono::steady_clock::time_point time;
  };
  std::shared_ptr<Record> record;   // guarded by the scheduler's lock
  std::shared_ptr<CapturedEvent> captured;   // of the last record, if that was captured; guarded by the lock of graphs
};
using EventRef = std::shared_ptr<Event>;

/// Which stream of the current device the null handle means: functions with the suffixes _ptsz and _ptds use the thread's own.
enum class Default : bool { legacy, per_thread };
/// Short, for the tables of names of the interface.
inline constexpr auto L = Default::legacy, T = Default::per_thread;

/// The stream behind a handle; null after failing the call in progress if there is none.
StreamRef stream_of(void* handle, Default);

/// On the current device.
StreamRef create_stream(unsigned flags, int priority);
Code destroy_stream(void* handle);

struct How {
  bool always = false;
  bool brief = false;        ///< so short that the calling thread does it when nothing is in the way
  bool now = false;          ///< enqueue() only: done when the call returns, unless it is captured
};
/// All that streams do comes through here. While a stream is captured it becomes a node; else it is enqueued, or, with
/// `wait`, run in this thread after all earlier work.
Code enqueue(const StreamRef&, OperationRef, How = {}, bool wait = false);
/// Enqueues work that no capture sees and returns at once. `touches`: memory that the host may use, too.
TaskRef submit(const StreamRef&, Work, How = {}, std::vector<TaskRef> after = {}, bool touches = false);
/// Runs work in this thread after all earlier work of the stream; then reports a failure of the device, if there is one.
/// Work is skipped in the failed state.
Code run_now(const StreamRef&, Work, std::vector<TaskRef> after = {});
/// For the checkers: tasks of other streams that work submitted next begins after, beside those that it is told to wait for.
void order_after(const StreamRef&, const TaskRef&);
/// For the checkers: the host learned that the task is done.
void learned(const TaskRef&);
/// Waits for the stream's work so far and reports.
Code synchronize(const StreamRef&);
/// Waits for everything in flight on the current device and reports.
Code synchronize_device();
/// Waits for everything in flight on the devices that can use the memory at `pointer`; reports of the current one.
Code synchronize_users(const void* pointer);
/// The last task of each of the device's streams.
std::vector<TaskRef> in_flight(int device);
/// Waits for a task and reports.
Code synchronize(const TaskRef&);
bool finished(const TaskRef&);
/// For tasks that are in no queue: whoever did their work says so, and who needs it waits.
void complete(const TaskRef&);
void wait_for(const TaskRef&);
bool device_failed(int device);
void set_attribute(const StreamRef&, int which, const abi::LaunchAttributeValue&);
abi::LaunchAttributeValue attribute(const StreamRef&, int which);   ///< zeros if it was never set
bool idle(const StreamRef&);
std::vector<TaskRef> work_of(const StreamRef&);   ///< what an event recorded now would wait for

/// Called by work that failed.
void set_fault(int device, exec::Fault);
/// Fails the call in progress with the device's failure, if there is one, and forgets it; else 0.
Code report_fault(int device, bool frees = false);
/// Has the next call that waits for the device's work return `code`, too: a launch was refused, and not everybody looks at what
/// a launch returns.
void set_refused(int device, Code code);
/// The code of a failure that was not reported yet.
Code pending_fault(int device);

EventRef event_of(void* handle);   ///< null after failing the call in progress
Code record_event(const EventRef&, const StreamRef&);
Code wait_event(const StreamRef&, const EventRef&);
TaskRef event_task(const EventRef&);   ///< null if it was never recorded
/// The event's last record is this one from now on. Its task is in no queue.
void set_record(const EventRef&, std::shared_ptr<Event::Record>);
Code elapsed(float* ms, const EventRef& start, const EventRef& end);

}  // namespace simt::runtime
