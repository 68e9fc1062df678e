// Radix sort, chapter 14, from naive to best:
//
//   one_bit             a scan over all keys counts the ones before each; zeros move up, ones go behind them. Neighbours
//                       write far apart
//   block_local         each block sorts its tile in shared memory first, so that it writes two runs, each coalesced
//   several_bits        four bits a pass: a quarter of the passes, sixteen shorter runs
//   coarsened           eight keys a thread: the tile is larger, and so are the runs
//   decoupled_lookback  eight bits a pass, and each pass in one kernel that reads once and writes once; what lies before a
//                       tile is learnt by look-back while keys are ranked. Passes whose digit is constant are skipped
//
// Passes go from the lowest digit to the highest and are stable each, so the whole sort is.
#include "cuda_src/sort/radix/radix.h"

#include <algorithm>

#include "cuda_src/common/ladder.cuh"
#include "cuda_src/scan/scan.h"
#include "cuda_src/sort/radix/onesweep.cuh"
#include "cuda_src/sort/radix/textbook.cuh"

namespace pmpp::radix {
namespace {

constexpr std::size_t kMostBlocks = 0x7fffffff;

/// Deals out the workspace. With a null base it only counts.
class Arena {
 public:
  explicit Arena(void* base) : base_(static_cast<char*>(base)) {}
  template <class T>
  T* take(std::size_t count) {
    T* const p = reinterpret_cast<T*>(base_ + used_);
    used_ += (count * sizeof(T) + 255) / 256 * 256;
    return base_ != nullptr ? p : nullptr;
  }
  std::size_t used() const { return used_; }

 private:
  char* base_;
  std::size_t used_ = 0;
};

template <class Index>
int gather_values(const pmpp_radix_problem& p, const void* values, const Index* index, cudaStream_t stream) {
  const unsigned blocks = grid_size(p.n, 256);
  const auto launch = [&](auto value) {
    using Value = decltype(value);
    gather<<<blocks, 256, 0, stream>>>(static_cast<const Value*>(values), static_cast<Value*>(p.values_out), index, p.n);
    return static_cast<int>(cudaGetLastError());
  };
  switch (p.value_bytes) {
    case 1: return launch(std::uint8_t{});
    case 2: return launch(std::uint16_t{});
    case 4: return launch(std::uint32_t{});
    default: return launch(std::uint64_t{});
  }
}

/// Values that are gathered at the end must not be overwritten before: in place they are copied first.
int values_to_gather(const pmpp_radix_problem& p, void* copy, const void*& from, cudaStream_t stream) {
  from = p.values;
  if (p.values != p.values_out) return cudaSuccess;
  from = copy;
  return cudaMemcpyAsync(copy, p.values, p.n * p.value_bytes, cudaMemcpyDeviceToDevice, stream);
}

// ---- the textbook's rungs: they carry 64-bit positions, and gather the values at the end ------------------------------

template <class Bits>
struct TextbookBuffers {
  Bits *keys, *keys_out;
  std::uint64_t *index, *index_out, *table;
  void *values, *scan;
  std::size_t table_size, scan_bytes;
};

template <int kItems, int kBits, class Bits>
TextbookBuffers<Bits> textbook_buffers(const pmpp_radix_problem& p, Arena& arena) {
  TextbookBuffers<Bits> b{};
  b.keys = arena.take<Bits>(p.n);
  b.keys_out = p.keys_out != nullptr ? static_cast<Bits*>(p.keys_out) : arena.take<Bits>(p.n);
  if (p.value_bytes != 0) {
    b.index = arena.take<std::uint64_t>(p.n);
    b.index_out = p.values == nullptr ? static_cast<std::uint64_t*>(p.values_out) : arena.take<std::uint64_t>(p.n);
    if (p.values != nullptr && p.values == p.values_out) b.values = arena.take<char>(p.n * p.value_bytes);
  }
  b.table_size = kItems == 0 ? p.n : ceil_div(p.n, 256 * std::max(kItems, 1)) << kBits;
  b.table = arena.take<std::uint64_t>(b.table_size);
  b.scan_bytes = pmpp_scan_workspace(b.table_size, PMPP_UINT64, nullptr);
  b.scan = arena.take<char>(b.scan_bytes);
  return b;
}

/// One digit. kItems is what a thread sorts; 0 stands for the rung that does not sort tiles.
template <int kItems, int kBits, class Bits>
int textbook_pass(const DigitPass<Bits>& p, const TextbookBuffers<Bits>& b, cudaStream_t stream) {
  constexpr int kThreads = 256;
  const std::size_t blocks = ceil_div(p.n, kThreads * std::max(kItems, 1));
  if (blocks > kMostBlocks) return cudaErrorInvalidValue;
  const unsigned grid = static_cast<unsigned>(blocks);
  if constexpr (kItems == 0) extract_bits<<<grid, kThreads, 0, stream>>>(p, b.table);
  else count_digits<kThreads, kItems, kBits><<<grid, kThreads, 0, stream>>>(p, b.table);
  const int status = pmpp_scan(b.table, b.table, b.table_size, PMPP_UINT64, PMPP_SCAN_ADD, 1, b.scan, b.scan_bytes, nullptr, stream);
  if (status != cudaSuccess) return status;
  if constexpr (kItems == 0)
    scatter_bits<<<grid, kThreads, 0, stream>>>(p, b.table);
  else if (p.index_out != nullptr)
    sort_tile_and_scatter<kThreads, kItems, kBits, true><<<grid, kThreads, 0, stream>>>(p, b.table);
  else
    sort_tile_and_scatter<kThreads, kItems, kBits, false><<<grid, kThreads, 0, stream>>>(p, b.table);
  return cudaGetLastError();
}

template <int kItems, int kBits, class Bits>
int textbook_sort(const pmpp_radix_problem& p, void* workspace, cudaStream_t stream) {
  Arena arena(workspace);
  const TextbookBuffers<Bits> b = textbook_buffers<kItems, kBits, Bits>(p, arena);
  // A range of no bits is one pass in which all digits are equal: it copies.
  const int passes = std::max<int>(1, static_cast<int>(ceil_div(p.end_bit - p.begin_bit, kBits)));
  // The last pass writes the output; an odd number of them in place starts from a copy.
  const Bits* from = static_cast<const Bits*>(p.keys);
  if (p.keys == p.keys_out && passes % 2 == 1) {
    if (const int status = cudaMemcpyAsync(b.keys, p.keys, p.n * sizeof(Bits), cudaMemcpyDeviceToDevice, stream)) return status;
    from = b.keys;
  }
  const std::uint64_t* index = nullptr;
  for (int pass = 0; pass < passes; ++pass) {
    const bool to_out = (passes - pass) % 2 == 1;
    const int shift = p.begin_bit + pass * kBits, bits = std::min(kBits, p.end_bit - shift);
    const DigitPass<Bits> digit{from, to_out ? b.keys_out : b.keys, index,
                                p.value_bytes == 0 ? nullptr : to_out ? b.index_out : b.index,
                                p.n, order_of<Bits, KeyKind::kAny>(p.dtype, p.descending), shift, (1u << bits) - 1};
    if (const int status = textbook_pass<kItems, kBits>(digit, b, stream)) return status;
    from = digit.out;
    index = digit.index_out;
  }
  if (p.value_bytes == 0 || p.values == nullptr) return cudaSuccess;
  const void* values;
  if (const int status = values_to_gather(p, b.values, values, stream)) return status;
  return gather_values(p, values, b.index_out, stream);
}

template <int kItems, int kBits>
int textbook(const pmpp_radix_problem& p, void* workspace, cudaStream_t stream) {
  return with_bits(p.dtype, [&](auto zero) { return textbook_sort<kItems, kBits, decltype(zero)>(p, workspace, stream); });
}

template <int kItems, int kBits>
std::size_t textbook_workspace(const pmpp_radix_problem& p) {
  Arena arena(nullptr);
  with_bits(p.dtype, [&](auto zero) { return textbook_buffers<kItems, kBits, decltype(zero)>(p, arena).table_size, 0; });
  return arena.used();
}

// ---- the last rung ----------------------------------------------------------------------------------------------------

template <class Bits, class Value>
struct SweepBuffers {
  Bits *temporary, *out;
  Value *values, *values_out;  ///< values_out: of 32-bit (or 64-bit) positions, when others are gathered at the end
  void* values_copy;
  unsigned long long *counts, *begin;
  unsigned* counters;
  std::uint32_t* status;
  Plan* plan;
  std::size_t zeroed_bytes;  ///< from counts on
  Digits digits;
  std::size_t tiles, tiles_per_launch, launches;
};

template <class Bits, class Value>
using TuningOf = Tuning<(std::is_same_v<Value, NoValue> || sizeof(Bits) > sizeof(Value) ? sizeof(Bits) : sizeof(Value))>;

template <class Bits, class Value>
SweepBuffers<Bits, Value> sweep_buffers(const pmpp_radix_problem& p, Arena& arena) {
  constexpr std::size_t kSize = TuningOf<Bits, Value>::kTile;
  SweepBuffers<Bits, Value> b{};
  b.digits = {p.begin_bit, p.end_bit, static_cast<int>(ceil_div(p.end_bit - p.begin_bit, kDigitBits))};
  b.tiles = ceil_div(p.n, kSize);
  const std::size_t most = p.most_per_launch != 0 ? p.most_per_launch : std::size_t{1} << 29;
  b.tiles_per_launch = std::max<std::size_t>(1, most / kSize);
  b.launches = ceil_div(b.tiles, b.tiles_per_launch);
  b.temporary = arena.take<Bits>(p.n);
  b.out = p.keys_out != nullptr ? static_cast<Bits*>(p.keys_out) : arena.take<Bits>(p.n);
  if constexpr (!std::is_same_v<Value, NoValue>) {
    b.values = arena.take<Value>(p.n);
    const bool gathered = p.values != nullptr && p.value_bytes != sizeof(Value);
    b.values_out = gathered ? arena.take<Value>(p.n) : static_cast<Value*>(p.values_out);
    if (gathered && p.values == p.values_out) b.values_copy = arena.take<char>(p.n * p.value_bytes);
  }
  const std::size_t before = arena.used();
  b.counts = arena.take<unsigned long long>(std::size_t{kMaxPasses} * kDigits);
  b.counters = arena.take<unsigned>(kMaxPasses * b.launches);
  b.status = arena.take<std::uint32_t>(b.digits.passes * b.tiles * kDigits);
  b.zeroed_bytes = arena.used() - before;
  b.begin = arena.take<unsigned long long>(kMaxPasses * (b.launches + 1) * kDigits);
  b.plan = arena.take<Plan>(1);
  return b;
}

template <class Bits, KeyKind kKind, class Value>
int sweep(const pmpp_radix_problem& p, void* workspace, cudaStream_t stream) {
  constexpr bool kPairs = !std::is_same_v<Value, NoValue>;
  constexpr std::size_t kSize = TuningOf<Bits, Value>::kTile;
  Arena arena(workspace);
  const SweepBuffers<Bits, Value> b = sweep_buffers<Bits, Value>(p, arena);
  const bool gathered = kPairs && p.values != nullptr && p.value_bytes != sizeof(Value);
  const void* const values = gathered ? nullptr : p.values;
  const bool in_place = p.keys == p.keys_out || (values != nullptr && values == p.values_out);

  if (const int status = cudaMemsetAsync(b.counts, 0, b.zeroed_bytes, stream)) return status;
  const bool aligned = reinterpret_cast<std::uintptr_t>(p.keys) % 16 == 0;
  constexpr int kThreads = Histogram::kThreads;
  const unsigned blocks = grid_size(p.n, kThreads * (16 / sizeof(Bits)) * 4, Histogram::kBlocks);
  const auto any = order_of<Bits, KeyKind::kAny>(p.dtype, p.descending);
  const Bits* const keys = static_cast<const Bits*>(p.keys);
  count_all_digits<<<blocks, kThreads, 0, stream>>>(keys, p.n, any, b.digits, aligned, b.counts);
  make_plan<<<1, kDigits, 0, stream>>>(b.counts, b.begin, static_cast<int>(b.launches), p.n, b.digits.passes, in_place, b.plan);

  Sweep<Bits> s{};
  s.in = keys, s.temporary = b.temporary, s.out = b.out;
  s.values = {values, b.values, b.values_out, kPairs && p.values == nullptr && sizeof(Value) == 4};
  s.n = p.n, s.plan = b.plan;
  if (in_place) copy_if_planned<Bits, Value><<<grid_size(p.n, 1024, Histogram::kBlocks), 256, 0, stream>>>(s, true);
  for (int pass = 0; pass < b.digits.passes; ++pass) {
    s.pass = pass, s.shift = b.digits.shift(pass), s.mask = b.digits.mask(pass);
    for (std::size_t launch = 0; launch < b.launches; ++launch) {
      const std::size_t tile = launch * b.tiles_per_launch, tiles = std::min(b.tiles_per_launch, b.tiles - tile);
      s.first = tile * kSize;
      s.count = static_cast<unsigned>(std::min(tiles * kSize, p.n - s.first));
      s.begin = b.begin + (pass * (b.launches + 1) + launch) * kDigits;
      s.status = b.status + (pass * b.tiles + tile) * kDigits;
      s.next_tile = b.counters + pass * b.launches + launch;
      using T = TuningOf<Bits, Value>;
      sweep_digit<Bits, kKind, Value, T><<<static_cast<unsigned>(tiles), T::kThreads, 0, stream>>>(s, order_of<Bits, kKind>(p.dtype, p.descending));
    }
  }
  if (!in_place || values == nullptr) copy_if_planned<Bits, Value><<<grid_size(p.n, 1024, Histogram::kBlocks), 256, 0, stream>>>(s, false);
  if constexpr (kPairs) {
    if (gathered) {
      const void* from;
      if (const int status = values_to_gather(p, b.values_copy, from, stream)) return status;
      return gather_values(p, from, b.values_out, stream);
    }
  }
  return cudaGetLastError();
}

/// Calls `launch` with what travels with the keys: the values themselves if they have 4 or 8 bytes, else positions.
template <class Launch>
int with_value(const pmpp_radix_problem& p, Launch launch) {
  if (p.value_bytes == 0) return launch(NoValue{});
  const bool positions = p.values == nullptr || p.value_bytes < 4;
  const bool wide = positions ? p.n > 0xffffffffu : p.value_bytes == 8;
  return wide ? launch(std::uint64_t{}) : launch(std::uint32_t{});
}

int decoupled_lookback(const pmpp_radix_problem& p, void* workspace, cudaStream_t stream) {
  return with_bits(p.dtype, [&](auto zero) {
    return with_value(p, [&](auto value) {
      using Bits = decltype(zero);
      using Value = decltype(value);
      if constexpr (sizeof(Bits) > 1)
        if (format_of(p.dtype).is_float) return sweep<Bits, KeyKind::kFloat, Value>(p, workspace, stream);
      return sweep<Bits, KeyKind::kInteger, Value>(p, workspace, stream);
    });
  });
}

std::size_t lookback_workspace(const pmpp_radix_problem& p) {
  Arena arena(nullptr);
  with_bits(p.dtype, [&](auto zero) {
    return with_value(p, [&](auto value) { return sweep_buffers<decltype(zero), decltype(value)>(p, arena), 0; });
  });
  return arena.used();
}

struct Launch {
  int (*run)(const pmpp_radix_problem&, void* workspace, cudaStream_t);
  std::size_t (*workspace)(const pmpp_radix_problem&);
};

const Rung<Launch> kLadder[] = {
    {{"one_bit", "radix sort, one bit a pass", 75}, {textbook<0, 1>, textbook_workspace<0, 1>}},
    {{"block_local", "radix sort with memory coalescing", 75}, {textbook<1, 1>, textbook_workspace<1, 1>}},
    {{"several_bits", "radix sort with a larger radix", 75}, {textbook<1, 4>, textbook_workspace<1, 4>}},
    {{"coarsened", "radix sort with thread coarsening", 75}, {textbook<8, 4>, textbook_workspace<8, 4>}},
    {{"decoupled_lookback", "single-pass radix sort with decoupled look-back", 75}, {decoupled_lookback, lookback_workspace}},
};

}  // namespace
}  // namespace pmpp::radix

PMPP_API size_t pmpp_radix_sort_workspace(const pmpp_radix_problem* problem, const char* variant) {
  const auto* rung = pmpp::find(pmpp::radix::kLadder, variant);
  return rung && problem->n != 0 ? rung->launch.workspace(*problem) : 0;
}

PMPP_API int pmpp_radix_sort(const pmpp_radix_problem* problem, void* workspace, size_t workspace_bytes, const char* variant,
                             cudaStream_t stream) {
  using namespace pmpp::radix;
  const pmpp_radix_problem& p = *problem;
  const auto* rung = pmpp::find(kLadder, variant);
  if (rung == nullptr) return PMPP_UNKNOWN_VARIANT;
  const int bits = pmpp::format_of(p.dtype).bits;
  const bool values_fit = p.value_bytes == 0 || p.value_bytes == 1 || p.value_bytes == 2 || p.value_bytes == 4 || p.value_bytes == 8;
  if (bits == 0 || !values_fit) return PMPP_UNSUPPORTED_DTYPE;
  if (p.begin_bit < 0 || p.end_bit < p.begin_bit || p.end_bit > bits) return cudaErrorInvalidValue;
  if (p.value_bytes != 0 && p.values == nullptr && p.value_bytes != 8) return PMPP_UNSUPPORTED_DTYPE;
  if (p.n == 0) return cudaSuccess;
  if (workspace_bytes < rung->launch.workspace(p)) return PMPP_SMALL_WORKSPACE;
  return rung->launch.run(p, workspace, stream);
}

PMPP_API const pmpp_variant* pmpp_radix_sort_variant(int i) { return pmpp::variant(pmpp::radix::kLadder, i); }
