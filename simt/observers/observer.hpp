// What a checker or a counter sees of a launch. Subclass, override what is of interest, attach.
//
// Before a launch begins, an observer puts probes in front of the instructions it wants to see (exec/probe.hpp); the rest
// of the code is untouched, and with nothing attached all of it is. Events of one block come from one thread; blocks on
// different workers are reported at the same time.
#pragma once

#include <memory>
#include <vector>

#include "simt/exec/engine.hpp"
#include "simt/exec/probe.hpp"

namespace simt::observers {

class Observer {
 public:
  virtual ~Observer() = default;
  virtual void launch_begin(const exec::Launch&, exec::Instrumentation&) {}
  virtual void launch_end(const exec::Launch&, const ir::Code&, const exec::Fault&) {}
  virtual void block_begin(const exec::Worker&, const exec::BlockState&) {}
  virtual void block_end(const exec::Worker&, const exec::BlockState&) {}
  /// Whether it needs blocks to run one after another, on one worker.
  virtual bool alone() const { return false; }
  /// Whether warps of a block have to take turns, for as long as each can run, and not execute in lockstep.
  virtual bool by_turns() const { return false; }
  /// A barrier of the block is complete: `arrived` has the lanes of each warp that came to it.
  virtual void barrier(const exec::Worker&, const exec::BlockState&, unsigned number, const exec::Mask* arrived) {
    (void)number, (void)arrived;
  }
  /// The active lanes have to wait at `instr` for others of their warp, and will execute it again: its probes were early.
  virtual void waits(const exec::Warp&, const exec::Instr*) {}
  /// An asynchronous copy was made: `bytes` at `to`, of which the first `read` come from `from` and the others are zero.
  /// Both are generic addresses.
  virtual void copied(const exec::Warp&, std::uint64_t to, std::uint64_t from, unsigned bytes, unsigned read) {
    (void)to, (void)from, (void)bytes, (void)read;
  }
  /// A function of the CUDA runtime that a thread called wrote `bytes` to a generic address.
  virtual void wrote(const exec::Warp&, int lane, std::uint64_t to, unsigned bytes) { (void)lane, (void)to, (void)bytes; }
};

/// From the next launch on. An observer may be attached once; it is kept alive until it is detached.
void attach(std::shared_ptr<Observer> observer);
void detach(const Observer* observer);
/// Those that a launch that begins now reports to.
std::vector<std::shared_ptr<Observer>> attached();

}  // namespace simt::observers
