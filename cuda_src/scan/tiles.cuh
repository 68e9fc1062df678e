// Tiles in registers: what the hierarchical and the single-pass rung have in common, and the kernels of the former.
#pragma once

#include "cuda_src/scan/operators.cuh"

namespace pmpp {
namespace {

/// One tile of a scan, in registers. A thread holds kRows vectors of 16 bytes; a row of a warp is 512 contiguous bytes, a
/// warp's rows follow each other, and so do the warps. So every access is coalesced as it stands and nothing has to be
/// transposed through shared memory; the price is a warp scan for each row, of which there is issue rate to spare.
///
/// With kSegmented, an element may be the head of a segment: what comes before it does not reach it. The state that is
/// scanned is then the pair (value since the last head, was there a head), which is associative but not commutative.
template <class T, class Op, bool kSegmented>
struct Tile {
  static constexpr int kThreads = Tuning::kThreads, kWarps = kThreads / 32, kRows = Tuning::kRows;
  static constexpr int kVector = 16 / sizeof(T), kRow = 32 * kVector, kSize = kThreads * kRows * kVector;
  static_assert(kRows * kVector <= 32, "the heads of a thread's elements fit in one word");

  struct State {
    T value;
    std::uint32_t head;
  };
  struct alignas(16) Vector {
    T item[kVector];
  };
  struct Shared {
    State warp[kWarps];
    State before;
    unsigned tile;
  };

  Vector row[kRows];
  State before_row[kRows];
  Op op;
  std::uint32_t heads = 0;  ///< bit r * kVector + j: element j of row r is a head

  explicit __device__ Tile(Op o) : op(o) {}
  __device__ State identity() const { return {op.template identity<T>(), 0}; }
  __device__ State combine(State older, State newer) const {
    if (kSegmented && newer.head) return newer;
    return {op.apply(older.value, newer.value), kSegmented ? older.head : 0};
  }
  static __device__ State shuffle_up(State s, int distance) {
    return {__shfl_up_sync(kAllLanes, s.value, distance), kSegmented ? __shfl_up_sync(kAllLanes, s.head, distance) : 0};
  }
  static __device__ State shuffle(State s, int lane) {
    return {__shfl_sync(kAllLanes, s.value, lane), kSegmented ? __shfl_sync(kAllLanes, s.head, lane) : 0};
  }

  static __device__ std::size_t place(std::size_t first, int r) {
    return first + (threadIdx.x / 32 * kRows + r) * kRow + (threadIdx.x & 31) * kVector;
  }

  __device__ void load(const Problem<T>& p, std::size_t first) {
    if (p.aligned && first + kSize <= p.n) {
#pragma unroll
      for (int r = 0; r < kRows; ++r) row[r] = *reinterpret_cast<const Vector*>(p.in + place(first, r));
    } else {
#pragma unroll
      for (int r = 0; r < kRows; ++r)
#pragma unroll
        for (int j = 0; j < kVector; ++j) {
          const std::size_t i = place(first, r) + j;
          row[r].item[j] = i < p.n ? p.in[i] : op.template identity<T>();
        }
    }
    load_heads(p, first);
  }

  __device__ void load_heads(const Problem<T>& p, std::size_t first) {
    if constexpr (kSegmented) {
      struct alignas(kVector) Heads {
        std::uint8_t item[kVector];
      };
#pragma unroll
      for (int r = 0; r < kRows; ++r) {
        const std::size_t i = place(first, r);
        Heads h{};
        if (p.aligned && first + kSize <= p.n) {
          h = *reinterpret_cast<const Heads*>(p.head + i);
        } else {
#pragma unroll
          for (int j = 0; j < kVector; ++j) h.item[j] = i + j < p.n ? p.head[i + j] : 0;
        }
#pragma unroll
        for (int j = 0; j < kVector; ++j) heads |= (h.item[j] != 0 ? 1u : 0u) << (r * kVector + j);
      }
    }
  }

  /// Reduces the tile, and leaves in before_row what precedes each of the thread's rows within the tile.
  __device__ State reduce(Shared& shared) {
    const int lane = threadIdx.x & 31, warp = threadIdx.x / 32;
    State sum[kRows], exclusive[kRows];
#pragma unroll
    for (int r = 0; r < kRows; ++r) {
      State s = identity();
#pragma unroll
      for (int j = 0; j < kVector; ++j) s = combine(s, {row[r].item[j], (heads >> (r * kVector + j)) & 1});
      sum[r] = s;
    }
#pragma unroll
    for (int distance = 1; distance < 32; distance *= 2)
#pragma unroll
      for (int r = 0; r < kRows; ++r) {  // rows inside: their shuffles do not wait for each other
        const State left = shuffle_up(sum[r], distance);
        if (lane >= distance) sum[r] = combine(left, sum[r]);
      }
    State carry = identity();
#pragma unroll
    for (int r = 0; r < kRows; ++r) {
      exclusive[r] = shuffle_up(sum[r], 1);
      before_row[r] = lane > 0 ? combine(carry, exclusive[r]) : carry;
      carry = combine(carry, shuffle(sum[r], 31));
    }
    if (lane == 0) shared.warp[warp] = carry;
    __syncthreads();
    State before_warp = identity(), all = identity();
#pragma unroll
    for (int w = 0; w < kWarps; ++w) {
      if (w == warp) before_warp = all;
      all = combine(all, shared.warp[w]);
    }
#pragma unroll
    for (int r = 0; r < kRows; ++r) before_row[r] = combine(before_warp, before_row[r]);
    return all;
  }

  /// One access of 16 bytes. In assembly: the compiler takes assignments apart where ways join, and then stores a row in
  /// four requests that touch every sector four times.
  static __device__ void store(T* to, const Vector& from) {
    uint4 w;
    memcpy(&w, &from, sizeof w);
    asm volatile("st.global.v4.u32 [%0], {%1, %2, %3, %4};" ::"l"(to), "r"(w.x), "r"(w.y), "r"(w.z), "r"(w.w) : "memory");
  }

  /// Writes the scanned tile. `before` is everything that precedes the tile.
  __device__ void store(const Problem<T>& p, State before, std::size_t first) {
    const bool whole = p.aligned && first + kSize <= p.n;
#pragma unroll
    for (int r = 0; r < kRows; ++r) {
      T running = combine(before, before_row[r]).value;
      Vector result;
#pragma unroll
      for (int j = 0; j < kVector; ++j) {
        if (kSegmented && ((heads >> (r * kVector + j)) & 1)) running = op.template identity<T>();
        const T upto = op.apply(running, row[r].item[j]);
        result.item[j] = p.exclusive ? op.apply(op.template start<T>(), running) : upto;
        running = upto;
      }
      const std::size_t i = place(first, r);
      if (whole) {
        store(p.out + i, result);
      } else {
#pragma unroll
        for (int j = 0; j < kVector; ++j)
          if (i + j < p.n) p.out[i + j] = result.item[j];
      }
    }
  }
};

template <class T, class Op, class TileT = Tile<T, Op, false>>
__global__ void __launch_bounds__(TileT::kThreads) reduce_tiles(Problem<T> p, T* sums, Op op) {
  __shared__ typename TileT::Shared shared;
  TileT tile(op);
  tile.load(p, std::size_t{blockIdx.x} * TileT::kSize);
  const auto sum = tile.reduce(shared);
  if (threadIdx.x == 0) sums[blockIdx.x] = sum.value;
}

/// One block turns the tiles' sums into what precedes each tile, in place.
template <int kThreads, class T, class Op>
__global__ void __launch_bounds__(kThreads) scan_sums(T* sums, std::size_t tiles, Op op) {
  __shared__ T warp_sum[kThreads / 32];
  T carry = op.template identity<T>();
  for (std::size_t first = 0; first < tiles; first += kThreads) {
    const std::size_t i = first + threadIdx.x;
    const T upto = block_inclusive<kThreads>(i < tiles ? sums[i] : op.template identity<T>(), warp_sum, op);
    T before = __shfl_up_sync(kAllLanes, upto, 1);
    if ((threadIdx.x & 31) == 0) before = threadIdx.x > 0 ? warp_sum[threadIdx.x / 32 - 1] : op.template identity<T>();
    if (i < tiles) sums[i] = op.apply(carry, before);
    carry = op.apply(carry, warp_sum[kThreads / 32 - 1]);
    __syncthreads();
  }
}

template <class T, class Op, class TileT = Tile<T, Op, false>>
__global__ void __launch_bounds__(TileT::kThreads) scan_tiles(Problem<T> p, const T* before, Op op) {
  __shared__ typename TileT::Shared shared;
  TileT tile(op);
  const std::size_t first = std::size_t{blockIdx.x} * TileT::kSize;
  tile.load(p, first);
  tile.reduce(shared);
  tile.store(p, {before[blockIdx.x], 0}, first);
}

}  // namespace
}  // namespace pmpp
