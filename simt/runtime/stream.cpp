// The scheduler: one lock, a queue and a worker thread a stream, dependencies between tasks of different streams.
#include "simt/runtime/stream.hpp"

#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <new>
#include <system_error>
#include <thread>

#include "simt/memory/memory.hpp"
#include "simt/model/profile.hpp"
#include "simt/runtime/capture.hpp"
#include "simt/runtime/handles.hpp"

namespace simt::runtime {
namespace {

/// Everything that outlives main: workers may still run while the process ends.
struct Scheduler {
  std::mutex mutex;
  std::condition_variable progress;        // a task is done
  std::vector<StreamRef> streams;          // all that may hold work, destroyed ones until they are drained
  Handles<Stream> handles{1};
  std::uint64_t next_id = 1;
  struct Device {
    StreamRef legacy;
    observers::Clock gone;                   // what streams that are gone had done, but for non-blocking ones
    exec::Fault fault;
    std::atomic<bool> failed{false};
    std::atomic<Code> refused{0};            // of a launch
  };
  Device devices[model::kMaxDevices];

  StreamRef make(int device, unsigned flags, int priority, bool is_legacy) {
    auto s = std::make_shared<Stream>();
    s->device = device;
    s->flags = flags;
    s->priority = priority;
    s->legacy = is_legacy;
    std::lock_guard lock(mutex);
    s->id = next_id++;
    streams.push_back(s);
    if (!is_legacy) observers::may_overlap();
    return s;
  }
  Scheduler() {
    for (int d = 0; d < device_count(); ++d) devices[d].legacy = make(d, 0, 0, true);
  }

  void forget(const StreamRef& s) {
    if (s->blocking()) devices[s->device].gone.join(s->order);
    streams.erase(std::remove(streams.begin(), streams.end(), s), streams.end());
  }
};

Scheduler& scheduler() {
  static auto* s = new Scheduler;
  return *s;
}

void close(const StreamRef& s) {
  auto& g = scheduler();
  std::lock_guard lock(g.mutex);
  s->closing = true;
  if (s->worker) s->wake.notify_all();
  else if (s->queue.empty()) g.forget(s);
}

/// The thread's own default streams, one a device; they are drained after the thread has ended.
struct ThreadStreams {
  StreamRef on[model::kMaxDevices];
  ~ThreadStreams() {
    for (const StreamRef& s : on)
      if (s) close(s);
  }
};
thread_local ThreadStreams thread_streams;

bool done_all(const std::vector<TaskRef>& tasks) {
  return std::all_of(tasks.begin(), tasks.end(), [](const TaskRef& t) { return t->done; });
}

/// Marks the front task done; the caller holds the lock.
void finish(Scheduler& g, Stream& s, Task& task) {
  task.done = true;
  task.after.clear();
  s.queue.pop_front();
  g.progress.notify_all();
  if (s.worker) s.wake.notify_all();
}

void execute(Scheduler& g, Task& task) {
  observers::Doing doing(task.seen.get());
  if (task.work && (task.always || !g.devices[task.device].failed.load(std::memory_order_acquire))) {
    try {
      task.work();
    } catch (const std::bad_alloc&) {
      set_fault(task.device, {abi::kMemoryAllocation, "the host is out of memory for work of a stream."});
    }
  }
  task.work = nullptr;   // here, not under the lock: what it holds may take long to go
  if (task.seen) observers::done(task.seen);
}

void worker(StreamRef s) {
  auto& g = scheduler();
  std::unique_lock lock(g.mutex);
  for (;;) {
    s->wake.wait(lock, [&] { return s->queue.empty() ? s->closing : !s->queue.front()->by_caller; });
    if (s->queue.empty()) break;
    TaskRef task = s->queue.front();
    g.progress.wait(lock, [&] { return done_all(task->after); });
    lock.unlock();
    execute(g, *task);
    lock.lock();
    finish(g, *s, *task);
  }
  g.forget(s);
}

/// Threads run this library's code: it must not be unloaded under them.
void stay_loaded() {
  static std::once_flag once;
  std::call_once(once, [] {
    Dl_info info;
    if (dladdr(reinterpret_cast<void*>(&stay_loaded), &info) && info.dli_fname)
      dlopen(info.dli_fname, RTLD_NOW | RTLD_NOLOAD | RTLD_NODELETE);
  });
}

void start_worker(const StreamRef& s) {
  stay_loaded();
  // Signals belong to the program's own threads; those that a fault raises must stay deliverable.
  sigset_t all, old;
  sigfillset(&all);
  for (int keep : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP}) sigdelset(&all, keep);
  pthread_sigmask(SIG_SETMASK, &all, &old);
  try {
    std::thread(worker, s).detach();
    s->worker = true;
  } catch (const std::system_error&) {
  }
  pthread_sigmask(SIG_SETMASK, &old, nullptr);
}

/// What work that is enqueued now has to wait for in other streams; the caller holds the lock.
void add_default_order(Scheduler& g, const Stream& s, std::vector<TaskRef>& after) {
  if (s.legacy) {
    for (const StreamRef& other : g.streams)
      if (other.get() != &s && other->device == s.device && other->blocking() && other->last && !other->last->done)
        after.push_back(other->last);
  } else if (s.blocking()) {
    const TaskRef& last = g.devices[s.device].legacy->last;
    if (last && !last->done) after.push_back(last);
  }
}

/// What a legacy stream's work begins after, or that of one that waits for it, whether it is done or not.
observers::Clock default_order(Scheduler& g, const Stream& s) {
  observers::Clock clock = s.order;
  if (s.legacy) {
    for (const StreamRef& other : g.streams)
      if (other->device == s.device && other->blocking()) clock.join(other->order);
    clock.join(g.devices[s.device].gone);
  } else if (s.blocking()) {
    clock.join(g.devices[s.device].legacy->order);
  }
  return clock;
}

/// Tells the checkers of a task that goes into a queue; the caller holds the lock.
void tell_order(Scheduler& g, Stream& s, Task& task) {
  if (!observers::following()) return;
  auto clock = default_order(g, s);
  for (const TaskRef& t : task.after)
    if (t->seen) clock.join(t->seen->clock);
  task.seen = observers::enqueued(s.id, ++s.works, std::move(clock));
  s.order = task.seen->clock;
}

void run_by_caller(Scheduler& g, std::unique_lock<std::mutex>& lock, const StreamRef& s, const TaskRef& task) {
  g.progress.wait(lock, [&] { return s->queue.front() == task && done_all(task->after); });
  lock.unlock();
  execute(g, *task);
  lock.lock();
  finish(g, *s, *task);
  if (s->closing && !s->worker && s->queue.empty()) g.forget(s);
}

}  // namespace

StreamRef stream_of(void* handle, Default meaning) {
  auto& g = scheduler();
  const auto value = reinterpret_cast<std::uintptr_t>(handle);
  if ((value == 0 && meaning == Default::legacy) || value == 1) return g.devices[current_device()].legacy;
  if (value == 0 || value == 2) {
    StreamRef& own = thread_streams.on[current_device()];
    if (!own) own = g.make(current_device(), 0, 0, false);
    return own;
  }
  StreamRef s = g.handles.get(handle);
  if (!s) fail(abi::kInvalidResourceHandle, format("%p is not a stream: it was destroyed or never created.", handle));
  return s;
}

StreamRef create_stream(unsigned flags, int priority) {
  auto& g = scheduler();
  StreamRef s = g.make(current_device(), flags, priority, false);
  s->handle = g.handles.add(s);
  return s;
}

Code destroy_stream(void* handle) {
  if (reinterpret_cast<std::uintptr_t>(handle) <= 2)
    return fail(abi::kInvalidResourceHandle, "a default stream cannot be destroyed.");
  StreamRef s = scheduler().handles.remove(handle);
  if (!s) return fail(abi::kInvalidResourceHandle, format("%p is not a stream: it was destroyed or never created.", handle));
  leave_capture(s);
  close(s);
  return 0;
}

Code enqueue(const StreamRef& s, OperationRef op, How how, bool wait) {
  if (wait) {
    if (Code c = capture_wait(s)) return c;
    if (Code c = capture_unsafe()) return c;   // nothing that a capture of this thread would see
    return run_now(s, [&] { op->run(*s); });
  }
  CaptureRef capture;
  if (Code c = capturing(s, capture)) return c;
  if (capture) return add_captured(s, std::move(op));
  op->count();
  if (how.now) return run_now(s, [&] { op->run(*s); });
  const int type = op->type();
  const bool touches = type == abi::kNodeKernel || type == abi::kNodeMemcpy || type == abi::kNodeMemset || type == abi::kNodeHost;
  submit(s, [op = std::move(op), s] { op->run(*s); }, how, {}, touches);
  return 0;
}

TaskRef submit(const StreamRef& s, Work work, How how, std::vector<TaskRef> after, bool touches) {
  auto& g = scheduler();
  auto task = std::make_shared<Task>();
  task->work = std::move(work);
  task->always = how.always;
  task->device = s->device;
  std::unique_lock lock(g.mutex);
  task->after = std::move(after);
  tell_order(g, *s, *task);
  if (touches) observers::may_touch_host(task->seen);
  add_default_order(g, *s, task->after);
  const bool free_now = s->queue.empty() && done_all(task->after);
  task->by_caller = how.brief && free_now;
  s->queue.push_back(task);
  s->last = task;
  if (!task->by_caller && !s->worker) {
    start_worker(s);
    if (!s->worker) task->by_caller = true;   // no thread to be had: be slow rather than fail
  }
  if (task->by_caller) run_by_caller(g, lock, s, task);
  else s->wake.notify_all();
  return task;
}

Code run_now(const StreamRef& s, Work work, std::vector<TaskRef> after) {
  if (Code c = capture_wait(s)) return c;
  auto& g = scheduler();
  auto task = std::make_shared<Task>();
  task->work = std::move(work);
  task->by_caller = true;
  task->device = s->device;
  task->after = std::move(after);
  {
    std::unique_lock lock(g.mutex);
    tell_order(g, *s, *task);
    add_default_order(g, *s, task->after);
    s->queue.push_back(task);
    s->last = task;
    run_by_caller(g, lock, s, task);
  }
  learned(task);
  return report_fault(s->device);
}

void learned(const TaskRef& task) {
  if (task->seen) observers::host_waited(task->seen->clock);
}

void order_after(const StreamRef& s, const TaskRef& task) {
  if (!task || !task->seen) return;
  std::lock_guard lock(scheduler().mutex);
  s->order.join(task->seen->clock);
}

Code synchronize(const StreamRef& s) { return run_now(s, nullptr); }

Code synchronize(const TaskRef& task) {
  auto& g = scheduler();
  {
    std::unique_lock lock(g.mutex);
    g.progress.wait(lock, [&] { return task->done; });
  }
  learned(task);
  return report_fault(task->device);
}

namespace {
/// `devices`: a bit each. The caller holds the lock.
std::vector<TaskRef> last_tasks(Scheduler& g, unsigned devices) {
  std::vector<TaskRef> tasks;
  for (const StreamRef& s : g.streams)
    if (s->last && (devices >> s->device & 1)) tasks.push_back(s->last);
  return tasks;
}

Code wait_for_devices(unsigned devices, bool frees) {
  auto& g = scheduler();
  {
    std::unique_lock lock(g.mutex);
    const std::vector<TaskRef> tasks = last_tasks(g, devices);
    g.progress.wait(lock, [&] { return done_all(tasks); });
    if (observers::following()) {
      observers::Clock clock;
      for (const TaskRef& task : tasks)
        if (task->seen) clock.join(task->seen->clock);
      for (int d = 0; d < device_count(); ++d)
        if (devices >> d & 1) clock.join(g.devices[d].gone);
      observers::host_waited(clock);
    }
  }
  return report_fault(current_device(), frees);
}
}  // namespace

std::vector<TaskRef> in_flight(int device) {
  auto& g = scheduler();
  std::lock_guard lock(g.mutex);
  return last_tasks(g, 1u << device);
}

Code synchronize_device() { return wait_for_devices(1u << current_device(), false); }

Code synchronize_users(const void* pointer) {
  const auto& space = memory::AddressSpace::instance();
  unsigned devices = 1u << current_device();
  if (const auto a = space.lookup(reinterpret_cast<memory::GuestAddr>(pointer)))
    for (int d = 0; d < device_count(); ++d) devices |= unsigned(space.reaches(d, *a)) << d;
  return wait_for_devices(devices, true);
}

bool finished(const TaskRef& task) {
  std::lock_guard lock(scheduler().mutex);
  return task->done;
}

void complete(const TaskRef& task) {
  auto& g = scheduler();
  std::lock_guard lock(g.mutex);
  task->done = true;
  g.progress.notify_all();
}

void wait_for(const TaskRef& task) {
  auto& g = scheduler();
  std::unique_lock lock(g.mutex);
  g.progress.wait(lock, [&] { return task->done; });
}

bool device_failed(int device) { return scheduler().devices[device].failed.load(std::memory_order_acquire); }

std::vector<TaskRef> work_of(const StreamRef& s) {
  auto& g = scheduler();
  std::lock_guard lock(g.mutex);
  std::vector<TaskRef> tasks;
  add_default_order(g, *s, tasks);
  if (s->last && !s->last->done) tasks.push_back(s->last);
  return tasks;
}

void set_attribute(const StreamRef& s, int which, const abi::LaunchAttributeValue& value) {
  std::lock_guard lock(scheduler().mutex);
  s->attributes[which] = value;
}

abi::LaunchAttributeValue attribute(const StreamRef& s, int which) {
  std::lock_guard lock(scheduler().mutex);
  const auto at = s->attributes.find(which);
  return at == s->attributes.end() ? abi::LaunchAttributeValue{} : at->second;
}

bool idle(const StreamRef& s) {
  if (!work_of(s).empty()) return false;
  if (observers::following()) {
    auto& g = scheduler();
    std::lock_guard lock(g.mutex);
    observers::host_waited(default_order(g, *s));
  }
  return true;
}

void set_fault(int device, exec::Fault fault) {
  auto& g = scheduler();
  std::lock_guard lock(g.mutex);
  auto& d = g.devices[device];
  if (d.fault) return;
  d.fault = std::move(fault);
  d.failed.store(true, std::memory_order_release);
}

void set_refused(int device, Code code) { scheduler().devices[device].refused.store(code, std::memory_order_release); }

Code report_fault(int device, bool frees) {
  auto& g = scheduler();
  auto& d = g.devices[device];
  if (!d.failed.load(std::memory_order_acquire)) {
    // What frees memory runs in destructors, too, where an error that was already reported ends the program.
    if (frees || !d.refused.load(std::memory_order_acquire)) return 0;
    const Code code = d.refused.exchange(0);
    return code ? fail({code, "an earlier launch was refused, so what it would have computed is missing."}) : 0;
  }
  exec::Fault fault;
  {
    std::lock_guard lock(g.mutex);
    std::swap(fault, d.fault);
    d.failed.store(false, std::memory_order_release);
  }
  return fault ? fail(fault) : 0;
}

Code pending_fault(int device) {
  auto& g = scheduler();
  std::lock_guard lock(g.mutex);
  return g.devices[device].fault.code;
}

void set_record(const EventRef& event, std::shared_ptr<Event::Record> record) {
  std::lock_guard lock(scheduler().mutex);
  event->record = std::move(record);
}

Code record_event(const EventRef& event, const StreamRef& s) {
  auto record = std::make_shared<Event::Record>();
  TaskRef task = submit(s, [record] { record->time = std::chrono::steady_clock::now(); }, {true, true});
  std::lock_guard lock(scheduler().mutex);
  record->task = std::move(task);
  event->record = std::move(record);
  return 0;
}

Code wait_event(const StreamRef& s, const EventRef& event) {
  TaskRef task = event_task(event);
  if (task && (!finished(task) || task->seen)) submit(s, nullptr, {true, false}, {task});
  return 0;
}

TaskRef event_task(const EventRef& event) {
  std::lock_guard lock(scheduler().mutex);
  return event->record ? event->record->task : nullptr;
}

Code elapsed(float* ms, const EventRef& start, const EventRef& end) {
  std::lock_guard lock(scheduler().mutex);
  *ms = std::chrono::duration<float, std::milli>(end->record->time - start->record->time).count();
  return 0;
}

}  // namespace simt::runtime
