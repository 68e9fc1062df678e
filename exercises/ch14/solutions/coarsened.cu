// Radix sort, four bits a pass, with several keys a thread.
//
// 256 keys with 16 digits make runs of 16 keys, too short to write well. With kItems keys a thread a block has longer runs,
// and the table is shorter. In shared memory a thread handles keys that follow one another; from and to global memory
// neighbours read and write neighbours. `keys` is sorted in place; `scratch` is device memory for n keys and `table` for 16
// numbers a block.
#include <cuda_runtime.h>

constexpr int kThreads = 256;
constexpr int kItems = 4;
constexpr int kTile = kThreads * kItems;
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

__global__ void count_kernel(const unsigned* keys, int n, int shift, unsigned* table) {
    __shared__ unsigned count[kDigits];
    if (threadIdx.x < kDigits) count[threadIdx.x] = 0;
    __syncthreads();
    const int first = blockIdx.x * kTile;
    for (int i = first + threadIdx.x; i < first + kTile && i < n; i += kThreads) atomicAdd(&count[digit_of(keys[i], shift)], 1u);
    __syncthreads();
    if (threadIdx.x < kDigits) table[threadIdx.x * gridDim.x + blockIdx.x] = count[threadIdx.x];
}

// A thread takes its keys into registers before the barrier in sum_before, so nobody overwrites what another has still to
// read. One scan of 256 numbers serves 1,024 keys. Keys in a row mean four-way bank conflicts, which cost less here than scans
// of 1,024. For 4,096 random keys all passes store about 5,700 sectors, where several_bits.cu stores 9,000, with a quarter of
// the barriers.
__global__ void scatter_kernel(const unsigned* keys, int n, int shift, const unsigned* table, unsigned* out) {
    __shared__ unsigned tile[kTile], sums[kThreads], begins[kDigits];
    const int first = blockIdx.x * kTile, t = threadIdx.x;
    for (int i = t; i < kTile; i += kThreads) tile[i] = first + i < n ? keys[first + i] : ~0u;
    for (int bit = shift; bit < shift + kBits; ++bit) {
        __syncthreads();
        unsigned key[kItems];
        unsigned own = 0;
        for (int j = 0; j < kItems; ++j) {
            key[j] = tile[t * kItems + j];
            own += key[j] >> bit & 1;
        }
        unsigned ones = sum_before(own, sums);
        const unsigned zeros = kTile - sums[kThreads - 1];
        for (int j = 0; j < kItems; ++j) {
            const unsigned one = key[j] >> bit & 1;
            tile[one ? zeros + ones : t * kItems + j - ones] = key[j];
            ones += one;
        }
    }
    __syncthreads();
    for (int i = t; i < kTile; i += kThreads) {
        const unsigned digit = digit_of(tile[i], shift);
        if (i == 0 || digit != digit_of(tile[i - 1], shift)) begins[digit] = i;
    }
    __syncthreads();
    for (int i = t; i < kTile && first + i < n; i += kThreads) {
        const unsigned digit = digit_of(tile[i], shift);
        out[table[digit * gridDim.x + blockIdx.x] + i - begins[digit]] = tile[i];
    }
}

extern "C" int sort_coarsened(unsigned* keys, int n, unsigned* scratch, unsigned* table) {
    if (n == 0) return 0;
    const int blocks = (n + kTile - 1) / kTile;
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
