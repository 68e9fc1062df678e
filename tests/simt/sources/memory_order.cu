// Memory order: scoped atomics with every order, fences, volatile accesses, cache hints.
#include <cuda/atomic>

__global__ void orders(int* a, unsigned long long* b, float* f) {
  cuda::atomic_ref<int, cuda::thread_scope_device> device(a[0]);
  cuda::atomic_ref<int, cuda::thread_scope_block> block(a[1]);
  cuda::atomic_ref<unsigned long long, cuda::thread_scope_system> system(b[0]);
  device.store(device.load(cuda::memory_order_acquire) + 1, cuda::memory_order_release);
  block.fetch_add(device.exchange(3, cuda::memory_order_acq_rel), cuda::memory_order_relaxed);
  system.fetch_max(block.load(cuda::memory_order_relaxed), cuda::memory_order_seq_cst);
  int expected = 4;
  while (!device.compare_exchange_weak(expected, expected + 1, cuda::memory_order_acq_rel, cuda::memory_order_relaxed)) {
  }
  cuda::atomic_thread_fence(cuda::memory_order_seq_cst, cuda::thread_scope_device);
  cuda::atomic_thread_fence(cuda::memory_order_acquire, cuda::thread_scope_block);
  f[0] = *const_cast<volatile float*>(f + 1);
}

__global__ void fences(volatile int* flag, int* data) {
  __shared__ volatile int here;
  data[threadIdx.x] = here;
  __threadfence_block();
  __threadfence();
  __threadfence_system();
  *flag = 1;
  while (flag[1] == 0) __nanosleep(20);
}

__global__ void hints(int* a, int4* b) {
  a[0] = __ldg(a + 1) + __ldcg(a + 2) + __ldca(a + 3) + __ldcs(a + 4) + __ldlu(a + 5) + __ldcv(a + 6);
  __stwb(a + 7, 1);
  __stcg(a + 8, 2);
  __stcs(b + 9, __ldcs(b + 1));
  __stwt(a + 10, 4);
}
