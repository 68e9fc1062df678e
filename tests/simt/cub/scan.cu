// cub::DeviceScan: sums of 32- and 64-bit integers, a maximum, against std::inclusive_scan and std::exclusive_scan.
#include <algorithm>
#include <cub/device/device_scan.cuh>
#include <numeric>

#include "check.h"

struct Max {
  __host__ __device__ int operator()(int a, int b) const { return a < b ? b : a; }
};

template <typename T>
void sums(const char* name) {
  std::vector<T> in(kElements), expected(kElements);
  for (int i = 0; i < kElements; ++i) in[i] = T(random_bits(i) & 0xff);
  Device<T> d_in(in), d_out(kElements);
  with_workspace([&](void* work, std::size_t& bytes) {
    return cub::DeviceScan::InclusiveSum(work, bytes, d_in.data, d_out.data, kElements);
  });
  std::inclusive_scan(in.begin(), in.end(), expected.begin());
  expect_equal(name, d_out.host(), expected);
  with_workspace([&](void* work, std::size_t& bytes) {
    return cub::DeviceScan::ExclusiveSum(work, bytes, d_in.data, d_out.data, kElements);
  });
  std::exclusive_scan(in.begin(), in.end(), expected.begin(), T(0));
  expect_equal(name, d_out.host(), expected);
}

int main() {
  sums<int>("sums of int");
  sums<std::uint64_t>("sums of uint64");

  std::vector<int> in(kElements), expected(kElements);
  for (int i = 0; i < kElements; ++i) in[i] = int(random_bits(i));
  Device<int> d_in(in), d_out(kElements);
  with_workspace([&](void* work, std::size_t& bytes) {
    return cub::DeviceScan::InclusiveScan(work, bytes, d_in.data, d_out.data, Max{}, kElements);
  });
  std::inclusive_scan(in.begin(), in.end(), expected.begin(), Max{});
  expect_equal("running maximum", d_out.host(), expected);
}
