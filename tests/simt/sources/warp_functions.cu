// Warp-wide functions: shuffles, votes, matches, reductions.
__global__ void shuffles(int* data, float* real, double* wide) {
  int x = data[threadIdx.x];
  const unsigned mask = __ballot_sync(0xffffffffu, x > 3);
  x += __shfl_sync(0xffffffffu, x, 5) + __shfl_up_sync(0xffffffffu, x, 1, 16) + __shfl_down_sync(0xffffffffu, x, 2);
  if (x > 3) x += __shfl_xor_sync(mask, x, 4);
  real[threadIdx.x] += __shfl_xor_sync(~0u, real[threadIdx.x], 8);
  wide[threadIdx.x] += __shfl_down_sync(~0u, wide[threadIdx.x], 3);
  data[threadIdx.x] = x;
  __syncwarp();
}

__global__ void votes(int* data, long long* wide) {
  const int x = data[threadIdx.x];
  int all_same = 0, wide_same = 0;
  unsigned r = __all_sync(~0u, x) + __any_sync(~0u, x == 7) + __activemask() + __uni_sync(~0u, x);
  r += __match_any_sync(~0u, x) + __match_all_sync(~0u, x, &all_same) + __match_any_sync(~0u, wide[threadIdx.x]);
  r += __match_all_sync(~0u, wide[threadIdx.x], &wide_same) + all_same + wide_same;
#if __CUDA_ARCH__ >= 800
  r += __reduce_add_sync(~0u, r) ^ __reduce_min_sync(~0u, x) ^ __reduce_max_sync(~0u, r) ^ __reduce_and_sync(~0u, r) ^
       __reduce_or_sync(~0u, r) ^ __reduce_xor_sync(~0u, r);
#endif
  data[threadIdx.x] = r + __fns(r, 3, 2);
}
