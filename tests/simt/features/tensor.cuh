// Matrix instructions: wmma of every element type against the same product on the host.
#pragma once

#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <mma.h>

#include <type_traits>

namespace tensor {

using namespace nvcuda;

// Elements are small integers, so that every sum is exact in every type.
template <class Fragment, class In, class Out, int M, int N, int K>
__device__ void multiply(Out* c, const In* a, const In* b) {
  wmma::fragment<wmma::matrix_a, M, N, K, Fragment, wmma::row_major> fa;
  wmma::fragment<wmma::matrix_b, M, N, K, Fragment, wmma::col_major> fb;
  wmma::fragment<wmma::accumulator, M, N, K, Out> fc;
  wmma::fill_fragment(fc, Out(1));
  wmma::load_matrix_sync(fa, a, K);
  wmma::load_matrix_sync(fb, b, K);
#if __CUDA_ARCH__ >= 800
  if constexpr (!std::is_same_v<Fragment, In>) {  // tf32 from floats
    for (auto& x : fa.x) x = wmma::__float_to_tf32(x);
    for (auto& x : fb.x) x = wmma::__float_to_tf32(x);
  }
#endif
  wmma::mma_sync(fc, fa, fb, fc);
  wmma::store_matrix_sync(c, fc, N, wmma::mem_row_major);
}
template <class In, class Out, int M, int N, int K>
__global__ void product(Out* c, const In* a, const In* b) { multiply<In, In, Out, M, N, K>(c, a, b); }
template <class In, class Out, int M, int N, int K>
__global__ void product_80(Out* c, const In* a, const In* b) {
#if __CUDA_ARCH__ >= 800
  if constexpr (std::is_same_v<In, float>) multiply<wmma::precision::tf32, In, Out, M, N, K>(c, a, b);
  else multiply<In, In, Out, M, N, K>(c, a, b);
#endif
}

template <class In, class Out, int M, int N, int K, class Kernel>
void check(const char* name, Kernel kernel, bool negative = true) {
  std::vector<In> a, b;
  auto element = [&](int i) { return i * 7 % 11 - (negative ? 5 : 0); };
  for (int i = 0; i < M * K; ++i) a.push_back(In(float(element(i))));
  for (int i = 0; i < K * N; ++i) b.push_back(In(float(element(i * 3 + 1))));
  Device<In> da(a), db(b);
  std::vector<float> got;
  for (Out x : results<Out>(M * N, kernel, 1, 32, da.data, db.data)) got.push_back(float(x));
  check_all(name, got, [&](int i) {
    float sum = 1;
    for (int k = 0; k < K; ++k) sum += float(element(i / N * K + k)) * float(element((i % N * K + k) * 3 + 1));
    return sum;
  });
}

FEATURE(wmma_half, 75) {
  check<__half, float, 16, 16, 16>("f16 to f32", product<__half, float, 16, 16, 16>);
  check<__half, float, 32, 8, 16>("f16, 32x8", product<__half, float, 32, 8, 16>);
  check<__half, __half, 8, 32, 16>("f16 to f16, 8x32", product<__half, __half, 8, 32, 16>);
}
FEATURE(wmma_integers, 75) {
  check<signed char, int, 16, 16, 16>("s8", product<signed char, int, 16, 16, 16>);
  check<unsigned char, int, 32, 8, 16>("u8", product<unsigned char, int, 32, 8, 16>, false);
}
FEATURE(wmma_bfloat16, 80) { check<__nv_bfloat16, float, 16, 16, 16>("bf16", product_80<__nv_bfloat16, float, 16, 16, 16>); }
FEATURE(wmma_tf32, 80) { check<float, float, 16, 16, 8>("tf32", product_80<float, float, 16, 16, 8>); }
FEATURE(wmma_double, 80) { check<double, double, 8, 8, 4>("f64", product_80<double, double, 8, 8, 4>); }

__global__ void by_hand(float* c, const __half* a, const __half* b) {
#if __CUDA_ARCH__ >= 800
  __shared__ __align__(16) __half tile[16 * 16 + 8 * 16];
  const int t = threadIdx.x;
  for (int i = t; i < 256; i += 32) tile[i] = a[i];
  for (int i = t; i < 128; i += 32) tile[256 + i] = b[i];  // by columns, as col wants it
  __syncwarp();
  unsigned a0, a1, a2, a3, b0, b1;
  const auto of_a = unsigned(__cvta_generic_to_shared(tile + t % 16 * 16 + t / 16 * 8));
  const auto of_b = unsigned(__cvta_generic_to_shared(tile + 256 + t % 8 * 16 + t / 8 % 2 * 8));
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];" : "=r"(a0), "=r"(a1), "=r"(a2), "=r"(a3) : "r"(of_a) : "memory");
  asm volatile("ldmatrix.sync.aligned.m8n8.x2.shared.b16 {%0,%1}, [%2];" : "=r"(b0), "=r"(b1) : "r"(of_b) : "memory");
  float d[4] = {};
  asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
               : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3]) : "r"(a0), "r"(a1), "r"(a2), "r"(a3), "r"(b0), "r"(b1));
  for (int i = 0; i < 4; ++i) c[(t / 4 + i / 2 * 8) * 8 + t % 4 * 2 + i % 2] = d[i];
#endif
}
FEATURE(mma_and_ldmatrix, 80) {
  std::vector<__half> a, b;
  for (int i = 0; i < 256; ++i) a.push_back(__half(float(i * 5 % 13 - 6)));
  for (int i = 0; i < 128; ++i) b.push_back(__half(float(i * 3 % 7 - 3)));
  Device<__half> da(a), db(b);
  check_all("mma", results<float>(128, by_hand, 1, 32, da.data, db.data), [](int i) {
    float sum = 0;
    for (int k = 0; k < 16; ++k) sum += float((i / 8 * 16 + k) * 5 % 13 - 6) * float((i % 8 * 16 + k) * 3 % 7 - 3);
    return sum;
  });
}

}  // namespace tensor
