// Runs: loads of shared memory that follow one another with nothing between them but arithmetic.
//
// Nothing that they read can change between them, and all of their addresses are there before the first of them is
// executed. So it is enough to look at the first one's warps for all of them, and a piece of machine code need not end at
// the others.
#pragma once

#include <cstdint>
#include <vector>

#include "simt/exec/probe.hpp"

namespace simt::observers {

struct Run {
  struct Load {
    std::uint32_t instr;   ///< position in the code
    std::uint32_t row;     ///< index into `rows`
  };
  std::vector<Load> loads;           ///< in the order of the program
  std::vector<std::int32_t> rows;    ///< of addresses: places in the register file
};

/// The runs of a kernel, of one load as well: every plain load of shared memory without a guard is in one of them.
std::vector<Run> runs_of(const exec::Instrumentation& code);

}  // namespace simt::observers
