// Which bin an element belongs to.
#pragma once

#include "cuda_src/common/element.cuh"
#include "cuda_src/histogram/histogram.h"

namespace pmpp::histogram {

constexpr std::size_t kNoBin = ~std::size_t{0};

__device__ __forceinline__ std::uint64_t code_of_real(double x) {
  const std::uint64_t bits = static_cast<std::uint64_t>(__double_as_longlong(x == 0 ? 0.0 : x));
  return bits >> 63 ? ~bits : bits | std::uint64_t{1} << 63;
}

/// Rounds to a narrower float type. A result of float64 arithmetic on such numbers rounds to what their own gives.
__device__ __forceinline__ double rounded_to(int dtype, double x) {
  if (dtype == PMPP_FLOAT32) return static_cast<float>(x);
  return dtype == PMPP_FLOAT16 ? from_half(to_half(x)) : x;
}

struct Bins {
  Element element;
  int rule, edges_code, range_code, difference_dtype, quotient_dtype;
  std::size_t count;
  const unsigned long long* edges;
  std::uint64_t low, high;
  double first, width;
  double scale;  ///< bins / width; zero if nothing but NumPy's own arithmetic gives NumPy's bins
  float near_first, near_scale, margin;  ///< how many bins the position in float32 may be off; 1 if that says nothing

  __device__ std::uint64_t code(int kind, std::uint64_t bits) const {
    if (kind == PMPP_CODE_REAL) return code_of_real(element.real(bits));
    return element.integer(bits) ^ (kind == PMPP_CODE_SIGNED ? std::uint64_t{1} << 63 : 0);
  }

  __device__ std::size_t of(std::uint64_t bits) const {
    const int way = again(rule);
    if (way == PMPP_BINS_DIRECT) {
      const std::uint64_t bin = element.integer(bits);  // a negative one is very large
      return bin < count ? bin : kNoBin;
    }
    if (way == PMPP_BINS_UNIFORM) return uniform(bits);
    const std::uint64_t mine = code(edges_code, bits);
    if (mine < edges[0] || mine > edges[count]) return kNoBin;  // as is every NaN, whose codes lie outside of all others
    std::size_t from = 0, to = count + 1;                       // the last edge that is not above
    while (to - from > 1) {
      const std::size_t middle = from + (to - from) / 2;
      if (edges[middle] <= mine)
        from = middle;
      else
        to = middle;
    }
    return mine == edges[count] ? count - 1 : from;  // the last bin includes its right edge
  }

 private:
  __device__ std::size_t uniform(std::uint64_t bits) const {
    // Most elements are not so near an edge that it would take float64 and the edges themselves to tell on which side.
    const float near = (element.near(bits) - near_first) * near_scale, part = near - floorf(near);
    if (part > margin && part < 1 - margin && near > 0 && near < static_cast<float>(count)) return static_cast<std::size_t>(near);
    const std::uint64_t in_range = code(range_code, bits);
    if (in_range < low || in_range > high) return kNoBin;
    const double x = rounded_to(difference_dtype, element.real(bits));
    const double distance = rounded_to(difference_dtype, x - first);
    // Where NumPy's estimate is certain to be less than a bin off, and so is this one, what follows makes them equal.
    const double position = scale != 0 ? distance * scale
                                       : rounded_to(quotient_dtype, rounded_to(quotient_dtype, distance / width) *
                                                                        rounded_to(quotient_dtype, static_cast<double>(count)));
    const long long estimate = static_cast<long long>(position);
    std::size_t bin = estimate < 0 ? 0 : estimate >= static_cast<long long>(count) ? count - 1 : estimate;
    const std::uint64_t mine = code_of_real(x);
    if (mine < edges[bin] && bin > 0) --bin;
    if (bin != count - 1 && mine >= edges[bin + 1]) ++bin;
    return bin;
  }
};

}  // namespace pmpp::histogram
