// Radix sort, one bit a pass; each block sorts its own keys first.
//
// In one_bit.cu neighbouring threads write to places far apart. Here a block first puts its keys in order in shared memory,
// zeros before ones; then thread t writes the t-th of them, and neighbours write side by side. It only has to know where the
// block's zeros begin in the result and where its ones do. A table tells: the count of zeros of each block, then the count of
// ones of each block, scanned together. `keys` is sorted in place; `scratch` is device memory for n keys and `table` for two
// numbers a block.
#include <cuda_runtime.h>

constexpr int kThreads = 256;

// Exclusive scan by one block, in place, as in chapter 11: values[i] becomes the sum of all values before it.
__global__ void scan_kernel(unsigned* values, int n) {
    __shared__ unsigned sums[kThreads];
    unsigned before = 0;
    for (int first = 0; first < n; first += kThreads) {
        const int i = first + threadIdx.x;
        const unsigned own = i < n ? values[i] : 0;
        sums[threadIdx.x] = own;
        for (int stride = 1; stride < kThreads; stride *= 2) {
            __syncthreads();
            const unsigned sum = sums[threadIdx.x] + (threadIdx.x >= stride ? sums[threadIdx.x - stride] : 0);
            __syncthreads();
            sums[threadIdx.x] = sum;
        }
        __syncthreads();
        if (i < n) values[i] = before + sums[threadIdx.x] - own;
        before += sums[kThreads - 1];
        __syncthreads();
    }
}

// The sum of `own` over all threads before this one; sums[kThreads - 1] is then the sum of the block. All threads call it.
__device__ unsigned sum_before(unsigned own, unsigned* sums) {
    __syncthreads();
    sums[threadIdx.x] = own;
    for (int stride = 1; stride < kThreads; stride *= 2) {
        __syncthreads();
        const unsigned sum = sums[threadIdx.x] + (threadIdx.x >= stride ? sums[threadIdx.x - stride] : 0);
        __syncthreads();
        sums[threadIdx.x] = sum;
    }
    __syncthreads();
    return sums[threadIdx.x] - own;
}

// The order of the table makes the pass stable: zeros of block 0, zeros of block 1, ..., ones of block 0, ones of block 1, ...
// __syncthreads_count is a barrier that also counts for how many threads its condition holds.
__global__ void count_kernel(const unsigned* keys, int n, int bit, unsigned* table) {
    const int i = blockIdx.x * kThreads + threadIdx.x;
    const int zeros = __syncthreads_count(i < n && (keys[i] >> bit & 1) == 0);
    const int ones = __syncthreads_count(i < n && (keys[i] >> bit & 1) == 1);
    if (threadIdx.x == 0) {
        table[blockIdx.x] = zeros;
        table[gridDim.x + blockIdx.x] = ones;
    }
}

// A missing key has all bits set: it goes behind all others of its block and is not written. A warp now writes to one run of
// addresses, or to two where the zeros end, in place of two everywhere. With one bit that saves little; with several bits a
// pass it saves most. For 4,096 random keys all passes store about 21,000 sectors, because counts of blocks are scanned and
// not bits.
__global__ void scatter_kernel(const unsigned* keys, int n, int bit, const unsigned* table, unsigned* out) {
    __shared__ unsigned tile[kThreads], sums[kThreads];
    const int first = blockIdx.x * kThreads, t = threadIdx.x;
    const unsigned key = first + t < n ? keys[first + t] : ~0u;
    const unsigned one = key >> bit & 1;
    const unsigned ones = sum_before(one, sums), zeros = kThreads - sums[kThreads - 1];
    tile[one ? zeros + ones : t - ones] = key;
    __syncthreads();
    if (first + t >= n) return;
    if (t < zeros) out[table[blockIdx.x] + t] = tile[t];
    else out[table[gridDim.x + blockIdx.x] + t - zeros] = tile[t];
}

extern "C" int sort_block_local(unsigned* keys, int n, unsigned* scratch, unsigned* table) {
    if (n == 0) return 0;
    const int blocks = (n + kThreads - 1) / kThreads;
    for (int bit = 0; bit < 32; ++bit) {
        count_kernel<<<blocks, kThreads>>>(keys, n, bit, table);
        scan_kernel<<<1, kThreads>>>(table, 2 * blocks);
        scatter_kernel<<<blocks, kThreads>>>(keys, n, bit, table, scratch);
        unsigned* const other = keys;
        keys = scratch;
        scratch = other;
    }
    return cudaGetLastError();
}
