// Atomic functions of every kind, type, scope and space.
#include <cuda_bf16.h>
#include <cuda_fp16.h>

__global__ void integers(int* a, unsigned* b, unsigned long long* c, long long* d) {
  __shared__ unsigned bins[256];
  bins[threadIdx.x] = 0;
  __syncthreads();
  atomicAdd(&bins[b[threadIdx.x] & 255], 1);
  a[1] = atomicAdd(a, 1) + atomicSub(a + 2, 3) + atomicExch(a + 3, 4) + atomicMin(a + 4, 5) + atomicMax(a + 5, 6);
  b[1] = atomicInc(b, 17) + atomicDec(b + 2, 18) + atomicAnd(b + 3, 19) + atomicOr(b + 4, 20) + atomicXor(b + 5, 21);
  b[6] = atomicMin(b + 7, 2u) + atomicMax(b + 8, 3u) + atomicCAS(b + 9, 1u, 2u);
  c[1] = atomicAdd(c, 1ull) + atomicCAS(c + 2, 1ull, 2ull) + atomicExch(c + 3, 4ull) + atomicMax(c + 4, 3ull) + atomicAnd(c + 5, 6ull);
  d[1] = atomicMin(d, -3ll) + atomicMax(d + 2, 5ll);
  atomicAdd_block(a + 6, 1);
  atomicAdd_system(a + 7, 1);
  atomicMax(&bins[3], bins[4]);
  __syncthreads();
  b[threadIdx.x] = bins[threadIdx.x];
}

__global__ void reals(float* a, double* b, __half* h, __half2* h2, unsigned short* s) {
  __shared__ float sum;
  atomicAdd(&sum, a[threadIdx.x]);
  a[0] += atomicAdd(a + 1, 2.0f);
  b[0] += atomicAdd(b + 1, 2.0);
  atomicAdd(h, h[3]);
  atomicAdd(h2, h2[3]);
  s[0] = atomicCAS(s + 1, (unsigned short)3, (unsigned short)4);
  atomicExch(a + 2, sum);
}

#if __CUDA_ARCH__ >= 900
__global__ void vectors(float4* a, float2* b) {
  atomicAdd(a, make_float4(1, 2, 3, 4));
  atomicAdd(b, make_float2(1, 2));
}
#endif

#if __CUDA_ARCH__ >= 800
__global__ void brain(__nv_bfloat16* a, __nv_bfloat162* b) {
  atomicAdd(a, a[1]);
  atomicAdd(b, b[1]);
}
#endif
