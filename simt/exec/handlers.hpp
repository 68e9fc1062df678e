// The handlers of simt/exec, as the lowering asks for them.
#pragma once

#include <cstdint>
#include <string_view>

#include "simt/exec/gang.hpp"
#include "simt/exec/isa.hpp"

namespace simt::exec {

/// Elements of a memory access; 8-bit ones fill 16-bit rows.
enum class Elem : std::uint8_t { u8, s8, u16, u32, u64 };

/// Ways to reach memory. flat: 64-bit addresses of any space; uniform: the same, from a constant; shared, local: 32-bit
/// offsets. Operands: the data rows, then the address row.
enum class Reach : std::uint8_t { flat, uniform, shared, local };

Handler load_handler(Isa level, Reach reach, Elem elem, unsigned count);
Handler store_handler(Isa level, Reach reach, Elem elem, unsigned count);
/// Lane-wise helpers of the lowering: "copy32", "widen_u16_u32", "zip" (two words to 64 bits), see moves_isa.cpp.
Handler move_handler(Isa level, std::string_view name);

/// Volatile, relaxed, acquire and release: lane by lane with host atomics. Loads acquire and stores release, whatever
/// the instruction asks for: on the host that costs nothing, and guest fences then need not be host fences.
Handler strong_load_handler(Elem elem, unsigned count);
Handler strong_store_handler(Elem elem, unsigned count);
/// Atomics: "add.u32", "cas.b64"; operands d, address, b, c. Null: unknown. `shared`: the address is an offset.
Handler atomic_handler(std::string_view operation, bool shared);
/// The twin of an atomic handler for results that nobody reads; the handler itself if it has none.
Handler unread_handler(Handler handler);

/// shfl, vote, match, redux ...: "shfl.up", "vote.ballot", "match.any.b32", "redux.add.s32". Null: unknown.
Handler collective_handler(Isa level, std::string_view operation);

/// What gangs do instead of calling one of these; empty if there is nothing better.
GangEntry gang_loop(Handler handler);

// Control flow. `jump.target` is relative; back edges charge `jump.charge` to the quantum.
const Instr* run_guarded(Warp&, const Instr*);
const Instr* run_jump(Warp&, const Instr*);
const Instr* run_jump_back(Warp&, const Instr*);
const Instr* run_branch(Warp&, const Instr*);
const Instr* run_branch_back(Warp&, const Instr*);
const Instr* run_indexed(Warp&, const Instr*);
const Instr* run_join(Warp&, const Instr*);         ///< falls into a block at which other lanes may wait
const Instr* run_exit(Warp&, const Instr*);
const Instr* run_trap(Warp&, const Instr*);
const Instr* run_breakpoint(Warp&, const Instr*);
const Instr* run_call(Warp&, const Instr*);         ///< imm: index into Code::callees
const Instr* run_call_indirect(Warp&, const Instr*);
const Instr* run_return(Warp&, const Instr*);
const Instr* run_local_base(Warp&, const Instr*);   ///< op[0] = generic-free offset of the frame's local memory + imm
const Instr* run_alloca(Warp&, const Instr*);       ///< op: d, top (updated), bytes, alignment; imm: end of the frame

// Waiting and time.
const Instr* run_barrier(Warp&, const Instr*);      ///< op: number, count; imm: BarrierKind
const Instr* run_barrier_result(Warp&, const Instr*);
const Instr* run_fence(Warp&, const Instr*);
const Instr* run_nanosleep(Warp&, const Instr*);
const Instr* run_clock(Warp&, const Instr*);        ///< imm: 0 clock, 1 clock64, 2 globaltimer, 3 clock_hi ...

}  // namespace simt::exec
