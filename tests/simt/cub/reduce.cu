// cub::DeviceReduce: sum, minimum, argument of the maximum, a float sum against one in double precision.
#include <algorithm>
#include <cmath>
#include <cub/device/device_reduce.cuh>
#include <numeric>

#include "check.h"

int main() {
  std::vector<int> in(kElements);
  for (int i = 0; i < kElements; ++i) in[i] = int(random_bits(i) % 2001) - 1000;
  in[kElements / 9 * 7] = 5000;
  in[kElements / 9 * 8] = 5000;  // the first of equal maxima counts
  Device<int> d_in(in), d_out(1);
  with_workspace([&](void* work, std::size_t& bytes) { return cub::DeviceReduce::Sum(work, bytes, d_in.data, d_out.data, kElements); });
  expect_equal("Sum", d_out.host(), {std::accumulate(in.begin(), in.end(), 0)});
  with_workspace([&](void* work, std::size_t& bytes) { return cub::DeviceReduce::Min(work, bytes, d_in.data, d_out.data, kElements); });
  expect_equal("Min", d_out.host(), {*std::min_element(in.begin(), in.end())});

  Device<std::int64_t> d_index(1);
  with_workspace([&](void* work, std::size_t& bytes) {
    return cub::DeviceReduce::ArgMax(work, bytes, d_in.data, d_out.data, d_index.data, std::int64_t{kElements});
  });
  expect_equal("ArgMax value", d_out.host(), {5000});
  expect_equal("ArgMax index", d_index.host(), {std::int64_t{kElements / 9 * 7}});

  std::vector<float> floats(kElements);
  for (int i = 0; i < kElements; ++i) floats[i] = float(random_bits(i) >> 40) * 0x1p-24f;
  Device<float> d_floats(floats), d_sum(1);
  with_workspace([&](void* work, std::size_t& bytes) { return cub::DeviceReduce::Sum(work, bytes, d_floats.data, d_sum.data, kElements); });
  const double exact = std::accumulate(floats.begin(), floats.end(), 0.0), got = d_sum.host()[0];
  if (!(std::abs(got - exact) <= 1e-6 * exact)) {
    std::printf("float Sum: %.9g, expected %.9g\n", got, exact);
    return 1;
  }
  std::printf("float Sum: within 1e-6\n");
}
