// Vector addition (chapter 2), from naive to best:
//
//   thread_per_element  every thread adds one pair: as many threads as elements
//   grid_stride         a grid of any size walks over the elements: threads are reused, any n fits
//   vectorized          16-byte accesses, several in flight a thread: enough bytes under way to keep DRAM busy
//
// All move 12 bytes for a float32 and do one addition: only memory can be the limit. A GPU hides the latency of DRAM by
// having many requests under way; what differs between the rungs is how many bytes those are.
#include "cuda_src/vector.h"

#include <cstdint>

#include "cuda_src/common/ladder.cuh"

namespace pmpp {
namespace {

struct Tuning {
  static constexpr unsigned threads = 256;
  static constexpr unsigned grid_stride_blocks = 132 * 8;  // fills the largest GPU that is tuned for
  static constexpr unsigned bytes_per_access = 16;         // the widest load there is
  static constexpr unsigned accesses = 2;                  // a thread's loads of each input before it needs the first
};

template <class T>
__global__ void thread_per_element_kernel(const T* a, const T* b, T* out, size_t n) {
  const size_t i = size_t(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i < n) out[i] = a[i] + b[i];
}

template <class T>
__global__ void grid_stride_kernel(const T* a, const T* b, T* out, size_t n) {
  const size_t stride = size_t(gridDim.x) * blockDim.x;
  for (size_t i = size_t(blockIdx.x) * blockDim.x + threadIdx.x; i < n; i += stride) out[i] = a[i] + b[i];
}

template <class T>
struct alignas(Tuning::bytes_per_access) Pack {
  static constexpr unsigned size = Tuning::bytes_per_access / sizeof(T);
  T value[size];
};

/// Adds `packs` packs that start on a 16-byte boundary in all three arrays. `head` elements before them and `tail`
/// elements after them are added one by one, by the first threads of the first and of the last block.
template <class T>
__global__ void __launch_bounds__(Tuning::threads) vectorized_kernel(const T* a, const T* b, T* out, size_t packs,
                                                                     unsigned head, unsigned tail) {
  const auto* a_packs = reinterpret_cast<const Pack<T>*>(a + head);
  const auto* b_packs = reinterpret_cast<const Pack<T>*>(b + head);
  auto* out_packs = reinterpret_cast<Pack<T>*>(out + head);
  const size_t first = size_t(blockIdx.x) * (Tuning::threads * Tuning::accesses) + threadIdx.x;

  // All loads come before the first addition: each is under way while the next is issued.
  Pack<T> x[Tuning::accesses], y[Tuning::accesses];
#pragma unroll
  for (unsigned k = 0; k < Tuning::accesses; ++k) {
    const size_t i = first + k * Tuning::threads;
    if (i < packs) {
      x[k] = a_packs[i];
      y[k] = b_packs[i];
    }
  }
#pragma unroll
  for (unsigned k = 0; k < Tuning::accesses; ++k) {
    const size_t i = first + k * Tuning::threads;
    if (i < packs) {
#pragma unroll
      for (unsigned e = 0; e < Pack<T>::size; ++e) x[k].value[e] += y[k].value[e];
      out_packs[i] = x[k];
    }
  }

  if (blockIdx.x == 0 && threadIdx.x < head) out[threadIdx.x] = a[threadIdx.x] + b[threadIdx.x];
  if (blockIdx.x == gridDim.x - 1 && threadIdx.x < tail) {
    const size_t i = head + packs * Pack<T>::size + threadIdx.x;
    out[i] = a[i] + b[i];
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
  const auto misalignment = [](const T* p) { return reinterpret_cast<std::uintptr_t>(p) % Tuning::bytes_per_access; };
  const size_t off = misalignment(out);
  if (misalignment(a) != off || misalignment(b) != off || off % sizeof(T) != 0) {
    grid_stride(a, b, out, n, stream);  // no element at which a 16-byte access fits all three
    return;
  }
  size_t head = off ? (Tuning::bytes_per_access - off) / sizeof(T) : 0;
  if (head > n) head = n;
  const size_t packs = (n - head) / Pack<T>::size;
  const size_t tail = n - head - packs * Pack<T>::size;
  const size_t blocks = packs ? ceil_div(packs, Tuning::threads * Tuning::accesses) : 1;
  vectorized_kernel<<<unsigned(blocks), Tuning::threads, 0, stream>>>(a, b, out, packs, unsigned(head), unsigned(tail));
}

/// The largest n whose grid of one thread an element (or pack) is still allowed.
constexpr size_t kMostElements = size_t(0x7fffffff) * Tuning::threads;

struct Launch {
  void (*f32)(const float*, const float*, float*, size_t, cudaStream_t);
  void (*f64)(const double*, const double*, double*, size_t, cudaStream_t);
};

const Rung<Launch> ladder[] = {
    {{"thread_per_element", "vector addition, one thread an element", 75}, {thread_per_element<float>, thread_per_element<double>}},
    {{"grid_stride", "thread reuse with a grid-stride loop", 75}, {grid_stride<float>, grid_stride<double>}},
    {{"vectorized", "vectorised accesses", 75}, {vectorized<float>, vectorized<double>}},
};

}  // namespace
}  // namespace pmpp

PMPP_API int pmpp_vector_add(const void* a, const void* b, void* out, size_t n, int dtype, const char* variant,
                             cudaStream_t stream) {
  const auto* rung = pmpp::find(pmpp::ladder, variant);
  if (!rung) return PMPP_UNKNOWN_VARIANT;
  if (dtype != PMPP_FLOAT32 && dtype != PMPP_FLOAT64) return PMPP_UNSUPPORTED_DTYPE;
  if (n > pmpp::kMostElements) return cudaErrorInvalidValue;
  if (n == 0) return cudaSuccess;
  if (dtype == PMPP_FLOAT32)
    rung->launch.f32(static_cast<const float*>(a), static_cast<const float*>(b), static_cast<float*>(out), n, stream);
  else
    rung->launch.f64(static_cast<const double*>(a), static_cast<const double*>(b), static_cast<double*>(out), n, stream);
  return cudaGetLastError();
}

PMPP_API const pmpp_variant* pmpp_vector_add_variant(int i) { return pmpp::variant(pmpp::ladder, i); }
