// Entering and failing calls, the per-thread error state, the counters.
#include "simt/runtime/core.hpp"

#include <atomic>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <new>
#include <unordered_set>
#include <utility>

#include "simt/ir/features.hpp"
#include "simt/memory/memory.hpp"
#include "simt/model/profile.hpp"
#include "simt/observers/host.hpp"
#include "simt/runtime/capture.hpp"

namespace simt::runtime {
namespace {

struct ThreadState {
  Code last_error = 0;
  std::string last_message;
  std::string last_printed;
  const char* name = "";     // the interface's function in progress
  int depth = 0;
  int callback_depth = -1;   // of calls, where a host function or a destructor of the program began; -1: none did
  int device = -1;
  std::vector<int> valid_devices;
};
thread_local ThreadState state;

bool quiet() {
  const char* q = std::getenv("PMPP_SIM_QUIET");
  return q && std::strcmp(q, "1") == 0;
}

void print(const std::string& line) {
  // The same complaint in a loop is said once.
  if (line == state.last_printed || quiet()) return;
  state.last_printed = line;
  std::fprintf(stderr, "pmpp: %s\n", line.c_str());
}

std::atomic<std::uint64_t> launches, copies[3], bytes_copied[3];   // to device, to host, within the device

/// These say how things are and must work whatever happened before.
bool always_permitted(const char* name) {
  return std::strcmp(name, "cudaGetLastError") == 0 || std::strcmp(name, "cudaPeekAtLastError") == 0;
}
bool needs_no_device(const char* name) {
  return std::strcmp(name, "cudaDriverGetVersion") == 0 || std::strcmp(name, "cudaRuntimeGetVersion") == 0 || always_permitted(name);
}

}  // namespace

Code fail(Code code, const std::string& sentence) {
  state.last_error = code;
  state.last_message = state.depth ? std::string(state.name) + ": " + sentence : sentence;
  print(state.last_message);
  observers::host_call_failed(state.name, code, state.last_message);
  return code;
}

Code fail(const exec::Fault& fault) {
  state.last_error = fault.code;
  state.last_message = fault.message;
  state.last_printed.clear();   // every fault is an event of its own
  print(state.last_message);
  return fault.code;
}

void say(const std::string& sentence) { print(sentence); }

Code answer(Code code) {
  state.last_error = code;
  return code;
}

Code check_device(int device) {
  const int count = device_count();
  if (device >= 0 && device < count) return 0;
  if (count == 1)
    return fail(abi::kInvalidDevice, format("device %d; the software GPU is device 0 and there is no other (PMPP_SIM_DEVICES=4 makes it four).", device));
  return fail(abi::kInvalidDevice, format("device %d; there are devices 0 to %d.", device, count - 1));
}

int device_count() { return static_cast<int>(model::devices().size()); }
int current_device() {
  if (state.device >= 0) return state.device;
  return state.valid_devices.empty() ? 0 : state.valid_devices[0];
}
void set_current_device(int device) { state.device = device; }
void set_valid_devices(std::vector<int> devices) { state.valid_devices = std::move(devices); }

Code unsupported(const char* name) { return unsupported(name, "is not implemented by the software GPU"); }

Code unsupported(const char* name, const std::string& why) {
  static std::mutex mutex;
  static auto* said = new std::unordered_set<std::string>;
  state.last_error = abi::kNotSupported;
  state.last_message = std::string(name) + " " + why + "; it returns cudaErrorNotSupported.";
  bool first;
  {
    std::lock_guard lock(mutex);
    first = said->insert(name).second;
  }
  if (first && !quiet()) std::fprintf(stderr, "pmpp: %s\n", state.last_message.c_str());
  return abi::kNotSupported;
}

Code is_off(const char* name) {
  const auto feature = ir::features::without_call(name);
  if (feature.empty()) return 0;
  return unsupported(name, "is switched off by PMPP_SIM_WITHOUT=" + std::string(feature));
}

Code peek_error() { return state.last_error; }

Code take_error() {
  const Code code = state.last_error;
  state.last_error = 0;
  return code;
}

const char* last_message() { return state.last_message.c_str(); }

namespace {
std::atomic<bool> recording_calls;
std::mutex calls_mutex;   // guards what follows
std::string called;
}  // namespace

void record_calls(bool on) {
  std::lock_guard lock(calls_mutex);
  called.clear();
  recording_calls = on;
}

std::string recorded_calls() {
  std::lock_guard lock(calls_mutex);
  return called;
}

Code enter(const char* name, Body body) {
  struct Scope {
    const char* outer = state.name;
    explicit Scope(const char* name) {
      if (state.depth++ == 0) state.name = name;
    }
    ~Scope() {
      --state.depth;
      state.name = outer;
    }
  } scope(name);
  if (recording_calls.load(std::memory_order_relaxed) && state.depth == 1) {
    std::lock_guard lock(calls_mutex);
    called.append(name).append("\n");
  }
  if (memory::AddressSpace::forked() && !always_permitted(name)) {
    return fail(abi::kInitializationError,
                "this process was forked from one that had used the device, and device memory does not survive a "
                "fork; start the child with spawn (exec) instead.");
  }
  if (device_count() == 0 && !needs_no_device(name))
    return fail(abi::kNoDevice, "no device can be seen: CUDA_VISIBLE_DEVICES names none of those of PMPP_SIM_DEVICES.");
  if (state.callback_depth >= 0 && state.depth == state.callback_depth + 1 && !always_permitted(name)) {
    return fail(abi::kNotPermitted, "a host function that a stream runs must not call CUDA.");
  }
  if (const auto& complaint = ir::features::complaint(); !complaint.empty()) return fail(abi::kInvalidValue, complaint);
  if (state.depth == 1)
    if (Code code = is_off(name)) return code;
  try {
    if (captures.load(std::memory_order_relaxed) && state.depth == 1)
      if (Code c = check_call(name)) return c;
    return body();
  } catch (const std::bad_alloc&) {
    return fail(abi::kMemoryAllocation, "the host is out of memory.");
  } catch (const std::exception& e) {
    return fail(abi::kUnknown, std::string("internal error of the software GPU: ") + e.what());
  }
}

InCallback::InCallback() : outer(std::exchange(state.callback_depth, state.depth)) {}
InCallback::~InCallback() { state.callback_depth = outer; }

std::string format(const char* pattern, ...) {
  char text[2048];
  va_list args;
  va_start(args, pattern);
  std::vsnprintf(text, sizeof text, pattern, args);
  va_end(args);
  return text;
}

void count_launch() { launches.fetch_add(1, std::memory_order_relaxed); }

void count_copy(bool to_device, bool from_device, std::size_t bytes) {
  if (!to_device && !from_device) return;
  const int which = to_device && from_device ? 2 : to_device ? 0 : 1;
  copies[which].fetch_add(1, std::memory_order_relaxed);
  bytes_copied[which].fetch_add(bytes, std::memory_order_relaxed);
}

Counters counters() {
  return {launches.load(), copies[0].load(), bytes_copied[0].load(), copies[1].load(),
          bytes_copied[1].load(), copies[2].load(), bytes_copied[2].load()};
}

void reset_counters() {
  launches = 0;
  for (int i = 0; i < 3; ++i) copies[i] = 0, bytes_copied[i] = 0;
}

}  // namespace simt::runtime
