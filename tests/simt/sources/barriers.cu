// Barriers: of the block with and without reduction, with numbers and counts, of warps, with memory order.
__global__ void reductions(int* data) {
  const int x = data[threadIdx.x];
  data[threadIdx.x] = __syncthreads_count(x) + __syncthreads_and(x > 1) + __syncthreads_or(x < 0);
  __syncwarp(0x0000ffffu);
}

__global__ void numbered(int* data) {
  if (threadIdx.x < 64) {
    asm volatile("bar.arrive 1, 128;" ::: "memory");
  } else {
    asm volatile("bar.sync 1, 128;" ::: "memory");
  }
  asm volatile("barrier.sync %0;" ::"r"(data[0]) : "memory");
  asm volatile("barrier.cta.sync.aligned 3, %0;" ::"r"(64) : "memory");
  int sum;
  asm volatile("{ .reg .pred p; setp.ne.s32 p, %1, 0; barrier.red.popc.u32 %0, 2, 96, p; }" : "=r"(sum) : "r"(data[1]));
  data[2] = sum;
}
