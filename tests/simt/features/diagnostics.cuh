// printf, assert, trap, and the heap of the device.
#pragma once

#include <cassert>

namespace diagnostics {

__global__ void print(const char* word) {
  if (threadIdx.x < 2) printf("thread %d of %u: %5.2f|%-4d|%04x|%c|%s|%lld|%%|%e\n", int(threadIdx.x), blockDim.x, 1.5 + threadIdx.x, 42, 0xbeefu, 'y', "text", -5'000'000'000ll, 12345.678);
  (void)word;
}
FEATURE(printf_, 75) {
  print<<<1, 32>>>(nullptr);
  CUDA(cudaDeviceSynchronize());
}

__global__ void checks(int n) { assert(int(threadIdx.x) < n && "too many threads"); }
FEATURE(assert_, 75) {
  checks<<<1, 10>>>(10);
  CUDA(cudaDeviceSynchronize());
  checks<<<1, 12>>>(10);
  CHECK(cudaDeviceSynchronize() == cudaErrorAssert);
}

__global__ void traps(int* out, int n) {
  if (int(threadIdx.x) == n) __trap();
  out[threadIdx.x] = 1;
}
FEATURE(trap_, 75) {
  CHECK(results<int>(8, traps, 1, 8, 99)[7] == 1);
  Device<int> out(std::vector<int>(8, 0));
  traps<<<1, 8>>>(out.data, 3);
  CHECK(cudaDeviceSynchronize() == cudaErrorLaunchFailure);
}

struct Node {
  int value;
  Node* next;
};
__global__ void lists(int* out, int length) {
  Node* head = nullptr;
  for (int i = 0; i < length; ++i) head = new Node{i * int(threadIdx.x), head};
  int sum = 0;
  while (head) {
    Node* next = head->next;
    sum += head->value;
    delete head;
    head = next;
  }
  char* bytes = static_cast<char*>(malloc(100));
  for (int i = 0; i < 100; ++i) bytes[i] = char(i);
  sum += bytes[99];
  free(bytes);
  free(nullptr);
  out[threadIdx.x] = sum;
}
FEATURE(device_heap, 75) { check_all("lists", results<int>(64, lists, 1, 64, 20), [](int t) { return 190 * t + 99; }); }

__global__ void too_much(int* out) { out[threadIdx.x] = malloc(std::size_t(1) << 40) == nullptr; }
FEATURE(device_heap_exhausted, 75) { CHECK(results<int>(1, too_much, 1, 1)[0] == 1); }

}  // namespace diagnostics
