// half and bfloat16, one by one and in pairs, and 8-bit floats.
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_fp8.h>

template <class One, class Two>
__device__ void arithmetic(One* a, Two* b, int* out) {
  a[0] = __hfma(a[1], a[2], a[3]) + __hadd(a[4], a[5]) * __hsub_sat(a[6], a[7]) / a[8];
  b[0] = __hfma2(b[1], b[2], b[3]) + __hmul2(b[4], b[5]) - __hneg2(__habs2(b[6]));
  b[7] = __hfma2_relu(b[1], b[2], b[3]);
  a[9] = hsqrt(a[10]) + hexp2(a[11]) + hlog2(a[12]) + hrcp(a[13]) + hfloor(a[14]) + hrint(a[15]);
  out[0] = __hlt(a[1], a[2]) + __hbeq2(b[1], b[2]) + __hisnan(a[3]) + __hgeu(a[4], a[5]);
  a[16] = __hmax(a[17], a[18]) + __hmin(a[19], a[20]) + __hmax_nan(a[17], a[18]);
  b[16] = __hmax2(b[17], b[18]);
  b[19] = __shfl_xor_sync(~0u, b[20], 1);
}

__global__ void half_kernel(__half* a, __half2* b, int* out) { arithmetic(a, b, out); }
#if __CUDA_ARCH__ >= 800
__global__ void brain_kernel(__nv_bfloat16* a, __nv_bfloat162* b, int* out) { arithmetic(a, b, out); }
#endif

__global__ void conversions(float* f, double* d, __half* h, __nv_bfloat16* b, int* i, __nv_fp8_e4m3* e4, __nv_fp8x2_e5m2* e5) {
  h[0] = __float2half_rz(f[0]) + __float2half_rd(f[1]) + __int2half_rn(i[0]) + __double2half(d[0]) + __ll2half_rn(i[1]);
  f[2] = __half2float(h[1]) + __bfloat162float(b[1]) + __low2float(__floats2half2_rn(f[3], f[4])) + float(e4[0]);
  i[2] = __half2int_rn(h[2]) + __half2uint_rz(h[3]) + __bfloat162int_ru(b[2]) + __half2short_rd(h[4]);
  b[3] = __float2bfloat16(f[5]);
  b[4] = __float2bfloat16_ru(f[6]);
  e4[1] = __nv_fp8_e4m3(f[7]);
  e5[0] = __nv_fp8x2_e5m2(make_float2(f[8], f[9]));
}
