// CUB's device-wide algorithms on plain types.
#include <cub/cub.cuh>

void all(const unsigned* in, unsigned* out, float* real, int* count, int n) {
  size_t bytes = 0;
  void* temporary = nullptr;
  cub::DeviceRadixSort::SortKeys(temporary, bytes, in, out, n);
  cub::DeviceScan::ExclusiveSum(temporary, bytes, in, out, n);
  cub::DeviceReduce::Sum(temporary, bytes, real, real + 1, n);
  cub::DeviceHistogram::HistogramEven(temporary, bytes, real, count, 65, 0.f, 64.f, n);
  cub::DeviceSelect::If(temporary, bytes, in, out, count, n, [] __device__(unsigned x) { return x % 3 == 0; });
}
