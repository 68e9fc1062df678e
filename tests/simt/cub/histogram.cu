// cub::DeviceHistogram: 256 bins of bytes, and even bins of floats with samples outside of the range.
#include <cub/device/device_histogram.cuh>

#include "check.h"

int main() {
  std::vector<std::uint8_t> bytes_in(kElements);
  std::vector<int> expected(256);
  for (int i = 0; i < kElements; ++i) expected[bytes_in[i] = std::uint8_t(random_bits(i) & random_bits(i + kElements))]++;
  Device<std::uint8_t> d_bytes(bytes_in);
  Device<int> d_counts(256);
  with_workspace([&](void* work, std::size_t& bytes) {
    return cub::DeviceHistogram::HistogramEven(work, bytes, d_bytes.data, d_counts.data, 257, 0, 256, kElements);
  });
  expect_equal("HistogramEven of bytes", d_counts.host(), expected);

  std::vector<float> floats(kElements);
  std::vector<int> coarse(10);
  for (int i = 0; i < kElements; ++i) {
    const int tenth = int(random_bits(i) % 14) - 2;  // bins -2 to 11, of which 0 to 9 count
    floats[i] = float(tenth) + 0.5f;
    if (tenth >= 0 && tenth < 10) coarse[tenth]++;
  }
  Device<float> d_floats(floats);
  Device<int> d_coarse(10);
  with_workspace([&](void* work, std::size_t& bytes) {
    return cub::DeviceHistogram::HistogramEven(work, bytes, d_floats.data, d_coarse.data, 11, 0.0f, 10.0f, kElements);
  });
  expect_equal("HistogramEven of floats", d_coarse.host(), coarse);
}
