// The table of conditions, and the function of device code that changes one.
#include "simt/runtime/conditions.hpp"

#include <cstring>
#include <mutex>
#include <unordered_map>

#include "simt/exec/access.hpp"
#include "simt/exec/externals.hpp"

namespace simt::runtime {
namespace {

struct Conditions {
  std::mutex mutex;
  std::uint64_t next = 0;
  std::unordered_map<std::uint64_t, unsigned> values;
};
Conditions& conditions() {
  static auto* c = new Conditions;   // graphs of the program's statics may outlive this library's
  return *c;
}

}  // namespace

std::uint64_t add_condition() {
  auto& c = conditions();
  std::lock_guard lock(c.mutex);
  c.values[++c.next] = 0;
  return c.next;
}

void remove_condition(std::uint64_t handle) {
  auto& c = conditions();
  std::lock_guard lock(c.mutex);
  c.values.erase(handle);
}

bool set_condition(std::uint64_t handle, unsigned value) {
  auto& c = conditions();
  std::lock_guard lock(c.mutex);
  const auto at = c.values.find(handle);
  if (at == c.values.end()) return false;
  at->second = value;
  return true;
}

unsigned condition(std::uint64_t handle) {
  auto& c = conditions();
  std::lock_guard lock(c.mutex);
  const auto at = c.values.find(handle);
  return at == c.values.end() ? 0 : at->second;
}

namespace {

std::uint64_t argument(const exec::Warp& warp, const exec::Instr* instr, unsigned n, int lane) {
  std::uint64_t value;
  std::memcpy(&value, warp.regs + instr->op[n + 1] + 8 * lane, sizeof value);
  return value;
}

/// cudaGraphSetConditional(handle, value)
const exec::Instr* set_conditional(exec::Warp& warp, const exec::Instr* instr) {
  for (exec::Mask left = warp.active; left; left &= left - 1) {
    const int lane = __builtin_ctz(left);
    if (!set_condition(argument(warp, instr, 0, lane), static_cast<unsigned>(argument(warp, instr, 1, lane))))
      return exec::raise(warp, instr, 700, "cudaGraphSetConditional of a handle that cudaGraphConditionalHandleCreate did not return, or whose graph is gone", lane);
  }
  return instr + 1;
}

constexpr exec::External kConditions[] = {{"cudaGraphSetConditional", 2, false, set_conditional, false}};

__attribute__((constructor)) void provide_conditions() { exec::provide(kConditions); }

}  // namespace
}  // namespace simt::runtime
