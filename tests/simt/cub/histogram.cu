// cub::DeviceHistogram: 256 bins of bytes, even bins and uneven ranges of floats with samples outside of them.
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

  const std::vector<float> levels{0.0f, 1.0f, 4.0f, 4.25f, 9.0f};  // of tenths 0, 1 to 3, none, 4 to 8
  std::vector<int> uneven(4);
  for (int tenth = 0; tenth < 9; ++tenth) uneven[tenth < 1 ? 0 : tenth < 4 ? 1 : 3] += coarse[tenth];
  Device<float> d_levels(levels);
  Device<int> d_uneven(4);
  with_workspace([&](void* work, std::size_t& bytes) {
    return cub::DeviceHistogram::HistogramRange(work, bytes, d_floats.data, d_uneven.data, 5, d_levels.data, kElements);
  });
  expect_equal("HistogramRange of floats", d_uneven.host(), uneven);
}
