// What devices have from compute capability 9.0 on: clusters of blocks, and copies in bulk.
// pmpp: arch=90
#include "program.cuh"

#pragma nv_diag_suppress static_var_with_dynamic_init

#include <cooperative_groups.h>
#include <cuda/barrier>
#include <cuda/ptx>

namespace cg = cooperative_groups;

// Bees that dance: each block counts some of the flowers in its shared memory, and the others count there, too.
__global__ void __cluster_dims__(2) forage(const int* flowers, int n, int* counts) {
  __shared__ int hive[8];
  const auto cluster = cg::this_cluster();
  if (threadIdx.x < 8) hive[threadIdx.x] = 0;
  cluster.sync();
  for (int i = cluster.thread_rank(); i < n; i += cluster.num_threads())
    atomicAdd(cluster.map_shared_rank(hive, flowers[i] / 8) + flowers[i] % 8, 1);
  cluster.sync();
  if (threadIdx.x < 8) counts[cluster.block_rank() * 8 + threadIdx.x] = hive[threadIdx.x];
}
PROGRAM(bees) {
  const auto flowers = numbers(700, 16);
  Buffer<int> f(flowers), counts(16);
  forage<<<2, 64>>>(f, 700, counts);
  FINISH();
  std::vector<int> expected(16);
  for (int kind : flowers) ++expected[kind];
  CHECK(counts.host() == expected);
}

// A removal: one thread orders a van with everything in it, all wait until it has come.
__global__ void move_house(const int* old_home, int* new_home) {
  using Barrier = cuda::barrier<cuda::thread_scope_block>;
  __shared__ Barrier door;
  __shared__ alignas(16) int rooms[256];
  if (threadIdx.x == 0) {
    init(&door, blockDim.x);
    cuda::ptx::fence_mbarrier_init(cuda::ptx::sem_release, cuda::ptx::scope_cluster);
  }
  __syncthreads();
  Barrier::arrival_token token;
  if (threadIdx.x == 0) {
    cuda::memcpy_async(rooms, old_home, cuda::aligned_size_t<16>(sizeof rooms), door);
    token = cuda::device::barrier_arrive_tx(door, 1, 0);
  } else {
    token = door.arrive();
  }
  door.wait(std::move(token));
  for (int i = threadIdx.x; i < 256; i += blockDim.x) new_home[i] = rooms[i] * 2;
}
PROGRAM(removal) {
  const auto things = numbers(256, 1000);
  Buffer<int> from(things), to(256);
  move_house<<<1, 64>>>(from, to);
  FINISH();
  const auto got = to.host();
  for (int i = 0; i < 256; ++i) CHECK(got[i] == 2 * things[i]);
}

// A captain: each warp elects one who speaks for it.
__global__ void choose(int* captains) {
  const auto crew = cg::coalesced_threads();
  cg::invoke_one(crew, [&] { captains[threadIdx.x / 32] += threadIdx.x % 32 + 1; });
}
PROGRAM(captains) {
  Buffer<int> chosen(4);
  choose<<<1, 128>>>(chosen);
  FINISH();
  for (int lane : chosen.host()) CHECK(lane >= 1 && lane <= 32);
}
