// Matrix multiplication, chapter 15: tensor cores, for float16 and bfloat16. What they change: matmul.cu.
// pmpp: arch=80
#include <type_traits>

#include "cuda_src/common/async_copy.cuh"
#include "cuda_src/matmul/problem.cuh"

namespace pmpp::matmul {
namespace {

struct Tuning {
  static constexpr int lines = 128;      // rows, and columns, of a block's tile
  static constexpr int depth = 32;       // terms of the sum in a stage
  static constexpr int stages = 4;       // three of them under way
  static constexpr int warp_lines = 64;  // rows, and columns, of a warp's part: the squarer, the fewer reads of shared memory
  static constexpr int warps_in_row = lines / warp_lines;
  static constexpr int threads = 32 * warps_in_row * warps_in_row;
  static constexpr int blocks = 2;  // a multiprocessor: one computes while the other waits at a barrier
};
constexpr int kChunk = 8;                // elements of 16 bits in 16 bytes
constexpr int kM = 16, kN = 8, kK = 16;  // what one mma.sync multiplies

template <class T>
struct alignas(16) Chunk {
  T at[kChunk];
};

/// Rows of elements in shared memory.
///
/// A matrix of 8 x 8 is read from the same 16 bytes of eight rows, which would all lie in the same four banks. So each
/// row has its chunks in another order, by an exclusive or with its number: the eight meet all 32 banks, and so do the
/// copies that write a row.
template <int kWidth>
struct Layout {
  static_assert(kWidth == 32 || kWidth % 64 == 0);

  __device__ static int at(int row, int chunk) {
    const int order = kWidth == 32 ? row / 2 % 4 : row % 8;  // two rows of 64 bytes fill the banks once
    return row * kWidth + (chunk ^ order) * kChunk;
  }
};

/// Operands in shared memory lie as they do outside: rows of 32 along the sum, or rows of 128 lines.
template <bool kAlongDepth>
constexpr int kRow = kAlongDepth ? Tuning::depth : Tuning::lines;

template <class T>
struct Stage {
  alignas(16) T a[Tuning::lines * Tuning::depth], b[Tuning::lines * Tuning::depth];
};

/// A thread's copies of an operand's stages. Where they begin and end is worked out once: from step to step only the pointer
/// moves on.
template <bool kAlongDepth, class T>
class Copier {
  static constexpr int kChunks = kRow<kAlongDepth> / kChunk, kRows = Tuning::threads / kChunks;  // all threads' at once
  static_assert(kRows % 8 == 0);  // the order of a row's chunks is the same in every copy of a thread

  const T* from_;                   // the thread's first element of the next stage
  std::ptrdiff_t row_step_, step_;  // from one copy to the next, and to the next stage
  std::ptrdiff_t near_;             // from an element to its neighbour in a chunk
  int to_, row_, first_;            // its place in a stage, and what makes it: a row, and an element of that
  int lines_;                       // how many there are from its line on

 public:
  __device__ Copier(const Panel<T>& panel, int first_line) {
    row_ = threadIdx.x / kChunks;
    first_ = threadIdx.x % kChunks * kChunk;
    to_ = Layout<kRow<kAlongDepth>>::at(row_, first_ / kChunk);
    const int line = first_line + (kAlongDepth ? row_ : first_);
    from_ = panel.at(line, kAlongDepth ? first_ : row_);
    lines_ = panel.lines - line;
    row_step_ = kRows * (kAlongDepth ? panel.line_stride : panel.depth_stride);
    near_ = kAlongDepth ? panel.depth_stride : panel.line_stride;
    step_ = Tuning::depth * panel.depth_stride;
  }

  /// Starts the copies of the next stage, before which `left` terms of the sum are left. What lies outside becomes zero.
  __device__ __forceinline__ void start(T* stage, int left, bool vector) {
    const int count = max(0, min(kAlongDepth ? left - first_ : lines_, kChunk));
    const auto count_of = [&](int row) { return (kAlongDepth ? row < lines_ : row_ + row < left) ? count : 0; };
    T* const to = stage + to_;
    if (vector) {
#pragma unroll
      for (int row = 0; row < kRow<!kAlongDepth>; row += kRows)
        copy_async<16>(to + row * kRow<kAlongDepth>, from_ + row / kRows * row_step_, count_of(row) * sizeof(T));
    } else {
      // Asynchronous copies take four bytes at least: elements that lie anywhere go through registers, a chunk at a time.
#pragma unroll 1
      for (int row = 0; row < kRow<!kAlongDepth>; row += kRows) {
        const T* const from = from_ + row / kRows * row_step_;
        Chunk<T> chunk;
#pragma unroll
        for (int e = 0; e < kChunk; ++e) chunk.at[e] = e < count_of(row) ? from[e * near_] : T{};
        *reinterpret_cast<Chunk<T>*>(to + row * kRow<kAlongDepth>) = chunk;
      }
    }
    from_ += step_;
  }
};

/// Reads four matrices of 8 x 8 for the whole warp. Lane l names a row of matrix l / 8 and receives two neighbours of row
/// l / 4 of each, which is what mma.sync wants; transposed, two neighbours of a column.
template <bool kTransposed>
__device__ __forceinline__ void load_matrices(std::uint32_t (&to)[4], const void* row) {
  const unsigned address = static_cast<unsigned>(__cvta_generic_to_shared(row));
  if constexpr (kTransposed)
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3])
                 : "r"(address)
                 : "memory");
  else
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3])
                 : "r"(address)
                 : "memory");
}

/// Fragments of 16 x 16 elements of an operand, from a warp's first line on.
///
/// They are read as four matrices of 8 x 8. mma.sync takes all four of a: 0 and 1 below each other in lines, 2 and 3 behind them
/// in depth. Of b it takes two that are behind each other in depth, and wants them in neighbouring registers, where they would
/// have to be moved first: so here it is 0 and 1 that follow each other in depth.
template <bool kAlongDepth, bool kB>
class Fragments {
  int at_;

 public:
  __device__ explicit Fragments(int first_line) {
    const int lane = threadIdx.x % 32, matrix = lane / 8, within = lane % 8;
    const int line = first_line + (kB ? matrix / 2 : matrix % 2) * 8, depth = (kB ? matrix % 2 : matrix / 2) * 8;
    at_ = kAlongDepth ? Layout<kRow<true>>::at(line + within, depth / kChunk)
                      : Layout<kRow<false>>::at(depth + within, line / kChunk);
  }

  /// The one at (line, depth), two multiples of 16. What the lane adds to a chunk's number are other bits, so that an exclusive
  /// or is an addition, which the order of chunks does not disturb; and that order is the same 16 rows further on. Thus one
  /// number a lane is worked out before the loop, and all else is constant.
  template <class T>
  __device__ __forceinline__ void load(std::uint32_t (&to)[4], const T* panel, int line, int depth) const {
    if constexpr (kAlongDepth)
      load_matrices<false>(to, panel + (at_ ^ depth) + line * kRow<true>);
    else
      load_matrices<true>(to, panel + (at_ ^ line) + depth * kRow<false>);
  }
};

/// sum += a * b for 16 x 16 and 16 x 8 elements: 2048 multiplications in one instruction of a warp, where a fused
/// multiply-add of a warp does 32.
template <class T>
__device__ __forceinline__ void multiply(float (&sum)[4], const std::uint32_t (&a)[4], std::uint32_t b0, std::uint32_t b1) {
  if constexpr (std::is_same_v<T, Half>)
    asm("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
        : "+f"(sum[0]), "+f"(sum[1]), "+f"(sum[2]), "+f"(sum[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
  else
    asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
        : "+f"(sum[0]), "+f"(sum[1]), "+f"(sum[2]), "+f"(sum[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

constexpr int kRowsOfSums = Tuning::warp_lines / kM, kColsOfSums = Tuning::warp_lines / kN;
using Sums = float[kRowsOfSums][kColsOfSums][4];

/// What a warp multiplies at once: 16 terms of each of its sums.
struct Operands {
  std::uint32_t a[kRowsOfSums][4], b[kColsOfSums / 2][4];
};

template <class T>
__device__ __forceinline__ void multiply(Sums& sum, const Operands& from) {
#pragma unroll
  for (int i = 0; i < kRowsOfSums; ++i)
#pragma unroll
    for (int j = 0; j < kColsOfSums; ++j) {
      const int col = i % 2 ? kColsOfSums - 1 - j : j;  // there and back: at a turn the same b is multiplied twice
      multiply<T>(sum[i][col], from.a[i], from.b[col / 2][col % 2 * 2], from.b[col / 2][col % 2 * 2 + 1]);
    }
}

/// A warp's sums, rounded, through its own part of shared memory: as mma.sync leaves them, neighbouring lanes would write
/// 16 bytes of eight rows, half of a sector each.
template <class T>
__device__ void store_sums(const Problem<T>& p, int first_row, int first_col, const Sums& sum, T* tile) {
  const int lane = threadIdx.x % 32, group = lane / 4, place = lane % 4;
  struct alignas(2 * sizeof(T)) Pair {
    T low, high;
  };
  using Part = Layout<Tuning::warp_lines>;
#pragma unroll
  for (int i = 0; i < kRowsOfSums; ++i)
#pragma unroll
    for (int j = 0; j < kColsOfSums; ++j)
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        const int row = i * kM + half * 8 + group;
        *reinterpret_cast<Pair*>(tile + Part::at(row, j) + place * 2) =
            Pair{finished<T>(sum[i][j][2 * half]), finished<T>(sum[i][j][2 * half + 1])};
      }
  __syncwarp();
  constexpr int kChunks = Tuning::warp_lines / kChunk, kRows = 32 / kChunks;  // what the warp reads at once
#pragma unroll
  for (int i = 0; i < Tuning::warp_lines / kRows; ++i) {
    const int within = i * kRows + lane / kChunks, row = first_row + within, col = first_col + lane % kChunks * kChunk;
    const Chunk<T> chunk = *reinterpret_cast<const Chunk<T>*>(tile + Part::at(within, lane % kChunks));
    if (row >= p.m) continue;
    if (p.vector_out && col + kChunk <= p.n) {
      *reinterpret_cast<Chunk<T>*>(p.result(row, col)) = chunk;
    } else {
#pragma unroll
      for (int e = 0; e < kChunk; ++e)
        if (col + e < p.n) *p.result(row, col + e) = chunk.at[e];
    }
  }
}

template <class T>
__device__ Stage<T>* stages_in_shared_memory() {
  extern __shared__ uint4 raw[];
  return reinterpret_cast<Stage<T>*>(raw);
}

/// kA and kB: whether the operand's neighbours are neighbours along the sum. kVector: whether 16 bytes fit in both; then there
/// is no branch in the loop, which would part the copies from the multiplications that are to be done between them.
template <class T, bool kA, bool kB, bool kVector>
__global__ void __launch_bounds__(Tuning::threads, Tuning::blocks) tensor_core_kernel(Problem<T> p) {
  constexpr int kDepth = Tuning::depth, kStages = Tuning::stages;
  Stage<T>* const stage = stages_in_shared_memory<T>();
  const Tile tile = tile_of_block_grouped<Tuning::lines, Tuning::lines>(p.m, p.n);
  const int warp = threadIdx.x / 32;
  const int row = warp / Tuning::warps_in_row * Tuning::warp_lines, col = warp % Tuning::warps_in_row * Tuning::warp_lines;
  Copier<kA, T> copy_a(p.a, tile.row);
  Copier<kB, T> copy_b(p.b, tile.col);
  // There are steps behind the last: zeros, as the loop below reads ahead of what it multiplies.
  const auto start = [&](int step) {
    copy_a.start(stage[step % kStages].a, p.k - step * kDepth, kVector || p.a.vector);
    copy_b.start(stage[step % kStages].b, p.k - step * kDepth, kVector || p.b.vector);
    commit_async();
  };
  const Fragments<kA, false> part_a(row);
  const Fragments<kB, true> part_b(col);
  const auto load = [&](Operands& to, const Stage<T>& from, int depth) {
#pragma unroll
    for (int i = 0; i < kRowsOfSums; ++i) part_a.load(to.a[i], from.a, i * kM, depth);
#pragma unroll
    for (int j = 0; j < kColsOfSums / 2; ++j) part_b.load(to.b[j], from.b, j * 2 * kN, depth);
  };

  Sums sum = {};
  for (int step = 0; step < kStages - 1; ++step) start(step);
  wait_async<kStages - 2>();  // this thread's copies of the first step have arrived; younger ones may still be under way
  __syncthreads();            // everybody's have
  // Reads are a half step ahead: tensor cores do not wait for them, but work on what was read before.
  Operands operands[2];
  load(operands[0], stage[0], 0);
  for (int step = 0; step * kDepth < p.k; ++step) {
#pragma unroll
    for (int depth = 0; depth < kDepth; depth += kK) {
      const bool last = depth + kK == kDepth;
      if (last) {
        wait_async<kStages - 3>();
        __syncthreads();  // the step after this is there, and the stage before is free
        load(operands[(depth / kK + 1) % 2], stage[(step + 1) % kStages], 0);
        start(step + kStages - 1);
      } else {
        load(operands[(depth / kK + 1) % 2], stage[step % kStages], depth + kK);
      }
      multiply<T>(sum, operands[depth / kK % 2]);
    }
  }
  wait_async<0>();
  __syncthreads();  // nobody reads the stages any more
  T* const part = reinterpret_cast<T*>(stage) + warp * (Tuning::warp_lines * Tuning::warp_lines);
  store_sums(p, tile.row + row, tile.col + col, sum, part);
}

template <class T, bool kVector>
auto kernel_for(bool a, bool b) {
  return a ? (b ? tensor_core_kernel<T, true, true, kVector> : tensor_core_kernel<T, true, false, kVector>)
           : (b ? tensor_core_kernel<T, false, true, kVector> : tensor_core_kernel<T, false, false, kVector>);
}

}  // namespace

template <class T>
int tensor_core(const Problem<T>& p, unsigned batches, cudaStream_t stream) {
  const bool a = p.a.depth_stride == 1, b = p.b.depth_stride == 1;
  void (*const kernel)(Problem<T>) = p.a.vector && p.b.vector ? kernel_for<T, true>(a, b) : kernel_for<T, false>(a, b);
  constexpr size_t kBytes = Tuning::stages * sizeof(Stage<T>);
  const int status = cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, kBytes);
  if (status) return status;
  kernel<<<tiles(p, Tuning::lines, Tuning::lines, batches), Tuning::threads, kBytes, stream>>>(p);
  return cudaGetLastError();
}

template int tensor_core<Half>(const Problem<Half>&, unsigned, cudaStream_t);
template int tensor_core<BFloat16>(const Problem<BFloat16>&, unsigned, cudaStream_t);

}  // namespace pmpp::matmul
