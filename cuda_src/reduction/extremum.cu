// Extreme values of contiguous rows, and where they are: the last rung of reduction, compiled for each width.
#include "cuda_src/reduction/one_pass.cuh"

namespace pmpp::reduction {

int reduce_rows_of(const Lines<std::uint64_t>& l, const Largest& a, cudaStream_t stream) {
  switch (a.element_type.bytes) {
    case 1:
      return launch_rows<GatherLargest<std::uint8_t>>(l, a, stream);
    case 2:
      return launch_rows<GatherLargest<std::uint16_t>>(l, a, stream);
    case 4:
      return launch_rows<GatherLargest<std::uint32_t>>(l, a, stream);
    default:
      return launch_rows<GatherLargest<std::uint64_t>>(l, a, stream);
  }
}

int reduce_rows_of(const Lines<First::State>& l, const First& a, cudaStream_t stream) {
  switch (a.element_type.bytes) {
    case 1:
      return launch_rows<GatherFirst<std::uint8_t>>(l, a, stream);
    case 2:
      return launch_rows<GatherFirst<std::uint16_t>>(l, a, stream);
    case 4:
      return launch_rows<GatherFirst<std::uint32_t>>(l, a, stream);
    default:
      return launch_rows<GatherFirst<std::uint64_t>>(l, a, stream);
  }
}

}  // namespace pmpp::reduction
