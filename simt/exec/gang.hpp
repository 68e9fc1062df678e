// Gangs: warps of one block that execute the same instructions in lockstep.
//
// One warp alone waits for itself: an instruction reads the row that the one before has just stored. A gang executes an
// instruction for all of its warps before it goes on, so their waits overlap, and operands are decoded once for all of
// them. It is a schedule like any other, since the warps of a block promise nothing about their order. Where the warps
// part at a branch, those that are behind go first and the others wait for them, as lanes do within a warp.
#pragma once

#include <cstddef>

#include "simt/exec/warp.hpp"

namespace simt::ir {
struct Code;
}

namespace simt::exec {

constexpr unsigned kGangWarps = 32;

/// The warps that execute now, and those of the gang that wait at a later instruction.
struct Gang {
  std::byte* regs[kGangWarps];        ///< of those that execute
  Warp* warps[kGangWarps];
  unsigned count = 0;
  bool partial = false;               ///< some of their lanes do not execute
  unsigned waiting = 0;
  const Instr* limit = nullptr;       ///< the first instruction at which a warp waits
  struct {
    const Instr* pc;
    Warp* warp;
  } others[kGangWarps];
};

/// Executes one instruction for every executing warp of a gang. Returns the next one, null if no warp is left.
using GangHandler = const Instr* (*)(Gang&, const Instr*);

/// What a gang does at an instruction.
struct GangEntry {
  GangHandler full = nullptr;      ///< while every lane of every warp executes
  GangHandler partial = nullptr;   ///< while some do not
};

/// A handler, and what gangs do instead of calling it for one warp after another.
struct Loop {
  Handler warp = nullptr;
  GangEntry gang;
  constexpr Loop(Handler warp_, GangHandler full = nullptr, GangHandler partial = nullptr)
      : warp(warp_), gang{full, partial} {}
};

/// The entry of an instruction. `loop` is what its handler's table says, which may be nothing; `constants`: so are all operands.
GangEntry gang_entry(const Instr& instr, GangEntry loop, bool constants);

/// How a full gang fares at a barrier.
enum class Meeting : std::uint8_t {
  passed,       ///< it goes on
  others_too,   ///< it goes on, and so do warps outside of it
  waits,        ///< its warps wait for others
  unusual,      ///< nothing was done: each warp has to see for itself
};
Meeting meet(Gang& gang, const Instr* instr);   // barrier.cpp

/// Every warp by itself, with what observers want to see of it.
const Instr* warp_by_warp(Gang& gang, const Instr* instr);

/// Executes the warps, which can run, until each of them waits, has exited or used up its slice. `entries`: by position.
void run_gang(Warp* const* warps, unsigned count, const ir::Code& code, const GangEntry* entries);

}  // namespace simt::exec
