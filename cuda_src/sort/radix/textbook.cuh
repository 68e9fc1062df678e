// The kernels of radix sort up to the coarsened rung: one digit a pass, each pass in several kernels.
// What the rungs are is said in radix.cu.
#pragma once

#include <cstddef>
#include <cstdint>

#include "cuda_src/sort/key_order.cuh"

namespace pmpp::radix {

constexpr unsigned kAllLanes = 0xffffffffu;

/// One pass of a rung: keys go from `in` to `out` by the digit at `shift`. With `index` the positions travel along;
/// index_in is null in the first pass, when they still are 0, 1, 2 ...
template <class Bits>
struct DigitPass {
  const Bits* in;
  Bits* out;
  const std::uint64_t* index_in;
  std::uint64_t* index_out;
  std::size_t n;
  KeyOrder<Bits> order;
  int shift;
  unsigned mask;
};

// ---- one bit with a scan over all keys ------------------------------------------------------------------------------

template <class Bits>
__global__ void extract_bits(DigitPass<Bits> p, std::uint64_t* bits) {
  const std::size_t i = std::size_t{blockIdx.x} * blockDim.x + threadIdx.x;
  if (i < p.n) bits[i] = p.order.digit(p.in[i], p.shift, p.mask);
}

/// `ones` holds how many ones precede each key. A zero moves up by them, a one goes behind all zeros.
template <class Bits>
__global__ void scatter_bits(DigitPass<Bits> p, const std::uint64_t* ones) {
  const std::size_t i = std::size_t{blockIdx.x} * blockDim.x + threadIdx.x;
  if (i >= p.n) return;
  const Bits key = p.in[i];
  const std::size_t all_ones = ones[p.n - 1] + p.order.digit(p.in[p.n - 1], p.shift, p.mask);
  const std::size_t to = p.order.digit(key, p.shift, p.mask) ? p.n - all_ones + ones[i] : i - ones[i];
  p.out[to] = key;
  if (p.index_out) p.index_out[to] = p.index_in ? p.index_in[i] : i;
}

// ---- several bits, each block sorts its own tile first --------------------------------------------------------------

/// How many keys of each block have each digit, ordered by digit and then by block: a scan over the table then says where
/// each block's keys of each digit begin.
template <int kThreads, int kItems, int kBits, class Bits>
__global__ void __launch_bounds__(kThreads) count_digits(DigitPass<Bits> p, std::uint64_t* table) {
  constexpr int kDigits = 1 << kBits, kTile = kThreads * kItems;
  __shared__ unsigned count[kDigits];
  if (threadIdx.x < kDigits) count[threadIdx.x] = 0;
  __syncthreads();
  const std::size_t first = std::size_t{blockIdx.x} * kTile;
#pragma unroll
  for (int i = 0; i < kItems; ++i) {
    const std::size_t at = first + i * kThreads + threadIdx.x;
    if (at < p.n) atomicAdd(&count[p.order.digit(p.in[at], p.shift, p.mask)], 1u);
  }
  __syncthreads();
  if (threadIdx.x < kDigits) table[std::size_t{threadIdx.x} * gridDim.x + blockIdx.x] = count[threadIdx.x];
}

/// Exclusive sum over the block of one number a thread; `all` becomes the sum of all. Begins and ends with a barrier.
template <int kThreads>
__device__ unsigned block_exclusive_sum(unsigned x, unsigned* warp_sum, unsigned& all) {
  const unsigned lane = threadIdx.x & 31, warp = threadIdx.x / 32;
  unsigned upto = x;
#pragma unroll
  for (int distance = 1; distance < 32; distance *= 2) {
    const unsigned left = __shfl_up_sync(kAllLanes, upto, distance);
    if (lane >= distance) upto += left;
  }
  __syncthreads();
  if (lane == 31) warp_sum[warp] = upto;
  __syncthreads();
  unsigned before = 0;
  all = 0;
  for (unsigned w = 0; w < kThreads / 32; ++w) {
    if (w == warp) before = all;
    all += warp_sum[w];
  }
  return before + upto - x;
}

/// Sorts the tile in shared memory, a bit at a time, and writes each digit's run to its place: neighbouring threads write
/// neighbouring keys, which the rung before does not.
template <int kThreads, int kItems, int kBits, bool kIndexed, class Bits>
__global__ void __launch_bounds__(kThreads) sort_tile_and_scatter(DigitPass<Bits> p, const std::uint64_t* table) {
  constexpr int kDigits = 1 << kBits, kTile = kThreads * kItems;
  __shared__ Bits key[kTile];
  __shared__ std::uint64_t index[kIndexed ? kTile : 1];
  __shared__ std::uint8_t digit[kTile];
  __shared__ unsigned warp_sum[kThreads / 32];
  __shared__ std::size_t offset[kDigits];
  const std::size_t first = std::size_t{blockIdx.x} * kTile;
  for (int i = threadIdx.x; i < kTile; i += kThreads) {
    const std::size_t at = first + i;
    key[i] = at < p.n ? p.in[at] : 0;
    digit[i] = at < p.n ? p.order.digit(key[i], p.shift, p.mask) : kDigits - 1;  // what is missing stays behind the rest
    if (kIndexed) index[i] = p.index_in && at < p.n ? p.index_in[at] : at;
  }
  for (unsigned bit = 1; bit <= p.mask; bit *= 2) {
    __syncthreads();
    Bits my_key[kItems];
    std::uint64_t my_index[kItems];
    unsigned my_digit[kItems], ones = 0, all_ones;
#pragma unroll
    for (int i = 0; i < kItems; ++i) {
      const int at = threadIdx.x * kItems + i;
      my_key[i] = key[at];
      if (kIndexed) my_index[i] = index[at];
      my_digit[i] = digit[at];
      ones += (my_digit[i] & bit) != 0;
    }
    ones = block_exclusive_sum<kThreads>(ones, warp_sum, all_ones);
#pragma unroll
    for (int i = 0; i < kItems; ++i) {
      const bool one = my_digit[i] & bit;
      const unsigned to = one ? kTile - all_ones + ones : threadIdx.x * kItems + i - ones;
      ones += one;
      key[to] = my_key[i];
      if (kIndexed) index[to] = my_index[i];
      digit[to] = my_digit[i];
    }
  }
  __syncthreads();
  for (int i = threadIdx.x; i < kTile; i += kThreads)  // the first key of a run knows where the run begins
    if (i == 0 || digit[i - 1] != digit[i]) offset[digit[i]] = table[std::size_t{digit[i]} * gridDim.x + blockIdx.x] - i;
  __syncthreads();
  for (int i = threadIdx.x; i < kTile && first + i < p.n; i += kThreads) {
    const std::size_t to = offset[digit[i]] + i;
    p.out[to] = key[i];
    if (kIndexed) p.index_out[to] = index[i];
  }
}

/// Values of any size follow their keys at the end.
template <class Value, class Index>
__global__ void gather(const Value* in, Value* out, const Index* index, std::size_t n) {
  const std::size_t i = std::size_t{blockIdx.x} * blockDim.x + threadIdx.x;
  if (i < n) out[i] = in[index[i]];
}

}  // namespace pmpp::radix
