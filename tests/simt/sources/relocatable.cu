// Code to be linked with other modules: undefined functions and variables, launches from the device. Needs -rdc=true.
extern __device__ int elsewhere(int);
extern __device__ int counters[];
extern __constant__ float scale;
extern __shared__ double dynamic[];
__device__ int defined_here = 3;
static __device__ int private_here = 4;
__device__ __noinline__ int offered(int x) { return x + private_here; }

__global__ void child(int* data) { data[threadIdx.x] += elsewhere(data[0]) + int(scale); }

__global__ void parent(int* data) {
  dynamic[threadIdx.x] = counters[2];
  child<<<1, 32, 64>>>(data);
  child<<<dim3(2, 2), dim3(8, 4), 0, cudaStreamTailLaunch>>>(data + offered(defined_here));
}
