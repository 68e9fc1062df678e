// Find the bug: a radix sort, four bits a pass, that sorts only nearly.
//
// "Keys from 0 to 15 come out in order. Larger keys come out nearly in order, and not in the same order each time. Every key
// is there, none twice." `keys` is to be sorted in place; `scratch` is device memory for n keys and `table` for 16 numbers a
// block.
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

__device__ unsigned digit_of(unsigned key, int shift) { return key >> shift & (kDigits - 1); }

__global__ void count_kernel(const unsigned* keys, int n, int shift, unsigned* table) {
    __shared__ unsigned count[kDigits];
    if (threadIdx.x < kDigits) count[threadIdx.x] = 0;
    __syncthreads();
    const int i = blockIdx.x * kThreads + threadIdx.x;
    if (i < n) atomicAdd(&count[digit_of(keys[i], shift)], 1u);
    __syncthreads();
    if (threadIdx.x < kDigits) table[threadIdx.x * gridDim.x + blockIdx.x] = count[threadIdx.x];
}

__global__ void scatter_kernel(const unsigned* keys, int n, int shift, const unsigned* table, unsigned* out) {
    const int i = blockIdx.x * kThreads + threadIdx.x, t = threadIdx.x;
    // TODO (about 7 lines): Sorted only nearly, and not the same each time. Which keys change their order here that must not?
    // Mend it.
    __shared__ unsigned next[kDigits];
    if (t < kDigits) next[t] = table[t * gridDim.x + blockIdx.x];
    __syncthreads();
    if (i < n) out[atomicAdd(&next[digit_of(keys[i], shift)], 1u)] = keys[i];
}

extern "C" int sort_unstable(unsigned* keys, int n, unsigned* scratch, unsigned* table) {
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
