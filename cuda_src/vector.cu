// Vector addition (chapter 2), from naive to best:
//
//   thread_per_element  every thread adds one pair: as many threads as elements
//   grid_stride         a grid of any size walks over the elements: threads are reused, any n fits
//   vectorized          16-byte accesses, several in flight a thread: enough bytes under way to keep DRAM busy. Arrays that
//                       do not begin on one boundary get as many bytes under way one element at a time
//
// All move 12 bytes for a float32 and do one addition: only memory can be the limit. A GPU hides the latency of DRAM by
// having many requests under way; what differs between the rungs is how many bytes those are.
#include <cstdint>

#include "cuda_src/common/half.cuh"
#include "cuda_src/common/ladder.cuh"
#include "cuda_src/vector.h"

namespace pmpp {
namespace {

struct Tuning {
  static constexpr unsigned threads = 256;
  static constexpr unsigned grid_stride_blocks = 132 * 8;  // fills the largest GPU that is tuned for
  static constexpr unsigned bytes_per_access = 16;         // the widest load there is
  static constexpr unsigned accesses = 2;                  // a thread's loads of each input before it needs the first
  static constexpr unsigned single_accesses = 8;           // the same of single elements
};

/// Integers wrap around, whatever their sign; two floats of 16 bits are added exactly and rounded once.
template <class T>
__device__ T sum(T a, T b) {
  return T(a + b);
}
template <>
__device__ Half sum(Half a, Half b) {
  return half_of(widen(a) + widen(b));
}
template <>
__device__ BFloat16 sum(BFloat16 a, BFloat16 b) {
  return bfloat16_of(widen(a) + widen(b));
}

template <class T>
__global__ void thread_per_element_kernel(const T* a, const T* b, T* out, size_t n) {
  const size_t i = size_t(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i < n) out[i] = sum(a[i], b[i]);
}

template <class T>
__global__ void grid_stride_kernel(const T* a, const T* b, T* out, size_t n) {
  const size_t stride = size_t(gridDim.x) * blockDim.x;
  for (size_t i = size_t(blockIdx.x) * blockDim.x + threadIdx.x; i < n; i += stride) out[i] = sum(a[i], b[i]);
}

/// Elements that are moved in one access.
template <class T, unsigned kSize>
struct alignas(kSize * sizeof(T)) Pack {
  T value[kSize];
};

/// Adds `packs` packs that start on a multiple of their size in all three arrays. `head` elements before them and `tail`
/// elements after them are added one by one, by the first threads of the first and of the last block.
template <class T, unsigned kSize, unsigned kAccesses>
__global__ void __launch_bounds__(Tuning::threads)
    vectorized_kernel(const T* a, const T* b, T* out, size_t packs, unsigned head, unsigned tail) {
  const auto* a_packs = reinterpret_cast<const Pack<T, kSize>*>(a + head);
  const auto* b_packs = reinterpret_cast<const Pack<T, kSize>*>(b + head);
  auto* out_packs = reinterpret_cast<Pack<T, kSize>*>(out + head);
  const size_t first = size_t(blockIdx.x) * (Tuning::threads * kAccesses) + threadIdx.x;

  // All loads come before the first addition: each is under way while the next is issued.
  Pack<T, kSize> x[kAccesses], y[kAccesses];
#pragma unroll
  for (unsigned k = 0; k < kAccesses; ++k) {
    const size_t i = first + k * Tuning::threads;
    if (i < packs) {
      x[k] = a_packs[i];
      y[k] = b_packs[i];
    }
  }
#pragma unroll
  for (unsigned k = 0; k < kAccesses; ++k) {
    const size_t i = first + k * Tuning::threads;
    if (i < packs) {
#pragma unroll
      for (unsigned e = 0; e < kSize; ++e) x[k].value[e] = sum(x[k].value[e], y[k].value[e]);
      out_packs[i] = x[k];
    }
  }

  if (blockIdx.x == 0 && threadIdx.x < head) out[threadIdx.x] = sum(a[threadIdx.x], b[threadIdx.x]);
  if (blockIdx.x == gridDim.x - 1 && threadIdx.x < tail) {
    const size_t i = head + packs * kSize + threadIdx.x;
    out[i] = sum(a[i], b[i]);
  }
}

template <class T>
void thread_per_element(const T* a, const T* b, T* out, size_t n, cudaStream_t stream) {
  thread_per_element_kernel<<<grid_size(n, Tuning::threads), Tuning::threads, 0, stream>>>(a, b, out, n);
}

template <class T>
void grid_stride(const T* a, const T* b, T* out, size_t n, cudaStream_t stream) {
  const unsigned blocks = grid_size(n, Tuning::threads, Tuning::grid_stride_blocks);
  grid_stride_kernel<<<blocks, Tuning::threads, 0, stream>>>(a, b, out, n);
}

template <class T>
void vectorized(const T* a, const T* b, T* out, size_t n, cudaStream_t stream) {
  constexpr unsigned kSize = Tuning::bytes_per_access / sizeof(T);
  const auto misalignment = [](const T* p) { return reinterpret_cast<std::uintptr_t>(p) % Tuning::bytes_per_access; };
  const size_t off = misalignment(out);
  if (misalignment(a) != off || misalignment(b) != off || off % sizeof(T) != 0) {
    // There is no element at which a 16-byte access fits all three.
    const size_t blocks = ceil_div(n, Tuning::threads * Tuning::single_accesses);
    vectorized_kernel<T, 1, Tuning::single_accesses><<<unsigned(blocks), Tuning::threads, 0, stream>>>(a, b, out, n, 0, 0);
    return;
  }
  size_t head = off ? (Tuning::bytes_per_access - off) / sizeof(T) : 0;
  if (head > n) head = n;
  const size_t packs = (n - head) / kSize;
  const size_t tail = n - head - packs * kSize;
  const size_t blocks = packs ? ceil_div(packs, Tuning::threads * Tuning::accesses) : 1;
  vectorized_kernel<T, kSize, Tuning::accesses>
      <<<unsigned(blocks), Tuning::threads, 0, stream>>>(a, b, out, packs, unsigned(head), unsigned(tail));
}

/// The largest n whose grid of one thread an element (or pack) is still allowed.
constexpr size_t kMostElements = size_t(0x7fffffff) * Tuning::threads;

template <class T>
using Launcher = void (*)(const T*, const T*, T*, size_t, cudaStream_t);

struct Launch {
  Launcher<std::uint8_t> i8;
  Launcher<std::uint16_t> i16;
  Launcher<std::uint32_t> i32;
  Launcher<std::uint64_t> i64;
  Launcher<Half> f16;
  Launcher<BFloat16> bf16;
  Launcher<float> f32;
  Launcher<double> f64;
};

#define PMPP_RUNG(name)                                                               \
  {name<std::uint8_t>, name<std::uint16_t>, name<std::uint32_t>, name<std::uint64_t>, \
   name<Half>,         name<BFloat16>,      name<float>,         name<double>}
const Rung<Launch> ladder[] = {
    {{"thread_per_element", "vector addition, one thread an element", 75}, PMPP_RUNG(thread_per_element)},
    {{"grid_stride", "thread reuse with a grid-stride loop", 75}, PMPP_RUNG(grid_stride)},
    {{"vectorized", "vectorised accesses", 75}, PMPP_RUNG(vectorized)},
};

template <class T>
int run(Launcher<T> launch, const void* a, const void* b, void* out, size_t n, cudaStream_t stream) {
  launch(static_cast<const T*>(a), static_cast<const T*>(b), static_cast<T*>(out), n, stream);
  return cudaGetLastError();
}

}  // namespace
}  // namespace pmpp

PMPP_API int pmpp_vector_add(const void* a, const void* b, void* out, size_t n, int dtype, const char* variant,
                             cudaStream_t stream) {
  const auto* rung = pmpp::find(pmpp::ladder, variant);
  if (!rung) return PMPP_UNKNOWN_VARIANT;
  if (n > pmpp::kMostElements) return cudaErrorInvalidValue;
  if (n == 0) return cudaSuccess;
  const auto& launch = rung->launch;
  switch (dtype) {
    case PMPP_INT8:
    case PMPP_UINT8:
      return pmpp::run(launch.i8, a, b, out, n, stream);
    case PMPP_INT16:
    case PMPP_UINT16:
      return pmpp::run(launch.i16, a, b, out, n, stream);
    case PMPP_INT32:
    case PMPP_UINT32:
      return pmpp::run(launch.i32, a, b, out, n, stream);
    case PMPP_INT64:
    case PMPP_UINT64:
      return pmpp::run(launch.i64, a, b, out, n, stream);
    case PMPP_FLOAT16:
      return pmpp::run(launch.f16, a, b, out, n, stream);
    case PMPP_BFLOAT16:
      return pmpp::run(launch.bf16, a, b, out, n, stream);
    case PMPP_FLOAT32:
      return pmpp::run(launch.f32, a, b, out, n, stream);
    case PMPP_FLOAT64:
      return pmpp::run(launch.f64, a, b, out, n, stream);
    default:
      return PMPP_UNSUPPORTED_DTYPE;
  }
}

PMPP_API const pmpp_variant* pmpp_vector_add_variant(int i) { return pmpp::variant(pmpp::ladder, i); }
