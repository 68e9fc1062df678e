// Lanes of rows one at a time, for handlers that go lane by lane.
#pragma once

#include <cstdint>
#include <cstring>

#include "simt/exec/warp.hpp"

namespace simt::exec {

/// Lane `lane` of a row. A 128-bit row is 32 low halves, then 32 high halves.
template <class T>
T get(const Warp& warp, std::int32_t row, int lane) {
  T value;
  if constexpr (sizeof(T) == 16) {
    std::memcpy(&value.low, warp.regs + row + 8 * lane, 8);
    std::memcpy(&value.high, warp.regs + row + 256 + 8 * lane, 8);
  } else {
    std::memcpy(&value, warp.regs + row + int(sizeof(T)) * lane, sizeof(T));
  }
  return value;
}
template <class T>
void put(Warp& warp, std::int32_t row, int lane, T value) {
  if constexpr (sizeof(T) == 16) {
    std::memcpy(warp.regs + row + 8 * lane, &value.low, 8);
    std::memcpy(warp.regs + row + 256 + 8 * lane, &value.high, 8);
  } else {
    std::memcpy(warp.regs + row + int(sizeof(T)) * lane, &value, sizeof(T));
  }
}

}  // namespace simt::exec
