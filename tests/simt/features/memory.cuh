// Variables and spaces: constant, global, managed, shared static and dynamic, vectors, parameters, generic pointers.
#pragma once

namespace memory {

__constant__ float weights[25];
__constant__ float some[5] = {1.0f, -2.5f};
__device__ int counters[4] = {1, 2};
__device__ int* address = counters + 1;
__device__ short table[2][3] = {{1, 2, 3}, {4}};
__device__ const char* words[3] = {"one", "two", nullptr};
__managed__ int shared_with_host = 42;
struct Mixed {
  char tag;
  const int* where;
  float value;
};
__device__ Mixed mixed = {'x', &counters[1], 2.0f};
template <class T>
__device__ T generic_variable = T(5);

__global__ void variables(float* out, int i) {
  out[0] = weights[i] + some[i % 5] + some[4];
  out[1] = float(counters[1] + *address + table[0][2] + table[1][0] + table[1][1]);
  out[2] = words[1][0] == 't' && words[0][2] == 'e' && words[2] == nullptr;
  out[3] = float(mixed.tag + *mixed.where) + mixed.value + generic_variable<float>;
  out[4] = float(shared_with_host++);
}
FEATURE(variables_and_symbols, 75) {
  const auto values = numbers<float>(25);
  CUDA(cudaMemcpyToSymbol(weights, values.data(), 100));
  const auto got = results<float>(5, variables, 1, 1, 11);
  CHECK((got == std::vector<float>{11 - 2.5f, 2 + 2 + 3 + 4, 1, 'x' + 2 + 2 + 5, 42}));
  CHECK(shared_with_host == 43);
}

template <class T>
__device__ T* dynamic() {
  extern __shared__ char buffer[];
  return reinterpret_cast<T*>(buffer);
}
__global__ void reversed(int* out, int n) {
  int* box = dynamic<int>();
  __shared__ int extra;
  if (threadIdx.x == 0) extra = 7;
  box[threadIdx.x] = int(threadIdx.x);
  __syncthreads();
  out[threadIdx.x] = box[n - 1 - threadIdx.x] + extra;
}
FEATURE(dynamic_shared_memory, 75) {
  Device<int> out(std::vector<int>(200, 0));
  reversed<<<1, 200, 800>>>(out.data, 200);
  CUDA(cudaDeviceSynchronize());
  check_all("reversed", out.host(), [](int t) { return 199 - t + 7; });
  CUDA(cudaFuncSetAttribute(reversed, cudaFuncAttributeMaxDynamicSharedMemorySize, 60'000));
  reversed<<<1, 200, 60'000>>>(out.data, 200);
  CUDA(cudaDeviceSynchronize());
}

__global__ void vectors(float4* out, const float4* a, const double2* b, const uchar4* c, const short2* d) {
  const float4 x = a[threadIdx.x];
  const double2 y = b[threadIdx.x];
  const uchar4 z = c[threadIdx.x];
  const short2 w = d[threadIdx.x];
  out[threadIdx.x] = make_float4(x.w + float(y.x), x.z + float(y.y), x.y + z.x + z.w, x.x + w.x + w.y);
}
FEATURE(vector_types, 75) {
  std::vector<float4> a;
  std::vector<double2> b;
  std::vector<uchar4> c;
  std::vector<short2> d;
  for (int i = 0; i < 40; ++i) {
    const auto f = float(i);
    a.push_back({f, f + 1, f + 2, f + 3});
    b.push_back({i * 10.0, i * 20.0});
    c.push_back({(unsigned char)(i), 0, 0, (unsigned char)(255 - i)});
    d.push_back({short(-i), short(3 * i)});
  }
  Device<float4> da(a);
  Device<double2> db(b);
  Device<uchar4> dc(c);
  Device<short2> dd(d);
  const auto got = results<float4>(40, vectors, 1, 40, da.data, db.data, dc.data, dd.data);
  for (int i = 0; i < 40; ++i) {
    const auto f = float(i);
    CHECK(got[i].x == 11 * f + 3 && got[i].y == 21 * f + 2 && got[i].z == f + 256 && got[i].w == 3 * f);
  }
}

__device__ __noinline__ int sum_of(const int* where, int n) {
  int sum = 0;
  for (int i = 0; i < n; ++i) sum += where[i];
  return sum;
}
__constant__ int in_constant[4] = {1, 2, 3, 4};
struct Parameters {
  int values[16];
  float scale;
};
__global__ void any_space(int* out, const int* global, const __grid_constant__ Parameters parameters) {
  __shared__ int shared[4];
  int local[4];
  for (int i = 0; i < 4; ++i) shared[i] = 10 * i, local[i] = 100 * i + int(threadIdx.x);
  __syncthreads();
  out[threadIdx.x] = sum_of(global, 4) + sum_of(shared, 4) + sum_of(local, 4) + sum_of(in_constant, 4) + sum_of(parameters.values, 16) +
                     parameters.values[threadIdx.x % 16] * int(parameters.scale) + __isShared(shared) + __isGlobal(global) + __isLocal(local);
}
FEATURE(generic_pointers, 75) {
  Device<int> global({1000, 2000, 3000, 4000});
  Parameters parameters{{}, 2};
  for (int i = 0; i < 16; ++i) parameters.values[i] = i;
  check_all("spaces", results<int>(32, any_space, 1, 32, global.data, parameters),
            [](int t) { return 10000 + 60 + 600 + 4 * t + 10 + 120 + t % 16 * 2 + 3; });
}

__global__ void hints(int* out, const int* __restrict__ a, int* b) {
  const int t = threadIdx.x;
  out[t] = __ldg(a + t) + __ldcg(a + t) + __ldca(a + t) + __ldcs(a + t) + __ldlu(a + t) + __ldcv(a + t);
  __stwb(b + 4 * t, t);
  __stcg(b + 4 * t + 1, t);
  __stcs(b + 4 * t + 2, t);
  __stwt(b + 4 * t + 3, t);
}
FEATURE(cache_hints, 75) {
  Device<int> in(numbers<int>(32)), out(std::vector<int>(128, 0));
  check_all("loads", results<int>(32, hints, 1, 32, in.data, out.data), [](int t) { return 6 * t; });
  check_all("stores", out.host(), [](int i) { return i / 4; });
}

__global__ void __launch_bounds__(128, 2) bounded(int* out) {
  const int i = int(blockIdx.x * blockDim.x + threadIdx.x);
#pragma unroll 1
  for (int k = 0; k < 3; ++k) out[i] += i;
}
FEATURE(launch_bounds, 75) {
  check_all("bounded", results<int>(256, bounded, 2, 128), [](int i) { return 3 * i; });
  Device<int> out(std::vector<int>(256, 0));
  bounded<<<1, 256>>>(out.data);
  CHECK(cudaGetLastError() == cudaErrorInvalidValue || cudaDeviceSynchronize() != cudaSuccess);
}

}  // namespace memory
