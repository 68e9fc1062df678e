// Matrix multiplication, the rungs of chapters 3 to 6: naive, coalesced, tiled, coarsened. What each changes: matmul.cu.
#include "cuda_src/matmul/problem.cuh"

namespace pmpp::matmul {
namespace {

struct Tuning {
  static constexpr int lanes = 32, rows = 8;  // the blocks of naive and coalesced
  static constexpr int tile = 32;             // tiled: every element that is read from outside is used so often
  static constexpr int coarse = 4;            // coarsened: tiles of a row that one block computes
};

template <class T>
__device__ void dot(const Problem<T>& p, int row, int col) {
  if (row >= p.m || col >= p.n) return;
  Accumulator<T> sum = 0;
  const T *a = p.a.at(row, 0), *b = p.b.at(col, 0);
  for (int k = 0; k < p.k; ++k) {
    sum = multiply_add(widen(*a), widen(*b), sum);
    a += p.a.depth_stride;
    b += p.b.depth_stride;
  }
  *p.result(row, col) = finished<T>(sum);
}

/// Neighbouring threads take neighbouring rows: their elements of a and of the result lie a whole row apart, each in a
/// sector of its own, of which the warp uses 4 bytes of 32.
template <class T>
__global__ void naive_kernel(Problem<T> p) {
  const Tile tile = tile_of_block<Tuning::lanes, Tuning::rows>(p.n);
  dot(p, tile.row + int(threadIdx.x), tile.col + int(threadIdx.y));
}

/// Neighbouring threads take neighbouring columns: the warp reads 32 neighbours of b in four full sectors, one element of
/// a that all lanes share, and writes 32 neighbours.
template <class T>
__global__ void coalesced_kernel(Problem<T> p) {
  const Tile tile = tile_of_block<Tuning::rows, Tuning::lanes>(p.n);
  dot(p, tile.row + int(threadIdx.y), tile.col + int(threadIdx.x));
}

/// One column more than the tile has: threads that walk down a column meet 32 different banks.
template <class T>
using SharedTile = Accumulator<T>[Tuning::tile][Tuning::tile + 1];

template <class T>
__device__ void load_tile(const Panel<T>& panel, int first_line, int first_depth, int k, SharedTile<T>& to) {
  // Corner turning: neighbouring threads read along the dimension in which the operand's elements are neighbours, whichever
  // it is, and put them down where they belong.
  const bool along_depth = panel.depth_stride == 1;
  const int line = along_depth ? threadIdx.y : threadIdx.x, depth = along_depth ? threadIdx.x : threadIdx.y;
  const bool inside = first_line + line < panel.lines && first_depth + depth < k;
  to[line][depth] = inside ? widen(*panel.at(first_line + line, first_depth + depth)) : Accumulator<T>(0);
}

/// Serves two rungs. With kCoarse > 1 a block computes that many tiles beside each other, and loads each tile of a once
/// for all of them: the reads of a, which all these tiles share, become that many times fewer.
template <class T, int kCoarse>
__global__ void __launch_bounds__(Tuning::tile* Tuning::tile) tiled_kernel(Problem<T> p) {
  constexpr int kTile = Tuning::tile;
  __shared__ SharedTile<T> a, b;
  const Tile tile = tile_of_block<kTile, kTile * kCoarse>(p.n);
  const int row = tile.row + int(threadIdx.y), col = tile.col + int(threadIdx.x);
  Accumulator<T> sum[kCoarse] = {};

  for (int first = 0; first < p.k; first += kTile) {
    load_tile(p.a, tile.row, first, p.k, a);
#pragma unroll
    for (int c = 0; c < kCoarse; ++c) {
      load_tile(p.b, tile.col + c * kTile, first, p.k, b);
      __syncthreads();
      // Each element in shared memory is used by 32 threads, and was read from outside by one.
#pragma unroll
      for (int k = 0; k < kTile; ++k) sum[c] = multiply_add(a[threadIdx.y][k], b[threadIdx.x][k], sum[c]);
      __syncthreads();  // nobody reads the tiles any more
    }
  }
#pragma unroll
  for (int c = 0; c < kCoarse; ++c)
    if (row < p.m && col + c * kTile < p.n) *p.result(row, col + c * kTile) = finished<T>(sum[c]);
}

}  // namespace

template <class T>
int naive(const Problem<T>& p, unsigned batches, cudaStream_t stream) {
  const dim3 block(Tuning::lanes, Tuning::rows);
  naive_kernel<<<tiles(p, Tuning::lanes, Tuning::rows, batches), block, 0, stream>>>(p);
  return cudaGetLastError();
}

template <class T>
int coalesced(const Problem<T>& p, unsigned batches, cudaStream_t stream) {
  const dim3 block(Tuning::lanes, Tuning::rows);
  coalesced_kernel<<<tiles(p, Tuning::rows, Tuning::lanes, batches), block, 0, stream>>>(p);
  return cudaGetLastError();
}

template <class T>
int tiled(const Problem<T>& p, unsigned batches, cudaStream_t stream) {
  const dim3 block(Tuning::tile, Tuning::tile);
  tiled_kernel<T, 1><<<tiles(p, Tuning::tile, Tuning::tile, batches), block, 0, stream>>>(p);
  return cudaGetLastError();
}

template <class T>
int coarsened(const Problem<T>& p, unsigned batches, cudaStream_t stream) {
  const dim3 block(Tuning::tile, Tuning::tile);
  const dim3 grid = tiles(p, Tuning::tile, Tuning::tile * Tuning::coarse, batches);
  tiled_kernel<T, Tuning::coarse><<<grid, block, 0, stream>>>(p);
  return cudaGetLastError();
}

#define PMPP_INSTANTIATE(T)                                             \
  template int naive<T>(const Problem<T>&, unsigned, cudaStream_t);     \
  template int coalesced<T>(const Problem<T>&, unsigned, cudaStream_t); \
  template int tiled<T>(const Problem<T>&, unsigned, cudaStream_t);     \
  template int coarsened<T>(const Problem<T>&, unsigned, cudaStream_t);
PMPP_INSTANTIATE(float)
PMPP_INSTANTIATE(double)
PMPP_INSTANTIATE(Half)
PMPP_INSTANTIATE(BFloat16)

}  // namespace pmpp::matmul
