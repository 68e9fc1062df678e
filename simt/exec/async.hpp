// Handlers of asynchronous copies and of barriers in memory (mbarrier), as the lowering asks for them.
//
// A copy is made as late as PTX allows: when its thread waits for it, or lets a barrier track it. So a program that reads
// the destination without waiting reads what was there before, as it may on a GPU.
#pragma once

#include "simt/exec/warp.hpp"

namespace simt::exec {

/// The 64 bits of an mbarrier. Programs see nothing of the layout but that a token remembers the phase and the count.
struct Barrier64 {
  std::uint64_t expected : 20, pending : 20, phase : 1, valid : 1;
  std::int64_t bytes : 22;
};
static_assert(sizeof(Barrier64) == 8);

// Addresses are generic and have 64 bits.
const Instr* run_copy_size(Warp&, const Instr*);    ///< op: size d, predicate of lanes that read something, size (imm: limit)
const Instr* run_copy_source(Warp&, const Instr*);  ///< op: address, bytes read, bytes; checks the address of a copy
const Instr* run_copy(Warp&, const Instr*);         ///< op: destination, source, bytes, bytes read
const Instr* run_copy_commit(Warp&, const Instr*);
const Instr* run_copy_wait(Warp&, const Instr*);  ///< imm: groups that may be left
const Instr* run_copy_wait_all(Warp&, const Instr*);
const Instr* run_copy_bulk(Warp&, const Instr*);  ///< op: destination, source, bytes

const Instr* run_in_cluster(Warp&, const Instr*);   ///< faults where there is none: st.async is illegal there

const Instr* run_mbarrier_init(Warp&, const Instr*);         ///< op: address, threads
const Instr* run_mbarrier_inval(Warp&, const Instr*);        ///< op: address
const Instr* run_mbarrier_expect(Warp&, const Instr*);       ///< op: address, bytes
const Instr* run_mbarrier_complete(Warp&, const Instr*);     ///< op: address, bytes
const Instr* run_mbarrier_arrive(Warp&, const Instr*);       ///< op: state d, address, threads, expected bytes
const Instr* run_mbarrier_drop(Warp&, const Instr*);         ///< the same
const Instr* run_mbarrier_track(Warp&, const Instr*);        ///< op: address, threads; makes the copies, then arrives
const Instr* run_mbarrier_test(Warp&, const Instr*);         ///< op: predicate d, address, state
const Instr* run_mbarrier_test_parity(Warp&, const Instr*);  ///< op: predicate d, address, parity
const Instr* run_mbarrier_try(Warp&, const Instr*);          ///< the same two; let others run if the phase is not over
const Instr* run_mbarrier_try_parity(Warp&, const Instr*);
const Instr* run_mbarrier_pending(Warp&, const Instr*);  ///< op: threads d, state

}  // namespace simt::exec
