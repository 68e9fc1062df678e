// Host and kernels work on the same words at the same time: system-scope atomics, flags that are released and acquired.
#include <cuda/atomic>

#include <thread>

#include "check.cuh"

constexpr int kTurns = 20000, kThreads = 32;

__global__ void count(int* words) {
  for (int n = 0; n < kTurns; ++n) {
    atomicAdd_system(words, 1);
    atomicMax_system(words + 1, n);
  }
}

__global__ void echo(int* request, int* answer, int* payload, int turns) {
  cuda::atomic_ref<int, cuda::thread_scope_system> asked(*request), told(*answer);
  for (int n = 1; n <= turns; ++n) {
    while (asked.load(cuda::memory_order_acquire) != n) {
    }
    *payload = 2 * *payload + n;
    told.store(n, cuda::memory_order_release);
  }
}

int main() {
  int* words;
  CALL(cudaHostAlloc(&words, 12, cudaHostAllocMapped));
  words[0] = words[1] = words[2] = 0;
  count<<<1, kThreads>>>(words);
  CALL(cudaGetLastError());
  for (int n = 0; n < kTurns * kThreads; ++n) __atomic_fetch_add(words, 1, __ATOMIC_RELAXED);
  CALL(cudaDeviceSynchronize());
  // None is lost, though only devices with cudaDevAttrHostNativeAtomicSupported promise it: those on NVLink, not on PCIe.
  CHECK(words[0] == 2 * kTurns * kThreads && words[1] == kTurns - 1);

  words[0] = words[1] = words[2] = 0;
  int* device;
  CALL(cudaHostGetDevicePointer(&device, words, 0));
  echo<<<1, 1>>>(device, device + 1, device + 2, 20);
  int expected = 0;
  for (int n = 1; n <= 20; ++n) {
    words[2] = expected = expected + n;   // the kernel sees what was written before the flag, and the other way round
    __atomic_store_n(words, n, __ATOMIC_RELEASE);
    while (__atomic_load_n(words + 1, __ATOMIC_ACQUIRE) != n) std::this_thread::yield();
    expected = 2 * expected + n;
    CHECK(words[2] == expected);
  }
  CALL(cudaDeviceSynchronize());
  CALL(cudaFreeHost(words));

  int* managed;   // the same through managed memory, which is one copy for both sides
  CALL(cudaMallocManaged(&managed, 12));
  managed[0] = managed[1] = managed[2] = 0;
  echo<<<1, 1>>>(managed, managed + 1, managed + 2, 1);
  managed[2] = 5;
  __atomic_store_n(managed, 1, __ATOMIC_RELEASE);
  CALL(cudaDeviceSynchronize());
  CHECK(managed[2] == 11);
  CALL(cudaFree(managed));
  std::puts("ok");
}
