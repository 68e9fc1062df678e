// Where two sorted sequences meet: how many of the first k elements of their merger come from the first of them.
//
// A sequence is anything that gives the code of its i-th key, an unsigned integer of the keys' order: global memory, a tile in
// shared memory, a circular buffer.
#pragma once

#include <cstddef>
#include <cstdint>

#include "cuda_src/sort/key_order.cuh"

namespace pmpp::merge {

/// Keys one after the other.
template <class Bits>
struct Sequence {
  const Bits* key;
  std::size_t count;
  KeyOrder<Bits> order;
  __device__ Bits bits(std::size_t i) const { return key[i]; }
  __device__ Bits code(std::size_t i) const { return order.encode(bits(i)); }
};

/// Keys in a buffer of kSize, a power of two, that begin somewhere and go on at its start.
template <class Bits, unsigned kSize>
struct Circular {
  const Bits* key;
  unsigned count, begin;
  KeyOrder<Bits> order;
  static __device__ unsigned place(unsigned i) { return i & (kSize - 1); }
  __device__ Bits bits(std::size_t i) const { return key[place(begin + static_cast<unsigned>(i))]; }
  __device__ Bits code(std::size_t i) const { return order.encode(bits(i)); }
};

/// Where the i-th key of a tile lies in shared memory. A thread works on eight keys that follow each other, so the lanes of a
/// warp would meet in the same few banks: after every 128 bytes the keys move on by one bank, which sets the lanes apart.
template <class Bits>
__host__ __device__ constexpr unsigned padded(unsigned i) {
  return i + i / (128 / sizeof(Bits)) * (sizeof(Bits) < 4 ? 4 / sizeof(Bits) : 1);
}

/// Keys of a tile that lies so, from `begin` on.
template <class Bits>
struct InTile {
  const Bits* tile;
  unsigned begin, count;
  KeyOrder<Bits> order;
  __device__ Bits bits(std::size_t i) const { return tile[padded<Bits>(begin + static_cast<unsigned>(i))]; }
  __device__ Bits code(std::size_t i) const { return order.encode(bits(i)); }
};

/// The co-rank of k. Of equal keys those of `a` come first. Never leaves the sequences, in whatever order they are.
template <class S>
__device__ std::size_t co_rank(std::size_t k, const S& a, const S& b) {
  std::size_t low = k > b.count ? k - b.count : 0, high = k < a.count ? k : a.count;
  while (low < high) {
    const std::size_t i = low + (high - low) / 2;
    if (a.code(i) <= b.code(k - 1 - i))
      low = i + 1;
    else
      high = i;
  }
  return low;
}

/// Merges `kCount` keys (fewer where the sequences end) from position i of `a` and j of `b` on, one after the other.
template <int kCount, class S, class Write>
__device__ __forceinline__ void merge_run(const S& a, std::size_t i, const S& b, std::size_t j, Write write) {
  auto code_a = i < a.count ? a.code(i) : 0, code_b = j < b.count ? b.code(j) : 0;
#pragma unroll
  for (int k = 0; k < kCount; ++k) {
    const bool from_a = i < a.count && (j >= b.count || code_a <= code_b);
    if (from_a) {
      write(k, a.bits(i++));
      if (i < a.count) code_a = a.code(i);
    } else if (j < b.count) {
      write(k, b.bits(j++));
      if (j < b.count) code_b = b.code(j);
    }
  }
}

}  // namespace pmpp::merge
