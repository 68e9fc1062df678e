// Special registers: positions, masks, clocks.
__device__ __forceinline__ unsigned lane() {
  unsigned x;
  asm("mov.u32 %0, %%laneid;" : "=r"(x));
  return x;
}

__global__ void all(unsigned* out, long long* clocks, unsigned long long* wide) {
  out[0] = threadIdx.x + threadIdx.y + threadIdx.z + blockIdx.x + blockIdx.y + blockIdx.z;
  out[1] = blockDim.x + blockDim.y + blockDim.z + gridDim.x + gridDim.y + gridDim.z + warpSize + lane();
  clocks[0] = clock64();
  out[2] = unsigned(clock());
  unsigned a, b, c, d, e, f;
  asm volatile("mov.u32 %0, %%warpid; mov.u32 %1, %%nwarpid; mov.u32 %2, %%smid; mov.u32 %3, %%nsmid;" : "=r"(a), "=r"(b), "=r"(c), "=r"(d));
  asm volatile("mov.u32 %0, %%lanemask_eq; mov.u32 %1, %%lanemask_gt;" : "=r"(e), "=r"(f));
  asm volatile("mov.u64 %0, %%globaltimer;" : "=l"(wide[0]));
  asm volatile("mov.u64 %0, %%gridid;" : "=l"(wide[1]));
  asm volatile("mov.u32 %0, %%dynamic_smem_size;" : "=r"(out[3]));
  asm volatile("mov.u32 %0, %%envreg2;" : "=r"(out[4]));
  asm volatile("mov.u32 %0, WARP_SZ;" : "=r"(out[5]));
  out[6] = a + b + c + d + e + f;
}
