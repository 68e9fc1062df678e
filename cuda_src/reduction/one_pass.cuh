// The last rung of reduction: one kernel, one read. A fixed number of blocks walks over the input in 16-byte vectors; the
// last block to arrive combines what the others left, always in the same order, so that float sums are the same each time.
#pragma once

#include <type_traits>

#include "cuda_src/common/ladder.cuh"
#include "cuda_src/reduction/algebra.cuh"

namespace pmpp::reduction {

struct Tuning {
  static constexpr int kThreads = 256;
  static constexpr int kVectors = 4;       ///< of 16 bytes, loaded before the first is used: 64 B in flight a thread
  static constexpr int kBlocks = 132 * 8;  ///< fills the largest GPU that is tuned for. Fixed: it decides how sums are rounded
  static constexpr int kItems = 8;         ///< elements that a thread loads at once where rows are short or lie in columns
  static constexpr std::size_t kShortRow = 512;
};

/// How the work on one problem is dealt out.
struct Plan {
  enum Way { kRows, kShortRows, kColumns } way;
  std::size_t lines;  ///< rows, or tiles of 32 columns
  unsigned parts;     ///< blocks a line
  std::size_t partials, workspace;
};

/// What the kernels are given beside the algebra.
template <class State>
struct Lines {
  const void* in;
  void* out;
  std::size_t outer, length, inner, lines;
  unsigned parts;
  unsigned* arrived;  ///< blocks of each line that are done; zero before
  State* partial;     ///< [line][part]
};

/// A sum with what its roundings lost, after Knuth: as if added with twice the digits.
struct Compensated {
  double sum = -0.0, lost = 0;
  __device__ void add(double x) {
    const double next = sum + x, seen = next - sum;
    lost += (sum - (next - seen)) + (x - seen);
    sum = next;
  }
  __device__ double total() const {
    // Where the sum is infinite, what was lost is NaN; where nothing was lost, -0 stays -0.
    return isfinite(sum) && lost != 0 ? sum + lost : sum;
  }
};

/// A state that many are combined into, one after the other.
template <class A>
struct Running {
  typename A::State state;
  explicit __device__ Running(const A& a) : state(a.identity()) {}
  __device__ void add(const A& a, typename A::State x) { state = a.combine(state, x); }
  __device__ typename A::State total(const A&) const { return state; }
};
template <>
struct Running<Reals> {
  Compensated sum;
  explicit __device__ Running(const Reals&) {}
  __device__ void add(const Reals&, double x) { sum.add(x); }
  __device__ double total(const Reals&) const { return sum.total(); }
};

// ---- gathering: what a thread does with the elements of a type --------------------------------------------------------

template <class T>
struct alignas(16) Vector {
  static constexpr int kSize = 16 / sizeof(T);
  T item[kSize];
};

__device__ __forceinline__ float real_of(Half x) { return widen(x); }
__device__ __forceinline__ float real_of(float x) { return x; }
__device__ __forceinline__ double real_of(double x) { return x; }
__device__ __forceinline__ double real_of(std::int64_t x) { return static_cast<double>(x); }
__device__ __forceinline__ double real_of(std::uint64_t x) { return static_cast<double>(x); }

/// Integers of up to 64 bits, in 64 that wrap around. For the mean (A is Reals) they become float64 when the thread is done.
template <class T, class A = Integers>
struct GatherIntegers {
  using Type = T;
  using Algebra = A;
  std::uint64_t sum = 0;

  explicit __device__ GatherIntegers(const A&) {}
  __device__ void add(T x, std::size_t) { sum += static_cast<std::uint64_t>(x); }
  template <int k>
  __device__ void add(const Vector<T> (&v)[k], std::size_t, std::size_t) {
    if constexpr (sizeof(T) <= 2) {
      using Part = std::conditional_t<std::is_signed_v<T>, int, unsigned>;  // of 64 elements: nothing is lost
      Part part = 0;
#pragma unroll
      for (int i = 0; i < k; ++i) {
        if constexpr (sizeof(T) == 1) {
          Part word[4];
          memcpy(word, &v[i], 16);
#pragma unroll
          for (int j = 0; j < 4; ++j) part = __dp4a(word[j], Part{0x01010101}, part);  // four bytes in one instruction
        } else {
#pragma unroll
          for (int j = 0; j < Vector<T>::kSize; ++j) part += v[i].item[j];
        }
      }
      sum += static_cast<std::uint64_t>(static_cast<std::int64_t>(part));
    } else {
#pragma unroll
      for (int i = 0; i < k; ++i)
#pragma unroll
        for (int j = 0; j < Vector<T>::kSize; ++j) sum += static_cast<std::uint64_t>(v[i].item[j]);
    }
  }
  __device__ typename A::State state(const A&) const {
    using Exact = std::conditional_t<std::is_signed_v<T>, std::int64_t, std::uint64_t>;
    return static_cast<typename A::State>(static_cast<Exact>(sum));
  }
};

template <int n, class Real>
__device__ __forceinline__ Real sum_of_tree(const Real (&x)[n]) {
  if constexpr (n == 1) {
    return x[0];
  } else {
    Real half[n / 2];
#pragma unroll
    for (int i = 0; i < n / 2; ++i) half[i] = x[i] + x[i + n / 2];
    return sum_of_tree(half);
  }
}

/// Floats: what is loaded together is added as a tree in its own precision, the trees' sums in more than float64. So the
/// error does not grow with the length of the run.
template <class T>
struct GatherReals {
  using Type = T;
  using Algebra = Reals;
  using Real = decltype(real_of(T{}));
  std::conditional_t<sizeof(Real) == 8, Compensated, double> sum{};

  explicit __device__ GatherReals(const Reals&) {
    if constexpr (sizeof(Real) == 4) sum = -0.0;
  }
  __device__ void add_real(double x) {
    if constexpr (sizeof(Real) == 8)
      sum.add(x);
    else
      sum += x;
  }
  __device__ void add(T x, std::size_t) { add_real(real_of(x)); }
  template <int k>
  __device__ void add(const Vector<T> (&v)[k], std::size_t, std::size_t) {
    constexpr int kSize = Vector<T>::kSize, kAll = k * kSize;
    Real x[kAll];
#pragma unroll
    for (int i = 0; i < kAll; ++i) x[i] = real_of(v[i / kSize].item[i % kSize]);
    add_real(sum_of_tree(x));
  }
  __device__ double state(const Reals&) const {
    if constexpr (sizeof(Real) == 8)
      return sum.total();
    else
      return sum;
  }
};

template <class Bits>
struct GatherLargest {
  using Type = Bits;
  using Algebra = Largest;
  Code<Bits> code;
  Bits best = 0;

  explicit __device__ GatherLargest(const Largest& a) : code(a.code.narrow<Bits>()) {}
  __device__ void add(Bits x, std::size_t) {
    const Bits key = code.encode(x);
    best = key > best ? key : best;
  }
  template <int k>
  __device__ void add(const Vector<Bits> (&v)[k], std::size_t, std::size_t) {
#pragma unroll
    for (int i = 0; i < k; ++i)
#pragma unroll
      for (int j = 0; j < Vector<Bits>::kSize; ++j) add(v[i].item[j], 0);
  }
  __device__ std::uint64_t state(const Largest&) const { return best; }
};

/// A thread meets positions in rising order, so only a larger key replaces what it has.
template <class Bits>
struct GatherFirst {
  using Type = Bits;
  using Algebra = First;
  Code<Bits> code;
  Bits best = 0;
  std::uint64_t position = First::kNowhere;

  explicit __device__ GatherFirst(const First& a) : code(a.code.narrow<Bits>()) {}
  __device__ void add(Bits x, std::size_t at) {
    const Bits key = code.encode(x);
    if (key > best || position == First::kNowhere) best = key, position = at;
  }
  template <int k>
  __device__ void add(const Vector<Bits> (&v)[k], std::size_t at, std::size_t step) {
    if (position == First::kNowhere) position = at;
#pragma unroll
    for (int i = 0; i < k; ++i)
#pragma unroll
      for (int j = 0; j < Vector<Bits>::kSize; ++j) {
        const Bits key = code.encode(v[i].item[j]);
        if (key > best) best = key, position = at + i * step + j;
      }
  }
  __device__ First::State state(const First&) const { return {best, position}; }
};

// ---- kernels ----------------------------------------------------------------------------------------------------------

/// True in the block that is the last of a line to come here. What the others wrote before can be read after.
__device__ __forceinline__ bool last_to_arrive(unsigned* arrived, unsigned parts) {
  __shared__ bool last;
  __threadfence();
  __syncthreads();
  if (threadIdx.x == 0) last = atomicAdd(arrived, 1u) == parts - 1;
  __syncthreads();
  __threadfence();
  return last;
}

// Four blocks a multiprocessor have 64 KiB under way; the compiler, left alone, saved registers and spilled.
template <class Gather, class A = typename Gather::Algebra>
__global__ void __launch_bounds__(Tuning::kThreads, 4) reduce_rows(Lines<typename A::State> l, A a) {
  using T = typename Gather::Type;
  using V = Vector<T>;
  constexpr int kThreads = Tuning::kThreads, kVectors = Tuning::kVectors;
  __shared__ typename A::State s[kThreads / 32];
  const unsigned t = threadIdx.x;
  const unsigned part = blockIdx.y;
  for (std::size_t row = blockIdx.x; row < l.lines; row += gridDim.x) {
    const T* const in = static_cast<const T*>(l.in) + row * l.length;
    // Up to the first multiple of 16 bytes elements are taken one by one, and so are those after the last vector.
    const unsigned off = static_cast<unsigned>(reinterpret_cast<std::uintptr_t>(in) % 16 / sizeof(T));
    const std::size_t head = off == 0 ? 0 : min(l.length, static_cast<std::size_t>(V::kSize - off));
    const std::size_t vectors = (l.length - head) / V::kSize;
    const V* const v = reinterpret_cast<const V*>(in + head);

    Gather gather(a);
    if (part == 0 && t < head) gather.add(in[t], t);
    for (std::size_t tile = part; tile * (kThreads * kVectors) < vectors; tile += l.parts) {
      const std::size_t first = tile * (kThreads * kVectors) + t;
      if ((tile + 1) * (kThreads * kVectors) <= vectors) {
        V batch[kVectors];
#pragma unroll
        for (int k = 0; k < kVectors; ++k) batch[k] = v[first + k * kThreads];
        gather.add(batch, head + first * V::kSize, kThreads * V::kSize);
      } else {
        for (std::size_t i = first; i < vectors; i += kThreads) {
          const V one[1] = {v[i]};
          gather.add(one, head + i * V::kSize, 0);
        }
      }
    }
    if (part == l.parts - 1 && head + vectors * V::kSize + t < l.length) {
      const std::size_t i = head + vectors * V::kSize + t;
      gather.add(in[i], i);
    }

    auto state = reduce_block<kThreads>(a, gather.state(a), s);
    if (l.parts > 1) {
      auto* const partial = l.partial + row * l.parts;
      if (t == 0) partial[part] = state;
      if (!last_to_arrive(l.arrived + row, l.parts)) continue;
      state = a.identity();
      for (unsigned i = t; i < l.parts; i += kThreads) state = a.combine(state, partial[i]);
      state = reduce_block<kThreads>(a, state, s);
    }
    if (t == 0) a.store(l.out, row, state, l.length);
  }
}

/// A warp a row: no barrier, and blocks enough where rows are many.
template <class A>
__global__ void __launch_bounds__(Tuning::kThreads) reduce_short_rows(Lines<typename A::State> l, A a) {
  constexpr int kItems = Tuning::kItems;
  const unsigned lane = threadIdx.x & 31;
  const std::size_t warps = std::size_t{gridDim.x} * (Tuning::kThreads / 32);
  for (std::size_t row = (std::size_t{blockIdx.x} * Tuning::kThreads + threadIdx.x) / 32; row < l.lines; row += warps) {
    auto state = a.identity();
    for (std::size_t i = lane; i < l.length; i += 32 * kItems) {
      std::uint64_t bits[kItems];
      const unsigned valid = static_cast<unsigned>(min((l.length - i + 31) / 32, std::size_t{kItems}));
      load_bits(l.in, a.element_type.bytes, row * l.length + i, 32, valid, bits);
#pragma unroll
      for (unsigned k = 0; k < kItems; ++k)
        if (k < valid) state = a.combine(state, a.element(bits[k], i + k * 32));
    }
    state = reduce_warp(a, state);
    if (lane == 0) a.store(l.out, row, state, l.length);
  }
}

/// Lanes take neighbouring columns, warps take rows in turn: every load of a warp is of consecutive elements.
template <class A>
__global__ void __launch_bounds__(Tuning::kThreads) reduce_columns(Lines<typename A::State> l, A a) {
  constexpr unsigned kItems = Tuning::kItems, kWarps = Tuning::kThreads / 32;
  __shared__ typename A::State s[kWarps][32];
  const unsigned lane = threadIdx.x & 31, warp = threadIdx.x / 32;
  const std::size_t tiles = (l.inner + 31) / 32;
  const unsigned part = blockIdx.y, step = kWarps * l.parts;
  for (std::size_t line = blockIdx.x; line < l.lines; line += gridDim.x) {
    const std::size_t outer = line / tiles, column = line % tiles * 32 + lane;
    const bool mine = column < l.inner;
    const auto over_warps = [&](typename A::State state) {  // warp 0 has the result
      __syncthreads();
      s[warp][lane] = state;
      __syncthreads();
      if (warp == 0)
#pragma unroll
        for (unsigned w = 1; w < kWarps; ++w) state = a.combine(state, s[w][lane]);
      return state;
    };

    Running<A> running(a);
    if (mine)
      for (std::size_t i = part * kWarps + warp; i < l.length; i += std::size_t{step} * kItems) {
        std::uint64_t bits[kItems];
        const unsigned valid = static_cast<unsigned>(min((l.length - i + step - 1) / step, std::size_t{kItems}));
        load_bits(l.in, a.element_type.bytes, (outer * l.length + i) * l.inner + column, step * l.inner, valid, bits);
#pragma unroll
        for (unsigned k = 0; k < kItems; ++k)
          if (k < valid) running.add(a, a.element(bits[k], i + std::size_t{k} * step));
      }
    auto state = over_warps(running.total(a));
    if (l.parts > 1) {
      auto* const partial = l.partial + line * l.parts * 32 + lane;
      if (warp == 0) partial[part * 32] = state;
      if (!last_to_arrive(l.arrived + line, l.parts)) continue;
      Running<A> all(a);
      for (unsigned i = warp; i < l.parts; i += kWarps) all.add(a, partial[i * 32]);
      state = over_warps(all.total(a));
    }
    if (warp == 0 && mine) a.store(l.out, outer * l.inner + column, state, l.length);
  }
}

// ---- launching ----------------------------------------------------------------------------------------------------------

template <class Gather, class A = typename Gather::Algebra>
int launch_rows(const Lines<typename A::State>& l, const A& a, cudaStream_t stream) {
  reduce_rows<Gather><<<dim3(grid_size(l.lines, 1), l.parts), Tuning::kThreads, 0, stream>>>(l, a);
  return cudaGetLastError();
}

/// By element type, in files of their own, so that they are compiled beside each other.
int reduce_rows_of(const Lines<double>& l, const Reals& a, cudaStream_t stream);
int reduce_rows_of(const Lines<std::uint64_t>& l, const Integers& a, cudaStream_t stream);
int reduce_rows_of(const Lines<std::uint64_t>& l, const Largest& a, cudaStream_t stream);
int reduce_rows_of(const Lines<First::State>& l, const First& a, cudaStream_t stream);

}  // namespace pmpp::reduction
