// What every call of the runtime stand-in shares: entering a call, failing with a sentence, per-thread error state.
#pragma once

#include <cstdint>
#include <string>
#include <type_traits>
#include <vector>

#include "simt/exec/engine.hpp"
#include "simt/runtime/abi.hpp"

#define PMPP_EXPORT extern "C" __attribute__((visibility("default")))

namespace simt::runtime {

using abi::Error;
using Code = int;   ///< a cudaError_t

/// Fails the call in progress: remembers `code` as this thread's last error and `sentence` as its last message, and
/// prints it to stderr as "pmpp: <call>: <sentence>" unless PMPP_SIM_QUIET=1. Returns `code`.
Code fail(Code code, const std::string& sentence);
/// The same for a fault of the engine, whose message already says where it happened.
Code fail(const exec::Fault& fault);
/// Prints a sentence as failures are printed.
void say(const std::string& sentence);
/// For a call without a place for its answer.
inline Code null_place() { return fail(abi::kInvalidValue, "the place for the answer is null."); }
/// Fails unless there is such a device.
Code check_device(int device);
int device_count();
/// This thread's: the first one that it may use until it chooses another.
int current_device();
void set_current_device(int device);   ///< -1: it has not chosen
/// The devices that this thread tries, in this order; empty: all.
void set_valid_devices(std::vector<int>);
/// Records `code` without a word: for codes that are answers (not ready).
Code answer(Code code);
/// For a name of the interface that is not implemented.
Code unsupported(const char* name);
/// The same, with another reason.
Code unsupported(const char* name, const std::string& why);
/// Fails so if the call belongs to a feature that PMPP_SIM_WITHOUT names; else 0.
Code is_off(const char* name);

Code peek_error();
Code take_error();
const char* last_message();
const char* error_name(Code);     ///< null if the code is unknown
const char* error_text(Code);

/// A reference to a callable, so that entering a call costs no template of its own.
class Body {
 public:
  template <class F>
  Body(F& f) : object_(&f), invoke_([](void* p) -> Code { return (*static_cast<F*>(p))(); }) {}
  Code operator()() const { return invoke_(object_); }

 private:
  void* object_;
  Code (*invoke_)(void*);
};

/// Runs the body of the interface's function `name`: refuses calls in a forked child and from host functions that a
/// stream runs, turns exceptions into error codes.
Code enter(const char* name, Body body);

template <class F>
Code call(const char* name, F&& body) {
  return enter(name, Body(body));
}

/// Whether the names of all calls from outside are kept, from now on; and those that were, one a line.
void record_calls(bool on);
std::string recorded_calls();

/// While alive, this thread runs a function of the program's for a stream or a graph, from which calls are not permitted.
struct InCallback {
  InCallback();
  ~InCallback();
  const int outer;
};

std::string format(const char* pattern, ...) __attribute__((format(printf, 1, 2)));

/// Counters that tests read; see pmpp_simt.h.
struct Counters {
  std::uint64_t launches, h2d_copies, h2d_bytes, d2h_copies, d2h_bytes, d2d_copies, d2d_bytes;
};
void count_launch();
void count_copy(bool to_device, bool from_device, std::size_t bytes);
Counters counters();
void reset_counters();

}  // namespace simt::runtime
