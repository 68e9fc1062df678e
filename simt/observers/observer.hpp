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
#include "simt/exec/tell.hpp"

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
  /// An access of one lane that stands in no row of addresses: of textures, surfaces and bulk copies.
  virtual void accessed(const exec::Warp&, const exec::Instr*, int lane, std::uint64_t address, unsigned bytes, ir::AccessKind kind) {
    (void)lane, (void)address, (void)bytes, (void)kind;
  }
  /// A warp reads or writes a matrix. Who does not care for it as a whole is told of each access.
  virtual void tile(const exec::Warp& warp, const exec::Instr* instr, const exec::TileAccess& tile) {
    tile.each([&](int lane, std::uint64_t address) {
      accessed(warp, instr, lane, address, tile.piece, tile.loads ? ir::AccessKind::load : ir::AccessKind::store);
    });
  }
  /// A lane has begun an asynchronous copy of `bytes` to a generic address, or it has ended: it may be made at any time between.
  virtual void copying(const exec::Warp&, const exec::Instr*, int lane, std::uint64_t to, unsigned bytes, bool ends) {
    (void)lane, (void)to, (void)bytes, (void)ends;
  }
  /// The copies of the active lanes have arrived at the barrier in memory that the instruction names.
  virtual void tracked(const exec::Warp&, const exec::Instr*) {}
  /// All threads of the cluster have arrived at its barrier.
  virtual void cluster_barrier(const exec::Cluster&) {}
  /// A function of the CUDA runtime that a thread called wrote `bytes` to a generic address.
  virtual void wrote(const exec::Warp&, int lane, std::uint64_t to, unsigned bytes) { (void)lane, (void)to, (void)bytes; }
};

/// From the next launch on. An observer may be attached once; it is kept alive until it is detached.
void attach(std::shared_ptr<Observer> observer);
void detach(const Observer* observer);
/// Those that a launch that begins now reports to.
std::vector<std::shared_ptr<Observer>> attached();

}  // namespace simt::observers
