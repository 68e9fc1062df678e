// Kernels that launch kernels.
// pmpp: arch=75 with=
#include "program.cuh"

#include <algorithm>

// Sorting by letting others sort: each part that is still long is given to two more kernels.
__global__ void sort_part(int* data, int first, int last) {
  if (last - first < 16) {
    for (int i = first + 1; i < last; ++i)
      for (int k = i; k > first && data[k - 1] > data[k]; --k) {
        const int swap = data[k];
        data[k] = data[k - 1];
        data[k - 1] = swap;
      }
    return;
  }
  const int pivot = data[(first + last) / 2];
  int low = first, high = last - 1;
  while (low <= high) {
    while (data[low] < pivot) ++low;
    while (data[high] > pivot) --high;
    if (low <= high) {
      const int swap = data[low];
      data[low++] = data[high];
      data[high--] = swap;
    }
  }
  sort_part<<<1, 1>>>(data, first, high + 1);
  sort_part<<<1, 1>>>(data, low, last);
}
PROGRAM(delegated_sort) {
  auto data = numbers(300, 1000);
  Buffer<int> d(data);
  sort_part<<<1, 1>>>(d, 0, 300);
  FINISH();
  std::sort(data.begin(), data.end());
  CHECK(d.host() == data);
}

// A tidy kitchen: those who cook do not wait, and who cleans comes last.
__global__ void wash(int* dishes) { dishes[threadIdx.x] *= 2; }
__global__ void cook(int* dishes, int which) { dishes[which] += which + 1; }
__global__ void dinner(int* dishes, int n) {
  wash<<<1, n, 0, cudaStreamTailLaunch>>>(dishes);
  for (int i = 0; i < n; ++i) cook<<<1, 1, 0, cudaStreamFireAndForget>>>(dishes, i);
}
PROGRAM(dinner_party) {
  Buffer<int> dishes(10);
  dinner<<<1, 1>>>(dishes, 10);
  FINISH();
  const auto got = dishes.host();
  for (int i = 0; i < 10; ++i) CHECK(got[i] == 2 * (i + 1));
}

// A relay: a stream of the device keeps the order of what is launched into it.
__global__ void run_leg(int* log, int leg) { log[leg] = leg ? log[leg - 1] * 3 + leg : 1; }
__global__ void start(int* log, int legs) {
  cudaStream_t track;
  if (cudaStreamCreateWithFlags(&track, cudaStreamNonBlocking) != cudaSuccess) return;
  for (int leg = 0; leg < legs; ++leg) run_leg<<<1, 1, 0, track>>>(log, leg);
  cudaStreamDestroy(track);
}
PROGRAM(relay) {
  Buffer<int> log(9);
  start<<<1, 1>>>(log, 9);
  FINISH();
  const auto got = log.host();
  for (int leg = 0, x = 1; leg < 9; x = x * 3 + ++leg) CHECK(got[leg] == x);
}
