// The addresses of a warp as one range, for observers to whom it says enough.
#pragma once

#include <cstdint>

#include "simt/exec/isa.hpp"
#include "simt/exec/warp.hpp"

namespace simt::observers {

/// Where the lanes' addresses lie: [low, high]. `dense`: those of neighbouring lanes, one access beside the other.
struct RowRange {
  std::uint64_t low, high;
  bool dense;
};

/// For a row of 32-bit and of 64-bit addresses; some lane must be active. `shift`: of the bytes of an access.
struct RangeOf {
  RowRange (*narrow)(const std::byte* row, exec::Mask mask, unsigned shift);
  RowRange (*wide)(const std::byte* row, exec::Mask mask, unsigned shift);
};
RangeOf range_of(exec::Isa level);
#define SIMT_DECLARE(level) namespace level { RangeOf range_of(); }
SIMT_FOR_EACH_ISA(SIMT_DECLARE)
#undef SIMT_DECLARE

}  // namespace simt::observers
