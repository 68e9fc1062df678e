// The total order in which keys of every type are sorted, as an order of unsigned integers.
//
// Keys stay what they are in memory; only the digit that is looked at comes from the encoded key. That is what keeps
// -0.0 and +0.0 apart although they are equal, and NaNs with their payload although all of them are equal and last.
#pragma once

#include <cstdint>

#include "cuda_src/common/api.h"

namespace pmpp {

enum class KeyKind { kInteger, kFloat, kAny };  ///< kAny: known at run time only

template <class Bits, KeyKind kKind = KeyKind::kAny>
struct KeyOrder {
  Bits infinity;  ///< the bits of +inf, or zero if the keys are integers
  Bits flip;      ///< what is flipped last: the sign of signed integers, all bits to descend

  __host__ __device__ Bits encode(Bits key) const {
    if (kKind == KeyKind::kFloat || (kKind == KeyKind::kAny && infinity != 0)) {
      constexpr Bits kSign = static_cast<Bits>(Bits{1} << (8 * sizeof(Bits) - 1));
      const Bits magnitude = key & static_cast<Bits>(~kSign);
      if (magnitude == 0) key = 0;  // -0.0 equals +0.0
      key = key & kSign ? static_cast<Bits>(~key) : static_cast<Bits>(key | kSign);
      if (magnitude > infinity) key = static_cast<Bits>(~Bits{0});  // every NaN follows +inf
    }
    return key ^ flip;
  }
  __host__ __device__ unsigned digit(Bits key, int shift, unsigned mask) const {
    return static_cast<unsigned>(encode(key) >> shift) & mask;
  }
};

/// What a dtype's keys are.
struct KeyFormat {
  int bits;  ///< 0: no dtype that can be sorted
  bool is_signed, is_float;
};

inline KeyFormat format_of(int dtype) {
  switch (dtype) {
    case PMPP_BOOL:
    case PMPP_UINT8:
      return {8, false, false};
    case PMPP_INT8:
      return {8, true, false};
    case PMPP_UINT16:
      return {16, false, false};
    case PMPP_INT16:
      return {16, true, false};
    case PMPP_UINT32:
      return {32, false, false};
    case PMPP_INT32:
      return {32, true, false};
    case PMPP_UINT64:
      return {64, false, false};
    case PMPP_INT64:
      return {64, true, false};
    case PMPP_FLOAT16:
      return {16, true, true};
    case PMPP_FLOAT32:
      return {32, true, true};
    case PMPP_FLOAT64:
      return {64, true, true};
    default:
      return {0, false, false};
  }
}

template <class Bits, KeyKind kKind>
KeyOrder<Bits, kKind> order_of(int dtype, bool descending) {
  const KeyFormat format = format_of(dtype);
  constexpr std::uint64_t kInfinity = sizeof(Bits) == 2 ? 0x7c00 : sizeof(Bits) == 4 ? 0x7f800000 : 0x7ff0000000000000;
  const Bits sign = static_cast<Bits>(Bits{1} << (8 * sizeof(Bits) - 1));
  Bits flip = format.is_signed && !format.is_float ? sign : 0;
  if (descending) flip = static_cast<Bits>(~flip);
  return {format.is_float ? static_cast<Bits>(kInfinity) : Bits{0}, flip};
}

/// Calls `launch` with a zero of the width of a dtype.
template <class Launch>
int with_bits(int dtype, Launch launch) {
  switch (format_of(dtype).bits) {
    case 8:
      return launch(std::uint8_t{});
    case 16:
      return launch(std::uint16_t{});
    case 32:
      return launch(std::uint32_t{});
    case 64:
      return launch(std::uint64_t{});
    default:
      return PMPP_UNSUPPORTED_DTYPE;
  }
}

}  // namespace pmpp
