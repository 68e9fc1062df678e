// The other unit of linked.cu.
__device__ int rate = 7;
__device__ int fee(int amount) { return amount / 100; }
__device__ int convert(int amount) { return amount * rate - fee(amount * rate); }
__device__ int (*tariff)(int) = fee;
