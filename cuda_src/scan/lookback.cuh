// The single pass with decoupled look-back, also of segments.
#pragma once

#include "cuda_src/common/tile_status.cuh"
#include "cuda_src/scan/tiles.cuh"

namespace pmpp {
namespace {

/// The walk back, by the 32 lanes of one warp: lane l asks the l-th tile to the left, and 32 tiles are done in one step.
template <class T, class Op>
__device__ T look_back(const TileStatus<T>* status, std::size_t tile, Op op) {
  const unsigned lane = threadIdx.x & 31;
  T before = op.template identity<T>();
  for (std::size_t window = tile;; window -= 32) {  // lanes see window - 1 ... window - 32; tile 0 always ends the walk
    T value = op.template identity<T>();
    std::uint32_t tag;
    unsigned prefixes;
    do {
      tag = lane < window ? status[window - 1 - lane].poll(value) : kTilePrefix;
      prefixes = __ballot_sync(kAllLanes, tag == kTilePrefix);
      // Only what lies between here and the nearest prefix has to be there; the lanes beyond it do not matter.
    } while (__any_sync(kAllLanes, tag == kTileUnknown && (prefixes & ((2u << lane) - 1)) == 0));
    if (prefixes != 0 && lane >= static_cast<unsigned>(__ffs(prefixes))) value = op.template identity<T>();
#pragma unroll
    for (int distance = 1; distance < 32; distance *= 2) {
      const T older = __shfl_down_sync(kAllLanes, value, distance);
      if (lane + distance < 32) value = op.apply(older, value);
    }
    before = op.apply(__shfl_sync(kAllLanes, value, 0), before);
    if (prefixes != 0) return before;
  }
}

template <class T, class Op, bool kSegmented, class TileT = Tile<T, Op, kSegmented>>
__global__ void __launch_bounds__(TileT::kThreads)
    scan_lookback(Problem<T> p, TileStatus<T>* status, unsigned* next_tile, Op op) {
  __shared__ typename TileT::Shared shared;
  // Blocks may start in any order. A tile that is handed out by a counter has only running tiles to its left, so that
  // waiting for them ends.
  if (threadIdx.x == 0) shared.tile = atomicAdd(next_tile, 1u);
  __syncthreads();
  const std::size_t id = shared.tile, first = id * TileT::kSize;
  TileT tile(op);
  tile.load(p, first);
  const auto sum = tile.reduce(shared);
  if (threadIdx.x < 32) {
    // Nothing from the left reaches past a head: a tile that has one knows its prefix at once.
    const bool known = id == 0 || sum.head;
    if (threadIdx.x == 0) status[id].publish(known ? kTilePrefix : kTileAggregate, sum.value);
    const T before = id == 0 ? op.template identity<T>() : look_back(status, id, op);
    if (threadIdx.x == 0) {
      if (!known) status[id].publish(kTilePrefix, op.apply(before, sum.value));
      shared.before = {before, 0};
    }
  }
  __syncthreads();
  tile.store(p, shared.before, first);
}

}  // namespace
}  // namespace pmpp
