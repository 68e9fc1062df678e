// Merging (chapter 13) and merge sort (chapter 14), from naive to best:
//
//   basic            each thread finds by its co-ranks which eight elements of the result are its own, and merges them
//   tiled            a block brings a tile of each sequence to shared memory, where its threads search and merge
//   circular_buffer  what a tile has left over stays there, so that only what was used up is loaded anew
//   merge_path       a block's co-ranks say beforehand which elements it will need: it loads these, all at once, and stores
//                    the result from shared memory, so that every access is coalesced
//
// Merge sort sorts tiles in shared memory, then merges neighbours by the rung that was asked for, then their neighbours.
#include "cuda_src/common/ladder.cuh"
#include "cuda_src/sort/merge/merge.h"
#include "cuda_src/sort/merge/merge_path.cuh"

namespace pmpp::merge {
namespace {

struct Tuning {
  static constexpr unsigned kThreads = 256;
  static constexpr unsigned kItems = 8;                 ///< of the result, a thread
  static constexpr unsigned kTile = kThreads * kItems;  ///< of the result, a block; what merge sort sorts at once
  static constexpr unsigned kInput = 1024;              ///< elements of each sequence that the tiled rungs hold
  static constexpr unsigned kRounds = 4;                ///< of kInput elements of the result, a block of the tiled rungs
};

/// Pairs of sequences to merge: one pair, or all neighbouring runs of an array.
template <class Bits>
struct Pairs {
  const Bits *a, *b;
  Bits* out;
  std::size_t count, a_count;
  std::size_t run;  ///< length of the runs in `a`; 0 if there is one pair, `a` and `b`
  KeyOrder<Bits> order;
};

/// What one block merges: the elements [begin, end) of the merger of `a` and `b`.
template <class Bits>
struct Share {
  Sequence<Bits> a, b;
  Bits* out;
  std::size_t begin, end;

  __device__ Share(const Pairs<Bits>& p, std::size_t block, std::size_t size) {
    const std::size_t pair = p.run != 0 ? 2 * p.run : p.count, blocks = (pair + size - 1) / size, which = block / blocks;
    const std::size_t first = which * pair, rest = p.count - first, all = rest < pair ? rest : pair;
    const std::size_t a_count = p.run == 0 ? p.a_count : all < p.run ? all : p.run;
    a = {p.a + first, a_count, p.order};
    b = {p.run != 0 ? p.a + first + a_count : p.b, all - a_count, p.order};
    out = p.out + first;
    begin = block % blocks * size;
    if (begin > all) begin = all;
    end = begin + size < all ? begin + size : all;
  }
};

template <class Bits>
std::size_t blocks_for(const Pairs<Bits>& p, std::size_t size) {
  const std::size_t pair = p.run != 0 ? 2 * p.run : p.count;
  return ceil_div(p.count, pair) * ceil_div(pair, size);
}

/// The co-ranks of both ends of a share, found by two threads. Sequences in disorder may give any; these are in bounds.
template <class Bits>
__device__ void co_ranks_of(const Share<Bits>& s, std::size_t (&rank)[2]) {
  if (threadIdx.x < 2) rank[threadIdx.x] = co_rank(threadIdx.x == 0 ? s.begin : s.end, s.a, s.b);
  __syncthreads();
  if (threadIdx.x == 0) rank[1] = max(rank[0], min(rank[1], rank[0] + (s.end - s.begin)));
  __syncthreads();
}

struct Basic {
  static constexpr unsigned kSize = Tuning::kTile;
  template <class Bits>
  static __device__ void merge(const Share<Bits>& s) {
    const std::size_t k = s.begin + threadIdx.x * Tuning::kItems;
    if (k >= s.end) return;
    const std::size_t i = co_rank(k, s.a, s.b);
    merge_run<Tuning::kItems>(s.a, i, s.b, k - i, [&](int at, Bits key) { s.out[k + at] = key; });
  }
};

template <bool kCircular>
struct Tiled {
  static constexpr unsigned kInput = Tuning::kInput, kSize = kInput * Tuning::kRounds, kItems = kInput / Tuning::kThreads;

  template <class Bits>
  static __device__ void merge(const Share<Bits>& s) {
    __shared__ Bits key[2][kInput];
    __shared__ std::size_t rank[2];
    co_ranks_of(s, rank);
    const std::size_t first[2] = {rank[0], s.begin - rank[0]};
    const std::size_t count[2] = {rank[1] - rank[0], s.end - rank[1] - first[1]};
    std::size_t used[2] = {0, 0}, loaded[2] = {0, 0};
    for (std::size_t done = 0; done < s.end - s.begin; done += kInput) {
      for (int side = 0; side < 2; ++side) {
        // All of the buffer is filled; the circular one keeps what it has, and `loaded` tells how far that goes.
        const Sequence<Bits>& from = side == 0 ? s.a : s.b;
        if (!kCircular) loaded[side] = used[side];
        const std::size_t upto = min(count[side], used[side] + kInput);
        for (std::size_t i = loaded[side] + threadIdx.x; i < upto; i += Tuning::kThreads)
          key[side][kCircular ? i % kInput : i - used[side]] = from.bits(first[side] + i);
        loaded[side] = upto;
      }
      __syncthreads();
      Circular<Bits, kInput> tile[2];
      for (int side = 0; side < 2; ++side)
        tile[side] = {key[side], static_cast<unsigned>(loaded[side] - used[side]),
                      kCircular ? static_cast<unsigned>(used[side] % kInput) : 0u, s.a.order};
      const std::size_t k = threadIdx.x * kItems, now = min(std::size_t{kInput}, s.end - s.begin - done);
      if (k < now) {
        const std::size_t i = co_rank(k, tile[0], tile[1]);
        merge_run<kItems>(tile[0], i, tile[1], k - i, [&](int at, Bits x) {
          if (k + at < now) s.out[s.begin + done + k + at] = x;
        });
      }
      const std::size_t from_a = co_rank(now, tile[0], tile[1]);  // by all threads alike
      used[0] += from_a, used[1] += now - from_a;
      __syncthreads();  // before the buffers are written again
    }
  }
};

/// Merges two neighbours in a tile, kItems a thread, and leaves the result where they were.
template <class Bits>
__device__ void merge_in_place(Bits* tile, const InTile<Bits>& a, const InTile<Bits>& b, unsigned k) {
  constexpr int kItems = Tuning::kItems;
  const unsigned count = a.count + b.count;
  const std::size_t i = k < count ? co_rank(k, a, b) : a.count;
  Bits mine[kItems] = {};
  if (k < count) merge_run<kItems>(a, i, b, k - i, [&](int at, Bits x) { mine[at] = x; });
  __syncthreads();
#pragma unroll
  for (int at = 0; at < kItems; ++at)
    if (k + at < count) tile[padded<Bits>(a.begin + k + at)] = mine[at];
  __syncthreads();
}

struct MergePath {
  static constexpr unsigned kSize = Tuning::kTile;
  template <class Bits>
  static __device__ void merge(const Share<Bits>& s) {
    __shared__ Bits tile[padded<Bits>(kSize)];
    __shared__ std::size_t rank[2];
    co_ranks_of(s, rank);
    const unsigned count = static_cast<unsigned>(s.end - s.begin), from_a = static_cast<unsigned>(rank[1] - rank[0]);
    const std::size_t b_first = s.begin - rank[0];
    for (unsigned i = threadIdx.x; i < count; i += Tuning::kThreads)
      tile[padded<Bits>(i)] = i < from_a ? s.a.bits(rank[0] + i) : s.b.bits(b_first + (i - from_a));
    __syncthreads();
    const InTile<Bits> a{tile, 0, from_a, s.a.order}, b{tile, from_a, count - from_a, s.a.order};
    merge_in_place(tile, a, b, threadIdx.x * Tuning::kItems);
    for (unsigned i = threadIdx.x; i < count; i += Tuning::kThreads) s.out[s.begin + i] = tile[padded<Bits>(i)];
  }
};

template <class Rung, class Bits>
__global__ void __launch_bounds__(Tuning::kThreads) merge_pairs(Pairs<Bits> p) {
  const Share<Bits> share(p, blockIdx.x, Rung::kSize);
  if (share.begin < share.end) Rung::merge(share);
}

/// Sorts each tile: a thread its own eight keys by odd-even transposition, which is stable, then all threads merge.
template <class Bits>
__global__ void __launch_bounds__(Tuning::kThreads) sort_tiles(const Bits* in, Bits* out, std::size_t n, KeyOrder<Bits> order) {
  constexpr unsigned kItems = Tuning::kItems, kTile = Tuning::kTile;
  __shared__ Bits tile[padded<Bits>(kTile)];
  const std::size_t first = std::size_t{blockIdx.x} * kTile;
  const unsigned count = static_cast<unsigned>(min(n - first, std::size_t{kTile})), mine = threadIdx.x * kItems;
  for (unsigned i = threadIdx.x; i < count; i += Tuning::kThreads) tile[padded<Bits>(i)] = in[first + i];
  __syncthreads();
  Bits key[kItems], code[kItems];  // in registers: neighbours are exchanged without a bank
#pragma unroll
  for (unsigned i = 0; i < kItems; ++i) {
    // What lies beyond the end follows everything: nothing that is there is exchanged with it.
    const bool there = mine + i < count;
    key[i] = there ? tile[padded<Bits>(mine + i)] : Bits{0};
    code[i] = there ? order.encode(key[i]) : static_cast<Bits>(~Bits{0});
  }
#pragma unroll
  for (unsigned round = 0; round < kItems; ++round)
#pragma unroll
    for (unsigned i = round % 2; i + 1 < kItems; i += 2)
      if (code[i + 1] < code[i]) {
        const Bits left = key[i], left_code = code[i];
        key[i] = key[i + 1], code[i] = code[i + 1];
        key[i + 1] = left, code[i + 1] = left_code;
      }
#pragma unroll
  for (unsigned i = 0; i < kItems; ++i)
    if (mine + i < count) tile[padded<Bits>(mine + i)] = key[i];
  __syncthreads();
#pragma unroll 1
  for (unsigned run = kItems; run < kTile; run *= 2) {
    const unsigned pair = mine / (2 * run) * (2 * run), a_end = min(pair + run, count), b_end = min(pair + 2 * run, count);
    const InTile<Bits> a{tile, pair, a_end > pair ? a_end - pair : 0, order},
        b{tile, a_end, b_end > a_end ? b_end - a_end : 0, order};
    merge_in_place(tile, a, b, mine - pair);
  }
  for (unsigned i = threadIdx.x; i < count; i += Tuning::kThreads) out[first + i] = tile[padded<Bits>(i)];
}

// ---- launching ---------------------------------------------------------------------------------------------------------

template <class Rung, class Bits>
int launch(const Pairs<Bits>& p, cudaStream_t stream) {
  const std::size_t blocks = blocks_for(p, Rung::kSize);
  if (blocks > 0x7fffffff) return cudaErrorInvalidValue;
  merge_pairs<Rung><<<static_cast<unsigned>(blocks), Tuning::kThreads, 0, stream>>>(p);
  return cudaGetLastError();
}

struct Launch {
  int (*bits8)(const Pairs<std::uint8_t>&, cudaStream_t);
  int (*bits16)(const Pairs<std::uint16_t>&, cudaStream_t);
  int (*bits32)(const Pairs<std::uint32_t>&, cudaStream_t);
  int (*bits64)(const Pairs<std::uint64_t>&, cudaStream_t);
  int operator()(const Pairs<std::uint8_t>& p, cudaStream_t stream) const { return bits8(p, stream); }
  int operator()(const Pairs<std::uint16_t>& p, cudaStream_t stream) const { return bits16(p, stream); }
  int operator()(const Pairs<std::uint32_t>& p, cudaStream_t stream) const { return bits32(p, stream); }
  int operator()(const Pairs<std::uint64_t>& p, cudaStream_t stream) const { return bits64(p, stream); }
};

template <class Rung>
constexpr Launch kLaunch = {launch<Rung, std::uint8_t>, launch<Rung, std::uint16_t>, launch<Rung, std::uint32_t>,
                            launch<Rung, std::uint64_t>};

const Rung<Launch> kLadder[] = {
    {{"basic", "basic merge kernel", 75}, kLaunch<Basic>},
    {{"tiled", "tiled merge kernel", 75}, kLaunch<Tiled<false>>},
    {{"circular_buffer", "circular-buffer merge kernel", 75}, kLaunch<Tiled<true>>},
    {{"merge_path", "merge with tiles of the result", 75}, kLaunch<MergePath>},
};

/// Runs of a tile become runs of two, of four, until one is left. The last pass writes the output.
template <class Bits>
int sort(const Launch& merge, const Bits* keys, Bits* out, Bits* temporary, std::size_t n, int dtype, cudaStream_t stream) {
  const KeyOrder<Bits> order = order_of<Bits, KeyKind::kAny>(dtype, false);
  const std::size_t tiles = ceil_div(n, Tuning::kTile);
  if (tiles > 0x7fffffff) return cudaErrorInvalidValue;
  int passes = 0;
  for (std::size_t run = Tuning::kTile; run < n; run *= 2) ++passes;
  Bits* from = passes % 2 == 0 ? out : temporary;
  sort_tiles<<<static_cast<unsigned>(tiles), Tuning::kThreads, 0, stream>>>(keys, from, n, order);
  for (std::size_t run = Tuning::kTile; run < n; run *= 2) {
    Bits* const to = from == out ? temporary : out;
    if (const int status = merge(Pairs<Bits>{from, nullptr, to, n, 0, run, order}, stream)) return status;
    from = to;
  }
  return cudaGetLastError();
}

}  // namespace
}  // namespace pmpp::merge

PMPP_API int pmpp_merge(const void* a, size_t a_count, const void* b, size_t b_count, void* out, int dtype, const char* variant,
                        cudaStream_t stream) {
  const auto* rung = pmpp::find(pmpp::merge::kLadder, variant);
  if (rung == nullptr) return PMPP_UNKNOWN_VARIANT;
  return pmpp::with_bits(dtype, [&](auto zero) -> int {
    using Bits = decltype(zero);
    if (a_count + b_count == 0) return cudaSuccess;
    const auto order = pmpp::order_of<Bits, pmpp::KeyKind::kAny>(dtype, false);
    return rung->launch(pmpp::merge::Pairs<Bits>{static_cast<const Bits*>(a), static_cast<const Bits*>(b),
                                                 static_cast<Bits*>(out), a_count + b_count, a_count, 0, order},
                        stream);
  });
}

PMPP_API const pmpp_variant* pmpp_merge_variant(int i) { return pmpp::variant(pmpp::merge::kLadder, i); }

PMPP_API size_t pmpp_merge_sort_workspace(size_t n, int dtype, const char*) {
  return n > pmpp::merge::Tuning::kTile ? n * (pmpp::format_of(dtype).bits / 8) : 0;
}

PMPP_API int pmpp_merge_sort(const void* keys, void* out, size_t n, int dtype, void* workspace, size_t workspace_bytes,
                             const char* variant, cudaStream_t stream) {
  const auto* rung = pmpp::find(pmpp::merge::kLadder, variant);
  if (rung == nullptr) return PMPP_UNKNOWN_VARIANT;
  return pmpp::with_bits(dtype, [&](auto zero) -> int {
    using Bits = decltype(zero);
    if (n == 0) return cudaSuccess;
    if (workspace_bytes < pmpp_merge_sort_workspace(n, dtype, variant)) return PMPP_SMALL_WORKSPACE;
    return pmpp::merge::sort(rung->launch, static_cast<const Bits*>(keys), static_cast<Bits*>(out), static_cast<Bits*>(workspace),
                             n, dtype, stream);
  });
}
