// A copy of an array that does not lie in C order: transposed, sliced, reversed or broadcast.
#include "cuda_src/common/strided.h"

#include <cstdint>

#include "cuda_src/common/ladder.cuh"

namespace pmpp {
namespace {

constexpr unsigned kThreads = 256, kMostBlocks = 132 * 32;

struct Layout {
  int ndim = 0;
  size_t shape[PMPP_MAX_DIMENSIONS + 1];  // the last one may be the parts of an element
  ptrdiff_t stride[PMPP_MAX_DIMENSIONS + 1];

  /// Adds an inner dimension, joined with the one outside where both are one run: the kernel divides once for each.
  void add(size_t n, ptrdiff_t step) {
    if (n == 1) return;
    if (ndim > 0 && stride[ndim - 1] == ptrdiff_t(n) * step) {
      shape[ndim - 1] *= n;
      stride[ndim - 1] = step;
    } else {
      shape[ndim] = n;
      stride[ndim++] = step;
    }
  }
};

template <class T>
__global__ void copy_kernel(const char* from, T* to, size_t n, Layout layout) {
  const size_t stride = size_t{gridDim.x} * kThreads;
  for (size_t i = size_t{blockIdx.x} * kThreads + threadIdx.x; i < n; i += stride) {
    size_t rest = i;
    ptrdiff_t offset = 0;
    for (int d = layout.ndim - 1; d >= 0; --d) {
      const size_t next = rest / layout.shape[d];
      offset += ptrdiff_t(rest - next * layout.shape[d]) * layout.stride[d];
      rest = next;
    }
    to[i] = *reinterpret_cast<const T*>(from + offset);
  }
}

template <class T>
int copy(const void* from, void* to, size_t n, const Layout& layout, cudaStream_t stream) {
  copy_kernel<<<grid_size(n, kThreads, kMostBlocks), kThreads, 0, stream>>>(static_cast<const char*>(from), static_cast<T*>(to), n, layout);
  return cudaGetLastError();
}

}  // namespace
}  // namespace pmpp

PMPP_API int pmpp_copy_strided(const void* from, void* to, int ndim, const ptrdiff_t* shape, const ptrdiff_t* strides,
                               size_t itemsize, cudaStream_t stream) {
  using namespace pmpp;
  if (ndim > PMPP_MAX_DIMENSIONS) return PMPP_UNSUITABLE;
  Layout layout;
  size_t n = itemsize, together = reinterpret_cast<std::uintptr_t>(from) | itemsize;  // its lowest bit: the widest access
  for (int d = 0; d < ndim; ++d) {
    layout.add(size_t(shape[d]), strides[d]);
    n *= size_t(shape[d]);
    if (shape[d] > 1) together |= size_t(strides[d]);
  }
  if (n == 0) return cudaSuccess;
  size_t width = together & (~together + 1);
  if (width > 16) width = 16;
  layout.add(itemsize / width, ptrdiff_t(width));
  switch (width) {
    case 1: return copy<std::uint8_t>(from, to, n, layout, stream);
    case 2: return copy<std::uint16_t>(from, to, n / 2, layout, stream);
    case 4: return copy<std::uint32_t>(from, to, n / 4, layout, stream);
    case 8: return copy<std::uint64_t>(from, to, n / 8, layout, stream);
    default: return copy<uint4>(from, to, n / 16, layout, stream);
  }
}
