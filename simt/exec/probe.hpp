// Probes: what observers put in front of instructions for the length of a launch. Instructions without one, and
// launches without observers, run the code that was always there.
#pragma once

#include <cstddef>
#include <vector>

#include "simt/exec/block.hpp"
#include "simt/exec/gang.hpp"

namespace simt::exec {

/// Derive from it; one object belongs to one instruction on one worker, so that nothing is shared while a grid runs.
/// `call` sees the warp before the instruction is executed, and ends with `return proceed(...)`; `warp.active` does not yet
/// obey the instruction's guard.
struct Probe {
  const Instr* (*call)(Probe&, Warp&, const Instr*) = nullptr;
  /// The same for all warps of a gang at once, before any of them executes the instruction. Does not proceed. Without it
  /// warps are seen and executed one after another.
  void (*gang)(Probe&, const Gang&, const Instr*) = nullptr;
  Probe* next = nullptr;
  Handler run = nullptr;     ///< what executes the instruction
  Handler alone = nullptr;   ///< a handler that calls it, faster than the general one, for instructions without other probes
};

// Always inlined, because files that are compiled for one instruction set use them.
#define SIMT_PROBE_INLINE inline __attribute__((always_inline))

/// The next probe of the instruction, or the instruction.
SIMT_PROBE_INLINE const Instr* proceed(Probe& probe, Warp& warp, const Instr* instr) {
  return probe.next ? probe.next->call(*probe.next, warp, instr) : probe.run(warp, instr);
}

/// The code of a launch, open for probes until it begins. Takes them out again when it is destroyed.
class Instrumentation {
 public:
  Instrumentation(ir::Code& code, unsigned workers);
  ~Instrumentation();
  Instrumentation(const Instrumentation&) = delete;

  const ir::Code& code() const { return code_; }
  unsigned workers() const { return unsigned(probed_.size()); }
  /// What executes instruction `n`, whether it has probes or not.
  Handler handler(std::size_t n) const { return handlers_[n]; }
  /// While the launch runs it takes all machine code out again, so that the probe is called from now on.
  void add(unsigned worker, std::size_t n, Probe& probe);
  /// All probes are there: between them gangs execute machine code. What an observer reads of a warp's registers are the
  /// operands of the instruction with its probe; nobody has stored what is not needed any more.
  void fuse();
  Probe* const* probed(unsigned worker) const { return probed_[worker].data(); }
  /// What gangs do, by instruction, and what they do once the probes were called.
  const GangEntry* gang() const { return gang_.data(); }
  const GangEntry& behind(std::size_t n) const { return behind_[n]; }

 private:
  void choose(std::size_t n);

  ir::Code& code_;
  std::vector<Handler> handlers_;
  std::vector<std::vector<Probe*>> probed_;   ///< by worker, by instruction
  /// Where the probes are: nowhere, seen by gangs as a whole, or by one warp after another.
  enum : std::uint8_t { none, together, apart };
  std::vector<std::uint8_t> stops_;
  std::vector<GangEntry> gang_;
  const GangEntry* behind_;
};

/// The lanes that execute the instruction: the active ones whose guard holds.
SIMT_PROBE_INLINE Mask guarded(const Warp& warp, const Instr* instr) {
  Mask guard;
  __builtin_memcpy(&guard, warp.regs + (instr->guard & ~3), 4);
  return warp.active & ((instr->guard & 1) ? ~guard : guard);
}

}  // namespace simt::exec
