// Matrix multiplication, chapter 15: tensor cores, for float16 and bfloat16. What they change: matmul.cu.
// pmpp: arch=80
#include <type_traits>

#include "cuda_src/common/async_copy.cuh"
#include "cuda_src/matmul/problem.cuh"

namespace pmpp::matmul {
namespace {

struct Tuning {
  static constexpr int threads = 256;
  static constexpr int lines = 128;                     // rows, and columns, of a block's tile
  static constexpr int depth = 32;                      // terms of the sum in a stage
  static constexpr int stages = 4;                      // three of them under way
  static constexpr int warp_rows = 64, warp_cols = 32;  // a warp's part of the tile: two rows of four warps
};
constexpr int kChunk = 8;                // elements of 16 bits in 16 bytes
constexpr int kM = 16, kN = 8, kK = 16;  // what one mma.sync multiplies

/// Elements in shared memory as they lie outside: rows of 32 along the sum, or rows of 128 lines.
///
/// A matrix of 8 x 8 is read from the same 16 bytes of eight rows, which would all lie in the same four banks. So each
/// row has its chunks in another order, by an exclusive or with its number: the eight meet all 32 banks, and so do the
/// copies that write a row.
template <bool kAlongDepth>
struct Layout {
  static constexpr int kRow = kAlongDepth ? Tuning::depth : Tuning::lines;

  __device__ static int at(int row, int chunk) {
    const int order = kAlongDepth ? row / 2 % 4 : row % 8;  // two rows of 64 bytes fill the banks once
    return row * kRow + (chunk ^ order) * kChunk;
  }
};

template <class T>
struct Stage {
  alignas(16) T a[Tuning::lines * Tuning::depth], b[Tuning::lines * Tuning::depth];
};

template <bool kAlongDepth, class T>
__device__ void start_panel(const Panel<T>& panel, int first_line, int first_depth, int k, T* to) {
  constexpr int kChunks = Layout<kAlongDepth>::kRow / kChunk;
#pragma unroll
  for (int i = 0; i < Tuning::lines * Tuning::depth / kChunk / Tuning::threads; ++i) {
    const int number = threadIdx.x + i * Tuning::threads, row = number / kChunks, chunk = number % kChunks;
    const int line = first_line + (kAlongDepth ? row : chunk * kChunk),
              depth = first_depth + (kAlongDepth ? chunk * kChunk : row);
    T* const target = to + Layout<kAlongDepth>::at(row, chunk);
    const int left = line >= panel.lines || depth >= k ? 0 : kAlongDepth ? k - depth : panel.lines - line;
    const int count = left < kChunk ? left : kChunk;
    if (panel.vector) {
      copy_async<16>(target, count ? panel.at(line, depth) : panel.data, count * sizeof(T));
    } else {
      // Asynchronous copies take four bytes at least: elements that lie anywhere go through registers.
      const T* const from = panel.at(line, depth);
#pragma unroll 1
      for (int e = 0; e < kChunk; ++e)
        target[e] = e < count ? from[e * (kAlongDepth ? panel.depth_stride : panel.line_stride)] : T{};
    }
  }
}

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

/// The 16 x 16 elements from (line, depth) on: matrices 0 and 1 below each other in lines, 2 and 3 behind them in depth.
template <bool kAlongDepth, class T>
__device__ __forceinline__ void load_fragment(std::uint32_t (&to)[4], const T* panel, int line, int depth) {
  const int lane = threadIdx.x % 32, matrix = lane / 8, within = lane % 8;
  line += matrix % 2 * 8;
  depth += matrix / 2 * 8;
  if constexpr (kAlongDepth)
    load_matrices<false>(to, panel + Layout<true>::at(line + within, depth / kChunk));
  else
    load_matrices<true>(to, panel + Layout<false>::at(depth + within, line / kChunk));
}

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

constexpr int kRowsOfSums = Tuning::warp_rows / kM, kColsOfSums = Tuning::warp_cols / kN;
using Sums = float[kRowsOfSums][kColsOfSums][4];

/// A warp's sums, rounded, through its own part of shared memory: as mma.sync leaves them, neighbouring lanes would write
/// 16 bytes of eight rows, half of a sector each.
template <class T>
__device__ void store_sums(const Problem<T>& p, int first_row, int first_col, const Sums& sum, T* tile) {
  const int lane = threadIdx.x % 32, group = lane / 4, place = lane % 4;
  struct alignas(2 * sizeof(T)) Pair {
    T low, high;
  };
  struct alignas(16) Chunk {
    T at[kChunk];
  };
  static_assert(Tuning::warp_cols == Layout<true>::kRow);
#pragma unroll
  for (int i = 0; i < kRowsOfSums; ++i)
#pragma unroll
    for (int j = 0; j < kColsOfSums; ++j)
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        const int row = i * kM + half * 8 + group;
        *reinterpret_cast<Pair*>(tile + Layout<true>::at(row, j) + place * 2) =
            Pair{finished<T>(sum[i][j][2 * half]), finished<T>(sum[i][j][2 * half + 1])};
      }
  __syncwarp();
#pragma unroll
  for (int i = 0; i < Tuning::warp_rows / 8; ++i) {
    const int within = i * 8 + group, row = first_row + within, col = first_col + place * kChunk;
    const Chunk chunk = *reinterpret_cast<const Chunk*>(tile + Layout<true>::at(within, place));
    if (row >= p.m) continue;
    if (p.vector_out && col + kChunk <= p.n) {
      *reinterpret_cast<Chunk*>(p.result(row, col)) = chunk;
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

/// kA and kB: whether the operand's neighbours are neighbours along the sum.
template <class T, bool kA, bool kB>
__global__ void __launch_bounds__(Tuning::threads, 2) tensor_core_kernel(Problem<T> p) {
  constexpr int kDepth = Tuning::depth, kStages = Tuning::stages;
  Stage<T>* const stage = stages_in_shared_memory<T>();
  const Tile tile = tile_of_block_grouped<Tuning::lines, Tuning::lines>(p.m, p.n);
  const int warp = threadIdx.x / 32, warps_in_row = Tuning::lines / Tuning::warp_cols;
  const int row = warp / warps_in_row * Tuning::warp_rows, col = warp % warps_in_row * Tuning::warp_cols;
  const auto start = [&](int step) {
    if (step * kDepth < p.k) {
      start_panel<kA>(p.a, tile.row, step * kDepth, p.k, stage[step % kStages].a);
      start_panel<kB>(p.b, tile.col, step * kDepth, p.k, stage[step % kStages].b);
    }
    commit_async();  // an empty group where there is nothing left to copy, so that the count below stays right
  };

  Sums sum = {};
  for (int step = 0; step < kStages - 1; ++step) start(step);
  for (int step = 0; step * kDepth < p.k; ++step) {
    wait_async<kStages - 2>();  // this thread's copies of the step have arrived; younger ones may still be under way
    __syncthreads();            // everybody's have, and the stage before is free
    start(step + kStages - 1);
    const Stage<T>& now = stage[step % kStages];
#pragma unroll
    for (int depth = 0; depth < kDepth; depth += kK) {
      std::uint32_t b[kColsOfSums / 2][4];
#pragma unroll
      for (int j = 0; j < kColsOfSums / 2; ++j) load_fragment<kB>(b[j], now.b, col + j * 2 * kN, depth);
#pragma unroll
      for (int i = 0; i < kRowsOfSums; ++i) {
        std::uint32_t a[4];
        load_fragment<kA>(a, now.a, row + i * kM, depth);
#pragma unroll
        for (int j = 0; j < kColsOfSums; ++j) multiply<T>(sum[i][j], a, b[j / 2][j % 2], b[j / 2][j % 2 + 2]);
      }
    }
  }
  wait_async<0>();
  __syncthreads();  // nobody reads the stages any more
  T* const part = reinterpret_cast<T*>(stage) + warp * (Tuning::warp_rows * Tuning::warp_cols);
  store_sums(p, tile.row + row, tile.col + col, sum, part);
}

}  // namespace

template <class T>
int tensor_core(const Problem<T>& p, unsigned batches, cudaStream_t stream) {
  const bool a = p.a.depth_stride == 1, b = p.b.depth_stride == 1;
  void (*const kernel)(Problem<T>) = a ? (b ? tensor_core_kernel<T, true, true> : tensor_core_kernel<T, true, false>)
                                       : (b ? tensor_core_kernel<T, false, true> : tensor_core_kernel<T, false, false>);
  constexpr size_t kBytes = Tuning::stages * sizeof(Stage<T>);
  const int status = cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, kBytes);
  if (status) return status;
  kernel<<<tiles(p, Tuning::lines, Tuning::lines, batches), Tuning::threads, kBytes, stream>>>(p);
  return cudaGetLastError();
}

template int tensor_core<Half>(const Problem<Half>&, unsigned, cudaStream_t);
template int tensor_core<BFloat16>(const Problem<BFloat16>&, unsigned, cudaStream_t);

}  // namespace pmpp::matmul
