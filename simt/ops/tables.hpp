// The tables of fast loops: each *_isa.cpp file gives one for every level.
#pragma once

#include <cstddef>

#include "simt/exec/gang.hpp"
#include "simt/exec/isa.hpp"

namespace simt::ops {

struct HotEntry {
  const char* name;   ///< canonical: "add.b32", "fma.ftz.f32", "setp.lt.s32"
  exec::Loop loop;
};
/// Plain pointers: these headers are compiled often.
struct HotTable {
  const HotEntry* entries;
  std::size_t count;
};

}  // namespace simt::ops

/// The files of fast loops.
#define SIMT_FOR_EACH_TABLE(X) \
  X(integer_loops) X(move_loops) X(float_loops) X(half_loops) X(approximate_loops) X(compare_loops) X(convert_loops)

#define SIMT_TABLE(name) HotTable name();
#define SIMT_DECLARE(level) namespace simt::ops::level { SIMT_FOR_EACH_TABLE(SIMT_TABLE) }
SIMT_FOR_EACH_ISA(SIMT_DECLARE)
#undef SIMT_DECLARE
#undef SIMT_TABLE
