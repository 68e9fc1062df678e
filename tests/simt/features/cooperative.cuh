// Cooperative groups: tiles, coalesced and labelled ones, collectives, grids, clusters.
#pragma once

#include <cooperative_groups.h>
#include <cooperative_groups/reduce.h>
#include <cooperative_groups/scan.h>

namespace cooperative {

namespace cg = cooperative_groups;

__global__ void tiles(int* out) {
  auto block = cg::this_thread_block();
  auto warp = cg::tiled_partition<32>(block);
  auto eight = cg::tiled_partition<8>(warp);
  auto two_warps = cg::tiled_partition(block, 16);
  const int x = int(block.thread_rank());
  out[5 * x] = cg::reduce(warp, x, cg::plus<int>()) + 10000 * cg::reduce(eight, x, cg::greater<int>());
  out[5 * x + 1] = cg::inclusive_scan(eight, x) + 10000 * cg::exclusive_scan(warp, 1);
  out[5 * x + 2] = eight.shfl_xor(x, 3) + 100 * warp.shfl_up(x, 1) + 10000 * eight.any(x == 9) + 20000 * warp.all(x < 32);
  out[5 * x + 3] = int(eight.meta_group_rank() + 100 * eight.meta_group_size() + 1000 * two_warps.thread_rank());
  out[5 * x + 4] = int(eight.ballot(x % 2)) + 1000 * int(eight.match_any(x / 2));
}
FEATURE(group_tiles, 75) {
  check_all("tiles", results<int>(320, tiles, 1, 64), [](int i) {
    const int x = i / 5, w = x / 32 * 32, e = x / 8 * 8;
    switch (i % 5) {
      case 0: return 32 * w + 496 + 10000 * (e + 7);
      case 1: return (e + x) * (x - e + 1) / 2 + 10000 * (x - w);
      case 2: return (x ^ 3) + 100 * (x == w ? x : x - 1) + 10000 * (e == 8) + 20000 * (x < 32);
      case 3: return x / 8 % 4 + 400 + 1000 * (x % 16);
      default: return 0xaa + 1000 * (3 << (x % 8 / 2 * 2));
    }
  });
}

__global__ void partitions(int* out) {
  auto warp = cg::tiled_partition<32>(cg::this_thread_block());
  const int x = int(warp.thread_rank());
  auto labelled = cg::labeled_partition(warp, x % 3);
  auto binary = cg::binary_partition(warp, x < 10);
  out[3 * x] = int(labelled.num_threads() + 100 * labelled.thread_rank()) + 10000 * cg::reduce(labelled, x, cg::plus<int>());
  out[3 * x + 1] = int(binary.num_threads()) + 100 * cg::reduce(binary, x, cg::less<int>());
  out[3 * x + 2] = 0;
  if (x % 4 == 1) {
    auto some = cg::coalesced_threads();
    out[3 * x + 2] = int(some.num_threads() + 100 * some.thread_rank()) + 10000 * some.shfl(x, 2) + 1000000 * cg::inclusive_scan(some, 1);
  }
}
FEATURE(group_partitions, 75) {
  check_all("partitions", results<int>(96, partitions, 1, 32), [](int i) {
    const int x = i / 3;
    int sum = 0;
    for (int k = x % 3; k < 32; k += 3) sum += k;
    if (i % 3 == 0) return (x % 3 < 2 ? 11 : 10) + 100 * (x / 3) + 10000 * sum;
    if (i % 3 == 1) return x < 10 ? 10 : 22 + 1000;
    return x % 4 == 1 ? 8 + 100 * (x / 4) + 90000 + 1000000 * (x / 4 + 1) : 0;
  });
}

__global__ void whole_grid(int* data, int turns) {
  auto grid = cg::this_grid();
  const unsigned n = unsigned(grid.size()), me = unsigned(grid.thread_rank());
  for (int turn = 0; turn < turns; ++turn) {
    const int next = data[turn % 2 * n + (me + 1) % n];
    data[(turn + 1) % 2 * n + me] = next + 1;
    grid.sync();
  }
}
FEATURE(grid_sync, 75) {
  const int blocks = 6, threads = 64, n = blocks * threads, turns = 10;
  Device<int> data(numbers<int>(2 * n));
  int count = turns;
  void* arguments[] = {&const_cast<int*&>(data.data), &count};
  CUDA(cudaLaunchCooperativeKernel(reinterpret_cast<const void*>(whole_grid), dim3(blocks), dim3(threads), arguments, 0, nullptr));
  CUDA(cudaDeviceSynchronize());
  auto got = data.host();
  got.resize(n);
  check_all("grid", got, [&](int i) { return (i + turns) % n + turns; });
}

__global__ void clusters(int* out) {
#if __CUDA_ARCH__ >= 900
  __shared__ int mine[32];
  auto group = cg::this_cluster();
  mine[threadIdx.x] = int(group.block_rank() * 100 + blockIdx.x * 1000 + threadIdx.x);
  group.sync();
  const int* other = group.map_shared_rank(mine, group.block_rank() ^ 1);
  out[blockIdx.x * 32 + threadIdx.x] = other[31 - threadIdx.x] + int(group.num_blocks()) * 100000;
  group.sync();
#endif
}
FEATURE(thread_block_clusters, 90) {
  Device<int> out(std::vector<int>(128, 0));
  cudaLaunchAttribute pairs{};
  pairs.id = cudaLaunchAttributeClusterDimension;
  pairs.val.clusterDim = {2, 1, 1};
  cudaLaunchConfig_t config{};
  config.gridDim = 4;
  config.blockDim = 32;
  config.attrs = &pairs;
  config.numAttrs = 1;
  CUDA(cudaLaunchKernelEx(&config, clusters, out.data));
  CUDA(cudaDeviceSynchronize());
  check_all("clusters", out.host(), [](int i) {
    const int other = i / 32 ^ 1;
    return other % 2 * 100 + other * 1000 + 31 - i % 32 + 200000;
  });
}

}  // namespace cooperative
