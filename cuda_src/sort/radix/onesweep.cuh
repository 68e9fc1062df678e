// The kernels of radix sort's last rung: one kernel a digit, after Adinets and Merrill's Onesweep.
//
// All digits of all keys are counted at the start, in one read. After that a pass needs to know only how many keys of each
// digit stand in the tiles before its own, and asks them by decoupled look-back: one read and one write a pass.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "cuda_src/common/tile_status.cuh"
#include "cuda_src/sort/key_order.cuh"

namespace pmpp::radix {

constexpr int kDigitBits = 8, kDigits = 1 << kDigitBits, kMaxPasses = 8;

/// Shape of a tile. 40 KiB of keys (or values, whichever is wider) pass through shared memory: the larger the tile, the longer the
/// runs of a digit, and the fewer sectors of the output are written in part.
template <int kBytes>
struct Tuning {
  static constexpr int kThreads = 512;
  static constexpr int kItems = kBytes <= 4 ? 20 : 10;
  static constexpr int kTile = kThreads * kItems;
  static constexpr int kBlocks = 2;  ///< of a multiprocessor at once
};

/// Shape of the kernel that counts, and of those that copy: blocks that fill the largest GPU that was thought of.
struct Histogram {
  static constexpr int kThreads = 512, kBlocks = 4 * 132;
};

/// Look-back words: two bits of status, thirty of count.
constexpr std::uint32_t kAggregate = 1u << 30, kPrefix = 2u << 30, kCount = kAggregate - 1;

/// What the histogram decides about the passes, in device memory, so that the host need not wait for it.
struct Plan {
  enum Buffer : std::uint8_t { kIn, kTemporary, kOut };
  struct Pass {
    bool active;  ///< not all keys have the same digit
    Buffer from, to;
    bool first, last;
  } pass[kMaxPasses];
  bool copy_in;   ///< sorting in place with an odd number of passes: the input has to be moved out of the way first
  bool copy_out;  ///< no pass at all, all keys are equal in the bits that count
};

/// The digits to sort by.
struct Digits {
  int begin_bit, end_bit, passes;
  __host__ __device__ int shift(int pass) const { return begin_bit + pass * kDigitBits; }
  __host__ __device__ unsigned mask(int pass) const {
    const int left = end_bit - shift(pass);
    return (1u << (left < kDigitBits ? left : kDigitBits)) - 1;
  }
};

/// Counts every digit of every key. counts[pass][digit] must be zero before.
template <class Bits>
__global__ void __launch_bounds__(Histogram::kThreads) count_all_digits(const Bits* in, std::size_t n, KeyOrder<Bits> order, Digits digits,
                                                        bool aligned, unsigned long long* counts) {
  constexpr int kPasses = sizeof(Bits);
  constexpr int kVector = 16 / sizeof(Bits);
  struct alignas(16) Vector {
    Bits item[kVector];
  };
  __shared__ unsigned count[kPasses][kDigits];
  for (int i = threadIdx.x; i < kPasses * kDigits; i += blockDim.x) count[0][i] = 0;
  __syncthreads();
  const auto add = [&](Bits key) {
    const Bits code = order.encode(key);
#pragma unroll
    for (int pass = 0; pass < kPasses; ++pass)
      if (pass < digits.passes) atomicAdd(&count[pass][static_cast<unsigned>(code >> digits.shift(pass)) & digits.mask(pass)], 1u);
  };
  const std::size_t thread = std::size_t{blockIdx.x} * blockDim.x + threadIdx.x, threads = std::size_t{gridDim.x} * blockDim.x;
  const std::size_t vectors = aligned ? n / kVector : 0;
  for (std::size_t i = thread; i < vectors; i += threads) {
    const Vector v = reinterpret_cast<const Vector*>(in)[i];
#pragma unroll
    for (int j = 0; j < kVector; ++j) add(v.item[j]);
  }
  for (std::size_t i = vectors * kVector + thread; i < n; i += threads) add(in[i]);
  __syncthreads();
  for (int i = threadIdx.x; i < digits.passes * kDigits; i += blockDim.x)
    if (count[0][i] != 0) atomicAdd(&counts[i], static_cast<unsigned long long>(count[0][i]));
}

/// One block: turns counts into where each digit begins, finds the passes that move nothing, and deals out the buffers so
/// that the last pass writes the output. begin[pass] has room for `launches + 1` rows of kDigits; the first is written.
static __global__ void __launch_bounds__(kDigits) make_plan(const unsigned long long* counts, unsigned long long* begin,
                                                            int launches, std::size_t n, int passes, bool in_place,
                                                            Plan* plan) {
  __shared__ unsigned long long sum[kDigits];
  __shared__ bool constant[kMaxPasses];
  if (threadIdx.x < kMaxPasses) constant[threadIdx.x] = false;
  const int t = threadIdx.x;
  for (int pass = 0; pass < passes; ++pass) {
    const unsigned long long mine = counts[pass * kDigits + t];
    __syncthreads();
    sum[t] = mine;
    if (mine == n) constant[pass] = true;
    __syncthreads();
    for (int stride = 1; stride < kDigits; stride *= 2) {
      const unsigned long long left = t >= stride ? sum[t - stride] : 0;
      __syncthreads();
      sum[t] += left;
      __syncthreads();
    }
    begin[std::size_t{static_cast<unsigned>(pass)} * (launches + 1) * kDigits + t] = sum[t] - mine;
  }
  __syncthreads();
  if (t != 0) return;
  int left = 0;
  for (int pass = 0; pass < passes; ++pass) left += !constant[pass];
  plan->copy_in = in_place && left % 2 == 1;
  plan->copy_out = left == 0;
  Plan::Buffer from = plan->copy_in ? Plan::kTemporary : Plan::kIn;
  bool first = true;
  for (int pass = 0; pass < passes; ++pass) {
    const bool active = !constant[pass];
    if (active) --left;
    const Plan::Buffer to = left % 2 == 0 ? Plan::kOut : Plan::kTemporary;
    plan->pass[pass] = {active, from, to, active && first, active && left == 0};
    if (active) from = to, first = false;
  }
}

/// What travels with the keys: nothing, or 4 or 8 bytes.
struct NoValue {};

/// Where values are; `in` null stands for 0, 1, 2 ...; `widen` stores 32-bit positions as 64-bit ones in the end.
struct Values {
  const void* in;
  void *temporary, *out;
  bool widen;
  __device__ void* at(Plan::Buffer b) const {
    return b == Plan::kIn ? const_cast<void*>(in) : b == Plan::kOut ? out : temporary;
  }
};

template <class Bits>
struct Sweep {
  const Bits* in;
  Bits *temporary, *out;
  Values values;
  std::size_t n;      ///< of all launches
  std::size_t first;  ///< of this launch, which ranks `count` keys
  unsigned count;
  int pass, shift;
  unsigned mask;
  const Plan* plan;
  unsigned long long* begin;  ///< where this launch's keys of each digit begin; the next row is for the next launch
  std::uint32_t* status;      ///< [tile][digit]
  unsigned* next_tile;
};

/// Copies keys and values from the input, if the plan says so: into the temporary buffers before the first pass, or to
/// the output if there is no pass.
template <class Bits, class Value>
__global__ void copy_if_planned(Sweep<Bits> s, bool before) {
  if (!(before ? s.plan->copy_in : s.plan->copy_out)) return;
  const std::size_t step = std::size_t{gridDim.x} * blockDim.x;
  for (std::size_t i = std::size_t{blockIdx.x} * blockDim.x + threadIdx.x; i < s.n; i += step) {
    (before ? s.temporary : s.out)[i] = s.in[i];
    if constexpr (!std::is_same_v<Value, NoValue>) {
      if (before && s.values.in == nullptr) continue;
      const Value value = s.values.in == nullptr ? static_cast<Value>(i) : static_cast<const Value*>(s.values.in)[i];
      if (before) static_cast<Value*>(s.values.temporary)[i] = value;
      else if (s.values.widen) static_cast<std::uint64_t*>(s.values.out)[i] = value;
      else static_cast<Value*>(s.values.out)[i] = value;
    }
  }
}

/// The same number, but the compiler cannot know: what depends on it is computed again instead of being kept. Digits and
/// bounds of a thread's keys are cheap to compute and dear to hold.
__device__ __forceinline__ unsigned again(unsigned x) {
  asm volatile("" : "+r"(x));
  return x;
}

/// Extracts the digit of a pass. For integers the flipped bits of the digit itself are all that is needed.
template <class Bits, KeyKind kKind>
struct DigitOf {
  KeyOrder<Bits, kKind> order;
  unsigned shift, mask, flip;

  __device__ DigitOf(KeyOrder<Bits, kKind> o, int s, unsigned m)
      : order(o), shift(again(s)), mask(m), flip(again(static_cast<unsigned>(o.flip >> s) & m)) {}
  __device__ unsigned operator()(Bits key) const {
    if constexpr (kKind == KeyKind::kInteger) return (static_cast<unsigned>(key >> shift) & mask) ^ flip;
    else return order.digit(key, shift, mask);
  }
  /// What stands for keys behind the last one has the highest digit. `there`: the key is none of them.
  __device__ unsigned operator()(Bits key, bool there) const {
    return kKind == KeyKind::kInteger || there ? (*this)(key) : mask;
  }
  __device__ static Bits padding(const KeyOrder<Bits, kKind>& order) { return static_cast<Bits>(~order.flip); }
};

/// How many keys of digit threadIdx.x stand in the tiles before this one. A few tiles are asked at once, since what takes long is
/// the way to the L2 cache and back.
__device__ __forceinline__ unsigned look_back(const std::uint32_t* status, unsigned tile) {
  constexpr int kAtOnce = 4;
  unsigned prefix = 0;
  for (;;) {
    std::uint32_t word[kAtOnce];
#pragma unroll
    for (int k = 0; k < kAtOnce; ++k) word[k] = k < tile ? load_relaxed(status - (k + 1) * kDigits) : 0;
    unsigned known = 0;
#pragma unroll
    for (int k = 0; k < kAtOnce; ++k) {
      if (known != k || word[k] == 0) continue;
      prefix += word[k] & kCount;
      if (word[k] >= kPrefix) return prefix;
      ++known;
    }
    status -= known * kDigits;
    tile -= known;
  }
}

/// One digit of one launch. Tiles are handed out by a counter; a tile ranks its keys, learns from the tiles before it where
/// its runs go, and writes them. The last tile is filled up with keys that come last and are not written.
template <class Bits, KeyKind kKind, class Value, class T>
__global__ void __launch_bounds__(T::kThreads, T::kBlocks) sweep_digit(Sweep<Bits> s, KeyOrder<Bits, kKind> order) {
  constexpr bool kPairs = !std::is_same_v<Value, NoValue>;
  constexpr int kThreads = T::kThreads, kItems = T::kItems, kTile = T::kTile, kWarps = kThreads / 32;
  static_assert(kThreads >= kDigits, "one thread owns one digit");

  // Counters are done with before keys are placed, and keys before values: they share one piece of memory.
  union Shared {
    struct {
      unsigned count[kWarps][kDigits];
      unsigned peers[kWarps][kDigits];  ///< which lanes hold the digit
    } warp;
    Bits key[kTile];
    std::conditional_t<kPairs, Value, Bits> value[kTile];
  };
  __shared__ Shared shared;
  __shared__ std::size_t offset[kDigits];
  __shared__ unsigned warp_sum[kDigits / 32], tile_id;
  __shared__ Plan::Pass plan;  // there, because registers are short

  const int t = threadIdx.x, warp = t / 32;
  const unsigned lane = t & 31;
  if (t == 0) {
    plan = s.plan->pass[s.pass];
    if (plan.active) tile_id = atomicAdd(s.next_tile, 1u);
  }
  for (int i = t; i < kWarps * kDigits; i += kThreads) shared.warp.count[0][i] = shared.warp.peers[0][i] = 0;
  __syncthreads();
  if (!plan.active) return;
  const unsigned tile = tile_id;
  const unsigned count = min(s.count - tile * kTile, static_cast<unsigned>(kTile));
  const std::size_t first = s.first + std::size_t{tile} * kTile;
  const Bits* const in = plan.from == Plan::kIn ? s.in : plan.from == Plan::kOut ? s.out : s.temporary;

  const DigitOf<Bits, kKind> digit_of(order, s.shift, s.mask);

  // A warp takes consecutive keys, and lane by lane: reads are coalesced, and the order of keys is that of (item, lane).
  const unsigned mine = warp * (32 * kItems) + lane;
  const auto keys_from = [&](unsigned at) { return static_cast<int>(count > at ? (count - at + 31) / 32 : 0); };
  const int there = keys_from(mine);  // of the thread's keys
  Bits key[kItems];
#pragma unroll
  for (int i = 0; i < kItems; ++i) key[i] = i < there ? in[first + mine + i * 32] : digit_of.padding(order);

  // Counting comes before ranking, so that the tiles that follow need not wait for the slower of the two.
  unsigned digits[(kItems + 3) / 4] = {};  // four in a register
#pragma unroll
  for (int i = 0; i < kItems; ++i) {
    const unsigned digit = digit_of(key[i], i < there);
    digits[i / 4] |= digit << (i % 4 * 8);
    atomicAdd(&shared.warp.count[warp][digit], 1u);
  }
  __syncthreads();
  unsigned in_tile = 0, begins_at = 0;
  std::uint32_t* const status = s.status + std::size_t{tile} * kDigits + t;
  const bool owner = t < kDigits;
  // Below 2^30 keys, where a digit begins is simply part of the first tile's prefix. Above, it does not fit in the word.
  const bool folded = s.n < kAggregate;
  if (owner) {
#pragma unroll
    for (int w = 0; w < kWarps; ++w) in_tile += shared.warp.count[w][t];
    store_relaxed(status, tile == 0 ? kPrefix | (in_tile + (folded ? static_cast<unsigned>(s.begin[t]) : 0)) : kAggregate | in_tile);
    unsigned upto = in_tile;
#pragma unroll
    for (int distance = 1; distance < 32; distance *= 2) {
      const unsigned left = __shfl_up_sync(0xffffffffu, upto, distance);
      if (lane >= distance) upto += left;
    }
    if (lane == 31) warp_sum[warp] = upto;
    begins_at = upto - in_tile;
  }
  __syncthreads();
  if (owner) {
    for (int w = 0; w < warp; ++w) begins_at += warp_sum[w];
    offset[t] = std::size_t{0} - begins_at;  // what is still missing is where the tile's run goes
    unsigned next = begins_at;
#pragma unroll
    for (int w = 0; w < kWarps; ++w) {
      const unsigned c = shared.warp.count[w][t];
      shared.warp.count[w][t] = next;
      next += c;
    }
  }
  __syncthreads();

  const auto find_offset = [&] {
    if (!owner) return;
    std::size_t before = tile == 0 || !folded ? s.begin[t] : 0;
    if (tile != 0) {
      const unsigned prefix = look_back(status, tile);
      store_relaxed(status, kPrefix | (prefix + in_tile));
      before += prefix;
    }
    offset[t] += before;
    const unsigned padded = t == s.mask ? kTile - count : 0;
    if (tile * kTile + count == s.count) s.begin[kDigits + t] = before + in_tile - padded;
  };
  // The earlier, the shorter the way back of the tiles that follow; but values make a tile take so long that they wait for it less.
  if (!kPairs) find_offset();

  // Rank: the lanes of a warp that hold the same digit find each other in a word of shared memory, their first lane reserves
  // places for all of them. __match_any_sync says the same, and takes far longer where there are many digits.
  unsigned ranks[kItems / 2] = {};  // two in a register: each is below 2^16
  const auto rank = [&](int i) { return i % 2 == 0 ? ranks[i / 2] & 0xffff : ranks[i / 2] >> 16; };
#pragma unroll
  for (int i = 0; i < kItems; ++i) {
    const unsigned digit = digits[i / 4] >> (i % 4 * 8) & 0xff;
    unsigned* const word = &shared.warp.peers[warp][digit];
    atomicOr(word, 1u << lane);
    __syncwarp();
    const unsigned peers = *word, earlier = __popc(peers & ((1u << lane) - 1));
    __syncwarp();
    unsigned begin = 0;
    if (earlier == 0) {
      begin = atomicAdd(&shared.warp.count[warp][digit], __popc(peers));
      *word = 0;
    }
    const unsigned place = __shfl_sync(0xffffffffu, begin, __ffs(peers) - 1) + earlier;
    ranks[i / 2] = i % 2 == 0 ? place : ranks[i / 2] | place << 16;
    __syncwarp();
  }
  __syncthreads();
#pragma unroll
  for (int i = 0; i < kItems; ++i) shared.key[rank(i)] = key[i];
  if (kPairs) find_offset();
  __syncthreads();

  Bits* const out = plan.to == Plan::kOut ? s.out : s.temporary;
#pragma unroll
  for (unsigned& four : digits) four = 0;
#pragma unroll
  for (int i = 0; i < kItems; ++i) {
    const unsigned slot = i * kThreads + t;
    if (slot < count) {
      const Bits k = shared.key[slot];
      const unsigned digit = digit_of(k);
      digits[i / 4] |= digit << (i % 4 * 8);
      out[offset[digit] + slot] = k;
    }
  }
  if constexpr (kPairs) {
    Value value[kItems];
    const int there = keys_from(again(mine));
    const std::size_t source = s.first + std::size_t{again(tile)} * kTile + mine;
    if (plan.first && s.values.in == nullptr) {
#pragma unroll
      for (int i = 0; i < kItems; ++i) value[i] = static_cast<Value>(source + i * 32);
    } else {
      const Value* const from = static_cast<const Value*>(s.values.at(plan.from)) + source;
#pragma unroll
      for (int i = 0; i < kItems; ++i) value[i] = i < there ? from[i * 32] : Value{};
    }
    __syncthreads();
#pragma unroll
    for (int i = 0; i < kItems; ++i) shared.value[rank(i)] = value[i];
    __syncthreads();
    const bool widen = s.values.widen && plan.last;
    void* const to = s.values.at(plan.to);
#pragma unroll
    for (int i = 0; i < kItems; ++i) {
      const unsigned slot = i * kThreads + t;
      if (slot >= count) continue;
      const std::size_t at = offset[(digits[i / 4] >> (i % 4 * 8)) & 0xff] + slot;
      if (widen) static_cast<std::uint64_t*>(to)[at] = shared.value[slot];
      else static_cast<Value*>(to)[at] = shared.value[slot];
    }
  }
}

}  // namespace pmpp::radix
