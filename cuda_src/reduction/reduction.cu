// Reduction (chapter 10), from naive to best:
//
//   simple_tree     neighbours are added, then neighbours of neighbours: of every warp ever fewer threads have work
//   convergent      each thread adds what lies half of the section away: threads that are done are whole warps, and the
//                   others lie beside each other, in memory too
//   shared_memory   all steps but the first in shared memory
//   two_phase       many blocks, a section each, and the sections' sums reduced in the same way
//   coarsened       each thread adds eight elements first: fewer barriers, fewer sums
//   warp_shuffles   the last steps between registers of a warp: two barriers in all
//   one_pass        one kernel: 16-byte loads, and the last block to finish combines what all blocks left
//
// In the textbook the first three reduce one section with one block. Here the block goes from section to section, then over
// the sections' sums, until one is left. The textbook joins many blocks by atomic additions, whose order, and so the last bits
// of a float sum, change from run to run. Here the blocks' sums are reduced in a second phase: every rung is reproducible.
#include <algorithm>

#include "cuda_src/common/ladder.cuh"
#include "cuda_src/reduction/one_pass.cuh"
#include "cuda_src/reduction/reduction.h"

namespace pmpp::reduction {
namespace {

constexpr int kThreads = 256;
constexpr int kCoarsening = 8;                 ///< elements of a thread, from the coarsened rung on
constexpr std::size_t kMostLineBlocks = 2048;  ///< of the one-block rungs: one line each at a time

// ---- rungs of one block -----------------------------------------------------------------------------------------------
// A rung reduces a section of kSection elements, two a thread, in `data`, and ends with a barrier; data[0] is the result.

struct SimpleTree {
  static constexpr int kSection = 2 * kThreads;
  static constexpr bool kInShared = false;
  static __device__ unsigned first() { return 2 * threadIdx.x; }
  static __device__ unsigned second() { return 2 * threadIdx.x + 1; }
  template <class A, class State>
  static __device__ void reduce(const A& a, State x, State y, State* data) {
    const unsigned i = 2 * threadIdx.x;
    data[i] = x, data[i + 1] = y;
    __syncthreads();
    for (unsigned stride = 1; stride <= kThreads; stride *= 2) {
      if (threadIdx.x % stride == 0) data[i] = a.combine(data[i], data[i + stride]);
      __syncthreads();
    }
  }
};

struct Convergent {
  static constexpr int kSection = 2 * kThreads;
  static constexpr bool kInShared = false;
  static __device__ unsigned first() { return threadIdx.x; }
  static __device__ unsigned second() { return threadIdx.x + kThreads; }
  template <class A, class State>
  static __device__ void reduce(const A& a, State x, State y, State* data) {
    const unsigned i = threadIdx.x;
    data[i] = x, data[i + kThreads] = y;
    for (unsigned stride = kThreads; stride > 0; stride /= 2) {
      __syncthreads();
      if (i < stride) data[i] = a.combine(data[i], data[i + stride]);
    }
    __syncthreads();
  }
};

template <class A, class State>
__device__ void reduce_in_shared(const A& a, State x, State* data) {
  const unsigned i = threadIdx.x;
  data[i] = x;
  for (unsigned stride = kThreads / 2; stride > 0; stride /= 2) {
    __syncthreads();
    if (i < stride) data[i] = a.combine(data[i], data[i + stride]);
  }
  __syncthreads();
}

struct SharedMemory {
  static constexpr int kSection = 2 * kThreads;
  static constexpr bool kInShared = true;
  static __device__ unsigned first() { return threadIdx.x; }
  static __device__ unsigned second() { return threadIdx.x + kThreads; }
  template <class A, class State>
  static __device__ void reduce(const A& a, State x, State y, State* data) {
    reduce_in_shared(a, a.combine(x, y), data);  // the first step needs no memory
  }
};

/// The j-th element of an output, or the j-th of the states that an earlier level left.
template <class A>
__device__ typename A::State item(const Lines<typename A::State>& l, const A& a, const typename A::State* states,
                                  std::size_t output, std::size_t j) {
  if (states != nullptr) return states[j];
  std::uint64_t bits[1];
  load_bits(l.in, a.element_type.bytes, (output / l.inner * l.length + j) * l.inner + output % l.inner, 0, 1, bits);
  return a.element(bits[0], j);
}

template <class Rung, class A>
__global__ void __launch_bounds__(kThreads) reduce_by_one_block(Lines<typename A::State> l, std::size_t scratch_size, A a) {
  using State = typename A::State;
  __shared__ State in_shared[Rung::kInShared ? kThreads : 1];
  State* const scratch = l.partial + blockIdx.x * scratch_size;
  State* const data = Rung::kInShared ? in_shared : scratch;
  for (std::size_t output = blockIdx.x; output < l.lines; output += gridDim.x) {
    const State* from = nullptr;
    State* to = scratch + (Rung::kInShared ? 0 : Rung::kSection);
    for (std::size_t n = l.length;;) {
      const std::size_t sections = n == 0 ? 1 : (n + Rung::kSection - 1) / Rung::kSection;
      for (std::size_t section = 0; section < sections; ++section) {
        const std::size_t i = section * Rung::kSection + Rung::first(), j = section * Rung::kSection + Rung::second();
        const State x = i < n ? item(l, a, from, output, i) : a.identity();
        Rung::reduce(a, x, j < n ? item(l, a, from, output, j) : a.identity(), data);
        if (threadIdx.x == 0) {
          if (sections == 1)
            a.store(l.out, output, data[0], l.length);
          else
            to[section] = data[0];
        }
        __syncthreads();
      }
      if (sections == 1) break;
      from = to, to += sections, n = sections;
    }
  }
}

// ---- rungs of many blocks ---------------------------------------------------------------------------------------------

struct InShared {
  template <class A, class State>
  static __device__ State reduce(const A& a, State x, State* data) {
    reduce_in_shared(a, x, data);
    return data[0];
  }
};

struct Shuffled {
  template <class A, class State>
  static __device__ State reduce(const A& a, State x, State* data) {
    return reduce_block<kThreads>(a, x, data);
  }
};

/// Reduces each section of each line; the states go to the next level, or are the result where a line has one section.
template <class Block, int kItems, class A>
__global__ void __launch_bounds__(kThreads) reduce_sections(Lines<typename A::State> l, const typename A::State* states,
                                                            std::size_t sections, std::size_t elements, A a) {
  using State = typename A::State;
  __shared__ State s[kThreads];
  for (std::size_t work = blockIdx.x; work < l.lines * sections; work += gridDim.x) {
    const std::size_t output = work / sections, section = work % sections;
    const State* const from = states != nullptr ? states + output * l.length : nullptr;
    State x = a.identity();
#pragma unroll
    for (int k = 0; k < kItems; ++k) {  // a thread's elements lie a block apart, so that those of a warp lie together
      const std::size_t i = section * (kThreads * kItems) + k * kThreads + threadIdx.x;
      if (i < l.length) x = a.combine(x, item(l, a, from, output, i));
    }
    __syncthreads();  // nobody reads what the last section left any more
    x = Block::reduce(a, x, s);
    if (threadIdx.x == 0) {
      if (sections == 1)
        a.store(l.out, output, x, elements);
      else
        l.partial[work] = x;
    }
  }
}

// ---- launching --------------------------------------------------------------------------------------------------------

bool is_float(int dtype) { return dtype == PMPP_FLOAT16 || dtype == PMPP_FLOAT32 || dtype == PMPP_FLOAT64; }
bool is_sum(const pmpp_reduce_problem& p) { return p.op == PMPP_REDUCE_SUM || p.op == PMPP_REDUCE_MEAN; }
bool is_position(const pmpp_reduce_problem& p) { return p.op == PMPP_REDUCE_ARGMIN || p.op == PMPP_REDUCE_ARGMAX; }
bool is_truth(const pmpp_reduce_problem& p) { return p.op == PMPP_REDUCE_ANY || p.op == PMPP_REDUCE_ALL; }
std::size_t state_bytes(const pmpp_reduce_problem& p) { return is_position(p) ? sizeof(First::State) : 8; }

Code<std::uint64_t> code_of(const pmpp_reduce_problem& p) {
  const Element e = element_of(p.dtype);
  const bool real = is_float(p.dtype);
  const std::uint64_t all = ~std::uint64_t{0} >> (64 - 8 * e.bytes), top = std::uint64_t{1} << (8 * e.bytes - 1);
  if (is_truth(p)) {  // zero is false, whatever its sign; every is not any of the opposite
    const std::uint64_t keep = real ? all ^ top : all;
    return {0, 0, keep, p.op == PMPP_REDUCE_ALL ? keep : 0, false};
  }
  const std::uint64_t infinity = e.bytes == 2 ? 0x7c00 : e.bytes == 4 ? 0x7f800000 : 0x7ff0000000000000;
  const bool smallest = p.op == PMPP_REDUCE_MIN || p.op == PMPP_REDUCE_ARGMIN;
  const std::uint64_t flip = (e.is_signed && !real ? top : 0) ^ (smallest ? all : 0);
  return {top, real ? infinity : 0, all, flip, is_position(p)};
}

Reals reals_of(const pmpp_reduce_problem& p) {
  return {element_of(p.dtype), p.op == PMPP_REDUCE_MEAN, is_float(p.dtype) ? p.dtype : PMPP_FLOAT64};
}

/// Calls `launch` with the algebra of the last rung.
template <class Launch>
int with_algebra(const pmpp_reduce_problem& p, Launch launch) {
  if (is_position(p)) return launch(First{element_of(p.dtype), code_of(p)});
  if (!is_sum(p)) return launch(Largest{element_of(p.dtype), code_of(p), is_truth(p)});
  if (is_float(p.dtype) || p.op == PMPP_REDUCE_MEAN) return launch(reals_of(p));
  return launch(Integers{element_of(p.dtype)});
}

/// The same for the textbook's rungs, which add float16 and float32 in float32.
template <class Launch>
int with_textbook_algebra(const pmpp_reduce_problem& p, Launch launch) {
  if (is_sum(p) && (p.dtype == PMPP_FLOAT32 || p.dtype == PMPP_FLOAT16))
    return launch(FloatSum{element_of(p.dtype), p.op == PMPP_REDUCE_MEAN});
  return with_algebra(p, launch);
}

template <class State>
Lines<State> lines_of(const pmpp_reduce_problem& p, void* workspace) {
  return {p.in, p.out, p.outer, p.length, p.inner, p.outer * p.inner, 1, nullptr, static_cast<State*>(workspace)};
}

/// States of one line that the levels leave, above the elements.
std::size_t level_states(std::size_t n, std::size_t section) {
  std::size_t states = 0;
  while (n > section) states += n = ceil_div(n, section);
  return states;
}

template <class Rung>
std::size_t one_block_scratch(const pmpp_reduce_problem& p) {
  return (Rung::kInShared ? 0 : Rung::kSection) + level_states(p.length, Rung::kSection);
}

template <class Rung>
std::size_t one_block_workspace(const pmpp_reduce_problem& p) {
  return std::min(p.outer * p.inner, kMostLineBlocks) * one_block_scratch<Rung>(p) * state_bytes(p);
}

template <class Rung>
int one_block(const pmpp_reduce_problem& p, void* workspace, cudaStream_t stream) {
  return with_textbook_algebra(p, [&](auto a) -> int {
    const auto lines = lines_of<typename decltype(a)::State>(p, workspace);
    const unsigned blocks = grid_size(lines.lines, 1, kMostLineBlocks);
    reduce_by_one_block<Rung><<<blocks, kThreads, 0, stream>>>(lines, one_block_scratch<Rung>(p), a);
    return cudaGetLastError();
  });
}

template <int kItems>
std::size_t sections_workspace(const pmpp_reduce_problem& p) {
  return p.outer * p.inner * level_states(p.length, kThreads * kItems) * state_bytes(p);
}

template <class Block, int kItems>
int by_sections(const pmpp_reduce_problem& p, void* workspace, cudaStream_t stream) {
  return with_textbook_algebra(p, [&](auto a) -> int {
    using State = typename decltype(a)::State;
    auto lines = lines_of<State>(p, workspace);
    const State* states = nullptr;
    for (;;) {
      const std::size_t sections = std::max<std::size_t>(1, ceil_div(lines.length, kThreads * kItems));
      reduce_sections<Block, kItems>
          <<<grid_size(lines.lines * sections, 1), kThreads, 0, stream>>>(lines, states, sections, p.length, a);
      if (sections == 1) return cudaGetLastError();
      states = lines.partial, lines.partial += lines.lines * sections, lines.length = sections;
    }
  });
}

Plan plan_of(const pmpp_reduce_problem& p) {
  Plan plan{};
  const auto parts = [&](std::size_t most) {  // as many as keep the device busy, and no more than have work
    return static_cast<unsigned>(
        std::max<std::size_t>(1, std::min(most, Tuning::kBlocks / std::max<std::size_t>(1, plan.lines))));
  };
  plan.parts = 1;
  if (p.inner > 1) {
    plan.way = Plan::kColumns;
    plan.lines = p.outer * ceil_div(p.inner, 32);
    plan.parts = parts(p.length / (Tuning::kItems * Tuning::kThreads / 32));
    plan.partials = plan.lines * plan.parts * 32;
  } else if (p.length < Tuning::kShortRow && p.outer > 1) {
    plan.way = Plan::kShortRows;
    plan.lines = p.outer;
  } else {
    plan.way = Plan::kRows;
    plan.lines = p.outer;
    plan.parts = parts(p.length * element_of(p.dtype).bytes / (16 * Tuning::kVectors * Tuning::kThreads));
    plan.partials = plan.lines * plan.parts;
  }
  // Partial states first, then the counters.
  if (plan.parts > 1) plan.workspace = plan.partials * state_bytes(p) + plan.lines * sizeof(unsigned);
  return plan;
}

std::size_t one_pass_workspace(const pmpp_reduce_problem& p) { return plan_of(p).workspace; }

int one_pass(const pmpp_reduce_problem& p, void* workspace, cudaStream_t stream) {
  return with_algebra(p, [&](auto a) -> int {
    const Plan plan = plan_of(p);
    auto lines = lines_of<typename decltype(a)::State>(p, workspace);
    lines.lines = plan.lines, lines.parts = plan.parts;
    lines.arrived = reinterpret_cast<unsigned*>(lines.partial + plan.partials);
    if (plan.parts > 1)
      if (const int status = cudaMemsetAsync(lines.arrived, 0, plan.lines * sizeof(unsigned), stream)) return status;
    if (plan.way == Plan::kRows) return reduce_rows_of(lines, a, stream);
    if (plan.way == Plan::kShortRows)
      reduce_short_rows<<<grid_size(plan.lines, Tuning::kThreads / 32), Tuning::kThreads, 0, stream>>>(lines, a);
    else
      reduce_columns<<<dim3(grid_size(plan.lines, 1), plan.parts), Tuning::kThreads, 0, stream>>>(lines, a);
    return cudaGetLastError();
  });
}

struct Launch {
  int (*run)(const pmpp_reduce_problem&, void* workspace, cudaStream_t);
  std::size_t (*workspace)(const pmpp_reduce_problem&);
};

template <class Rung>
constexpr Launch kOneBlock = {one_block<Rung>, one_block_workspace<Rung>};
template <class Block, int kItems>
constexpr Launch kSections = {by_sections<Block, kItems>, sections_workspace<kItems>};

const Rung<Launch> kLadder[] = {
    {{"simple_tree", "simple reduction tree", 75}, kOneBlock<SimpleTree>},
    {{"convergent", "reduction tree with less control and memory divergence", 75}, kOneBlock<Convergent>},
    {{"shared_memory", "reduction tree in shared memory", 75}, kOneBlock<SharedMemory>},
    {{"two_phase", "hierarchical reduction for any length", 75}, kSections<InShared, 2>},
    {{"coarsened", "reduction with thread coarsening", 75}, kSections<InShared, kCoarsening>},
    {{"warp_shuffles", "reduction with warp shuffles", 75}, kSections<Shuffled, kCoarsening>},
    {{"one_pass", "single-pass reduction, vectorised", 75}, {one_pass, one_pass_workspace}},
};

bool needs_elements(const pmpp_reduce_problem& p) { return is_position(p) || p.op == PMPP_REDUCE_MIN || p.op == PMPP_REDUCE_MAX; }

}  // namespace
}  // namespace pmpp::reduction

PMPP_API size_t pmpp_reduce_workspace(const pmpp_reduce_problem* problem, const char* variant) {
  const auto* rung = pmpp::find(pmpp::reduction::kLadder, variant);
  return rung && problem->outer * problem->inner != 0 ? rung->launch.workspace(*problem) : 0;
}

PMPP_API int pmpp_reduce(const pmpp_reduce_problem* problem, void* workspace, size_t workspace_bytes, const char* variant,
                         cudaStream_t stream) {
  using namespace pmpp::reduction;
  const pmpp_reduce_problem& p = *problem;
  const auto* rung = pmpp::find(kLadder, variant);
  if (rung == nullptr) return PMPP_UNKNOWN_VARIANT;
  if (pmpp::element_of(p.dtype).bytes == 0) return PMPP_UNSUPPORTED_DTYPE;
  if (p.op < PMPP_REDUCE_SUM || p.op > PMPP_REDUCE_ALL) return cudaErrorInvalidValue;
  if (p.outer * p.inner == 0) return cudaSuccess;
  if (p.length == 0 && needs_elements(p)) return PMPP_UNSUITABLE;
  if (workspace_bytes < rung->launch.workspace(p)) return PMPP_SMALL_WORKSPACE;
  return rung->launch.run(p, workspace, stream);
}

PMPP_API const pmpp_variant* pmpp_reduce_variant(int i) { return pmpp::variant(pmpp::reduction::kLadder, i); }
