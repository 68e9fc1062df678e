// The probes that count: what they keep, and their loops, compiled for every instruction set.
#pragma once

#include <cstdint>

#include "simt/exec/isa.hpp"
#include "simt/exec/probe.hpp"

namespace simt::observers {

using exec::Mask;

/// Part of a request that goes to L2: 4-byte words of a 128-byte line.
struct TraceEntry {
  std::uint64_t line = 0;
  std::uint32_t words = 0;                       ///< bit n: bytes 4n to 4n+3
  std::uint32_t site = 0;                        ///< instruction, times 4, plus the kind
  enum Kind : std::uint32_t { read, write, both, cached_read };   ///< cached: L1 is asked first
};

/// What a worker's current block has asked of L2, in order.
struct Trace {
  const exec::BlockState* block = nullptr;
  TraceEntry *begin = nullptr, *next = nullptr, *end = nullptr;
  void (*enter)(Trace&, const exec::BlockState*) = nullptr;   ///< another block goes on
  void (*full)(Trace&) = nullptr;                             ///< makes room
};

/// Executions of an instruction, by warps and by threads.
struct Count : exec::Probe {
  std::uint64_t warps = 0, threads = 0;
  std::uint64_t special = 0;   ///< branches: divergent ones; guarded instructions: threads whose guard holds
};

/// Addresses of shared memory relative to the first lane's, and what was found for them: it does not change when all of
/// them move by whole words.
struct SharedPattern {
  Mask mask = 0;
  std::uint64_t hits = 0;   ///< executions by all lanes of the mask that are not counted elsewhere yet
  std::uint32_t low_bits = 0;
  std::uint32_t wavefronts = 0, needed = 0;
  std::uint32_t delta[exec::kLanes] = {};
};

struct MemoryCount : Count {
  std::uint64_t requests = 0, sectors = 0, ideal = 0;   ///< of global memory
  std::uint64_t wavefronts = 0, conflicts = 0;          ///< of shared memory
  std::uint64_t meetings = 0;                           ///< atomics: turns beyond the first
  std::uint32_t bytes = 0, address = 0;                 ///< of a lane's access; the address's operand
  std::uint32_t site = 0;                               ///< as in TraceEntry
  Mask lanes = exec::kAllLanes;                         ///< that give addresses: not all do for ldmatrix
  bool whole_warp = false;                              ///< executed by all lanes or not at all
  Trace* trace = nullptr;
  SharedPattern pattern;

  /// Counts what the pattern stands for.
  void settle() {
    warps += pattern.hits;
    threads += pattern.hits * unsigned(__builtin_popcount(pattern.mask));
    wavefronts += pattern.hits * pattern.wavefronts;
    conflicts += pattern.hits * (pattern.wavefronts - pattern.needed);
    pattern.hits = 0;
  }
};

/// What a probe has to count.
enum class Counting : std::uint8_t {
  executions,   ///< Count
  branch, guard,
  global, generic, shared, guarded_shared,     ///< MemoryCount: loads and stores
  global_atomic, generic_atomic, shared_atomic,
};

/// How a probe is called.
struct Calls {
  decltype(exec::Probe::call) call;
  exec::Handler alone;
  decltype(exec::Probe::gang) gang;
};
Calls counting(exec::Isa level, Counting what);

#define SIMT_DECLARE(level) namespace level { Calls counting(Counting what); }
SIMT_FOR_EACH_ISA(SIMT_DECLARE)
#undef SIMT_DECLARE

}  // namespace simt::observers
