// Conversion between element types, for functions whose result may have another one than their input.
#include "cuda_src/common/convert.h"

#include <cstdint>

#include "cuda_src/common/element.cuh"
#include "cuda_src/common/ladder.cuh"

namespace pmpp {
namespace {

/// All threads take the same way through the two switches: one kernel serves all pairs of types. What a narrow integer does
/// not hold wraps around.
template <class Value>
__device__ void store(void* to, int dtype, size_t i, Value value) {
  const auto wrapped = [&] { return static_cast<std::uint64_t>(static_cast<std::int64_t>(value)); };
  switch (dtype) {
    case PMPP_BOOL: static_cast<std::uint8_t*>(to)[i] = value != 0; break;
    case PMPP_INT8: case PMPP_UINT8: static_cast<std::uint8_t*>(to)[i] = static_cast<std::uint8_t>(wrapped()); break;
    case PMPP_INT16: case PMPP_UINT16: static_cast<std::uint16_t*>(to)[i] = static_cast<std::uint16_t>(wrapped()); break;
    case PMPP_FLOAT16: static_cast<std::uint16_t*>(to)[i] = to_half(static_cast<double>(value)); break;
    case PMPP_INT32: static_cast<std::int32_t*>(to)[i] = static_cast<std::int32_t>(value); break;
    case PMPP_UINT32: static_cast<std::uint32_t*>(to)[i] = static_cast<std::uint32_t>(value); break;
    case PMPP_INT64: static_cast<std::int64_t*>(to)[i] = static_cast<std::int64_t>(value); break;
    case PMPP_UINT64: static_cast<std::uint64_t*>(to)[i] = static_cast<std::uint64_t>(value); break;
    case PMPP_FLOAT32: static_cast<float*>(to)[i] = static_cast<float>(value); break;
    default: static_cast<double*>(to)[i] = static_cast<double>(value); break;
  }
}

__global__ void convert_kernel(const void* from, int from_dtype, void* to, int to_dtype, size_t n) {
  const size_t i = size_t{blockIdx.x} * blockDim.x + threadIdx.x;
  if (i >= n) return;
  switch (from_dtype) {
    case PMPP_INT32: return store(to, to_dtype, i, static_cast<const std::int32_t*>(from)[i]);
    case PMPP_UINT32: return store(to, to_dtype, i, static_cast<const std::uint32_t*>(from)[i]);
    case PMPP_INT64: return store(to, to_dtype, i, static_cast<const std::int64_t*>(from)[i]);
    case PMPP_UINT64: return store(to, to_dtype, i, static_cast<const std::uint64_t*>(from)[i]);
    case PMPP_FLOAT32: return store(to, to_dtype, i, static_cast<const float*>(from)[i]);
    default: return store(to, to_dtype, i, static_cast<const double*>(from)[i]);
  }
}

bool converts_from(int dtype) {
  return dtype == PMPP_INT32 || dtype == PMPP_UINT32 || dtype == PMPP_INT64 || dtype == PMPP_UINT64 ||
         dtype == PMPP_FLOAT32 || dtype == PMPP_FLOAT64;
}

}  // namespace
}  // namespace pmpp

PMPP_API int pmpp_convert(const void* from, int from_dtype, void* to, int to_dtype, size_t n, cudaStream_t stream) {
  constexpr unsigned kThreads = 256;
  if (!pmpp::converts_from(from_dtype) || pmpp::element_of(to_dtype).bytes == 0) return PMPP_UNSUPPORTED_DTYPE;
  if (n > size_t{0x7fffffff} * kThreads) return cudaErrorInvalidValue;
  if (n == 0) return cudaSuccess;
  pmpp::convert_kernel<<<pmpp::grid_size(n, kThreads), kThreads, 0, stream>>>(from, from_dtype, to, to_dtype, n);
  return cudaGetLastError();
}
