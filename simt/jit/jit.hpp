// Machine code for straight-line pieces of kernels, on processors with AVX-512.
//
// A handler reads rows and writes rows; between two instructions every value goes through memory, and somebody has to
// find the next handler. A piece is a run of instructions without a branch: its machine code takes one warp of a gang
// after the other through all of them, with the values in vector registers. What it cannot do (an address outside of the
// memory that the instruction met last) it leaves to the handlers, from that instruction to the end of the piece. So
// whatever can go wrong is said by them, and all that pieces have to know of an access is when it is safe.
//
// A piece comes in two versions: for gangs of which every lane executes, and with masks. Where an instruction has a probe, a
// piece ends; the next one begins with that instruction, after the probe was called. Launches with a seed have none.
#pragma once

#include "simt/ir/code.hpp"

// On other processors, and in builds for sanitizers, which cannot look into machine code, there are none.
#if defined(__x86_64__) && !defined(SIMT_PORTABLE)
#define SIMT_JIT 1
#endif

namespace simt::jit {

/// Makes the pieces of a kernel, once: Code::fused. Nothing happens where the processor, the system (which may forbid
/// memory that is executed) or PMPP_SIM_JIT=0 does not allow it.
void prepare(ir::Code& code);
/// The same for a launch with probes: Code::observed, kept until they are at other instructions. `stops`, by position: 0, or
/// 1 where a piece may begin but not go on, or 2 where there may be none. Empty if there are no pieces.
const std::vector<exec::GangEntry>& prepare(ir::Code& code, const std::vector<std::uint8_t>& stops);

}  // namespace simt::jit
