// Prefix sums (scan), chapter 11, from naive to best:
//
//   kogge_stone         every element adds its neighbour 1, 2, 4 ... to the left: log n steps, n log n additions
//   double_buffered     the same with two buffers: one barrier a step instead of two
//   brent_kung          a reduction tree up and a distribution tree down: 2 log n steps, 2 n additions
//   warp_shuffles       Kogge-Stone between registers of a warp: barriers only to join the warps
//   coarsened           each thread scans a run of its own first: the parallel part shrinks by that factor
//   hierarchical        any length in three kernels, reduce, scan the sums, scan: reads twice and writes once, 12 B an element
//   decoupled_lookback  one kernel, one read and one write, 8 B an element: a tile asks its predecessors for their sums
//
// In the textbook the first five scan one section that a block can hold. Here they are completed for any length by the
// simplest means: scan every section, scan the sections' sums in the same way, add. That moves 16 B an element and more,
// which is what the last two rungs save.
#include "cuda_src/scan.h"

#include <limits>
#include <type_traits>

#include "cuda_src/common/ladder.cuh"
#include "cuda_src/common/tile_status.cuh"

namespace pmpp {
namespace {

constexpr unsigned kAllLanes = 0xffffffffu;
constexpr std::size_t kMostBlocks = 0x7fffffff;

struct Tuning {
  static constexpr int kThreads = 256;
  static constexpr int kRun = 7;   ///< elements that a thread of the coarsened rung scans on its own
  static constexpr int kRows = 4;  ///< 16-byte vectors that a thread holds: 64 B in flight a thread, 16 KiB a tile
  static constexpr int kSumThreads = 1024;  ///< of the one block that scans the tiles' sums
};

// ---- operators ------------------------------------------------------------------------------------------------------
// identity(): e with op(e, x) == x for every x, to the bit. start(): what an exclusive scan begins with.

template <class T>
struct Limit {  // variables, because device code cannot call the host's functions
  static constexpr bool integer = std::numeric_limits<T>::is_integer;
  static constexpr T low = integer ? std::numeric_limits<T>::lowest() : -std::numeric_limits<T>::infinity();
  static constexpr T high = integer ? std::numeric_limits<T>::max() : std::numeric_limits<T>::infinity();
};

struct Add {
  template <class T> __device__ T identity() const { return Limit<T>::integer ? T(0) : T(-0.0); }
  template <class T> __device__ T start() const { return T(0); }
  template <class T> __device__ T apply(T a, T b) const { return a + b; }
};
struct Multiply {
  template <class T> __device__ T identity() const { return T(1); }
  template <class T> __device__ T start() const { return T(1); }
  template <class T> __device__ T apply(T a, T b) const { return a * b; }
};
// NaN wins in both, as in NumPy's maximum and minimum: b is taken unless a is better or a is NaN.
struct Max {
  template <class T> __device__ T identity() const { return Limit<T>::low; }
  template <class T> __device__ T start() const { return Limit<T>::low; }
  template <class T> __device__ T apply(T a, T b) const { return (a > b || a != a) ? a : b; }
};
struct Min {
  template <class T> __device__ T identity() const { return Limit<T>::high; }
  template <class T> __device__ T start() const { return Limit<T>::high; }
  template <class T> __device__ T apply(T a, T b) const { return (a < b || a != a) ? a : b; }
};

/// One of the four, chosen at run time: some instructions more where shared memory is the limit, and a library several
/// times smaller. Only the last rung is compiled for each operator. Signed integers come as unsigned ones: with the sign
/// bit flipped they compare alike, and sums and products have the same bits.
struct AnyOperator {
  PmppScanOp which;
  bool is_signed;
  template <class T> __device__ T sign_bit() const { return is_signed ? T(1) << (8 * sizeof(T) - 1) : T(0); }
  template <class T> __device__ T identity() const {
    if (which == PMPP_SCAN_ADD) return Add{}.identity<T>();
    if (which == PMPP_SCAN_MULTIPLY) return T(1);
    if constexpr (Limit<T>::integer) return which == PMPP_SCAN_MAX ? sign_bit<T>() : T(~sign_bit<T>());
    else return which == PMPP_SCAN_MAX ? Limit<T>::low : Limit<T>::high;
  }
  template <class T> __device__ T start() const { return which == PMPP_SCAN_ADD ? T(0) : identity<T>(); }
  template <class T> __device__ T apply(T a, T b) const {
    T x = a, y = b;
    if constexpr (Limit<T>::integer) x ^= sign_bit<T>(), y ^= sign_bit<T>();
    const bool a_wins = (which == PMPP_SCAN_MAX ? x > y : x < y) || a != a;  // selects: cheaper than four branches
    return which == PMPP_SCAN_ADD ? a + b : which == PMPP_SCAN_MULTIPLY ? a * b : a_wins ? a : b;
  }
};

/// What a scan is given, the same for every kernel below.
template <class T>
struct Problem {
  const T* in;
  const std::uint8_t* head;
  T* out;
  std::size_t n;
  bool exclusive, aligned;
};

// ---- rungs that scan one section in shared memory -------------------------------------------------------------------
// A rung scans s[0, kSection) in place, inclusively, with kThreads threads, and ends with a barrier.

template <int kThreads_>
struct KoggeStone {
  static constexpr int kThreads = kThreads_, kSection = kThreads, kShared = kSection;
  template <class Op, class T> static __device__ void scan(T* s, Op op) {
    const int t = threadIdx.x;
    for (int stride = 1; stride < kSection; stride *= 2) {
      T sum = s[t];
      if (t >= stride) sum = op.apply(s[t - stride], sum);
      __syncthreads();  // everybody has read: a write before this would be seen by a neighbour too early
      s[t] = sum;
      __syncthreads();
    }
  }
};

template <int kThreads_>
struct DoubleBuffered {
  static constexpr int kThreads = kThreads_, kSection = kThreads, kShared = 2 * kSection;
  static_assert(kThreads == 64 || kThreads == 256 || kThreads == 1024, "an even number of steps ends in the first buffer");
  template <class Op, class T> static __device__ void scan(T* s, Op op) {
    const int t = threadIdx.x;
    T *from = s, *to = s + kSection;
    for (int stride = 1; stride < kSection; stride *= 2) {
      to[t] = t >= stride ? op.apply(from[t - stride], from[t]) : from[t];
      __syncthreads();  // nobody reads `to` before this, nobody writes `from` before the next: one barrier is enough
      T* const swap = from;
      from = to;
      to = swap;
    }
  }
};

template <int kThreads_>
struct BrentKung {
  static constexpr int kThreads = kThreads_, kSection = 2 * kThreads, kShared = kSection;
  template <class Op, class T> static __device__ void scan(T* s, Op op) {
    // Consecutive threads take consecutive nodes of the tree, so that whole warps retire as the tree narrows.
    for (int stride = 1; stride <= kThreads; stride *= 2) {
      const int i = (threadIdx.x + 1) * 2 * stride - 1;
      if (i < kSection) s[i] = op.apply(s[i - stride], s[i]);
      __syncthreads();
    }
    for (int stride = kThreads / 2; stride > 0; stride /= 2) {
      const int i = (threadIdx.x + 1) * 2 * stride - 1;
      if (i + stride < kSection) s[i + stride] = op.apply(s[i], s[i + stride]);
      __syncthreads();
    }
  }
};

template <class T, class Op>
__device__ T warp_inclusive(T x, Op op) {
#pragma unroll
  for (int distance = 1; distance < 32; distance *= 2) {
    const T left = __shfl_up_sync(kAllLanes, x, distance);
    if ((threadIdx.x & 31) >= distance) x = op.apply(left, x);
  }
  return x;
}

/// Inclusive scan of one value a thread; `sums` holds one element a warp. Ends with a barrier.
template <int kThreads, class T, class Op>
__device__ T block_inclusive(T x, T* sums, Op op) {
  const int lane = threadIdx.x & 31, warp = threadIdx.x / 32;
  x = warp_inclusive(x, op);
  if (lane == 31) sums[warp] = x;
  __syncthreads();
  if (warp == 0) {
    const T sum = warp_inclusive(lane < kThreads / 32 ? sums[lane] : op.template identity<T>(), op);
    if (lane < kThreads / 32) sums[lane] = sum;
  }
  __syncthreads();
  return warp > 0 ? op.apply(sums[warp - 1], x) : x;
}

template <int kThreads_>
struct WarpShuffles {
  static constexpr int kThreads = kThreads_, kSection = kThreads, kShared = kSection + kThreads / 32;
  template <class Op, class T> static __device__ void scan(T* s, Op op) {
    s[threadIdx.x] = block_inclusive<kThreads>(s[threadIdx.x], s + kSection, op);
    __syncthreads();
  }
};

template <int kThreads_, int kRun>
struct Coarsened {
  static constexpr int kThreads = kThreads_, kSection = kRun * kThreads, kShared = kSection + kThreads / 32;
  static_assert(kRun % 2 == 1, "runs of odd length start in 32 different banks");
  template <class Op, class T> static __device__ void scan(T* s, Op op) {
    T* const run = s + threadIdx.x * kRun;
    T sum = run[0];
    for (int i = 1; i < kRun; ++i) run[i] = sum = op.apply(sum, run[i]);
    const T upto = block_inclusive<kThreads>(sum, s + kSection, op);
    // The sum of the runs before this one is the neighbour's result: from a register within a warp, from `sums` across.
    T before = __shfl_up_sync(kAllLanes, upto, 1);
    if ((threadIdx.x & 31) == 0 && threadIdx.x > 0) before = s[kSection + threadIdx.x / 32 - 1];
    if (threadIdx.x > 0)
      for (int i = 0; i < kRun; ++i) run[i] = op.apply(before, run[i]);
    __syncthreads();
  }
};

/// Scans every section on its own and leaves the section's sum in sums[block], if there is more than one section.
template <class Rung, class Op, class T>
__global__ void __launch_bounds__(Rung::kThreads) scan_sections(Problem<T> p, T* sums, Op op) {
  __shared__ T s[Rung::kShared];
  const std::size_t first = std::size_t{blockIdx.x} * Rung::kSection;
  for (int i = threadIdx.x; i < Rung::kSection; i += Rung::kThreads)
    s[i] = first + i < p.n ? p.in[first + i] : op.template identity<T>();
  __syncthreads();
  Rung::scan(s, op);
  for (int i = threadIdx.x; i < Rung::kSection; i += Rung::kThreads)
    if (first + i < p.n)
      p.out[first + i] = !p.exclusive ? s[i] : i > 0 ? op.apply(op.template start<T>(), s[i - 1]) : op.template start<T>();
  if (sums != nullptr && threadIdx.x == 0) sums[blockIdx.x] = s[Rung::kSection - 1];
}

/// Adds to every section what the sections before it sum up to: sums[] is already scanned, inclusively.
template <class Op, class T>
__global__ void add_sums(T* out, const T* sums, std::size_t n, unsigned section, Op op) {
  const std::size_t first = (std::size_t{blockIdx.x} + 1) * section;
  const T before = sums[blockIdx.x];
  for (unsigned i = threadIdx.x; i < section && first + i < n; i += blockDim.x) out[first + i] = op.apply(before, out[first + i]);
}

// ---- tiles in registers: the hierarchical and the single-pass rung --------------------------------------------------

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

/// The walk back, by the 32 lanes of one warp: lane l asks the l-th tile to the left, and 32 tiles are done in one step.
template <class T, class Op>
__device__ T look_back(const TileStatus<T>* status, std::size_t tile, Op op) {
  const unsigned lane = threadIdx.x & 31;
  T before = op.template identity<T>();
  for (std::size_t window = tile;; window -= 32) {  // lanes see window - 1 ... window - 32; tile 0 always ends the walk
    T value = op.template identity<T>();
    std::uint32_t tag;
    unsigned prefixes;
    do {
      tag = lane < window ? status[window - 1 - lane].poll(value) : kTilePrefix;
      prefixes = __ballot_sync(kAllLanes, tag == kTilePrefix);
      // Only what lies between here and the nearest prefix has to be there; the lanes beyond it do not matter.
    } while (__any_sync(kAllLanes, tag == kTileUnknown && (prefixes & ((2u << lane) - 1)) == 0));
    if (prefixes != 0 && lane >= static_cast<unsigned>(__ffs(prefixes))) value = op.template identity<T>();
#pragma unroll
    for (int distance = 1; distance < 32; distance *= 2) {
      const T older = __shfl_down_sync(kAllLanes, value, distance);
      if (lane + distance < 32) value = op.apply(older, value);
    }
    before = op.apply(__shfl_sync(kAllLanes, value, 0), before);
    if (prefixes != 0) return before;
  }
}

template <class T, class Op, bool kSegmented, class TileT = Tile<T, Op, kSegmented>>
__global__ void __launch_bounds__(TileT::kThreads) scan_lookback(Problem<T> p, TileStatus<T>* status, unsigned* next_tile, Op op) {
  __shared__ typename TileT::Shared shared;
  // Blocks may start in any order. A tile that is handed out by a counter has only running tiles to its left, so that
  // waiting for them ends.
  if (threadIdx.x == 0) shared.tile = atomicAdd(next_tile, 1u);
  __syncthreads();
  const std::size_t id = shared.tile, first = id * TileT::kSize;
  TileT tile(op);
  tile.load(p, first);
  const auto sum = tile.reduce(shared);
  if (threadIdx.x < 32) {
    // Nothing from the left reaches past a head: a tile that has one knows its prefix at once.
    const bool known = id == 0 || sum.head;
    if (threadIdx.x == 0) status[id].publish(known ? kTilePrefix : kTileAggregate, sum.value);
    const T before = id == 0 ? op.template identity<T>() : look_back(status, id, op);
    if (threadIdx.x == 0) {
      if (!known) status[id].publish(kTilePrefix, op.apply(before, sum.value));
      shared.before = {before, 0};
    }
  }
  __syncthreads();
  tile.store(p, shared.before, first);
}

// ---- launching ------------------------------------------------------------------------------------------------------

struct Request {
  const void* in;
  const std::uint8_t* head;
  void* out;
  std::size_t n;
  int dtype;
  PmppScanOp op;
  bool exclusive;
  void* workspace;
};

template <class T>
Problem<T> problem(const Request& r) {
  const auto address = [](const void* p) { return reinterpret_cast<std::uintptr_t>(p); };
  const bool aligned = (address(r.in) | address(r.out)) % 16 == 0 && address(r.head) % 4 == 0;
  return {static_cast<const T*>(r.in), r.head, static_cast<T*>(r.out), r.n, r.exclusive, aligned};
}

std::size_t item_bytes(int dtype) {
  switch (dtype) {
    case PMPP_INT32: case PMPP_UINT32: case PMPP_FLOAT32: return 4;
    case PMPP_INT64: case PMPP_UINT64: case PMPP_FLOAT64: return 8;
    default: return 0;
  }
}

/// Calls `launch` with an element of the type; signed integers as unsigned ones, see AnyOperator.
template <class Launch>
int with_type(int dtype, Launch launch) {
  switch (dtype) {
    case PMPP_INT32: case PMPP_UINT32: return launch(std::uint32_t{});
    case PMPP_INT64: case PMPP_UINT64: return launch(std::uint64_t{});
    case PMPP_FLOAT32: return launch(float{});
    case PMPP_FLOAT64: return launch(double{});
    default: return PMPP_UNSUPPORTED_DTYPE;
  }
}

AnyOperator any_operator(const Request& r) { return {r.op, r.dtype == PMPP_INT32 || r.dtype == PMPP_INT64}; }

/// The sections' sums, their sums, and so on until one is left.
template <class Rung>
std::size_t sections_workspace(std::size_t n, std::size_t item) {
  std::size_t sums = 0;
  while (n > Rung::kSection) sums += n = ceil_div(n, Rung::kSection);
  return sums * item;
}

template <class Rung, class T>
int scan_by_sections(Problem<T> p, T* sums, AnyOperator op, cudaStream_t stream) {
  const std::size_t sections = ceil_div(p.n, Rung::kSection);
  if (sections > kMostBlocks) return cudaErrorInvalidValue;
  const unsigned blocks = static_cast<unsigned>(sections);
  scan_sections<Rung><<<blocks, Rung::kThreads, 0, stream>>>(p, blocks > 1 ? sums : nullptr, op);
  if (blocks > 1) {
    const Problem<T> above{sums, nullptr, sums, sections, false, false};
    if (const int status = scan_by_sections<Rung>(above, sums + sections, op, stream)) return status;
    add_sums<<<blocks - 1, Rung::kThreads, 0, stream>>>(p.out, sums, p.n, static_cast<unsigned>(Rung::kSection), op);
  }
  return cudaGetLastError();
}

template <class Rung>
int sections(const Request& r, cudaStream_t stream) {
  return with_type(r.dtype, [&](auto zero) {
    using T = decltype(zero);
    return scan_by_sections<Rung>(problem<T>(r), static_cast<T*>(r.workspace), any_operator(r), stream);
  });
}

std::size_t tile_size(std::size_t item) { return item == 4 ? Tile<float, Add, false>::kSize : Tile<double, Add, false>::kSize; }

std::size_t hierarchical_workspace(std::size_t n, std::size_t item) { return ceil_div(n, tile_size(item)) * item; }

int hierarchical(const Request& r, cudaStream_t stream) {
  return with_type(r.dtype, [&](auto zero) -> int {
    using T = decltype(zero);
    const std::size_t tiles = ceil_div(r.n, tile_size(sizeof(T)));
    if (tiles > kMostBlocks) return cudaErrorInvalidValue;
    const Problem<T> p = problem<T>(r);
    T* const sums = static_cast<T*>(r.workspace);
    const AnyOperator op = any_operator(r);
    reduce_tiles<<<static_cast<unsigned>(tiles), Tuning::kThreads, 0, stream>>>(p, sums, op);
    scan_sums<Tuning::kSumThreads><<<1, Tuning::kSumThreads, 0, stream>>>(sums, tiles, op);
    scan_tiles<<<static_cast<unsigned>(tiles), Tuning::kThreads, 0, stream>>>(p, sums, op);
    return cudaGetLastError();
  });
}

/// A status for each tile, and the counter that hands tiles out.
std::size_t lookback_workspace(std::size_t n, std::size_t item) {
  return ceil_div(n, tile_size(item)) * (item == 4 ? sizeof(TileStatus<float>) : sizeof(TileStatus<double>)) + 16;
}

template <bool kSegmented, class T, class Op>
int launch_lookback(const Request& r, Op op, cudaStream_t stream) {
  const std::size_t tiles = ceil_div(r.n, tile_size(sizeof(T)));
  if (tiles > kMostBlocks) return cudaErrorInvalidValue;
  TileStatus<T>* const status = static_cast<TileStatus<T>*>(r.workspace);
  if (const int error = cudaMemsetAsync(r.workspace, 0, lookback_workspace(r.n, sizeof(T)), stream)) return error;
  scan_lookback<T, Op, kSegmented><<<static_cast<unsigned>(tiles), Tuning::kThreads, 0, stream>>>(
      problem<T>(r), status, reinterpret_cast<unsigned*>(status + tiles), op);
  return cudaGetLastError();
}

template <class T>
int lookback_of(const Request& r, cudaStream_t stream) {
  // Sums and products of signed integers have the bits of unsigned ones; only order tells the two apart.
  using Bits = std::conditional_t<std::is_signed_v<T> && Limit<T>::integer, std::make_unsigned<T>, std::enable_if<true, T>>;
  switch (r.op) {
    case PMPP_SCAN_ADD: return launch_lookback<false, typename Bits::type>(r, Add{}, stream);
    case PMPP_SCAN_MULTIPLY: return launch_lookback<false, typename Bits::type>(r, Multiply{}, stream);
    case PMPP_SCAN_MAX: return launch_lookback<false, T>(r, Max{}, stream);
    default: return launch_lookback<false, T>(r, Min{}, stream);
  }
}

int decoupled_lookback(const Request& r, cudaStream_t stream) {
  if (r.dtype == PMPP_INT32) return lookback_of<std::int32_t>(r, stream);
  if (r.dtype == PMPP_INT64) return lookback_of<std::int64_t>(r, stream);
  return with_type(r.dtype, [&](auto zero) { return lookback_of<decltype(zero)>(r, stream); });
}

int segmented_lookback(const Request& r, cudaStream_t stream) {
  return with_type(r.dtype, [&](auto zero) { return launch_lookback<true, decltype(zero)>(r, any_operator(r), stream); });
}

struct Launch {
  int (*run)(const Request&, cudaStream_t);
  std::size_t (*workspace)(std::size_t n, std::size_t item);
};

template <class Rung>
constexpr Launch kSections = {sections<Rung>, sections_workspace<Rung>};

const Rung<Launch> kLadder[] = {
    {{"kogge_stone", "Kogge-Stone scan", 75}, kSections<KoggeStone<Tuning::kThreads>>},
    {{"double_buffered", "Kogge-Stone scan with double buffering", 75}, kSections<DoubleBuffered<Tuning::kThreads>>},
    {{"brent_kung", "Brent-Kung scan", 75}, kSections<BrentKung<Tuning::kThreads>>},
    {{"warp_shuffles", "scan with warp shuffles", 75}, kSections<WarpShuffles<Tuning::kThreads>>},
    {{"coarsened", "scan with thread coarsening", 75}, kSections<Coarsened<Tuning::kThreads, Tuning::kRun>>},
    {{"hierarchical", "hierarchical scan in three kernels", 75}, {hierarchical, hierarchical_workspace}},
    {{"decoupled_lookback", "single-pass scan with decoupled look-back", 75}, {decoupled_lookback, lookback_workspace}},
};

const Rung<Launch> kSegmentedLadder[] = {
    {{"decoupled_lookback", "single-pass segmented scan with decoupled look-back", 75}, {segmented_lookback, lookback_workspace}},
};

int run(const Rung<Launch>* rung, const Request& r, std::size_t workspace_bytes, cudaStream_t stream) {
  const std::size_t item = item_bytes(r.dtype);
  if (rung == nullptr) return PMPP_UNKNOWN_VARIANT;
  if (item == 0) return PMPP_UNSUPPORTED_DTYPE;
  if (r.op < PMPP_SCAN_ADD || r.op > PMPP_SCAN_MULTIPLY) return cudaErrorInvalidValue;
  if (workspace_bytes < rung->launch.workspace(r.n, item)) return PMPP_SMALL_WORKSPACE;
  return r.n == 0 ? cudaSuccess : rung->launch.run(r, stream);
}

}  // namespace
}  // namespace pmpp

PMPP_API size_t pmpp_scan_workspace(size_t n, int dtype, const char* variant) {
  const auto* rung = pmpp::find(pmpp::kLadder, variant);
  return rung ? rung->launch.workspace(n, pmpp::item_bytes(dtype)) : 0;
}

PMPP_API int pmpp_scan(const void* in, void* out, size_t n, int dtype, int op, int exclusive, void* workspace,
                       size_t workspace_bytes, const char* variant, cudaStream_t stream) {
  const pmpp::Request request{in, nullptr, out, n, dtype, static_cast<PmppScanOp>(op), exclusive != 0, workspace};
  return pmpp::run(pmpp::find(pmpp::kLadder, variant), request, workspace_bytes, stream);
}

PMPP_API const pmpp_variant* pmpp_scan_variant(int i) { return pmpp::variant(pmpp::kLadder, i); }

PMPP_API size_t pmpp_segmented_scan_workspace(size_t n, int dtype, const char* variant) {
  const auto* rung = pmpp::find(pmpp::kSegmentedLadder, variant);
  return rung ? rung->launch.workspace(n, pmpp::item_bytes(dtype)) : 0;
}

PMPP_API int pmpp_segmented_scan(const void* in, const unsigned char* heads, void* out, size_t n, int dtype, int op,
                                 int exclusive, void* workspace, size_t workspace_bytes, const char* variant,
                                 cudaStream_t stream) {
  const pmpp::Request request{in, heads, out, n, dtype, static_cast<PmppScanOp>(op), exclusive != 0, workspace};
  return pmpp::run(pmpp::find(pmpp::kSegmentedLadder, variant), request, workspace_bytes, stream);
}

PMPP_API const pmpp_variant* pmpp_segmented_scan_variant(int i) { return pmpp::variant(pmpp::kSegmentedLadder, i); }
