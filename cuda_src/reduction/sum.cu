// Sums along contiguous rows: the last rung of reduction, compiled for each element type.
#include "cuda_src/reduction/one_pass.cuh"

namespace pmpp::reduction {

int reduce_rows_of(const Lines<std::uint64_t>& l, const Integers& a, cudaStream_t stream) {
  switch (a.element_type.dtype) {
    case PMPP_BOOL:
    case PMPP_UINT8:
      return launch_rows<GatherIntegers<std::uint8_t>>(l, a, stream);
    case PMPP_INT8:
      return launch_rows<GatherIntegers<std::int8_t>>(l, a, stream);
    case PMPP_UINT16:
      return launch_rows<GatherIntegers<std::uint16_t>>(l, a, stream);
    case PMPP_INT16:
      return launch_rows<GatherIntegers<std::int16_t>>(l, a, stream);
    case PMPP_UINT32:
      return launch_rows<GatherIntegers<std::uint32_t>>(l, a, stream);
    case PMPP_INT32:
      return launch_rows<GatherIntegers<std::int32_t>>(l, a, stream);
    default:
      return launch_rows<GatherIntegers<std::uint64_t>>(l, a, stream);  // sums of both kinds have the same bits
  }
}

int reduce_rows_of(const Lines<double>& l, const Reals& a, cudaStream_t stream) {
  switch (a.element_type.dtype) {
    case PMPP_FLOAT16:
      return launch_rows<GatherReals<Half>>(l, a, stream);
    case PMPP_FLOAT32:
      return launch_rows<GatherReals<float>>(l, a, stream);
    case PMPP_FLOAT64:
      return launch_rows<GatherReals<double>>(l, a, stream);
    // The mean of integers. What a thread adds up of narrow ones fits in 64 bits; wide ones are float64 from the start.
    case PMPP_BOOL:
    case PMPP_UINT8:
      return launch_rows<GatherIntegers<std::uint8_t, Reals>>(l, a, stream);
    case PMPP_INT8:
      return launch_rows<GatherIntegers<std::int8_t, Reals>>(l, a, stream);
    case PMPP_UINT16:
      return launch_rows<GatherIntegers<std::uint16_t, Reals>>(l, a, stream);
    case PMPP_INT16:
      return launch_rows<GatherIntegers<std::int16_t, Reals>>(l, a, stream);
    case PMPP_UINT32:
      return launch_rows<GatherIntegers<std::uint32_t, Reals>>(l, a, stream);
    case PMPP_INT32:
      return launch_rows<GatherIntegers<std::int32_t, Reals>>(l, a, stream);
    case PMPP_INT64:
      return launch_rows<GatherReals<std::int64_t>>(l, a, stream);
    default:
      return launch_rows<GatherReals<std::uint64_t>>(l, a, stream);
  }
}

}  // namespace pmpp::reduction
