// A kernel that needs more registers than its launch bounds leave it: what the test of spills has to find.
__global__ void __launch_bounds__(1024, 2) spilling_kernel(float* x) {
  float v[64];
#pragma unroll
  for (int i = 0; i < 64; ++i) v[i] = x[i * 1024 + threadIdx.x];
  __syncthreads();
#pragma unroll
  for (int i = 0; i < 64; ++i) x[i * 1024 + threadIdx.x] = v[63 - i] * v[i];
}
