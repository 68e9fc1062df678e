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

/// A thread's copies of an operand's slabs, which go from global to shared memory without a detour through registers. What lies
/// outside becomes zero. Where they begin and end is worked out once: from step to step only the pointer moves on. Address
/// arithmetic would take issue slots from the multiplications in every step, and registers from their sums.
///
/// kWide: 16 bytes a copy, neighbours across lines. Else an element a copy: neighbours along the sum have to part, as a slab
/// has them in different rows, and elsewhere 16 bytes do not fit.
template <class T, bool kWide>
class Copier {
  static constexpr int kDepth = Tuning<T>::depth, kSize = kWide ? Pack<T>::size : 1;
  // What all threads copy at once: full rows of a slab, or as many elements of each line as a sector has.
  static constexpr int kDeep = kWide ? kThreads * kSize / kLines : 32 / sizeof(T), kAcross = kThreads * kSize / kDeep;

  const T* from_;                                 // the thread's first element of the next slab
  std::ptrdiff_t line_step_, depth_step_, step_;  // from one copy to the next, and to the next slab
  int line_, depth_;                              // its place in a slab
  int lines_;                                     // how many there are from its line on

 public:
  __device__ Copier(const Panel<T>& panel, int first_line) {
    const int t = threadIdx.x, lanes = kAcross / kSize;
    // Neighbouring threads read neighbours: along the sum the elements of a sector, and then the next line's.
    const bool along_depth = !kWide && panel.depth_stride == 1;
    line_ = (along_depth ? t / kDeep : t % lanes) * kSize;
    depth_ = along_depth ? t % kDeep : t / lanes;
    lines_ = panel.lines - first_line - line_;
    if (kWide) lines_ = min(lines_, kSize);  // the same ones in every copy
    from_ = panel.at(first_line + line_, depth_);
    line_step_ = kAcross * panel.line_stride;
    depth_step_ = kDeep * panel.depth_stride;
    step_ = kDepth * panel.depth_stride;
  }

  /// Starts the copies of the next slab, before which `left` terms of the sum are left.
  __device__ __forceinline__ void start(Slab<T, kDepth>& slab, int left) {
#pragma unroll
    for (int depth = 0; depth < kDepth; depth += kDeep)
#pragma unroll
      for (int line = 0; line < kLines; line += kAcross) {
        const T* const from = from_ + depth / kDeep * depth_step_ + line / kAcross * line_step_;
        const bool inside = line < lines_ && depth_ + depth < left;
        copy_async<kSize * sizeof(T)>(&slab[depth_ + depth][line_ + line], from, inside ? (kWide ? lines_ : 1) * sizeof(T) : 0);
      }
    from_ += step_;
  }
};

template <class T>
__device__ Stage<T>* stages_in_shared_memory() {
  extern __shared__ uint4 raw[];
  return reinterpret_cast<Stage<T>*>(raw);
}

/// kWideA, kWideB: how the operands are copied. Kernels of their own, as a branch in the loop would part the copies from the
/// multiplications that are to be done between them.
template <class T, bool kWideA, bool kWideB>
__global__ void __launch_bounds__(kThreads, Tuning<T>::blocks) pipelined_kernel(Problem<T> p) {
  constexpr int kDepth = Tuning<T>::depth, kStages = Tuning<T>::stages;
  Stage<T>* const stage = stages_in_shared_memory<T>();
  const Tile tile = tile_of_block_grouped<kLines, kLines>(p.m, p.n);
  Copier<T, kWideA> a(p.a, tile.row);
  Copier<T, kWideB> b(p.b, tile.col);
  const auto start = [&](int step) {
    if (step * kDepth < p.k) {
      a.start(stage[step % kStages].a, p.k - step * kDepth);
      b.start(stage[step % kStages].b, p.k - step * kDepth);
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
  if constexpr (sizeof(T) == 2) {
    kernel = prefetched_kernel<T>;
  } else {
    const bool a = p.a.vector && p.a.depth_stride != 1, b = p.b.vector && p.b.depth_stride != 1;
    kernel = a ? (b ? pipelined_kernel<T, true, true> : pipelined_kernel<T, true, false>)
               : (b ? pipelined_kernel<T, false, true> : pipelined_kernel<T, false, false>);
  }
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
