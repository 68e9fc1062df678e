// The total order in which keys of every type are sorted, as an order of unsigned integers.
//
// Keys stay what they are in memory; only the digit that is looked at comes from the encoded key. That is what keeps
// -0.0 and +0.0 apart although they are equal, and NaNs with their payload although all of them are equal and last.
#pragma once

#include <cstdint>

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
      if (magnitude == 0) key = 0;                      // -0.0 equals +0.0
      key = key & kSign ? static_cast<Bits>(~key) : static_cast<Bits>(key | kSign);
      if (magnitude > infinity) key = static_cast<Bits>(~Bits{0});  // every NaN follows +inf
    }
    return key ^ flip;
  }
  __host__ __device__ unsigned digit(Bits key, int shift, unsigned mask) const {
    return static_cast<unsigned>(encode(key) >> shift) & mask;
  }
};

}  // namespace pmpp
