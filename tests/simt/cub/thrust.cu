// Thrust over CUB: sort, sort by key, reduce, scans, transform and compaction on device vectors, against the C++ library.
#include <thrust/copy.h>
#include <thrust/device_vector.h>
#include <thrust/iterator/counting_iterator.h>
#include <thrust/reduce.h>
#include <thrust/scan.h>
#include <thrust/sort.h>
#include <thrust/transform.h>

#include <algorithm>
#include <numeric>

#include "check.h"

struct Scaled {
  __host__ __device__ int operator()(int x) const { return x % 1000 * 3 - 1; }
};
struct Even {
  __host__ __device__ bool operator()(int x) const { return x % 2 == 0; }
};

template <typename T>
std::vector<T> host(const thrust::device_vector<T>& on_device) {
  std::vector<T> out(on_device.size());
  thrust::copy(on_device.begin(), on_device.end(), out.begin());
  return out;
}

int main() {
  std::vector<int> in(kElements);
  for (int i = 0; i < kElements; ++i) in[i] = int(random_bits(i));

  thrust::device_vector<int> keys(in), values(kElements);
  thrust::copy(thrust::counting_iterator<int>(0), thrust::counting_iterator<int>(kElements), values.begin());
  thrust::stable_sort_by_key(keys.begin(), keys.end(), values.begin());
  std::vector<int> order(kElements), sorted(in);
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return in[a] < in[b]; });
  std::sort(sorted.begin(), sorted.end());
  expect_equal("stable_sort_by_key keys", host(keys), sorted);
  expect_equal("stable_sort_by_key values", host(values), order);

  thrust::device_vector<int> data(in);
  thrust::sort(data.begin(), data.end(), thrust::greater<int>());
  std::reverse(sorted.begin(), sorted.end());
  expect_equal("sort", host(data), sorted);

  data = in;
  thrust::transform(data.begin(), data.end(), data.begin(), Scaled{});
  std::vector<int> scaled(kElements), scanned(kElements), even;
  std::transform(in.begin(), in.end(), scaled.begin(), Scaled{});
  expect_equal("transform", host(data), scaled);
  expect_equal("reduce", std::vector<int>{thrust::reduce(data.begin(), data.end())}, {std::accumulate(scaled.begin(), scaled.end(), 0)});
  thrust::device_vector<int> out(kElements);
  thrust::exclusive_scan(data.begin(), data.end(), out.begin(), 7);
  std::exclusive_scan(scaled.begin(), scaled.end(), scanned.begin(), 7);
  expect_equal("exclusive_scan", host(out), scanned);
  out.resize(thrust::copy_if(data.begin(), data.end(), out.begin(), Even{}) - out.begin());
  std::copy_if(scaled.begin(), scaled.end(), std::back_inserter(even), Even{});
  expect_equal("copy_if", host(out), even);
}
