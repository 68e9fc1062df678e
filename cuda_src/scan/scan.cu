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
#include <type_traits>

#include "cuda_src/common/ladder.cuh"
#include "cuda_src/scan/lookback.cuh"
#include "cuda_src/scan/scan.h"
#include "cuda_src/scan/sections.cuh"

namespace pmpp {
namespace {

constexpr std::size_t kMostBlocks = 0x7fffffff;

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
    case PMPP_INT32:
    case PMPP_UINT32:
    case PMPP_FLOAT32:
      return 4;
    case PMPP_INT64:
    case PMPP_UINT64:
    case PMPP_FLOAT64:
      return 8;
    default:
      return 0;
  }
}

/// Calls `launch` with an element of the type; signed integers as unsigned ones, see AnyOperator.
template <class Launch>
int with_type(int dtype, Launch launch) {
  switch (dtype) {
    case PMPP_INT32:
    case PMPP_UINT32:
      return launch(std::uint32_t{});
    case PMPP_INT64:
    case PMPP_UINT64:
      return launch(std::uint64_t{});
    case PMPP_FLOAT32:
      return launch(float{});
    case PMPP_FLOAT64:
      return launch(double{});
    default:
      return PMPP_UNSUPPORTED_DTYPE;
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
    case PMPP_SCAN_ADD:
      return launch_lookback<false, typename Bits::type>(r, Add{}, stream);
    case PMPP_SCAN_MULTIPLY:
      return launch_lookback<false, typename Bits::type>(r, Multiply{}, stream);
    case PMPP_SCAN_MAX:
      return launch_lookback<false, T>(r, Max{}, stream);
    default:
      return launch_lookback<false, T>(r, Min{}, stream);
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
