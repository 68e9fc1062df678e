// The other unit of main.cu.
#define UNIT 2
#include "shared.cuh"

__device__ int total = 5;
__constant__ int table[4] = {1, 2, 3, 4};
__managed__ int managed = 7;
static __device__ int hidden(int x) { return x + 100; }
__device__ int later(int x) { return triple(x) + 1; }
__device__ int (*pointer)(int) = hidden;
__device__ int (*const functions[2])(int) = {triple, hidden};
__global__ void from_the_other_unit(int* out) { *out = UNIT * 1000 + *out; }

int of_unit() { return 10 * result(own_kernel) + result(shared_template<int>); }
