// CUB: algorithms of the device, of blocks and of warps.
// pmpp: arch=75
#include "program.cuh"

#include <cub/block/block_load.cuh>
#include <cub/block/block_radix_sort.cuh>
#include <cub/block/block_scan.cuh>
#include <cub/device/device_histogram.cuh>
#include <cub/device/device_radix_sort.cuh>
#include <cub/device/device_reduce.cuh>
#include <cub/device/device_run_length_encode.cuh>
#include <cub/device/device_scan.cuh>
#include <cub/device/device_select.cuh>
#include <cub/warp/warp_reduce.cuh>
#include <cub/warp/warp_scan.cuh>

#include <algorithm>

/// Calls an algorithm twice, as CUB wants it: first it says how much memory it needs.
template <class Algorithm>
void with_memory(Algorithm algorithm) {
  std::size_t bytes = 0;
  CUDA(algorithm(nullptr, bytes));
  Buffer<char> memory(bytes);
  CUDA(algorithm(memory.data, bytes));
  CUDA(cudaDeviceSynchronize());
}

// A till at the end of the day: all sums, and the dearest sale with its number.
PROGRAM(till) {
  const int n = 5000;
  const auto sales = numbers(n, 10000);
  Buffer<int> in(sales), sum(2);
  Buffer<long> number(1);
  with_memory([&](void* m, std::size_t& b) { return cub::DeviceReduce::Sum(m, b, in.data, sum.data, n); });
  with_memory([&](void* m, std::size_t& b) { return cub::DeviceReduce::ArgMax(m, b, in.data, sum.data + 1, number.data, n); });
  CHECK(sum.host()[0] == std::accumulate(sales.begin(), sales.end(), 0));
  const auto dearest = std::max_element(sales.begin(), sales.end());
  CHECK(sum.host()[1] == *dearest);
  CHECK(number.host()[0] == dearest - sales.begin());
}

// A bookshelf: a running sum of widths says where each book stands.
PROGRAM(bookshelf) {
  const int n = 6000;
  const auto widths = numbers(n, 60);
  Buffer<int> in(widths), place(n);
  with_memory([&](void* m, std::size_t& b) { return cub::DeviceScan::ExclusiveSum(m, b, in.data, place.data, n); });
  const auto got = place.host();
  for (int i = 0, at = 0; i < n; at += widths[i++]) CHECK(got[i] == at);
}

// A race: runners sorted by their times, in the order of their start where times are equal.
PROGRAM(finish_line) {
  const int n = 3000;
  const auto times = numbers(n, 500);
  std::vector<int> runners(n);
  std::iota(runners.begin(), runners.end(), 0);
  Buffer<int> t(times), r(runners), sorted(n), order(n);
  with_memory([&](void* m, std::size_t& b) { return cub::DeviceRadixSort::SortPairs(m, b, t.data, sorted.data, r.data, order.data, n); });
  std::stable_sort(runners.begin(), runners.end(), [&](int a, int b) { return times[a] < times[b]; });
  CHECK(order.host() == runners);
}

// A recycling plant: what can be used goes on, equal things are packed together, and each kind is counted.
struct Usable {
  __device__ bool operator()(int thing) const { return thing % 5 != 0; }
};
PROGRAM(recycling) {
  const int n = 2000;
  auto things = numbers(n, 12);
  std::sort(things.begin(), things.begin() + n / 2);
  Buffer<int> in(things), chosen(n), kinds(n), lengths(n), count(2), bins(12);
  with_memory([&](void* m, std::size_t& b) { return cub::DeviceSelect::If(m, b, in.data, chosen.data, count.data, n, Usable{}); });
  std::vector<int> expected;
  std::copy_if(things.begin(), things.end(), std::back_inserter(expected), [](int x) { return x % 5 != 0; });
  CHECK(count.host()[0] == int(expected.size()));
  const auto got = chosen.host();
  CHECK(std::equal(expected.begin(), expected.end(), got.begin()));
  with_memory([&](void* m, std::size_t& b) {
    return cub::DeviceRunLengthEncode::Encode(m, b, chosen.data, kinds.data, lengths.data, count.data + 1, int(expected.size()));
  });
  const int packs = count.host()[1];
  const auto k = kinds.host(), l = lengths.host();
  std::vector<int> unpacked;
  for (int i = 0; i < packs; ++i) unpacked.insert(unpacked.end(), l[i], k[i]);
  CHECK(unpacked == expected);
  with_memory([&](void* m, std::size_t& b) { return cub::DeviceHistogram::HistogramEven(m, b, in.data, bins.data, 13, 0, 12, n); });
  const auto h = bins.host();
  for (int kind = 0; kind < 12; ++kind) CHECK(h[kind] == std::count(things.begin(), things.end(), kind));
}

// A classroom: the pupils of a block line up by height, and count from left to right.
__global__ void line_up(const int* heights, int* sorted, int* sums) {
  using Load = cub::BlockLoad<int, 64, 4, cub::BLOCK_LOAD_TRANSPOSE>;
  using Sort = cub::BlockRadixSort<int, 64, 4>;
  using Scan = cub::BlockScan<int, 64>;
  __shared__ union {
    typename Load::TempStorage load;
    typename Sort::TempStorage sort;
    typename Scan::TempStorage scan;
  } memory;
  int mine[4], before[4];
  Load(memory.load).Load(heights, mine);
  __syncthreads();
  Sort(memory.sort).Sort(mine);
  __syncthreads();
  Scan(memory.scan).InclusiveSum(mine, before);
  for (int i = 0; i < 4; ++i) {
    sorted[threadIdx.x * 4 + i] = mine[i];
    sums[threadIdx.x * 4 + i] = before[i];
  }
}
PROGRAM(classroom) {
  auto heights = numbers(256, 200);
  Buffer<int> in(heights), sorted(256), sums(256);
  line_up<<<1, 64>>>(in, sorted, sums);
  FINISH();
  std::sort(heights.begin(), heights.end());
  CHECK(sorted.host() == heights);
  std::partial_sum(heights.begin(), heights.end(), heights.begin());
  CHECK(sums.host() == heights);
}

// Rowing boats of eight: the sum of each, and who passes the oar to whom.
__global__ void row(const int* strokes, int* totals, int* running) {
  using Reduce = cub::WarpReduce<int, 8>;
  using Scan = cub::WarpScan<int>;
  __shared__ typename Reduce::TempStorage reduce[8];
  __shared__ typename Scan::TempStorage scan[2];
  const int mine = strokes[threadIdx.x];
  const int total = Reduce(reduce[threadIdx.x / 8]).Sum(mine);
  if (threadIdx.x % 8 == 0) totals[threadIdx.x / 8] = total;
  Scan(scan[threadIdx.x / 32]).InclusiveSum(mine, running[threadIdx.x]);
}
PROGRAM(rowing) {
  const auto strokes = numbers(64, 40);
  Buffer<int> s(strokes), totals(8), running(64);
  row<<<1, 64>>>(s, totals, running);
  FINISH();
  const auto t = totals.host(), r = running.host();
  for (int i = 0; i < 64; ++i) {
    CHECK(t[i / 8] == std::accumulate(&strokes[i / 8 * 8], &strokes[i / 8 * 8] + 8, 0));
    CHECK(r[i] == std::accumulate(&strokes[i / 32 * 32], &strokes[i] + 1, 0));
  }
}
