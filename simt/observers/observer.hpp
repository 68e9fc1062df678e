// What a checker or a counter sees of a launch: warp-level events. Subclass, override what is of interest, attach.
//
// With nothing attached the interpreter's loop has no hooks. Events of one block come from one thread; blocks on
// different workers are reported at the same time, told apart by `Event::worker`.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "simt/exec/engine.hpp"
#include "simt/exec/warp.hpp"
#include "simt/ir/code.hpp"

namespace simt::observers {

using exec::Mask;

/// Where an event happens.
struct Event {
  const exec::Warp* warp = nullptr;
  const exec::Instr* instr = nullptr;
  const ir::Code* code = nullptr;
  exec::Dim3 block{};                ///< coordinates of the block
  std::uint64_t block_number = 0;    ///< linear in the grid
  std::uint32_t warp_number = 0;     ///< in the block
  unsigned worker = 0;
  Mask active = 0;                   ///< lanes that execute the instruction, the guard included

  /// PTX instructions that the instruction stands for: 0 for helpers of the lowering.
  unsigned weight() const { return unsigned(code->origins[instr->origin].weight); }
  const ptx::Instruction* ptx() const { return code->origins[instr->origin].instruction; }
};

/// A memory instruction of a warp, before it is executed.
struct Access {
  ir::AccessKind kind = ir::AccessKind::none;
  ptx::Space space = ptx::Space::none;   ///< as the instruction says; none: generic
  unsigned bytes = 0;                    ///< per lane, vectors as a whole
  bool strong = false;                   ///< volatile, atomic, or with an order
  std::uint64_t address[32] = {};        ///< generic or global addresses; offsets for .shared and .local
};

struct Barrier {
  std::uint32_t number = 0;
  std::uint32_t threads = 0;             ///< that it waits for; 0: all of the block
  bool waits = true;                     ///< false: bar.arrive
};

class Observer {
 public:
  virtual ~Observer() = default;
  virtual void launch_begin(const exec::Launch&, const ir::Code&) {}
  virtual void launch_end(const exec::Launch&, const ir::Code&, const exec::Fault&) {}
  virtual void block_begin(const Event&) {}   ///< no warp and no instruction
  virtual void block_end(const Event&) {}
  virtual void instruction(const Event&) {}   ///< every instruction, before it is executed
  virtual void access(const Event&, const Access&) {}
  virtual void barrier(const Event&, const Barrier&) {}
  /// A conditional branch: the lanes of `taken` jump, the other active ones fall through.
  virtual void branch(const Event&, [[maybe_unused]] Mask taken) {}
};

/// From the next launch on. An observer may be attached once; it is kept alive until it is detached.
void attach(std::shared_ptr<Observer> observer);
void detach(const Observer* observer);
/// Those that a launch that begins now reports to.
std::vector<std::shared_ptr<Observer>> attached();

}  // namespace simt::observers
