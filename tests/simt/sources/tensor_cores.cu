// Matrix instructions: wmma of every element type, and mma with ldmatrix written by hand.
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <mma.h>

using namespace nvcuda;

template <class In, class Out, int M, int N, int K>
__global__ void product(Out* c, const In* a, const In* b) {
  wmma::fragment<wmma::matrix_a, M, N, K, In, wmma::row_major> fa;
  wmma::fragment<wmma::matrix_b, M, N, K, In, wmma::col_major> fb;
  wmma::fragment<wmma::accumulator, M, N, K, Out> fc;
  wmma::fill_fragment(fc, Out(0));
  wmma::load_matrix_sync(fa, a, K);
  wmma::load_matrix_sync(fb, b, K);
  wmma::mma_sync(fc, fa, fb, fc);
  wmma::store_matrix_sync(c, fc, N, wmma::mem_row_major);
}
template __global__ void product<__half, float, 16, 16, 16>(float*, const __half*, const __half*);
template __global__ void product<__half, __half, 32, 8, 16>(__half*, const __half*, const __half*);
template __global__ void product<signed char, int, 16, 16, 16>(int*, const signed char*, const signed char*);
template __global__ void product<unsigned char, int, 8, 32, 16>(int*, const unsigned char*, const unsigned char*);
#if __CUDA_ARCH__ >= 800
template __global__ void product<__nv_bfloat16, float, 16, 16, 16>(float*, const __nv_bfloat16*, const __nv_bfloat16*);
template __global__ void product<double, double, 8, 8, 4>(double*, const double*, const double*);

__global__ void tensor_float(float* c, const float* a, const float* b) {
  wmma::fragment<wmma::matrix_a, 16, 16, 8, wmma::precision::tf32, wmma::row_major> fa;
  wmma::fragment<wmma::matrix_b, 16, 16, 8, wmma::precision::tf32, wmma::row_major> fb;
  wmma::fragment<wmma::accumulator, 16, 16, 8, float> fc;
  wmma::load_matrix_sync(fa, a, 8);
  wmma::load_matrix_sync(fb, b, 16);
  wmma::load_matrix_sync(fc, c, 16, wmma::mem_col_major);
  for (auto& x : fa.x) x = wmma::__float_to_tf32(x);
  wmma::mma_sync(fc, fa, fb, fc);
  wmma::store_matrix_sync(c, fc, 16, wmma::mem_col_major);
}

__global__ void by_hand_16816(float* c, const __half* a, const unsigned* bits) {
  unsigned b0 = bits[0], b1 = bits[1], a0 = bits[2], a1 = bits[3], a2 = bits[4], a3 = bits[5];
  asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
               : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
               : "r"(a0), "r"(a1), "r"(a2), "r"(a3), "r"(b0), "r"(b1));
  int d0 = 0, d1 = 0, d2 = 0, d3 = 0;
  asm volatile("mma.sync.aligned.m16n8k32.row.col.satfinite.s32.s8.u8.s32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
               : "+r"(d0), "+r"(d1), "+r"(d2), "+r"(d3)
               : "r"(a0), "r"(a1), "r"(a2), "r"(a3), "r"(b0), "r"(b1));
  c[4] = float(d0 + d1 + d2 + d3) + __half2float(a[0]);
}
#endif

__global__ void by_hand(float* c, unsigned* bits) {
  __shared__ alignas(16) unsigned tile[256];
  tile[threadIdx.x] = bits[threadIdx.x];
  __syncthreads();
  const unsigned where = static_cast<unsigned>(__cvta_generic_to_shared(tile + 4 * threadIdx.x));
  unsigned a0, a1, a2, a3, b0;
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];" : "=r"(a0), "=r"(a1), "=r"(a2), "=r"(a3) : "r"(where));
  asm volatile("ldmatrix.sync.aligned.m8n8.x1.trans.shared.b16 {%0}, [%1+16];" : "=r"(b0) : "r"(where));
  asm volatile("mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5}, {%6}, {%0,%1,%2,%3};"
               : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3]) : "r"(a0), "r"(a1), "r"(b0));
  bits[0] = a2 + a3;
}
