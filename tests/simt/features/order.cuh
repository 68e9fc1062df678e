// Atomics of every type and scope, fences, and the memory order of libcu++.
#pragma once

#include <cuda/atomic>

namespace order {

__global__ void atomics(int* out, unsigned* u, unsigned long long* w, float* f, double* d) {
  const int t = threadIdx.x + blockIdx.x * blockDim.x;
  atomicAdd(out, t);
  atomicSub(out + 1, t);
  atomicMax(out + 2, t * 7 % 200 - 100);
  atomicMin(out + 3, t * 7 % 200 - 100);
  atomicAnd(out + 4, ~(1 << t % 8));
  atomicOr(out + 5, 1 << t % 8);
  atomicXor(out + 6, t);
  atomicInc(u, 9);
  atomicDec(u + 1, 9);
  atomicAdd_block(out + 7, 1);
  atomicAdd_system(out + 8, 2);
  atomicExch(u + 2, 77u);
  atomicAdd(w, 1ull << 33);
  atomicMax(w + 1, (unsigned long long)(t) << 40);
  atomicCAS(w + 2, 0ull, 5ull);
  atomicAdd(f, 0.5f);
  atomicAdd(d, 0.25);
}
FEATURE(atomic_functions, 75) {
  Device<unsigned> u({0, 0, 0});
  Device<unsigned long long> w({0, 0, 0});
  Device<float> f({1.0f});
  Device<double> d({1.0});
  const auto got = results<int>(9, atomics, 4, 64, u.data, w.data, f.data, d.data);
  int sum = 0, most = 0, least = 0, exclusive = 0;
  for (int t = 0; t < 256; ++t) sum += t, most = std::max(most, t * 7 % 200 - 100), least = std::min(least, t * 7 % 200 - 100), exclusive ^= t;
  CHECK((got == std::vector<int>{sum, -sum, most, least, 0, 255, exclusive, 256, 512}));
  CHECK((u.host() == std::vector<unsigned>{6, 4, 77}));
  CHECK((w.host() == std::vector<unsigned long long>{256ull << 33, 255ull << 40, 5}));
  CHECK(f.host()[0] == 129.0f && d.host()[0] == 65.0);
}

__global__ void shared_histogram(unsigned* out, const unsigned char* in, int n) {
  __shared__ unsigned bins[16];
  if (threadIdx.x < 16) bins[threadIdx.x] = 0;
  __syncthreads();
  for (int i = threadIdx.x + blockIdx.x * blockDim.x; i < n; i += blockDim.x * gridDim.x) atomicAdd(bins + in[i] % 16, 1u);
  __syncthreads();
  if (threadIdx.x < 16) atomicAdd(out + threadIdx.x, bins[threadIdx.x]);
}
FEATURE(shared_atomics, 75) {
  std::vector<unsigned char> in(10'000);
  std::vector<unsigned> expected(16);
  for (std::size_t i = 0; i < in.size(); ++i) expected[(in[i] = (unsigned char)(i * i / 7)) % 16]++;
  Device<unsigned char> on_device(in);
  CHECK(results<unsigned>(16, shared_histogram, 5, 96, on_device.data, int(in.size())) == expected);
}

// Every block waits for the one before it, and passes on its sum.
__global__ void look_back(int* out, int* flags) {
  if (threadIdx.x == 0) {
    int before = 0;
    if (blockIdx.x > 0) {
      while (*const_cast<volatile int*>(flags + blockIdx.x - 1) == 0) {}
      __threadfence();
      before = *const_cast<volatile int*>(out + blockIdx.x - 1);
    }
    out[blockIdx.x] = before + int(blockIdx.x);
    __threadfence();
    *const_cast<volatile int*>(flags + blockIdx.x) = 1;
  }
}
FEATURE(fences_and_volatile, 75) {
  Device<int> flags(std::vector<int>(200, 0));
  check_all("look-back", results<int>(200, look_back, 200, 32, flags.data), [](int b) { return b * (b + 1) / 2; });
}

__global__ void references(int* out, long long* wide) {
  using cuda::memory_order_acq_rel, cuda::memory_order_acquire, cuda::memory_order_relaxed, cuda::memory_order_release, cuda::memory_order_seq_cst;
  cuda::atomic_ref<int, cuda::thread_scope_device> a(out[0]);
  cuda::atomic_ref<int, cuda::thread_scope_block> b(out[1 + blockIdx.x]);
  cuda::atomic_ref<long long, cuda::thread_scope_system> c(wide[0]);
  a.fetch_add(1, memory_order_acq_rel);
  b.fetch_add(2, memory_order_relaxed);
  c.fetch_max(threadIdx.x, memory_order_seq_cst);
  int seen = a.load(memory_order_acquire);
  while (!a.compare_exchange_weak(seen, seen + 10, memory_order_release, memory_order_relaxed)) {}
  cuda::atomic_thread_fence(memory_order_seq_cst, cuda::thread_scope_device);
  b.fetch_sub(1, memory_order_release);
  c.fetch_add(1000, memory_order_relaxed);
}
FEATURE(atomic_ref, 75) {
  Device<long long> wide({0});
  CHECK((results<int>(4, references, 3, 50, wide.data) == std::vector<int>{150 * 11, 50, 50, 50}));
  CHECK(wide.host()[0] >= 150'000 && wide.host()[0] < 300'000);
}

__device__ cuda::atomic<int, cuda::thread_scope_device> ready;
__global__ void message(int* out, int* data) {
  if (blockIdx.x == 0) {
    if (threadIdx.x == 0) {
      *data = 42;
      ready.store(1, cuda::memory_order_release);
      ready.notify_all();
    }
  } else {
    while (ready.load(cuda::memory_order_acquire) == 0) {}
    out[threadIdx.x] = *data;
  }
}
FEATURE(acquire_and_release, 75) {
  Device<int> data({0});
  check_all("message", results<int>(32, message, 2, 32, data.data), [](int) { return 42; });
}

}  // namespace order
