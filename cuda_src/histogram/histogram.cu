// Histogram (chapter 9), from naive to best:
//
//   global_atomics          a thread an element, which adds one to its bin in global memory
//   privatized              several copies of the bins: fewer threads wait for the same one
//   shared_memory           a copy for each block, in shared memory, where an atomic addition is fast
//   coarsened_contiguous    a thread takes several elements that follow each other: fewer blocks, fewer copies to add up
//   coarsened_interleaved   a thread takes every so many-th element, so that what a warp loads lies together
//   aggregated              a thread that meets the same bin several times running adds once
//   replicated              several copies a block, each for some lanes only, and 16-byte loads: lanes do not collide
//
// Bins that do not fit in shared memory are privatized in global memory by all rungs from shared_memory on.
#include <algorithm>
#include <cmath>

#include "cuda_src/common/convert.h"
#include "cuda_src/common/ladder.cuh"
#include "cuda_src/histogram/bins.cuh"
#include "cuda_src/histogram/histogram.h"

namespace pmpp::histogram {
namespace {

struct Tuning {
  static constexpr int kThreads = 256;
  static constexpr int kRun = 16;                   ///< elements of a thread in the coarsened rungs
  static constexpr unsigned kBlocks = 132 * 6;      ///< of the last two rungs: fill the largest GPU that is tuned for
  static constexpr std::size_t kShared = 48 << 10;  ///< bytes of shared memory that every GPU gives a block
  static constexpr std::size_t kCopies = 16;        ///< in global memory
  static constexpr std::size_t kMostCopied = std::size_t{1} << 20;  ///< bins; more have one copy: collisions are rare
};

struct Task {
  Bins bins;
  const void* in;
  const void* weights;
  Element weight_element;
  std::size_t n;
  unsigned copies;  ///< a power of two: of each bin in shared memory, or of all bins in global memory
};

/// What is summed up: ones, or weights. In shared memory a block's ones fit in 32 bits.
struct Ones {
  using Local = unsigned;
  using Total = unsigned long long;
  static __device__ Local amount(const Task&, std::size_t) { return 1; }
};
struct Weights {
  using Local = double;
  using Total = double;
  static __device__ Local amount(const Task& task, std::size_t i) {
    std::uint64_t bits[1];
    load_bits(task.weights, task.weight_element.bytes, i, 0, 1, bits);
    return task.weight_element.real(bits[0]);
  }
};

// ---- where bins are ----------------------------------------------------------------------------------------------------

/// The result itself, or one of several copies of all bins in global memory, which are added up by a kernel of their own.
template <class Amount>
struct InGlobal {
  typename Amount::Total* bins;
  std::size_t copy_size;
  __device__ void begin(const Task& task) { bins += (blockIdx.x & (task.copies - 1)) * copy_size; }
  __device__ void add(const Task&, std::size_t bin, typename Amount::Local amount) {
    atomicAdd(bins + bin, static_cast<typename Amount::Total>(amount));
  }
  __device__ void end(const Task&) {}
};

/// Shared memory. With several copies those of a bin lie beside each other, and a lane has its own: with 32 of them the
/// lanes of a warp never meet, neither at an address nor in a bank.
template <class Amount>
struct InShared {
  typename Amount::Total* bins;
  typename Amount::Local* mine;

  __device__ void begin(const Task& task) {
    extern __shared__ double shared[];
    mine = reinterpret_cast<typename Amount::Local*>(shared);
    for (std::size_t i = threadIdx.x; i < task.bins.count * task.copies; i += blockDim.x) mine[i] = 0;
    __syncthreads();
  }
  __device__ void add(const Task& task, std::size_t bin, typename Amount::Local amount) {
    atomicAdd(mine + bin * task.copies + (threadIdx.x & (task.copies - 1)), amount);
  }
  __device__ typename Amount::Total sum(const Task& task, std::size_t bin) const {
    typename Amount::Total all = 0;
    for (unsigned copy = 0; copy < task.copies; ++copy)  // each thread begins at another copy, that is in another bank
      all += mine[bin * task.copies + ((copy + threadIdx.x) & (task.copies - 1))];
    return all;
  }
  __device__ void end(const Task& task) {
    __syncthreads();
    for (std::size_t bin = threadIdx.x; bin < task.bins.count; bin += blockDim.x)
      if (const auto all = sum(task, bin); all != 0) atomicAdd(bins + bin, all);
  }
};

// ---- which elements a thread takes -------------------------------------------------------------------------------------

template <class Amount, class Store>
__device__ void take(const Task& task, Store& store, std::size_t i) {
  std::uint64_t bits[1];
  load_bits(task.in, task.bins.element.bytes, i, 0, 1, bits);
  const std::size_t bin = task.bins.of(bits[0]);
  if (bin != kNoBin) store.add(task, bin, Amount::amount(task, i));
}

struct OneElement {
  template <class Amount, class Store>
  static __device__ void walk(const Task& task, Store& store) {
    const std::size_t i = std::size_t{blockIdx.x} * blockDim.x + threadIdx.x;
    if (i < task.n) take<Amount>(task, store, i);
  }
  static unsigned blocks(std::size_t n) { return grid_size(n, Tuning::kThreads); }
};

struct Contiguous {
  template <class Amount, class Store>
  static __device__ void walk(const Task& task, Store& store) {
    const std::size_t first = (std::size_t{blockIdx.x} * blockDim.x + threadIdx.x) * Tuning::kRun;
#pragma unroll 1
    for (std::size_t i = first; i < first + Tuning::kRun && i < task.n; ++i) take<Amount>(task, store, i);
  }
  static unsigned blocks(std::size_t n) { return grid_size(n, Tuning::kThreads * Tuning::kRun); }
};

struct Interleaved {
  template <class Amount, class Store>
  static __device__ void walk(const Task& task, Store& store) {
    const std::size_t first = std::size_t{blockIdx.x} * blockDim.x + threadIdx.x, step = std::size_t{gridDim.x} * blockDim.x;
#pragma unroll 1
    for (std::size_t i = first; i < task.n; i += step) take<Amount>(task, store, i);
  }
  static unsigned blocks(std::size_t n) { return grid_size(n, Tuning::kThreads * Tuning::kRun); }
};

/// A run of equal bins, in a register. Where neighbours are alike (a sky, a constant) most additions are saved.
template <class Amount, class Store>
struct Run {
  std::size_t bin = kNoBin;
  typename Amount::Local sum = 0;
  __device__ void add(const Task& task, Store& store, std::size_t next, typename Amount::Local amount) {
    if (next != bin) {
      flush(task, store);
      bin = next, sum = 0;
    }
    sum += amount;
  }
  __device__ void flush(const Task& task, Store& store) {
    if (bin != kNoBin) store.add(task, bin, sum);
  }
};

struct Aggregated {
  template <class Amount, class Store>
  static __device__ void walk(const Task& task, Store& store) {
    const std::size_t first = std::size_t{blockIdx.x} * blockDim.x + threadIdx.x, step = std::size_t{gridDim.x} * blockDim.x;
    Run<Amount, Store> run;
#pragma unroll 1
    for (std::size_t i = first; i < task.n; i += step) {
      std::uint64_t bits[1];
      load_bits(task.in, task.bins.element.bytes, i, 0, 1, bits);
      run.add(task, store, task.bins.of(bits[0]), Amount::amount(task, i));
    }
    run.flush(task, store);
  }
  static unsigned blocks(std::size_t n) { return grid_size(n, Tuning::kThreads * Tuning::kRun, Tuning::kBlocks); }
};

/// 16-byte loads: vectors of `kSize` elements of `kBytes` between the first and the last multiple of 16 bytes.
template <int kBytes>
struct Vectors {
  static constexpr int kSize = 16 / kBytes;
  std::size_t head, count;
  const uint4* data;

  __device__ Vectors(const void* in, std::size_t n) {
    const unsigned off = static_cast<unsigned>(reinterpret_cast<std::uintptr_t>(in) % 16 / kBytes);
    head = off == 0 ? 0 : min(n, static_cast<std::size_t>(kSize - off));
    count = (n - head) / kSize;
    data = reinterpret_cast<const uint4*>(static_cast<const char*>(in) + head * kBytes);
  }
};

template <int kBytes>
__device__ __forceinline__ std::uint64_t piece(const uint4& v, int j) {
  const unsigned at = j * kBytes, word = at < 4 ? v.x : at < 8 ? v.y : at < 12 ? v.z : v.w;
  if constexpr (kBytes == 8)
    return word | std::uint64_t{at < 8 ? v.y : v.w} << 32;
  else
    return (word >> (at % 4 * 8)) & (~0u >> (32 - 8 * kBytes));
}

template <int kBytes>
struct Replicated {
  template <class Amount, class Store>
  static __device__ void walk(const Task& task, Store& store) {
    using V = Vectors<kBytes>;
    const V vectors(task.in, task.n);
    const std::size_t thread = std::size_t{blockIdx.x} * blockDim.x + threadIdx.x, step = std::size_t{gridDim.x} * blockDim.x;
    Run<Amount, Store> run;
    const auto add = [&](const uint4& v, std::size_t vector) {
#pragma unroll 1
      for (int j = 0; j < V::kSize; ++j)
        run.add(task, store, task.bins.of(piece<kBytes>(v, j)), Amount::amount(task, vectors.head + vector * V::kSize + j));
    };
#pragma unroll 1
    for (std::size_t i = thread; i < vectors.count; i += 2 * step) {
      uint4 v = vectors.data[i];
      const uint4 next = i + step < vectors.count ? vectors.data[i + step] : v;  // on its way while the first is counted
#pragma unroll 1
      for (std::size_t at = i; at < vectors.count && at <= i + step; at += step, v = next) add(v, at);
    }
    run.flush(task, store);
#pragma unroll 1
    for (int end = 0; end < 2; ++end) {  // before the first vector, and after the last
      const std::size_t at = end == 0 ? thread : vectors.head + vectors.count * V::kSize + thread;
      if (at < (end == 0 ? vectors.head : task.n)) take<Amount>(task, store, at);
    }
  }
};

// ---- kernels -----------------------------------------------------------------------------------------------------------

template <class Walk, class Amount, class Store>
__global__ void __launch_bounds__(Tuning::kThreads, 4) fill(Task task, Store store) {
  store.begin(task);
  Walk::template walk<Amount>(task, store);
  store.end(task);
}

template <class Total>
__global__ void __launch_bounds__(Tuning::kThreads)
    add_copies(const Total* copies, unsigned count, std::size_t bins, Total* out) {
  const std::size_t step = std::size_t{gridDim.x} * blockDim.x;
  for (std::size_t bin = std::size_t{blockIdx.x} * blockDim.x + threadIdx.x; bin < bins; bin += step) {
    Total sum = 0;
    for (unsigned copy = 0; copy < count; ++copy) sum += copies[copy * bins + bin];
    out[bin] = sum;
  }
}

/// The last rung for bytes: the 256 values are counted as they are, 32 copies of each; a kernel of one block finds their bins.
__global__ void __launch_bounds__(Tuning::kThreads) count_bytes(Task task, unsigned long long* values) {
  __shared__ unsigned count[256 * 32];
  for (unsigned i = threadIdx.x; i < 256 * 32; i += Tuning::kThreads) count[i] = 0;
  __syncthreads();
  unsigned* const mine = count + (threadIdx.x & 31);
  const auto add = [&](unsigned value) { atomicAdd(mine + value * 32, 1u); };
  const Vectors<1> vectors(task.in, task.n);
  const std::size_t thread = std::size_t{blockIdx.x} * Tuning::kThreads + threadIdx.x,
                    step = std::size_t{gridDim.x} * Tuning::kThreads;
  constexpr int kBatch = 4;  // 64 B in flight a thread
  for (std::size_t i = thread; i < vectors.count; i += kBatch * step) {
    uint4 v[kBatch];
#pragma unroll
    for (int k = 0; k < kBatch; ++k)
      if (i + k * step < vectors.count) v[k] = vectors.data[i + k * step];
#pragma unroll
    for (int k = 0; k < kBatch; ++k) {
      if (i + k * step >= vectors.count) break;
      const unsigned word[4] = {v[k].x, v[k].y, v[k].z, v[k].w};
#pragma unroll
      for (int w = 0; w < 4; ++w)
#pragma unroll
        for (int j = 0; j < 4; ++j) add((word[w] >> (8 * j)) & 0xff);
    }
  }
  const auto* const bytes = static_cast<const std::uint8_t*>(task.in);
  if (thread < vectors.head) add(bytes[thread]);
  const std::size_t rest = vectors.head + vectors.count * 16 + thread;
  if (rest < task.n) add(bytes[rest]);
  __syncthreads();
  const unsigned value = threadIdx.x;  // as many threads as values
  unsigned long long all = 0;
  for (unsigned copy = 0; copy < 32; ++copy) all += count[value * 32 + ((copy + value) & 31)];
  if (all != 0) atomicAdd(values + value, all);
}

__global__ void __launch_bounds__(256) find_bins_of_bytes(Bins bins, const unsigned long long* values, unsigned long long* out) {
  const std::size_t bin = bins.of(threadIdx.x);
  if (bin != kNoBin) atomicAdd(out + bin, values[threadIdx.x]);
}

// ---- launching ---------------------------------------------------------------------------------------------------------

Bins bins_of(const pmpp_histogram_problem& p) {
  // NumPy's estimate is off by three roundings at most, times the number of bins: this keeps it below a fifth of a bin.
  const auto rounds_to = [&](int dtype) { return p.bins.difference_dtype == dtype || p.bins.quotient_dtype == dtype; };
  const double most = rounds_to(PMPP_FLOAT16) ? 1 << 7 : rounds_to(PMPP_FLOAT32) ? 1 << 20 : 1e14;
  const double bins = static_cast<double>(p.bins.count), scale = bins / p.bins.width;
  const bool sure = bins <= most && scale > 1e-300 && scale < 1e300;
  // In float32 an element, `first`, the difference, the scale and the product are each half an ulp off, and so may the edges
  // be; half an ulp is 2^-24 of the larger end at most, unless edges are float16. The margin is half as much again.
  const double ends = std::max(std::abs(p.bins.first), std::abs(p.bins.first + p.bins.width));
  const double margin = 1.5 * 0x1p-24 * bins * (3 + 3 * ends / p.bins.width);
  const bool near =
      sure && p.bins.difference_dtype != PMPP_FLOAT16 && margin < 0.25 && ends < 1e38 && scale > 1e-30 && scale < 1e38;
  return {element_of(p.dtype),
          p.bins.rule,
          p.bins.edges_code,
          p.bins.range_code,
          p.bins.difference_dtype,
          p.bins.quotient_dtype,
          p.bins.count,
          p.edges,
          p.bins.low,
          p.bins.high,
          p.bins.first,
          p.bins.width,
          sure ? scale : 0,
          static_cast<float>(p.bins.first),
          near ? static_cast<float>(scale) : 0.0f,
          near ? static_cast<float>(margin) : 1.0f};
}

Task task_of(const pmpp_histogram_problem& p, unsigned copies) {
  return {bins_of(p), p.in, p.weights, element_of(p.weights_dtype), p.n, copies};
}

std::size_t local_bytes(const pmpp_histogram_problem& p) { return p.bins.count * (p.weights != nullptr ? 8 : 4); }

unsigned global_copies(const pmpp_histogram_problem& p) { return p.bins.count <= Tuning::kMostCopied ? Tuning::kCopies : 1; }

/// Calls `launch` with ones or weights.
template <class Launch>
int with_amount(const pmpp_histogram_problem& p, Launch launch) {
  return p.weights != nullptr ? launch(Weights{}) : launch(Ones{});
}

int clear(const pmpp_histogram_problem& p, cudaStream_t stream) { return cudaMemsetAsync(p.out, 0, p.bins.count * 8, stream); }

template <class Walk>
int in_global(const pmpp_histogram_problem& p, void*, cudaStream_t stream) {
  if (const int status = clear(p, stream)) return status;
  return with_amount(p, [&](auto amount) -> int {
    using Amount = decltype(amount);
    const InGlobal<Amount> store{static_cast<typename Amount::Total*>(p.out), 0};
    fill<Walk, Amount><<<Walk::blocks(p.n), Tuning::kThreads, 0, stream>>>(task_of(p, 1), store);
    return cudaGetLastError();
  });
}

std::size_t no_workspace(const pmpp_histogram_problem&) { return 0; }

std::size_t copies_workspace(const pmpp_histogram_problem& p) { return global_copies(p) * p.bins.count * 8; }

template <class Walk>
int in_copies(const pmpp_histogram_problem& p, void* workspace, cudaStream_t stream) {
  if (const int status = cudaMemsetAsync(workspace, 0, copies_workspace(p), stream)) return status;
  return with_amount(p, [&](auto amount) -> int {
    using Amount = decltype(amount);
    using Total = typename Amount::Total;
    const InGlobal<Amount> store{static_cast<Total*>(workspace), p.bins.count};
    const unsigned copies = global_copies(p);
    fill<Walk, Amount><<<Walk::blocks(p.n), Tuning::kThreads, 0, stream>>>(task_of(p, copies), store);
    add_copies<<<grid_size(p.bins.count, Tuning::kThreads, Tuning::kBlocks), Tuning::kThreads, 0, stream>>>(
        static_cast<const Total*>(workspace), copies, p.bins.count, static_cast<Total*>(p.out));
    return cudaGetLastError();
  });
}

std::size_t shared_workspace(const pmpp_histogram_problem& p) {
  return local_bytes(p) <= Tuning::kShared ? 0 : copies_workspace(p);
}

template <class Walk>
int in_shared(const pmpp_histogram_problem& p, void* workspace, cudaStream_t stream) {
  if (local_bytes(p) > Tuning::kShared) return in_copies<Walk>(p, workspace, stream);
  if (const int status = clear(p, stream)) return status;
  return with_amount(p, [&](auto amount) -> int {
    using Amount = decltype(amount);
    const InShared<Amount> store{static_cast<typename Amount::Total*>(p.out), nullptr};
    fill<Walk, Amount><<<Walk::blocks(p.n), Tuning::kThreads, local_bytes(p), stream>>>(task_of(p, 1), store);
    return cudaGetLastError();
  });
}

bool counts_bytes(const pmpp_histogram_problem& p) { return element_of(p.dtype).bytes == 1 && p.weights == nullptr; }

std::size_t replicated_workspace(const pmpp_histogram_problem& p) { return counts_bytes(p) ? 256 * 8 : shared_workspace(p); }

int replicated(const pmpp_histogram_problem& p, void* workspace, cudaStream_t stream) {
  const Element element = element_of(p.dtype);
  const unsigned blocks = grid_size(p.n * element.bytes, Tuning::kThreads * 64, Tuning::kBlocks);
  if (counts_bytes(p)) {
    auto* const values = static_cast<unsigned long long*>(workspace);
    if (const int status = cudaMemsetAsync(values, 0, 256 * 8, stream)) return status;
    if (const int status = clear(p, stream)) return status;
    const Task task = task_of(p, 1);
    count_bytes<<<blocks, Tuning::kThreads, 0, stream>>>(task, values);
    find_bins_of_bytes<<<1, 256, 0, stream>>>(task.bins, values, static_cast<unsigned long long*>(p.out));
    return cudaGetLastError();
  }
  if (local_bytes(p) > Tuning::kShared) return in_copies<Aggregated>(p, workspace, stream);
  if (const int status = clear(p, stream)) return status;
  unsigned copies = 32;
  while (copies * local_bytes(p) > Tuning::kShared) copies /= 2;
  return with_amount(p, [&](auto amount) -> int {
    using Amount = decltype(amount);
    const InShared<Amount> store{static_cast<typename Amount::Total*>(p.out), nullptr};
    const auto launch = [&](auto walk) -> int {
      fill<decltype(walk), Amount><<<blocks, Tuning::kThreads, copies * local_bytes(p), stream>>>(task_of(p, copies), store);
      return cudaGetLastError();
    };
    switch (element.bytes) {
      case 1:
        return launch(Replicated<1>{});
      case 2:
        return launch(Replicated<2>{});
      case 4:
        return launch(Replicated<4>{});
      default:
        return launch(Replicated<8>{});
    }
  });
}

/// Sums of weights are float64; in another type they are taken in the workspace, beyond the rung's own, and converted.
bool converts(const pmpp_histogram_problem& p) { return p.weights != nullptr && p.out_dtype != PMPP_FLOAT64; }

struct Launch {
  int (*run)(const pmpp_histogram_problem&, void* workspace, cudaStream_t);
  std::size_t (*workspace)(const pmpp_histogram_problem&);
};

const Rung<Launch> kLadder[] = {
    {{"global_atomics", "histogram with atomic operations in global memory", 75}, {in_global<OneElement>, no_workspace}},
    {{"privatized", "privatised histogram", 75}, {in_copies<OneElement>, copies_workspace}},
    {{"shared_memory", "privatised histogram in shared memory", 75}, {in_shared<OneElement>, shared_workspace}},
    {{"coarsened_contiguous", "coarsening with contiguous partitioning", 75}, {in_shared<Contiguous>, shared_workspace}},
    {{"coarsened_interleaved", "coarsening with interleaved partitioning", 75}, {in_shared<Interleaved>, shared_workspace}},
    {{"aggregated", "aggregated histogram", 75}, {in_shared<Aggregated>, shared_workspace}},
    {{"replicated", "several copies a block, vectorised", 75}, {replicated, replicated_workspace}},
};

}  // namespace
}  // namespace pmpp::histogram

PMPP_API size_t pmpp_histogram_workspace(const pmpp_histogram_problem* problem, const char* variant) {
  using namespace pmpp::histogram;
  const auto* rung = pmpp::find(kLadder, variant);
  if (rung == nullptr) return 0;
  const size_t own = rung->launch.workspace(*problem);
  return converts(*problem) ? pmpp::ceil_div(own, 16) * 16 + problem->bins.count * 8 : own;
}

PMPP_API int pmpp_histogram(const pmpp_histogram_problem* problem, void* workspace, size_t workspace_bytes, const char* variant,
                            cudaStream_t stream) {
  using namespace pmpp::histogram;
  pmpp_histogram_problem p = *problem;
  const auto* rung = pmpp::find(kLadder, variant);
  if (rung == nullptr) return PMPP_UNKNOWN_VARIANT;
  if (pmpp::element_of(p.dtype).bytes == 0) return PMPP_UNSUPPORTED_DTYPE;
  if (p.weights != nullptr && (pmpp::element_of(p.weights_dtype).bytes == 0 || pmpp::element_of(p.out_dtype).bytes == 0))
    return PMPP_UNSUPPORTED_DTYPE;
  if (p.bins.rule < PMPP_BINS_DIRECT || p.bins.rule > PMPP_BINS_SEARCH) return cudaErrorInvalidValue;
  if (p.n > std::size_t{0x7fffffff} * Tuning::kThreads) return cudaErrorInvalidValue;
  if (p.bins.count == 0) return cudaSuccess;
  if (workspace_bytes < pmpp_histogram_workspace(problem, variant)) return PMPP_SMALL_WORKSPACE;
  if (converts(p)) p.out = static_cast<char*>(workspace) + pmpp::ceil_div(rung->launch.workspace(p), 16) * 16;
  if (const int status = p.n == 0 ? clear(p, stream) : rung->launch.run(p, workspace, stream)) return status;
  return converts(p) ? pmpp_convert(p.out, PMPP_FLOAT64, problem->out, p.out_dtype, p.bins.count, stream) : cudaSuccess;
}

PMPP_API const pmpp_variant* pmpp_histogram_variant(int i) { return pmpp::variant(pmpp::histogram::kLadder, i); }
