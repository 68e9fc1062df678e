// Matrix multiplication, chapter 15: register_tiled and vectorized. What each changes: matmul.cu.
#include "cuda_src/matmul/register_tile.cuh"

namespace pmpp::matmul {
namespace {

/// Terms of the sum in a step: full sectors of a row of a.
template <class T>
constexpr int kDepth = sizeof(T) == 2 ? 16 : 8;

/// Copies a slab one element an access.
template <class T, int kPitch>
__device__ void load_slab(const Panel<T>& panel, int first_line, int first_depth, int k,
                          Accumulator<T> (&slab)[kDepth<T>][kPitch]) {
  // Along the depth as many lanes as share a sector, the others in the next lines: full sectors, and different banks.
  constexpr int kSector = 32 / sizeof(T) < kDepth<T> ? 32 / sizeof(T) : kDepth<T>;
  const bool along_depth = panel.depth_stride == 1;
#pragma unroll
  for (int i = 0; i < kLines * kDepth<T> / kThreads; ++i) {
    const int number = threadIdx.x + i * kThreads;
    const int line = along_depth ? number / kSector % kLines : number % kLines;
    const int depth = along_depth ? number / (kSector * kLines) * kSector + number % kSector : number / kLines;
    const bool inside = first_line + line < panel.lines && first_depth + depth < k;
    slab[depth][line] = inside ? widen(*panel.at(first_line + line, first_depth + depth)) : Accumulator<T>(0);
  }
}

template <class T>
__global__ void __launch_bounds__(kThreads) register_tiled_kernel(Problem<T> p) {
  using Acc = Accumulator<T>;
  // As many more than 128 as lines are stored at once, so that 32 lanes meet 32 banks.
  constexpr int kPitch = kLines + (sizeof(T) == 2 ? 2 : 4);
  __shared__ Acc a[kDepth<T>][kPitch], b[kDepth<T>][kPitch];
  const Tile tile = tile_of_block_grouped<kLines, kLines>(p.m, p.n);
  // A thread's rows and columns are 16 apart: neighbouring threads read neighbouring elements, and store them too.
  constexpr int kStep = kLines / kSums;
  const int y = threadIdx.x / kStep, x = threadIdx.x % kStep;

  Acc sum[kSums][kSums] = {};
  for (int first = 0; first < p.k; first += kDepth<T>) {
    load_slab(p.a, tile.row, first, p.k, a);
    load_slab(p.b, tile.col, first, p.k, b);
    __syncthreads();
#pragma unroll
    for (int depth = 0; depth < kDepth<T>; ++depth) {
      // 16 reads for 64 multiplications: an outer product of what the registers hold.
      Acc u[kSums], v[kSums];
#pragma unroll
      for (int i = 0; i < kSums; ++i) u[i] = a[depth][y + i * kStep];
#pragma unroll
      for (int j = 0; j < kSums; ++j) v[j] = b[depth][x + j * kStep];
#pragma unroll
      for (int i = 0; i < kSums; ++i)
#pragma unroll
        for (int j = 0; j < kSums; ++j) sum[i][j] = multiply_add(u[i], v[j], sum[i][j]);
    }
    __syncthreads();  // nobody reads the slabs any more
  }
#pragma unroll
  for (int i = 0; i < kSums; ++i)
#pragma unroll
    for (int j = 0; j < kSums; ++j) {
      const int row = tile.row + y + i * kStep, col = tile.col + x + j * kStep;
      if (row < p.m && col < p.n) *p.result(row, col) = finished<T>(sum[i][j]);
    }
}

template <class T>
__global__ void __launch_bounds__(kThreads) vectorized_kernel(Problem<T> p) {
  using Acc = Accumulator<T>;
  __shared__ alignas(16) Slab<Acc, kDepth<T>> a, b;
  const Tile tile = tile_of_block_grouped<kLines, kLines>(p.m, p.n);
  Acc sum[kSums][kSums] = {};
  for (int first = 0; first < p.k; first += kDepth<T>) {
    // A quarter of the instructions for the same bytes, from global to shared memory here and from there to registers below.
    Packs<T, kDepth<T>> from_a, from_b;
    from_a.fetch(p.a, tile.row, first, p.k);
    from_b.fetch(p.b, tile.col, first, p.k);
    from_a.store(p.a, a);
    from_b.store(p.b, b);
    __syncthreads();
    multiply_slabs<Acc, kDepth<T>>(sum, a, b);
    __syncthreads();  // nobody reads the slabs any more
  }
  store_sums(p, tile, sum);
}

}  // namespace

template <class T>
int register_tiled(const Problem<T>& p, unsigned batches, cudaStream_t stream) {
  register_tiled_kernel<<<tiles(p, kLines, kLines, batches), kThreads, 0, stream>>>(p);
  return cudaGetLastError();
}

template <class T>
int vectorized(const Problem<T>& p, unsigned batches, cudaStream_t stream) {
  vectorized_kernel<<<tiles(p, kLines, kLines, batches), kThreads, 0, stream>>>(p);
  return cudaGetLastError();
}

#define PMPP_INSTANTIATE(T)                                                  \
  template int register_tiled<T>(const Problem<T>&, unsigned, cudaStream_t); \
  template int vectorized<T>(const Problem<T>&, unsigned, cudaStream_t);
PMPP_INSTANTIATE(float)
PMPP_INSTANTIATE(double)
PMPP_INSTANTIATE(Half)
PMPP_INSTANTIATE(BFloat16)

}  // namespace pmpp::matmul
