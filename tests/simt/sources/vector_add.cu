// Vector addition: one element a thread, grid-stride, vectorised, and every scalar type.
#include <cstddef>

template <class T>
__global__ void add(T* out, const T* __restrict__ a, const T* __restrict__ b, size_t n) {
  for (size_t i = blockIdx.x * size_t(blockDim.x) + threadIdx.x; i < n; i += size_t(gridDim.x) * blockDim.x) out[i] = a[i] + b[i];
}
template __global__ void add(float*, const float*, const float*, size_t);
template __global__ void add(double*, const double*, const double*, size_t);
template __global__ void add(int*, const int*, const int*, size_t);
template __global__ void add(unsigned long long*, const unsigned long long*, const unsigned long long*, size_t);
template __global__ void add(signed char*, const signed char*, const signed char*, size_t);
template __global__ void add(unsigned short*, const unsigned short*, const unsigned short*, size_t);

__global__ void add_vectorised(float4* out, const float4* a, const float4* b, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) out[i] = make_float4(a[i].x + b[i].x, a[i].y + b[i].y, a[i].z + b[i].z, a[i].w + b[i].w);
}

// The compiler reads the padding too, and notes which bytes of the vector load count.
struct alignas(16) Padded {
  float x, y, z;
};
__global__ void part_of_a_vector(float* out, const Padded* a) {
  const Padded v = a[threadIdx.x];
  out[threadIdx.x] = v.x * v.y + v.z;
}
