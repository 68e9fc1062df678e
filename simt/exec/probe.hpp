// Probes: what observers put in front of instructions for the length of a launch. Instructions without one, and
// launches without observers, run the code that was always there.
#pragma once

#include <cstddef>
#include <vector>

#include "simt/exec/block.hpp"

namespace simt::exec {

/// Derive from it; one object belongs to one instruction on one worker, so that nothing is shared while a grid runs.
/// `call` sees the warp before the instruction is executed; `warp.active` does not yet obey the instruction's guard.
struct Probe {
  void (*call)(Probe&, Warp&, const Instr*) = nullptr;
  Probe* next = nullptr;
};

/// An instruction with probes: they are called in the order in which they came, then the handler.
struct Probed {
  Handler run = nullptr;
  Probe* first = nullptr;
};

/// The code of a launch, open for probes until it begins. Takes them out again when it is destroyed.
class Instrumentation {
 public:
  Instrumentation(ir::Code& code, unsigned workers);
  ~Instrumentation();
  Instrumentation(const Instrumentation&) = delete;

  const ir::Code& code() const { return code_; }
  unsigned workers() const { return unsigned(probed_.size()); }
  /// What executes instruction `n`, whether it has probes or not.
  Handler handler(std::size_t n) const { return probed_[0][n].run; }
  void add(unsigned worker, std::size_t n, Probe& probe);
  const Probed* probed(unsigned worker) const { return probed_[worker].data(); }

 private:
  ir::Code& code_;
  std::vector<std::vector<Probed>> probed_;   ///< by worker, by instruction
};

/// The lanes that execute the instruction: the active ones whose guard holds.
inline Mask guarded(const Warp& warp, const Instr* instr) {
  Mask guard;
  __builtin_memcpy(&guard, warp.regs + (instr->guard & ~3), 4);
  return warp.active & ((instr->guard & 1) ? ~guard : guard);
}

}  // namespace simt::exec
