// cub::DeviceRadixSort: keys and pairs, ascending and descending, 8 to 64 bits, against std::stable_sort.
#include <algorithm>
#include <cub/device/device_radix_sort.cuh>
#include <numeric>

#include "check.h"

template <typename T>
void sort_keys(const char* name) {
  std::vector<T> keys(kElements);
  for (int i = 0; i < kElements; ++i) keys[i] = T(random_bits(i));
  Device<T> in(keys), out(kElements);
  with_workspace([&](void* work, std::size_t& bytes) {
    return cub::DeviceRadixSort::SortKeys(work, bytes, in.data, out.data, kElements);
  });
  std::sort(keys.begin(), keys.end());
  expect_equal(name, out.host(), keys);
}

int main() {
  sort_keys<std::int8_t>("SortKeys of int8");
  sort_keys<std::int64_t>("SortKeys of int64");
  sort_keys<double>("SortKeys of double");

  std::vector<std::uint32_t> keys(kElements), values(kElements);
  for (int i = 0; i < kElements; ++i) keys[i] = std::uint32_t(random_bits(i) >> 8) % 900'000;  // with duplicates: stability shows
  std::iota(values.begin(), values.end(), 0u);
  Device<std::uint32_t> keys_in(keys), values_in(values), keys_out(kElements), values_out(kElements);

  with_workspace([&](void* work, std::size_t& bytes) {
    return cub::DeviceRadixSort::SortPairs(work, bytes, keys_in.data, keys_out.data, values_in.data, values_out.data, kElements);
  });
  std::vector<std::uint32_t> order = values;
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return keys[a] < keys[b]; });
  std::vector<std::uint32_t> sorted(kElements);
  for (int i = 0; i < kElements; ++i) sorted[i] = keys[order[i]];
  expect_equal("SortPairs keys", keys_out.host(), sorted);
  expect_equal("SortPairs values", values_out.host(), order);

  std::vector<float> floats(kElements);
  for (int i = 0; i < kElements; ++i) floats[i] = float(std::int64_t(random_bits(i))) * 1e-12f;
  Device<float> floats_in(floats), floats_out(kElements);
  with_workspace([&](void* work, std::size_t& bytes) {
    return cub::DeviceRadixSort::SortKeysDescending(work, bytes, floats_in.data, floats_out.data, kElements);
  });
  std::sort(floats.begin(), floats.end(), std::greater<>());
  expect_equal("SortKeysDescending", floats_out.host(), floats);
}
