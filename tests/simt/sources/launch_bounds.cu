// What a kernel says about its launch: bounds, registers, clusters, parameters of every shape.
struct Parameters {
  float* out;
  int counts[3];
  char tag;
};
__global__ void __launch_bounds__(256) bounded(int* a) { a[threadIdx.x] = 1; }
__global__ void __launch_bounds__(128, 4) bounded_twice(int* a) { a[threadIdx.x] = 2; }
__global__ void __maxnreg__(40) few_registers(int* a) { a[threadIdx.x] = 3; }
__global__ void aggregate(const __grid_constant__ Parameters p, char c, short s, bool flag, double d, float4 v) {
  p.out[threadIdx.x] = float(p.counts[c % 3]) + s + flag + float(d) + v.y + p.tag;
}
__global__ void pointers(const int* __restrict__ a, int* __restrict__ b, const __grid_constant__ int c) {
  b[threadIdx.x] = a[threadIdx.x] + *(&c);
}
__global__ void no_parameters() {}
#if __CUDA_ARCH__ >= 900
__global__ void __cluster_dims__(2, 2) clustered(int* a) { a[threadIdx.x] = 4; }
__global__ void __launch_bounds__(128, 1, 8) bounded_cluster(int* a) { a[threadIdx.x] = 5; }
__global__ void __block_size__((64, 1, 1), (2, 1, 1)) sized(int* a) { a[threadIdx.x] = 6; }
#endif
