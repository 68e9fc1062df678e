// Decoupled look-back: what one tile tells the tiles after it, without a lock and without a fence.
//
// A tile first publishes the aggregate of its own elements, later its inclusive prefix: everything up to its end. A tile
// that follows walks back over aggregates until it meets a prefix. Status and value travel in one 64-bit word, so whoever
// sees the status sees the value that belongs to it, and relaxed accesses suffice. A 64-bit value does not fit beside a
// status: it travels as two words that both carry the status. Each word is written once a status, so two equal statuses
// mean two halves of one value; unequal ones mean that the writer is between its two words, and the reader polls again.
#pragma once

#include <cstdint>
#include <cstring>

namespace pmpp {

__device__ __forceinline__ std::uint64_t load_relaxed(const std::uint64_t* p) {
  std::uint64_t v;
  asm volatile("ld.relaxed.gpu.global.u64 %0, [%1];" : "=l"(v) : "l"(p) : "memory");
  return v;
}
__device__ __forceinline__ std::uint32_t load_relaxed(const std::uint32_t* p) {
  std::uint32_t v;
  asm volatile("ld.relaxed.gpu.global.u32 %0, [%1];" : "=r"(v) : "l"(p) : "memory");
  return v;
}
__device__ __forceinline__ void store_relaxed(std::uint64_t* p, std::uint64_t v) {
  asm volatile("st.relaxed.gpu.global.u64 [%0], %1;" ::"l"(p), "l"(v) : "memory");
}
__device__ __forceinline__ void store_relaxed(std::uint32_t* p, std::uint32_t v) {
  asm volatile("st.relaxed.gpu.global.u32 [%0], %1;" ::"l"(p), "r"(v) : "memory");
}

/// The status of a tile: zero, what the workspace is cleared to, means that nothing is known yet.
enum TileTag : std::uint32_t { kTileUnknown = 0, kTileAggregate = 1, kTilePrefix = 2 };

/// Tag and value of one tile in device memory. 8 bytes for a value of up to 32 bits, 16 for one of 64.
template <class T, bool kWide = (sizeof(T) > 4)>
struct TileStatus {
  std::uint64_t word;

  __device__ void publish(std::uint32_t tag, T value) {
    std::uint32_t bits = 0;
    memcpy(&bits, &value, sizeof value);
    store_relaxed(&word, (std::uint64_t{tag} << 32) | bits);
  }
  __device__ std::uint32_t poll(T& value) const {
    const std::uint64_t w = load_relaxed(&word);
    const std::uint32_t bits = static_cast<std::uint32_t>(w);
    memcpy(&value, &bits, sizeof value);
    return static_cast<std::uint32_t>(w >> 32);
  }
};

template <class T>
struct alignas(16) TileStatus<T, true> {
  std::uint64_t low, high;

  __device__ void publish(std::uint32_t tag, T value) {
    std::uint64_t bits = 0;
    memcpy(&bits, &value, sizeof value);
    const std::uint64_t t = std::uint64_t{tag} << 32;
    asm volatile("st.relaxed.gpu.global.v2.u64 [%0], {%1, %2};" ::"l"(&low), "l"(t | (bits & 0xffffffffu)),
                 "l"(t | (bits >> 32))
                 : "memory");
  }
  __device__ std::uint32_t poll(T& value) const {
    std::uint64_t l, h;
    asm volatile("ld.relaxed.gpu.global.v2.u64 {%0, %1}, [%2];" : "=l"(l), "=l"(h) : "l"(&low) : "memory");
    const std::uint64_t bits = (l & 0xffffffffu) | (h << 32);
    memcpy(&value, &bits, sizeof value);
    return (l >> 32) == (h >> 32) ? static_cast<std::uint32_t>(l >> 32) : kTileUnknown;
  }
};

}  // namespace pmpp
