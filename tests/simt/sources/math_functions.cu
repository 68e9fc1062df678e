// Mathematical functions of float and double, roundings, intrinsics; also compiled with -use_fast_math.
template <class T>
__global__ void functions(T* x, int* i) {
  x[0] = sin(x[1]) + cos(x[2]) + tan(x[3]) + exp(x[4]) + log(x[5]) + pow(x[6], x[7]) + sqrt(x[8]) + rsqrt(x[9]) + cbrt(x[10]);
  x[1] = asin(x[1]) + acos(x[2]) + atan2(x[3], x[4]) + sinh(x[5]) + tanh(x[6]) + exp2(x[7]) + log2(x[8]) + log10(x[9]) + log1p(x[10]);
  x[2] = erf(x[1]) + erfc(x[2]) + tgamma(x[3]) + lgamma(x[4]) + normcdf(x[5]) + j0(x[6]) + expm1(x[7]) + exp10(x[8]);
  x[3] = floor(x[1]) + ceil(x[2]) + trunc(x[3]) + rint(x[4]) + round(x[5]) + fmod(x[6], x[7]) + remainder(x[8], x[9]);
  x[4] = fma(x[1], x[2], x[3]) + fmin(x[4], x[5]) + fmax(x[6], x[7]) + fabs(x[8]) + copysign(x[9], x[10]) + hypot(x[1], x[2]);
  x[5] = ldexp(x[1], i[0]) + frexp(x[2], i + 1) + scalbn(x[3], i[2]) + logb(x[4]) + nextafter(x[5], x[6]) + x[7] / x[8];
  i[3] = isnan(x[1]) + isinf(x[2]) + signbit(x[3]) + ilogb(x[4]) + int(lrint(x[5])) + (x[6] < x[7]) + !(x[8] >= x[9]);
}
template __global__ void functions(float*, int*);
template __global__ void functions(double*, int*);

__global__ void intrinsics(float* f, double* d, int* i, long long* l, unsigned* u) {
  f[0] = __sinf(f[1]) + __cosf(f[2]) + __expf(f[3]) + __logf(f[4]) + __powf(f[5], f[6]) + __fdividef(f[7], f[8]) + __saturatef(f[9]);
  f[1] = __fadd_rz(f[1], f[2]) + __fmul_ru(f[3], f[4]) + __fmaf_rd(f[5], f[6], f[7]) + __frcp_rn(f[8]) + __fsqrt_ru(f[9]) + __fdiv_rz(f[1], f[2]) + __frsqrt_rn(f[3]);
  d[0] = __dadd_rd(d[1], d[2]) + __dmul_rz(d[3], d[4]) + __fma_ru(d[5], d[6], d[7]) + __drcp_rd(d[8]) + __dsqrt_rz(d[9]) + __ddiv_ru(d[1], d[2]);
  i[0] = __float2int_rd(f[1]) + __double2int_rn(d[1]) + __float_as_int(f[2]) + __double2hiint(d[3]) + __double2loint(d[4]) + __float2uint_ru(f[5]);
  l[0] = __float2ll_rz(f[1]) + __double2ll_ru(d[1]) + __double_as_longlong(d[2]) + (long long)(__float2ull_rn(f[3]));
  f[2] = __int2float_rz(i[1]) + __ll2float_ru(l[1]) + __double2float_rd(d[1]) + __uint2float_rn(u[0]) + __int_as_float(i[2]);
  d[1] = __int2double_rn(i[1]) + __ll2double_rz(l[1]) + __hiloint2double(i[1], i[2]) + double(f[1]);
}
