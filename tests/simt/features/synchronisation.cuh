// Barriers of a block, named ones, and warps that wait for each other.
#pragma once

namespace synchronisation {

__global__ void counted(int* out) {
  const int t = threadIdx.x;
  const int count = __syncthreads_count(t % 3 == 0), all = __syncthreads_and(t < 100), some = __syncthreads_or(t == 99);
  out[t] = count + 1000 * (all != 0) + 2000 * (some != 0);
}
FEATURE(syncthreads_with_predicate, 75) {
  check_all("all", results<int>(100, counted, 1, 100), [](int) { return 34 + 3000; });
  check_all("not all", results<int>(128, counted, 1, 128), [](int) { return 43 + 2000; });
}

__global__ void pipeline(int* out) {
  // Two warps produce, two consume, through barriers 1 (full) and 2 (empty).
  __shared__ int box[64];
  const int t = threadIdx.x;
  for (int turn = 0; turn < 5; ++turn) {
    if (t < 64) {
      if (turn > 0) asm volatile("bar.sync 2, 128;" ::: "memory");
      box[t] = turn * 100 + t;
      asm volatile("bar.arrive 1, 128;" ::: "memory");
    } else {
      asm volatile("barrier.sync 1, 128;" ::: "memory");
      out[turn * 64 + t - 64] = box[127 - t];
      if (turn < 4) asm volatile("barrier.arrive 2, 128;" ::: "memory");
    }
  }
}
FEATURE(named_barriers, 75) {
  check_all("pipeline", results<int>(320, pipeline, 1, 128), [](int i) { return i / 64 * 100 + 63 - i % 64; });
}

__global__ void left_early(int* out) {
  __shared__ int sum;
  if (threadIdx.x == 0) sum = 0;
  __syncthreads();
  if (threadIdx.x >= 70) return;
  atomicAdd(&sum, int(threadIdx.x));
  __syncthreads();
  out[threadIdx.x] = sum;
}
FEATURE(barrier_after_exit, 75) { check_all("exit", results<int>(70, left_early, 1, 128), [](int) { return 69 * 70 / 2; }); }

__global__ void locked(int* out, int* lock) {
  // A spin lock between lanes of a warp, warps and blocks.
  for (bool done = false; !done;) {
    if (atomicCAS(lock, 0, 1) == 0) {
      __threadfence();
      *const_cast<volatile int*>(out) = *const_cast<volatile int*>(out) + 1;
      __threadfence();
      atomicExch(lock, 0);
      done = true;
    }
  }
}
FEATURE(spin_lock, 75) {
  Device<int> lock({0});
  CHECK(results<int>(1, locked, 4, 64, lock.data)[0] == 256);
}

__global__ void divergent(int* out, int n) {
  const int t = threadIdx.x;
  int sum = 0;
  for (int i = 0; i < n; ++i) {
    if (i == t) continue;
    switch ((i + t) % 7) {
      case 0: sum += 1; break;
      case 1: sum += 10; [[fallthrough]];
      case 2: sum += 100; break;
      case 3: if (i > 40) goto out_of_both; else sum -= 5; break;
      default: for (int j = 0; j < t % 4; ++j) sum += j; 
    }
    while (sum % 13 == 7) ++sum;
  }
out_of_both:
  out[t] = sum;
}
int divergent_on_host(int t, int n) {
  int sum = 0;
  for (int i = 0; i < n; ++i) {
    if (i == t) continue;
    const int which = (i + t) % 7;
    if (which == 0) sum += 1;
    else if (which == 1) sum += 110;
    else if (which == 2) sum += 100;
    else if (which == 3) {
      if (i > 40) return sum;
      sum -= 5;
    } else {
      for (int j = 0; j < t % 4; ++j) sum += j;
    }
    while (sum % 13 == 7) ++sum;
  }
  return sum;
}
FEATURE(divergence, 75) { check_all("divergent", results<int>(96, divergent, 1, 96, 60), [](int t) { return divergent_on_host(t, 60); }); }

}  // namespace synchronisation
