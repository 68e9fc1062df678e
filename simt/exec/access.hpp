// Memory accesses lane by lane: the path that always works, and that knows what to say when an address is wrong.
#pragma once

#include <cstdint>
#include <cstring>

#include "simt/exec/block.hpp"

namespace simt::exec {

/// A 128-bit value of a lane.
struct u128 {
  std::uint64_t low, high;
  bool operator==(const u128&) const = default;
};

/// One lane of a row. A 128-bit row is 32 low halves, then 32 high halves.
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

/// Reads or writes `bytes` at the generic or global address of one lane. False: a fault was raised.
bool read_lane(Warp& warp, const Instr* instr, std::uint64_t address, unsigned bytes, int lane, void* out);
bool write_lane(Warp& warp, const Instr* instr, std::uint64_t address, unsigned bytes, int lane, const void* in);
/// The same for instructions whose operands are a list: their site is there.
bool read_at(Warp& warp, const Instr* instr, std::uint32_t site, std::uint64_t address, unsigned bytes, int lane, void* out);
bool write_at(Warp& warp, const Instr* instr, std::uint32_t site, std::uint64_t address, unsigned bytes, int lane, const void* in);
/// Host address of [address, address + bytes) for lane, null after a fault. Not for local memory, which is interleaved.
std::byte* host_of(Warp& warp, const Instr* instr, std::uint64_t address, unsigned bytes, int lane);
/// The same for instructions whose operands are a list: their site is there.
std::byte* host_at(Warp& warp, const Instr* instr, std::uint32_t site, std::uint64_t address, unsigned bytes, int lane);
/// The same without a word: null if these bytes are not in one piece that the instruction may use.
std::byte* reach(Warp& warp, const Instr* instr, std::uint32_t site, std::uint64_t address, std::uint64_t bytes);
/// Whether this kernel can use the memory of a texture or a surface, which begins at `base`; else a fault was raised.
bool reach_object(Warp& warp, const Instr* instr, std::uint64_t base, int lane);
/// Points the site's window to the allocation that holds `address`; false if there is none.
bool refill(Warp& warp, const Instr* instr, std::uint64_t address);
bool refill_site(Warp& warp, std::uint32_t site, std::uint64_t address);
/// Faults of 32-bit offsets: into shared or local memory.
const Instr* raise_offset(Warp& warp, const Instr* instr, std::uint32_t offset, unsigned bytes, int lane);

/// A byte of a thread's local memory.
inline std::byte* local_byte(const Warp& warp, std::uint64_t offset, int lane) {
  return warp.local + (offset / 4) * 128 + 4 * unsigned(lane) + offset % 4;
}

/// Offsets in the shared window: rank + 1 of a block of the cluster above bit 24, or 0 for the own block.
std::byte* shared_of(const Warp& warp, std::uint64_t offset, std::uint64_t bytes);

}  // namespace simt::exec
