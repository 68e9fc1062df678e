// What the two units of the linked program share.
#pragma once
#include "../check.cuh"

extern __device__ int total;                       // unit.cu
extern __constant__ int table[4];                  // unit.cu
extern __managed__ int managed;                    // unit.cu
extern __device__ int (*pointer)(int);             // unit.cu, set there to a function that only it has
extern __device__ int (*const functions[2])(int);  // unit.cu, of functions of both
__device__ int triple(int x);                      // main.cu
__device__ int later(int x);                       // unit.cu
__global__ void from_the_other_unit(int* out);     // unit.cu
int of_unit();                                     // unit.cu: host code with kernels of its own

// One of each in the program, whichever unit it comes from.
template <class T>
__device__ __noinline__ T count_calls(T by) {
  static __device__ T calls;
  return calls += by;
}
template <class T>
__global__ void shared_template(T* out) {
  __shared__ T box[2];
  box[threadIdx.x] = count_calls<T>(1);
  *out = box[threadIdx.x];
}

// One for each unit: a name of its own kind does not leave it.
static __device__ int own = UNIT;
namespace {
__device__ __noinline__ int whose() { return own; }
__global__ void own_kernel(int* out) { *out = whose(); }
}  // namespace

template <class... Arguments>
int result(void (*kernel)(int*, Arguments...), Arguments... arguments) {
  int *p, v;
  CALL(cudaMalloc(&p, 4));
  kernel<<<1, 1>>>(p, arguments...);
  CALL(cudaMemcpy(&v, p, 4, cudaMemcpyDeviceToHost));
  CALL(cudaFree(p));
  return v;
}
