// Matrix multiplication, chapter 15: pipelined. What it changes: matmul.cu.
// pmpp: arch=80
#include "cuda_src/common/async_copy.cuh"
#include "cuda_src/matmul/register_tile.cuh"

namespace pmpp::matmul {
namespace {

template <class T>
struct Tuning {
  static constexpr int depth = sizeof(T) == 8 ? 8 : 16;  // terms of the sum in a stage
  static constexpr int stages = sizeof(T) == 2 ? 2 : 4;  // slabs in shared memory, all but one of them under way
  static constexpr int blocks = sizeof(T) == 4 ? 2 : 1;  // a multiprocessor: one computes while the other waits at a barrier
};

template <class T>
struct Stage {
  alignas(16) Slab<Accumulator<T>, Tuning<T>::depth> a, b;
};

/// Starts the copies of a slab, which go from global to shared memory without a detour through registers. What lies outside
/// becomes zero.
template <class T>
__device__ void start_slab(const Panel<T>& panel, int first_line, int first_depth, int k, Slab<T, Tuning<T>::depth>& slab) {
  constexpr int kDepth = Tuning<T>::depth, kSize = Pack<T>::size, kSector = 32 / sizeof(T);
  if (panel.vector && panel.depth_stride != 1) {
#pragma unroll
    for (int i = 0; i < kLines * kDepth / kSize / kThreads; ++i) {
      const int number = threadIdx.x + i * kThreads;
      const int line = number % (kLines / kSize) * kSize, depth = number / (kLines / kSize);
      const int left = first_depth + depth < k ? panel.lines - first_line - line : 0;
      const int count = left < 0 ? 0 : left < kSize ? left : kSize;
      copy_async<16>(&slab[depth][line], count ? panel.at(first_line + line, first_depth + depth) : panel.data,
                     count * sizeof(T));
    }
    return;
  }
  // Element by element where neighbours along the sum have to part, or where 16 bytes do not fit: lanes as in load_slab.
  const bool along_depth = panel.depth_stride == 1;
#pragma unroll 2  // all eight addresses at once would cost the registers of a second block
  for (int i = 0; i < kLines * kDepth / kThreads; ++i) {
    const int number = threadIdx.x + i * kThreads;
    const int line = along_depth ? number / kSector % kLines : number % kLines;
    const int depth = along_depth ? number / (kSector * kLines) * kSector + number % kSector : number / kLines;
    const bool inside = first_line + line < panel.lines && first_depth + depth < k;
    const T* from = inside ? panel.at(first_line + line, first_depth + depth) : panel.data;
    copy_async<sizeof(T)>(&slab[depth][line], from, inside ? sizeof(T) : 0);
  }
}

template <class T>
__device__ Stage<T>* stages_in_shared_memory() {
  extern __shared__ uint4 raw[];
  return reinterpret_cast<Stage<T>*>(raw);
}

template <class T>
__global__ void __launch_bounds__(kThreads, Tuning<T>::blocks) pipelined_kernel(Problem<T> p) {
  constexpr int kDepth = Tuning<T>::depth, kStages = Tuning<T>::stages;
  Stage<T>* const stage = stages_in_shared_memory<T>();
  const Tile tile = tile_of_block_grouped<kLines, kLines>(p.m, p.n);
  const auto start = [&](int step) {
    if (step * kDepth < p.k) {
      start_slab(p.a, tile.row, step * kDepth, p.k, stage[step % kStages].a);
      start_slab(p.b, tile.col, step * kDepth, p.k, stage[step % kStages].b);
    }
    commit_async();  // an empty group where there is nothing left to copy, so that the count below stays right
  };

  T sum[kSums][kSums] = {};
  for (int step = 0; step < kStages - 1; ++step) start(step);
  for (int step = 0; step * kDepth < p.k; ++step) {
    wait_async<kStages - 2>();  // this thread's copies of the step have arrived; younger ones may still be under way
    __syncthreads();            // everybody's have, and the stage before is free
    // While the sums of this step are computed, the copies of three steps are under way: a step of 1024 multiplications a
    // thread hides what one barrier and one read from DRAM cost.
    start(step + kStages - 1);
    multiply_slabs<T, kDepth>(sum, stage[step % kStages].a, stage[step % kStages].b);
  }
  store_sums(p, tile, sum);
}

/// Elements of 16 bits are widened on their way, which no asynchronous copy does: they pass through registers, read a step
/// before they are stored, so that here too reads and multiplications overlap.
template <class T>
__global__ void __launch_bounds__(kThreads, Tuning<T>::blocks) prefetched_kernel(Problem<T> p) {
  constexpr int kDepth = Tuning<T>::depth, kStages = Tuning<T>::stages;
  Stage<T>* const stage = stages_in_shared_memory<T>();
  const Tile tile = tile_of_block_grouped<kLines, kLines>(p.m, p.n);
  Packs<T, kDepth> a, b;
  const auto fetch = [&](int step) {
    a.fetch(p.a, tile.row, step * kDepth, p.k);
    b.fetch(p.b, tile.col, step * kDepth, p.k);
  };
  const auto store = [&](int step) {
    a.store(p.a, stage[step % kStages].a);
    b.store(p.b, stage[step % kStages].b);
  };

  float sum[kSums][kSums] = {};
  fetch(0);
  store(0);
  for (int step = 0; step * kDepth < p.k; ++step) {
    __syncthreads();  // the step is there, and the other stage is free
    fetch(step + 1);
    multiply_slabs<float, kDepth>(sum, stage[step % kStages].a, stage[step % kStages].b);
    store(step + 1);
  }
  store_sums(p, tile, sum);
}

}  // namespace

template <class T>
int pipelined(const Problem<T>& p, unsigned batches, cudaStream_t stream) {
  constexpr size_t kBytes = Tuning<T>::stages * sizeof(Stage<T>);
  void (*kernel)(Problem<T>);
  if constexpr (sizeof(T) == 2)
    kernel = prefetched_kernel<T>;
  else
    kernel = pipelined_kernel<T>;
  // More than 48 KiB of shared memory are given to those who ask.
  const int status = cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, kBytes);
  if (status) return status;
  kernel<<<tiles(p, kLines, kLines, batches), kThreads, kBytes, stream>>>(p);
  return cudaGetLastError();
}

template int pipelined<float>(const Problem<float>&, unsigned, cudaStream_t);
template int pipelined<double>(const Problem<double>&, unsigned, cudaStream_t);
template int pipelined<Half>(const Problem<Half>&, unsigned, cudaStream_t);
template int pipelined<BFloat16>(const Problem<BFloat16>&, unsigned, cudaStream_t);

}  // namespace pmpp::matmul
