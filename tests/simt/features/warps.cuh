// Lanes of a warp: votes, shuffles, matches, reductions, and what lanes know about each other.
#pragma once

namespace warps {

__global__ void vote(unsigned* out) {
  const unsigned t = threadIdx.x;
  out[t] = __ballot_sync(~0u, t % 3 == 0);
  out[32 + t] = __all_sync(~0u, t < 32) + 2 * __all_sync(~0u, t < 31) + 4 * __any_sync(~0u, t == 7) + 8 * __any_sync(~0u, t > 31);
  if (t < 16) out[64 + t] = __ballot_sync(0xffffu, t & 1);
}
FEATURE(vote_functions, 75) {
  const auto got = results<unsigned>(80, vote, 1, 32);
  check_all("vote", got, [](int i) { return i < 32 ? 0x49249249u : i < 64 ? 5u : 0xaaaau; });
}

__global__ void shuffle(int* out) {
  const int t = threadIdx.x;
  out[t] = __shfl_sync(~0u, t * t, 5);
  out[32 + t] = __shfl_up_sync(~0u, t, 2);
  out[64 + t] = __shfl_down_sync(~0u, t, 3, 8);
  out[96 + t] = __shfl_xor_sync(~0u, t, 9);
  out[128 + t] = int(__shfl_sync(~0u, double(t) + 0.5, t + 1) * 2);  // two words
  if (t % 2) out[160 + t] = __shfl_sync(0xaaaaaaaau, t, 31);
}
FEATURE(shuffle_functions, 75) {
  check_all("shuffle", results<int>(192, shuffle, 1, 32), [](int i) {
    const int t = i % 32;
    switch (i / 32) {
      case 0: return 25;
      case 1: return t < 2 ? t : t - 2;
      case 2: return t % 8 < 5 ? t + 3 : t;
      case 3: return t ^ 9;
      case 4: return (t + 1) % 32 * 2 + 1;
      default: return t % 2 ? 31 : 0;
    }
  });
}

__global__ void match(unsigned* out) {
  const unsigned t = threadIdx.x;
  out[t] = __match_any_sync(~0u, t / 4);
  out[32 + t] = __match_any_sync(~0u, (unsigned long long)(t % 2) << 40);
  int same;
  out[64 + t] = __match_all_sync(~0u, 7, &same) + same;
  out[96 + t] = __match_all_sync(~0u, t, &same) + same;
}
FEATURE(match_functions, 75) {
  check_all("match", results<unsigned>(128, match, 1, 32), [](int i) {
    const int t = i % 32;
    return i < 32 ? 15u << (t / 4 * 4) : i < 64 ? 0x55555555u << (t % 2) : 0u;
  });
}

__global__ void reduce(int* out) {
#if __CUDA_ARCH__ >= 800
  const int t = threadIdx.x;
  out[t] = __reduce_add_sync(~0u, t - 40);
  out[32 + t] = __reduce_min_sync(~0u, t - 40);
  out[64 + t] = __reduce_max_sync(~0u, unsigned(t - 40));
  out[96 + t] = t < 8 ? __reduce_or_sync(0xffu, 1 << t) : __reduce_xor_sync(~0xffu, 1 << t);
#endif
}
FEATURE(redux_functions, 80) {
  check_all("redux", results<int>(128, reduce, 1, 32), [](int i) {
    return i < 32 ? 496 - 1280 : i < 64 ? -40 : i < 96 ? -9 : i < 104 ? 0xff : int(~0xffu);
  });
}

__global__ void aggregate(int* out) {
  // The warp's leader adds for all lanes of its branch.
  if (threadIdx.x % 5 < 2) {
    const unsigned mask = __activemask();
    const int leader = __ffs(int(mask)) - 1, rank = __popc(mask & ((1u << (threadIdx.x % 32)) - 1));
    int base;
    if (rank == 0) base = atomicAdd(out, __popc(mask));
    base = __shfl_sync(mask, base, leader);
    atomicAdd(out + 1 + base + rank, 1);
  }
  __syncwarp();
}
FEATURE(warp_aggregated_atomics, 75) {
  const auto got = results<int>(1 + 128, aggregate, 4, 64);  // 26 of each 64
  CHECK(got[0] == 4 * 26);
  for (int i = 1; i < 129; ++i) CHECK(got[i] == (i <= got[0]));
}

__global__ void half_and_half(int* out) {
  __shared__ int box[32];
  const int t = threadIdx.x;
  if (t < 16) {
    box[t] = t + 100;
    __syncwarp(0xffff);
    out[t] = box[15 - t];
  } else {
    box[t] = t + 200;
    __syncwarp(0xffff0000u);
    out[t] = box[47 - t];
  }
}
FEATURE(syncwarp_of_parts, 75) {
  check_all("syncwarp", results<int>(32, half_and_half, 1, 32), [](int t) { return t < 16 ? 115 - t : 247 - t; });
}

__global__ void registers(unsigned* out) {
  unsigned lane, warp, lt, le, gt, ge, eq;
  asm("mov.u32 %0, %%laneid;" : "=r"(lane));
  asm("mov.u32 %0, %%warpid;" : "=r"(warp));
  asm("mov.u32 %0, %%lanemask_lt;" : "=r"(lt));
  asm("mov.u32 %0, %%lanemask_le;" : "=r"(le));
  asm("mov.u32 %0, %%lanemask_gt;" : "=r"(gt));
  asm("mov.u32 %0, %%lanemask_ge;" : "=r"(ge));
  asm("mov.u32 %0, %%lanemask_eq;" : "=r"(eq));
  const unsigned t = threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z);
  out[t] = lane + 100 * warp + 1000 * ((lt | eq) == le && (gt | eq) == ge && (lt | ge) == ~0u && eq == 1u << lane);
}
FEATURE(special_registers, 75) {
  check_all("registers", results<unsigned>(96, registers, 1, dim3(4, 8, 3)), [](int t) { return t % 32 + t / 32 * 100 + 1000; });
}

__global__ void clocks(int* out) {
  unsigned long long nanoseconds, later;
  asm volatile("mov.u64 %0, %%globaltimer;" : "=l"(nanoseconds));
  const auto before = clock64();
  const auto low = clock();
  __nanosleep(50);
  out[threadIdx.x] = clock64() > before && clock() != low;
  asm volatile("mov.u64 %0, %%globaltimer;" : "=l"(later));
  out[threadIdx.x] += 2 * (later >= nanoseconds && nanoseconds > 0);
}
FEATURE(clocks_go_forward, 75) { check_all("clocks", results<int>(32, clocks, 1, 32), [](int) { return 3; }); }

}  // namespace warps
