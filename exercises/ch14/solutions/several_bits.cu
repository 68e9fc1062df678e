// Radix sort, four bits a pass.
//
// Four bits are a digit from 0 to 15, so eight passes sort keys of 32 bits, and the keys go through global memory eight times
// in place of 32. A block sorts its keys by the digit in shared memory, with four rounds of one bit. The table has a count for
// each digit and block, all blocks of digit 0 first. `keys` is sorted in place; `scratch` is device memory for n keys and
// `table` for 16 numbers a block.
#include <cuda_runtime.h>

constexpr int kThreads = 256;
constexpr int kBits = 4;
constexpr int kDigits = 1 << kBits;

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

__device__ unsigned digit_of(unsigned key, int shift) { return key >> shift & (kDigits - 1); }

// The histogram of chapter 9, in shared memory, with 16 bins.
__global__ void count_kernel(const unsigned* keys, int n, int shift, unsigned* table) {
    __shared__ unsigned count[kDigits];
    if (threadIdx.x < kDigits) count[threadIdx.x] = 0;
    __syncthreads();
    const int i = blockIdx.x * kThreads + threadIdx.x;
    if (i < n) atomicAdd(&count[digit_of(keys[i], shift)], 1u);
    __syncthreads();
    if (threadIdx.x < kDigits) table[threadIdx.x * gridDim.x + blockIdx.x] = count[threadIdx.x];
}

// Why not rank the keys of a digit with an atomic counter? The order of atomics is the order of chance, and a pass must be
// stable. In the sorted tile the first key of each digit is known by its left neighbour; the distance from it is the key's
// rank among its digit. For 4,096 random keys the eight passes store about 9,000 sectors, where block_local.cu stores 21,000.
__global__ void scatter_kernel(const unsigned* keys, int n, int shift, const unsigned* table, unsigned* out) {
    __shared__ unsigned tile[kThreads], sums[kThreads], begins[kDigits];
    const int first = blockIdx.x * kThreads, t = threadIdx.x;
    tile[t] = first + t < n ? keys[first + t] : ~0u;
    for (int bit = shift; bit < shift + kBits; ++bit) {
        __syncthreads();
        const unsigned key = tile[t], one = key >> bit & 1;
        const unsigned ones = sum_before(one, sums), zeros = kThreads - sums[kThreads - 1];
        tile[one ? zeros + ones : t - ones] = key;
    }
    __syncthreads();
    const unsigned digit = digit_of(tile[t], shift);
    if (t == 0 || digit != digit_of(tile[t - 1], shift)) begins[digit] = t;
    __syncthreads();
    if (first + t < n) out[table[digit * gridDim.x + blockIdx.x] + t - begins[digit]] = tile[t];
}

extern "C" int sort_several_bits(unsigned* keys, int n, unsigned* scratch, unsigned* table) {
    if (n == 0) return 0;
    const int blocks = (n + kThreads - 1) / kThreads;
    for (int shift = 0; shift < 32; shift += kBits) {
        count_kernel<<<blocks, kThreads>>>(keys, n, shift, table);
        scan_kernel<<<1, kThreads>>>(table, kDigits * blocks);
        scatter_kernel<<<blocks, kThreads>>>(keys, n, shift, table, scratch);
        unsigned* const other = keys;
        keys = scratch;
        scratch = other;
    }
    return cudaGetLastError();
}
