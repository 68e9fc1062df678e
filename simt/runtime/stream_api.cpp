// The interface's streams, events, callbacks and synchronisation.
#include <algorithm>
#include <iterator>

#include "simt/runtime/capture.hpp"
#include "simt/runtime/handles.hpp"
#include "simt/runtime/host_operation.hpp"

using namespace simt::runtime;
namespace abi = simt::abi;

namespace {

constexpr int kLeastPriority = 0, kGreatestPriority = -5;

struct Events {
  Handles<Event> handles{6};
};
Handles<Event>& events() {
  static auto* e = new Events;
  return e->handles;
}

/// Priorities outside the range are taken to its nearest end, as the interface says.
int clamped_priority(int priority) { return std::max(kGreatestPriority, std::min(kLeastPriority, priority)); }

/// Access policy window, synchronisation policy, domains of memory order, and a hint about links: remembered, without effect.
constexpr int kAttributes[] = {1, 3, 9, 10, 16}, kPriority = 8;

Code check_attribute(int which, const void* value) {
  if (!value) return fail(abi::kInvalidValue, "the value is null.");
  if (which == kPriority || std::find(std::begin(kAttributes), std::end(kAttributes), which) != std::end(kAttributes)) return 0;
  return fail(abi::kInvalidValue, format("%d is not an attribute of streams.", which));
}

Code create(const char* name, void** out, unsigned flags, int priority) {
  return call(name, [&]() -> Code {
    if (!out) return fail(abi::kInvalidValue, "the place for the stream is null.");
    if (flags & ~1u) return fail(abi::kInvalidValue, format("flags 0x%x; known are cudaStreamDefault and cudaStreamNonBlocking.", flags));
    *out = create_stream(flags, clamped_priority(priority))->handle;
    return 0;
  });
}

template <class F>
Code with_stream(const char* name, void* stream, Default meaning, F f) {
  return call(name, [&]() -> Code {
    StreamRef s = stream_of(stream, meaning);
    return s ? f(s) : Code{abi::kInvalidResourceHandle};
  });
}

Code not_ready() { return answer(abi::kNotReady); }

/// An event node of the graph that the stream is captured into.
Code add_event_node(const StreamRef& s, void* handle, const EventRef& e, bool record) {
  auto op = std::make_shared<EventOperation>();
  op->record = record;
  op->handle = handle;
  op->event = e;
  return enqueue(s, std::move(op));
}

using Callback = void (*)(void* stream, Code status, void* data);

}  // namespace

EventRef simt::runtime::event_of(void* handle) {
  auto e = events().get(handle);
  if (!e) fail(abi::kInvalidResourceHandle, format("%p is not an event: it was destroyed or never created.", handle));
  return e;
}

PMPP_EXPORT Code cudaStreamCreate(void** s) { return create("cudaStreamCreate", s, 0, 0); }
PMPP_EXPORT Code cudaStreamCreateWithFlags(void** s, unsigned flags) { return create("cudaStreamCreateWithFlags", s, flags, 0); }
PMPP_EXPORT Code cudaStreamCreateWithPriority(void** s, unsigned flags, int priority) { return create("cudaStreamCreateWithPriority", s, flags, priority); }
PMPP_EXPORT Code cudaStreamDestroy(void* s) {
  return call("cudaStreamDestroy", [&] { return destroy_stream(s); });
}
PMPP_EXPORT Code cudaDeviceGetStreamPriorityRange(int* least, int* greatest) {
  if (least) *least = kLeastPriority;
  if (greatest) *greatest = kGreatestPriority;
  return 0;
}

// Each of these exists twice: as it is, and for code compiled with --default-stream per-thread.
#define PMPP_STREAM_CALL(name, parameters, stream, ...)                                               \
  PMPP_EXPORT Code name parameters { return with_stream(#name, stream, L, __VA_ARGS__); }             \
  PMPP_EXPORT Code name##_ptsz parameters { return with_stream(#name, stream, T, __VA_ARGS__); }

PMPP_STREAM_CALL(cudaStreamGetPriority, (void* q, int* out), q, [&](const StreamRef& s) -> Code {
  if (!out) return null_place();
  *out = s->priority;
  return 0;
})
PMPP_STREAM_CALL(cudaStreamGetFlags, (void* q, unsigned* out), q, [&](const StreamRef& s) -> Code {
  if (!out) return null_place();
  *out = s->flags;
  return 0;
})
PMPP_STREAM_CALL(cudaStreamGetId, (void* q, unsigned long long* out), q, [&](const StreamRef& s) -> Code {
  if (!out) return null_place();
  *out = s->id;
  return 0;
})
PMPP_STREAM_CALL(cudaStreamGetDevice, (void* q, int* out), q, [&](const StreamRef& s) -> Code {
  if (!out) return null_place();
  *out = s->device;
  return 0;
})
PMPP_STREAM_CALL(cudaStreamSynchronize, (void* q), q, [&](const StreamRef& s) { return synchronize(s); })
PMPP_STREAM_CALL(cudaStreamQuery, (void* q), q, [&](const StreamRef& s) -> Code {
  if (Code c = capture_wait(s)) return c;
  return idle(s) ? report_fault(s->device) : not_ready();
})
PMPP_STREAM_CALL(cudaStreamWaitEvent, (void* q, void* event, unsigned flags), q, [&](const StreamRef& s) -> Code {
  auto e = event_of(event);
  if (!e) return abi::kInvalidResourceHandle;
  if (flags > 1) return fail(abi::kInvalidValue, format("flags 0x%x; known are cudaEventWaitDefault and cudaEventWaitExternal.", flags));
  bool captured;
  if (Code c = capture_wait_event(s, e, flags == 1, captured)) return c;
  if (!captured) return wait_event(s, e);
  return flags ? add_event_node(s, event, e, false) : 0;
})
PMPP_STREAM_CALL(cudaLaunchHostFunc, (void* q, abi::HostFunction f, void* data), q, [&](const StreamRef& s) -> Code {
  if (!f) return fail(abi::kInvalidValue, "the function is null.");
  return enqueue(s, std::make_shared<HostOperation>(abi::HostNodeParams{f, data}));
})
PMPP_STREAM_CALL(cudaStreamAddCallback, (void* q, Callback f, void* data, unsigned flags), q, [&](const StreamRef& s) -> Code {
  if (!f) return fail(abi::kInvalidValue, "the function is null.");
  if (flags) return fail(abi::kInvalidValue, "the flags must be 0.");
  if (Code c = capture_wait(s)) return c;   // no graph has callbacks of this kind
  submit(s, [q, f, data, device = s->device] {
    const Code status = pending_fault(device);
    InCallback scope;
    f(q, status, data);
  }, {true, false}, {}, true);
  return 0;
})
PMPP_STREAM_CALL(cudaStreamSetAttribute, (void* q, int which, const abi::LaunchAttributeValue* value), q, [&](const StreamRef& s) -> Code {
  if (Code c = check_attribute(which, value)) return c;
  if (which == kPriority) s->priority = clamped_priority(value->priority);
  else set_attribute(s, which, *value);
  return 0;
})
PMPP_STREAM_CALL(cudaStreamGetAttribute, (void* q, int which, abi::LaunchAttributeValue* value), q, [&](const StreamRef& s) -> Code {
  if (Code c = check_attribute(which, value)) return c;
  *value = attribute(s, which);
  if (which == kPriority) value->priority = s->priority;
  return 0;
})
PMPP_STREAM_CALL(cudaStreamCopyAttributes, (void* to, void* from), to, [&](const StreamRef& s) -> Code {
  const StreamRef source = stream_of(from, L);
  if (!source) return abi::kInvalidResourceHandle;
  for (int which : kAttributes) set_attribute(s, which, attribute(source, which));
  s->priority = source->priority.load();
  return 0;
})

namespace {

Code record(const char* name, void* event, void* stream, unsigned flags, Default meaning) {
  return with_stream(name, stream, meaning, [&](const StreamRef& s) -> Code {
    auto e = event_of(event);
    if (!e) return abi::kInvalidResourceHandle;
    if (flags > 1) return fail(abi::kInvalidValue, format("flags 0x%x; known are cudaEventRecordDefault and cudaEventRecordExternal.", flags));
    if (e->device != s->device)
      return fail(abi::kInvalidResourceHandle, format("an event of device %d cannot be recorded in a stream of device %d; create it with "
                                                      "the stream's device current.", e->device, s->device));
    bool captured;
    if (Code c = capture_record(e, s, flags == 1, captured)) return c;
    if (!captured) return record_event(e, s);
    return flags ? add_event_node(s, event, e, true) : 0;
  });
}

Code create_event(const char* name, void** out, unsigned flags) {
  return call(name, [&]() -> Code {
    if (!out) return fail(abi::kInvalidValue, "the place for the event is null.");
    if (flags & ~7u) return fail(abi::kInvalidValue, format("flags 0x%x; known are cudaEventBlockingSync, DisableTiming and Interprocess.", flags));
    if (flags & 4) return fail(abi::kNotSupported, "cudaEventInterprocess is not implemented by the software GPU.");
    auto e = std::make_shared<Event>();
    e->flags = flags;
    e->device = current_device();
    *out = events().add(std::move(e));
    return 0;
  });
}

}  // namespace

PMPP_EXPORT Code cudaEventCreate(void** e) { return create_event("cudaEventCreate", e, 0); }
PMPP_EXPORT Code cudaEventCreateWithFlags(void** e, unsigned flags) { return create_event("cudaEventCreateWithFlags", e, flags); }
PMPP_EXPORT Code cudaEventRecord(void* e, void* q) { return record("cudaEventRecord", e, q, 0, L); }
PMPP_EXPORT Code cudaEventRecord_ptsz(void* e, void* q) { return record("cudaEventRecord", e, q, 0, T); }
PMPP_EXPORT Code cudaEventRecordWithFlags(void* e, void* q, unsigned f) { return record("cudaEventRecordWithFlags", e, q, f, L); }
PMPP_EXPORT Code cudaEventRecordWithFlags_ptsz(void* e, void* q, unsigned f) { return record("cudaEventRecordWithFlags", e, q, f, T); }
PMPP_EXPORT Code cudaEventQuery(void* event) {
  return call("cudaEventQuery", [&]() -> Code {
    auto e = event_of(event);
    if (!e) return abi::kInvalidResourceHandle;
    if (Code c = check_not_captured(e)) return c;
    TaskRef task = event_task(e);
    if (task && !finished(task)) return not_ready();
    if (task) learned(task);
    return report_fault(e->device);
  });
}
PMPP_EXPORT Code cudaEventSynchronize(void* event) {
  return call("cudaEventSynchronize", [&]() -> Code {
    auto e = event_of(event);
    if (!e) return abi::kInvalidResourceHandle;
    if (Code c = check_not_captured(e)) return c;
    TaskRef task = event_task(e);
    return task ? synchronize(task) : report_fault(e->device);
  });
}
PMPP_EXPORT Code cudaEventDestroy(void* event) {
  return call("cudaEventDestroy", [&]() -> Code {
    if (events().remove(event)) return 0;
    return fail(abi::kInvalidResourceHandle, format("%p is not an event: it was destroyed or never created.", event));
  });
}
PMPP_EXPORT Code cudaEventElapsedTime(float* ms, void* start, void* end) {
  return call("cudaEventElapsedTime", [&]() -> Code {
    auto a = event_of(start), b = event_of(end);
    if (!a || !b) return abi::kInvalidResourceHandle;
    if (!ms) return null_place();
    if ((a->flags | b->flags) & 2) return fail(abi::kInvalidResourceHandle, "an event was created with cudaEventDisableTiming and has no time.");
    if (a->device != b->device)
      return fail(abi::kInvalidResourceHandle, format("the events are of different devices, %d and %d, whose clocks cannot be compared.", a->device, b->device));
    if (Code c = check_not_captured(a)) return c;
    if (Code c = check_not_captured(b)) return c;
    TaskRef x = event_task(a), y = event_task(b);
    if (!x || !y) return fail(abi::kInvalidResourceHandle, format("the %s event was never recorded.", x ? "second" : "first"));
    if (!finished(x) || !finished(y)) return not_ready();
    return elapsed(ms, a, b);
  });
}

PMPP_EXPORT Code cudaDeviceSynchronize() {
  return call("cudaDeviceSynchronize", [] { return synchronize_device(); });
}

#undef PMPP_STREAM_CALL
