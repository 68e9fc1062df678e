// Floating point: half and bfloat16, packed ones, roundings, the mathematical functions.
#pragma once

#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_fp8.h>

#include <algorithm>
#include <cfloat>
#include <cmath>

namespace floats {

// Products of small numbers are exact in half and bfloat16, so that the host's float gives the same.
__global__ void halves(float* out) {
  const int t = threadIdx.x;
  const __half a = __int2half_rn(t - 16), b = __float2half(0.5f);
  const __half2 p = __halves2half2(a, b), q = __hfma2(p, __float2half2_rn(2.0f), __hneg2(p));
  out[6 * t] = __half2float(__hfma(a, b, __hmul(a, a)));
  out[6 * t + 1] = __low2float(q) + 100 * __high2float(q);
  out[6 * t + 2] = float(__hgt(a, b)) + 2 * float(__heq(a, a)) + 4 * float(__hisnan(__hdiv(a, __float2half(0.0f))));
  out[6 * t + 3] = __half2float(__hmax(a, b)) + __half2float(hsqrt(__hmul(a, a)));
  out[6 * t + 4] = __half2float(__float2half_rn(1.0f + float(t) * 0.0001220703125f));  // ties to even
  out[6 * t + 5] = __half2float(hexp2(__int2half_rn(t % 8)));
}
FEATURE(half_precision, 75) {
  check_all("half", results<float>(192, halves, 1, 32), [](int i) {
    const int t = i / 6;
    const float a = float(t - 16);
    switch (i % 6) {
      case 0: return a * 0.5f + a * a;
      case 1: return a + 50;
      case 2: return float(a > 0.5f) + 2 + 4 * float(a == 0);
      case 3: return std::max(a, 0.5f) + std::abs(a);
      case 4: {
        const int eighths = t % 8;  // of a unit in the last place, 2^-10
        return 1.0f + std::ldexp(float(t / 8 + (eighths > 4 || (eighths == 4 && t / 8 % 2))), -10);
      }
      default: return float(1 << t % 8);
    }
  });
}

__global__ void brains(float* out) {
#if __CUDA_ARCH__ >= 800
  const int t = threadIdx.x;
  const __nv_bfloat16 a = __float2bfloat16(float(t - 8)), b = __float2bfloat16(1.5f);
  const __nv_bfloat162 q = __hfma2(__halves2bfloat162(a, b), __float2bfloat162_rn(2.0f), __halves2bfloat162(b, a));
  out[4 * t] = __bfloat162float(__hadd(__hmul(a, b), b));
  out[4 * t + 1] = __low2float(q) + 100 * __high2float(q);
  out[4 * t + 2] = __bfloat162float(__hmin(a, b)) + float(__hlt(a, b)) * 1000;
  out[4 * t + 3] = __bfloat162float(__float2bfloat16_rn(1.0f + float(t) / 512));
#endif
}
FEATURE(bfloat16, 80) {
  check_all("bfloat16", results<float>(64, brains, 1, 16), [](int i) {
    const int t = i / 4;
    const float a = float(t - 8);
    switch (i % 4) {
      case 0: return a * 1.5f + 1.5f;
      case 1: return 2 * a + 1.5f + 100 * (3 + a);
      case 2: return std::min(a, 1.5f) + float(a < 1.5f) * 1000;
      default: return 1.0f + std::ldexp(float(t / 4 + (t % 4 > 2 || (t % 4 == 2 && t / 4 % 2))), -7);
    }
  });
}

__global__ void eighths(float* out) {
  const int t = threadIdx.x;
  const __nv_fp8_e4m3 a(float(t) * 0.25f);
  const __nv_fp8_e5m2 b(float(1 << t % 10));
  out[2 * t] = float(a);
  out[2 * t + 1] = float(b);
}
FEATURE(eight_bit_floats, 90) {
  check_all("fp8", results<float>(32, eighths, 1, 16), [](int i) { return i % 2 ? float(1 << i / 2 % 10) : float(i / 2) * 0.25f; });
}

__global__ void roundings(float* out, const float* a, const float* b) {
  const int t = threadIdx.x;
  out[8 * t] = __fadd_rn(a[t], b[t]);
  out[8 * t + 1] = __fmul_rz(a[t], b[t]);
  out[8 * t + 2] = __fadd_ru(a[t], b[t]);
  out[8 * t + 3] = __fmul_rd(a[t], b[t]);
  out[8 * t + 4] = __fdiv_rn(a[t], b[t]);
  out[8 * t + 5] = __fsqrt_rn(a[t]);
  out[8 * t + 6] = __fmaf_rn(a[t], b[t], -a[t]);
  out[8 * t + 7] = float(__double2int_rd(double(b[t]) * 7)) + float(__float2int_ru(b[t] * 3)) + __saturatef(b[t]) + rintf(b[t]) + truncf(b[t]) +
                   floorf(b[t]) + ceilf(b[t]);
}
FEATURE(exact_arithmetic, 75) {
  std::vector<float> a, b;
  for (int i = 0; i < 200; ++i) {
    a.push_back(std::ldexp(1.0f + float(i * 7919 % 1000) / 1000, i % 60 - 30));
    b.push_back(std::ldexp(float(i * 104729 % 4001 - 2000) / 999, i % 5));
  }
  b[7] = 0.0f, a[8] = INFINITY, b[9] = FLT_MIN / 8, a[9] = FLT_MIN * 2;
  Device<float> da(a), db(b);
  check_all("roundings", results<float>(1600, roundings, 1, 200, da.data, db.data), [&](int i) {
    const float x = a[i / 8], y = b[i / 8];
    // One step towards the wanted side, from the exact sum or product in double: operands differ by few binary places.
    auto nearest = [](double exact) { return float(exact); };
    auto up = [&](double exact) { const float r = nearest(exact); return double(r) < exact ? std::nextafter(r, INFINITY) : r; };
    auto down = [&](double exact) { const float r = nearest(exact); return double(r) > exact ? std::nextafter(r, -INFINITY) : r; };
    const double sum = double(x) + double(y), product = double(x) * double(y);
    switch (i % 8) {
      case 0: return x + y;
      case 1: return product < 0 ? up(product) : down(product);
      case 2: return up(sum);
      case 3: return down(product);
      case 4: return x / y;
      case 5: return std::sqrt(x);
      case 6: return std::fma(x, y, -x);
      default:
        return float(std::floor(double(y) * 7)) + float(std::ceil(y * 3)) + std::min(1.0f, std::max(0.0f, y)) + std::rint(y) + std::trunc(y) + std::floor(y) +
               std::ceil(y);
    }
  });
}

constexpr int kFunctions = 16;
// For the device in the type that is tested, for the host in the widest one.
#define FUNCTIONS(x, T)                                                             \
  switch (which) {                                                                  \
    case 0: return sin(x * 3);                                                      \
    case 1: return cos(x * 5);                                                      \
    case 2: return tan(x);                                                          \
    case 3: return exp(x * 2 - 3);                                                  \
    case 4: return log(x);                                                          \
    case 5: return exp2(x);                                                         \
    case 6: return log2(x) + log10(x);                                              \
    case 7: return pow(x, T(2.5));                                                  \
    case 8: return tanh(x) + sinh(x) / cosh(x + 1);                                 \
    case 9: return atan(x) + atan2(x, T(2)) + asin(x / 20) + acos(x / 20);          \
    case 10: return cbrt(x) + hypot(x, T(3));                                       \
    case 11: return erf(x / 3) + erfc(x / 4);                                       \
    case 12: return lgamma(x + 1) + tgamma(x / 3 + 1);                              \
    case 13: return fmod(x, T(0.75)) + remainder(x, T(0.3125));                     \
    case 14: return expm1(x / 10) + log1p(x);                                       \
    default: return sqrt(x) + T(1) / sqrt(x);                                       \
  }
template <class T>
__device__ T function(int which, T x) { FUNCTIONS(x, T) }
long double function_on_host(int which, long double x) {
  using namespace std;
  FUNCTIONS(x, (long double))
}
template <class T>
__global__ void mathematics(T* out, const T* in, int n) {
  const int i = int(threadIdx.x + blockIdx.x * blockDim.x);
  if (i < n) out[i] = function(i % kFunctions, in[i / kFunctions]);
}
template <class T>
void compare(double tolerance) {
  std::vector<T> in;
  for (int i = 0; i < 400; ++i) in.push_back(T(0.01 + i * 0.0473));
  Device<T> on_device(in);
  const auto got = results<T>(400 * kFunctions, mathematics<T>, 50, 128, on_device.data, 400 * kFunctions);
  for (int i = 0; i < 400 * kFunctions; ++i) {
    const auto expected = double(function_on_host(i % kFunctions, (long double)(in[i / kFunctions])));
    const double error = std::abs(double(got[i]) - expected) / std::max(1.0, std::abs(expected));
    if (error <= tolerance) continue;
    std::printf("function %d of %.9g is %.17g, expected %.17g\n", i % kFunctions, double(in[i / kFunctions]), double(got[i]), expected);
    std::exit(1);
  }
}
FEATURE(mathematical_functions, 75) {
  compare<float>(1e-6 * 4);
  compare<double>(1e-14);
}

__global__ void fast(float* out, const float* in) {
  const float x = in[threadIdx.x];
  out[6 * threadIdx.x] = __sinf(x);
  out[6 * threadIdx.x + 1] = __cosf(x);
  out[6 * threadIdx.x + 2] = __expf(x);
  out[6 * threadIdx.x + 3] = __logf(x);
  out[6 * threadIdx.x + 4] = __fdividef(1.0f, x);
  out[6 * threadIdx.x + 5] = rsqrtf(x);
}
FEATURE(approximate_functions, 75) {
  std::vector<float> in;
  for (int i = 0; i < 128; ++i) in.push_back(0.05f + float(i) * 0.0473f);
  Device<float> on_device(in);
  const auto got = results<float>(6 * 128, fast, 1, 128, on_device.data);
  for (int i = 0; i < 6 * 128; ++i) {
    const double x = in[i / 6];
    const double expected[] = {std::sin(x), std::cos(x), std::exp(x), std::log(x), 1 / x, 1 / std::sqrt(x)};
    // As the programming guide and the PTX manual state them: 2^-20.5 for sine and cosine, 2^-21.41 for the logarithm near one.
    const double ulp = 0x1p-23, near_one = x >= 0.5 && x <= 2 ? 3.59e-7 : 0;
    const double allowed[] = {6.74e-7, 6.74e-7, (2 + std::floor(1.173 * x)) * ulp * expected[2], std::max(near_one, 3 * ulp * std::abs(expected[3])),
                              2 * ulp * expected[4], 2 * ulp * expected[5]};
    CHECK(std::abs(got[i] - expected[i % 6]) <= allowed[i % 6]);
  }
}

__global__ void special(float* out, float zero) {
  const float inf = 1 / zero, nan = zero / zero;
  out[0] = isnan(nan) && isinf(inf) && !isfinite(nan) && signbit(-zero);
  out[1] = fmaxf(nan, 3.0f) + fminf(2.0f, nan);
  out[2] = (nan == nan) + 2 * (nan != nan) + 4 * (nan < inf) + 8 * !(nan >= inf);
  out[3] = float(__float2int_rz(inf) == 2147483647) + float(__float2int_rz(nan) == 0) + float(__float2uint_rz(-5.0f) == 0);
  out[4] = FLT_MIN / 4 * 4 == FLT_MIN;
  out[5] = copysignf(4.0f, -zero) + nextafterf(1.0f, 2.0f) - 1.0f;
}
FEATURE(special_values, 75) {
  CHECK((results<float>(6, special, 1, 1, 0.0f) == std::vector<float>{1, 5, 10, 3, 1, -4.0f + FLT_EPSILON - 0.0f}) ||
        (results<float>(6, special, 1, 1, 0.0f)[5] == (-4.0f + std::nextafter(1.0f, 2.0f)) - 1.0f));
}

}  // namespace floats
