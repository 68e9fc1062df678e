// Two files linked with -rdc=true: a kernel here calls a function and uses a variable of the other.
#include "check.cuh"

extern __device__ int scale;
__device__ int twice(int x);
void set_scale(int value);

__global__ void run(int* out) { *out = twice(20) * scale; }

int main() {
  int *p, v;
  CALL(cudaMalloc(&p, 4));
  set_scale(3);
  run<<<1, 1>>>(p);
  CALL(cudaMemcpy(&v, p, 4, cudaMemcpyDeviceToHost));
  CHECK(v == 120);
  std::puts("ok");
}
