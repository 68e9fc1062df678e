// The other half of separate_a.cu.
#include "check.cuh"

__device__ int scale = 1;
__device__ int twice(int x) { return 2 * x; }
void set_scale(int value) { CALL(cudaMemcpyToSymbol(scale, &value, 4)); }
