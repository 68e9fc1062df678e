// cub::DeviceSelect: by predicate, by flag, and the first of equal runs; all stable.
#include <algorithm>
#include <cub/device/device_select.cuh>

#include "check.h"

struct Odd {
  __host__ __device__ bool operator()(int x) const { return x & 1; }
};

void expect_selected(const char* what, const Device<int>& out, const Device<int>& count, const std::vector<int>& expected) {
  expect_equal(what, count.host(), {int(expected.size())});
  std::vector<int> got = out.host();
  got.resize(expected.size());
  expect_equal(what, got, expected);
}

int main() {
  std::vector<int> in(kElements), expected;
  std::vector<char> flags(kElements);
  for (int i = 0; i < kElements; ++i) {
    in[i] = int(random_bits(i) % 3);
    flags[i] = char(random_bits(i) >> 63);
  }
  Device<int> d_in(in), d_out(kElements), d_count(1);
  Device<char> d_flags(flags);

  with_workspace([&](void* work, std::size_t& bytes) {
    return cub::DeviceSelect::If(work, bytes, d_in.data, d_out.data, d_count.data, kElements, Odd{});
  });
  std::copy_if(in.begin(), in.end(), std::back_inserter(expected), Odd{});
  expect_selected("If", d_out, d_count, expected);

  with_workspace([&](void* work, std::size_t& bytes) {
    return cub::DeviceSelect::Flagged(work, bytes, d_in.data, d_flags.data, d_out.data, d_count.data, kElements);
  });
  expected.clear();
  for (int i = 0; i < kElements; ++i)
    if (flags[i]) expected.push_back(in[i]);
  expect_selected("Flagged", d_out, d_count, expected);

  with_workspace([&](void* work, std::size_t& bytes) {
    return cub::DeviceSelect::Unique(work, bytes, d_in.data, d_out.data, d_count.data, kElements);
  });
  expected.clear();
  std::unique_copy(in.begin(), in.end(), std::back_inserter(expected));
  expect_selected("Unique", d_out, d_count, expected);
}
