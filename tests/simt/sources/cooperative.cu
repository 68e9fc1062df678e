// Cooperative groups: tiles, coalesced groups, reductions, grid synchronisation, clusters.
#include <cooperative_groups.h>
#include <cooperative_groups/reduce.h>
#include <cooperative_groups/scan.h>

namespace cg = cooperative_groups;

__global__ void tiles(int* data) {
  auto block = cg::this_thread_block();
  auto warp = cg::tiled_partition<32>(block);
  auto half = cg::tiled_partition<16>(block);
  int x = data[block.thread_rank()];
  x += warp.shfl_down(x, 3) + half.shfl_xor(x, 1) + cg::reduce(warp, x, cg::plus<int>()) + cg::inclusive_scan(half, x);
  if (x & 1) {
    auto some = cg::coalesced_threads();
    if (some.thread_rank() == 0) data[7] = int(some.num_threads());
    x += cg::reduce(some, x, cg::greater<int>());
  }
  auto labelled = cg::labeled_partition(warp, x % 3);
  block.sync();
  data[block.thread_rank()] = x + int(labelled.num_threads());
}

__global__ void whole_grid(int* data) {
  auto grid = cg::this_grid();
  data[grid.thread_rank()] += 1;
  grid.sync();
  if (grid.thread_rank() == 0) data[0] = data[grid.size() - 1];
}

#if __CUDA_ARCH__ >= 900
__global__ void __cluster_dims__(2, 1, 1) cluster(int* data) {
  __shared__ int mine[32];
  auto group = cg::this_cluster();
  mine[threadIdx.x % 32] = int(group.block_rank());
  group.sync();
  int* other = group.map_shared_rank(mine, group.block_rank() ^ 1);
  data[threadIdx.x] = other[threadIdx.x % 32] + int(group.num_blocks());
  group.sync();
}
#endif
