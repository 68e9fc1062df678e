// Which checkers are on, and what they look at beside kernels: faults of launches, and what host code does.
#include "simt/observers/checkers.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <string_view>
#include <vector>

#include "simt/memory/memory.hpp"
#include "simt/memory/watch.hpp"
#include "simt/observers/checkers.hpp"
#include "simt/observers/findings.hpp"
#include "simt/observers/host.hpp"
#include "simt/observers/order.hpp"
#include "simt/observers/source.hpp"

namespace simt::observers {

namespace {

struct Switches {
  bool memory = false, race = false, uninitialized = false, sync = false, api = false;
};
Switches on;
std::shared_ptr<UninitializedChecker> initialisation;

/// A fault ends a launch; what it was is a finding.
class Faults final : public Observer {
 public:
  void launch_end(const exec::Launch& launch, const ir::Code& code, const exec::Fault& fault) override {
    if (!fault) return;
    auto has = [&](const char* part) { return fault.message.find(part) != std::string::npos; };
    const char* kind = nullptr;
    if (fault.code == 716) kind = "misaligned";
    else if (fault.code == 702 && has("deadlock")) kind = has("for other lanes") ? "sync-mask" : "barrier-divergence";
    else if (fault.code == 719 && has("barrier")) kind = "barrier-divergence";
    else if (fault.code == 700 && has("which was freed")) kind = "use-after-free";
    else if (fault.code == 700 && has("that was freed before")) kind = "double-free";
    else if (fault.code == 700 && has("host memory")) kind = "host-pointer";
    else if (fault.code == 700) kind = "out-of-bounds";
    if (!kind) return;
    const bool sync = std::strcmp(kind, "barrier-divergence") == 0 || std::strcmp(kind, "sync-mask") == 0;
    if (sync ? !on.sync : !on.memory) return;
    Finding f;
    f.kind = kind;
    f.kernel = readable_name(code.info.name);
    f.message = fault.message;
    if (fault.instr < code.count) f.at = place_of(code, launch, fault.instr, fault.block, fault.thread);
    report(std::move(f));
  }
};

// ---- host code ----------------------------------------------------------------------------------------------------

struct Failure {
  const char* kind;
  std::string message, frames;
  bool looked = false;
};
struct Allocation {
  std::size_t bytes;
  std::string call, frames;
};
struct Host {
  std::mutex mutex;
  std::vector<Failure> failures;
  std::map<void*, Allocation> allocations;
};
Host& host() {
  static auto* one = new Host;
  return *one;
}

void say(const char* kind, std::string message, std::string frames) {
  Finding f;
  f.kind = kind;
  f.message = std::move(message);
  f.frames = std::move(frames);
  report(std::move(f));
}

/// A program that looked at an error and went on to a good end has dealt with it.
void at_exit(int status, void*) {
  if (following()) settle_order();
  std::lock_guard lock(host().mutex);
  for (auto& failure : host().failures)
    if (!failure.looked || status != 0) say(failure.kind, failure.message, failure.frames);
  if (!on.memory || status != 0) return;
  for (auto& [pointer, a] : host().allocations)
    say("leak", a.call + ": " + std::to_string(a.bytes) + " bytes are never freed", a.frames);
}

void on_host_fault(const char* sentence) {
  if (on.memory) say("device-pointer", sentence, host_frames());
}

/// For a program that is started: before its own static objects, so that what they free is free at the end.
__attribute__((constructor)) void from_environment() {
  const char* checkers = std::getenv("PMPP_SIM_CHECK");
  if (!checkers || !*checkers) return;
  simt::memory::watch::want();
  if (pmpp_simt_check(checkers) != 0) std::fprintf(stderr, "pmpp: PMPP_SIM_CHECK=%s: known are all, memory, race, uninitialized, sync and api.\n", checkers);
  else on_exit(at_exit, nullptr);
}

}  // namespace

bool checking() { return on.memory || on.api; }

void host_call_failed(const char* call, int, const std::string& sentence) {
  if (!checking()) return;
  const bool frees = std::strncmp(call, "cudaFree", 8) == 0;
  if (frees ? !on.memory : !on.api) return;
  auto frames = host_frames();
  std::lock_guard lock(host().mutex);
  if (host().failures.size() < 100) host().failures.push_back({frees ? "double-free" : "api", sentence, std::move(frames)});
}

void host_looked() {
  if (!checking()) return;
  std::lock_guard lock(host().mutex);
  for (auto& failure : host().failures) failure.looked = true;
}

void host_allocated(void* pointer, std::size_t bytes, const char* call) {
  // What the host can write itself it writes without a word.
  if (following()) renewed(pointer, bytes);
  const bool device = std::strcmp(call, "cudaMalloc") == 0 || std::strcmp(call, "cudaMallocAsync") == 0;
  if (initialisation && device) initialisation->allocated(reinterpret_cast<std::uint64_t>(pointer), bytes);
  if (!on.memory || !pointer) return;
  auto frames = host_frames();
  std::lock_guard lock(host().mutex);
  host().allocations[pointer] = {bytes, call, std::move(frames)};
}

void host_freed(void* pointer) {
  if (!on.memory) return;
  std::lock_guard lock(host().mutex);
  host().allocations.erase(pointer);
}

void host_wrote(const void* pointer, std::size_t bytes) {
  if (initialisation) initialisation->written(reinterpret_cast<std::uint64_t>(pointer), bytes);
}

}  // namespace simt::observers

extern "C" __attribute__((visibility("default"))) int pmpp_simt_check(const char* checkers) {
  using namespace simt::observers;
  Switches wanted;
  for (std::string_view left = checkers; !left.empty();) {
    const auto end = left.find_first_of(" ,");
    const auto name = left.substr(0, end);
    left.remove_prefix(end == left.npos ? left.size() : end + 1);
    if (name.empty()) continue;
    if (name == "all") wanted = {true, true, true, true, true};
    else if (name == "memory") wanted.memory = true;
    else if (name == "race") wanted.race = true;
    else if (name == "uninitialized") wanted.uninitialized = true;
    else if (name == "sync") wanted.sync = true;
    else if (name == "api") wanted.api = true;
    else return -1;
  }
  static std::vector<std::shared_ptr<Observer>> attached_here;
  for (const auto& observer : attached_here) detach(observer.get());
  attached_here.clear();
  on = wanted;
  simt::memory::host_fault_hook = on.memory ? on_host_fault : nullptr;
  if (on.memory || on.sync) attached_here.push_back(std::make_shared<Faults>());
  if (on.race) attached_here.push_back(race_checker());
  if (on.sync) attached_here.push_back(sync_checker());
  initialisation = on.uninitialized ? uninitialized_checker() : nullptr;
  if (initialisation) attached_here.push_back(initialisation);
  follow(on.race, on.api);
  if (on.race || on.api) attached_here.push_back(overlap_observer());
  for (const auto& observer : attached_here) attach(observer);
  return 0;
}
