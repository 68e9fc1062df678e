// Matrix multiplication (chapters 3, 5, 6 and 15), from naive to best:
//
//   naive           a thread an element, neighbouring threads below each other: every access is a sector of its own
//   coalesced       neighbouring threads beside each other: a warp's accesses fill their sectors
//   tiled           32 x 32 tiles of both operands in shared memory: an element is read from outside once for 32 uses
//   coarsened       a block computes four tiles of a row, and loads a tile of a once for all of them
//   register_tiled  8 x 8 sums a thread in registers: 16 reads of shared memory for 64 multiplications, 128 x 128 tiles
//   vectorized      16 bytes an access, global and shared: a quarter of the instructions that load and store
//   pipelined       copies to shared memory that go on while the steps before them are computed
//   tensor_core     float16 and bfloat16: 2048 multiplications an instruction of a warp
//
// "auto" takes tensor_core for 16-bit elements and pipelined for others, below compute capability 8.0 vectorized for both. It
// takes tiled where 128 x 128 tiles would be empty for the most part, or too few to give all of a large GPU work.
#include <algorithm>

#include "cuda_src/matmul/matmul.h"
#include "cuda_src/matmul/problem.cuh"

namespace pmpp::matmul {
namespace {

struct Tuning {
  static constexpr size_t least_side = 65;                    // of the result, from which "auto" takes tiles of 128 x 128 ...
  static constexpr size_t least_tiles = 64;                   // ... if there are so many; tensor cores are worth it with fewer
  static constexpr size_t most_batches = 65535;               // in one launch: the z dimension of a grid
  static constexpr size_t longest = (size_t{1} << 31) - 128;  // indices within a tile stay ints
};

template <class T>
using Rung = int (*)(const Problem<T>&, unsigned, cudaStream_t);

struct Launch {
  Rung<float> f32;
  Rung<double> f64;
  Rung<Half> f16;
  Rung<BFloat16> bf16;
};

#define PMPP_RUNG(name) {name<float>, name<double>, name<Half>, name<BFloat16>}
const pmpp::Rung<Launch> ladder[] = {
    {{"naive", "a thread an element", 75}, PMPP_RUNG(naive)},
    {{"coalesced", "coalesced accesses", 75}, PMPP_RUNG(coalesced)},
    {{"tiled", "tiles in shared memory", 75}, PMPP_RUNG(tiled)},
    {{"coarsened", "thread coarsening", 75}, PMPP_RUNG(coarsened)},
    {{"register_tiled", "tiles in registers", 75}, PMPP_RUNG(register_tiled)},
    {{"vectorized", "vectorised accesses", 75}, PMPP_RUNG(vectorized)},
    {{"pipelined", "asynchronous copies in a pipeline", 80}, PMPP_RUNG(pipelined)},
    {{"tensor_core", "tensor cores", 80}, {nullptr, nullptr, tensor_core<Half>, tensor_core<BFloat16>}},
};

/// Whether 16-byte accesses fit: neighbours beside each other in memory, and all else a multiple of 16 bytes away.
template <class T>
bool vector_fits(const Panel<T>& panel) {
  constexpr std::ptrdiff_t kSize = 16 / sizeof(T);
  const std::ptrdiff_t near = panel.depth_stride == 1 ? panel.depth_stride : panel.line_stride;
  const std::ptrdiff_t far = panel.depth_stride == 1 ? panel.line_stride : panel.depth_stride;
  return near == 1 && far % kSize == 0 && panel.batch_stride % kSize == 0 &&
         reinterpret_cast<std::uintptr_t>(panel.data) % 16 == 0;
}

template <class T>
Panel<T> panel(const T* data, size_t lines, std::ptrdiff_t line_stride, size_t depth, std::ptrdiff_t depth_stride) {
  // A step along a dimension of one element is never made: it must not spoil the alignment.
  return {data, lines > 1 ? line_stride : 0, depth > 1 ? depth_stride : 0, 0, int(lines), false};
}

/// The batch dimensions, those merged that a single stride walks through.
struct Batches {
  int ndim = 0;
  size_t count[PMPP_MATMUL_BATCH_DIMS];
  std::ptrdiff_t a[PMPP_MATMUL_BATCH_DIMS], b[PMPP_MATMUL_BATCH_DIMS];

  explicit Batches(const pmpp_matmul_problem& in) {
    for (int i = 0; i < in.batch_ndim; ++i) {
      if (in.batch[i] == 1) continue;
      const auto size = std::ptrdiff_t(in.batch[i]);
      const int outer = ndim - 1;
      if (outer >= 0 && a[outer] == in.a_batch[i] * size && b[outer] == in.b_batch[i] * size) {
        count[outer] *= in.batch[i];
        a[outer] = in.a_batch[i], b[outer] = in.b_batch[i];
      } else {
        count[ndim] = in.batch[i];
        a[ndim] = in.a_batch[i], b[ndim] = in.b_batch[i];
        ++ndim;
      }
    }
  }
};

/// Launches over the dimensions from `dim` on: the last goes into the grid, the others are loops.
template <class T>
int launch_batches(Rung<T> rung, Problem<T> p, const Batches& batches, int dim, cudaStream_t stream) {
  if (dim + 1 < batches.ndim) {
    size_t inner = 1;
    for (int i = dim + 1; i < batches.ndim; ++i) inner *= batches.count[i];
    for (size_t i = 0; i < batches.count[dim]; ++i) {
      if (const int status = launch_batches(rung, p, batches, dim + 1, stream)) return status;
      p.a.data += batches.a[dim];
      p.b.data += batches.b[dim];
      p.out += inner * p.m * p.n;
    }
    return cudaSuccess;
  }
  size_t left = batches.ndim ? batches.count[dim] : 1;
  if (batches.ndim) p.a.batch_stride = batches.a[dim], p.b.batch_stride = batches.b[dim];
  while (left) {
    const auto now = unsigned(std::min(left, Tuning::most_batches));
    p.a.vector = vector_fits(p.a);
    p.b.vector = vector_fits(p.b);
    p.vector_out = p.n % (16 / sizeof(T)) == 0 && reinterpret_cast<std::uintptr_t>(p.out) % 16 == 0;
    if (const int status = rung(p, now, stream)) return status;
    left -= now;
    p.a.data += std::ptrdiff_t(now) * p.a.batch_stride;
    p.b.data += std::ptrdiff_t(now) * p.b.batch_stride;
    p.out += size_t(now) * p.m * p.n;
  }
  return cudaSuccess;
}

template <class T>
int run(Rung<T> rung, const pmpp_matmul_problem& in, cudaStream_t stream) {
  if (!rung) return PMPP_UNSUPPORTED_DTYPE;
  const Problem<T> p{panel(static_cast<const T*>(in.a), in.m, in.a_row, in.k, in.a_col),
                     panel(static_cast<const T*>(in.b), in.n, in.b_col, in.k, in.b_row),
                     static_cast<T*>(in.out),
                     int(in.m),
                     int(in.n),
                     int(in.k),
                     false};
  return launch_batches(rung, p, Batches(in), 0, stream);
}

/// What "auto" means for this problem on this device.
int chosen(const pmpp_matmul_problem& in, const char** variant) {
  if (std::strcmp(*variant, "auto") != 0) return cudaSuccess;
  int device = 0, major = 0;
  int status = cudaGetDevice(&device);
  if (!status) status = cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, device);
  if (status) return status;
  size_t tiles = ceil_div(in.m, 128) * ceil_div(in.n, 128);
  for (int i = 0; i < in.batch_ndim; ++i) tiles *= in.batch[i];
  const bool halves = in.dtype == PMPP_FLOAT16 || in.dtype == PMPP_BFLOAT16, tensor_cores = halves && major >= 8;
  const bool large = std::min(in.m, in.n) >= Tuning::least_side && (tensor_cores || tiles >= Tuning::least_tiles);
  *variant = !large ? "tiled" : tensor_cores ? "tensor_core" : major >= 8 ? "pipelined" : "vectorized";
  return cudaSuccess;
}

}  // namespace
}  // namespace pmpp::matmul

PMPP_API int pmpp_matmul(const pmpp_matmul_problem* problem, const char* variant, cudaStream_t stream) {
  using namespace pmpp::matmul;
  const pmpp_matmul_problem& in = *problem;
  if (const int status = chosen(in, &variant)) return status;
  const auto* rung = pmpp::find(ladder, variant);
  if (!rung) return PMPP_UNKNOWN_VARIANT;
  if (std::max({in.m, in.n, in.k}) >= Tuning::longest) return cudaErrorInvalidValue;
  bool empty = in.m == 0 || in.n == 0;
  for (int i = 0; i < in.batch_ndim; ++i) empty |= in.batch[i] == 0;
  if (empty) return cudaSuccess;
  switch (in.dtype) {
    case PMPP_FLOAT32:
      return run(rung->launch.f32, in, stream);
    case PMPP_FLOAT64:
      return run(rung->launch.f64, in, stream);
    case PMPP_FLOAT16:
      return run(rung->launch.f16, in, stream);
    case PMPP_BFLOAT16:
      return run(rung->launch.bf16, in, stream);
    default:
      return PMPP_UNSUPPORTED_DTYPE;
  }
}

PMPP_API const pmpp_variant* pmpp_matmul_variant(int i) { return pmpp::variant(pmpp::matmul::ladder, i); }
