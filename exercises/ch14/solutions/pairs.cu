// Sorting pairs: float keys, and a value that travels with each.
//
// Radix sort compares nothing, it looks at bits. Bits of floats are not in the order of the numbers: the sign is the highest
// bit, so all negative numbers come last, and among them the larger the bits, the smaller the number. to_bits makes unsigned
// numbers of them that are in order, to_float undoes it. Pairs with equal keys must keep their order. -0 counts as smaller
// than 0; there is no NaN. `keys` and `values` are sorted in place; `other_keys`, `other_values` and `ones` are device memory
// for n numbers each.
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

// Positive numbers get the highest bit set: they come after all negative ones. Of a negative number all bits are turned over:
// then its highest bit is 0, and a larger amount gives smaller bits.
__device__ unsigned to_bits(float key) {
    const unsigned bits = __float_as_uint(key);
    return bits & 0x80000000u ? ~bits : bits | 0x80000000u;
}

__device__ float to_float(unsigned bits) {
    return __uint_as_float(bits & 0x80000000u ? bits & 0x7fffffffu : ~bits);
}

__global__ void convert_kernel(float* keys, int n, bool there) {
    const int i = blockIdx.x * kThreads + threadIdx.x;
    if (i >= n) return;
    if (there) keys[i] = __uint_as_float(to_bits(keys[i]));
    else keys[i] = to_float(__float_as_uint(keys[i]));
}

__global__ void extract_kernel(const unsigned* keys, int n, int bit, unsigned* ones) {
    const int i = blockIdx.x * kThreads + threadIdx.x;
    if (i < n) ones[i] = keys[i] >> bit & 1;
}

// The value goes where its key goes. Nothing else changes: that a pass is stable is now plain to see, for equal keys have
// different values. 32 passes of three kernels, and two conversions; a pass moves 8 bytes a pair.
__global__ void scatter_kernel(const unsigned* keys, const unsigned* values, int n, int bit, const unsigned* ones,
                               unsigned* out_keys, unsigned* out_values) {
    const int i = blockIdx.x * kThreads + threadIdx.x;
    if (i >= n) return;
    const unsigned zeros = n - ones[n - 1] - (keys[n - 1] >> bit & 1);
    const unsigned to = keys[i] >> bit & 1 ? zeros + ones[i] : i - ones[i];
    out_keys[to] = keys[i];
    out_values[to] = values[i];
}

extern "C" int sort_pairs(float* keys, unsigned* values, int n, unsigned* other_keys, unsigned* other_values, unsigned* ones) {
    if (n == 0) return 0;
    const int blocks = (n + kThreads - 1) / kThreads;
    unsigned* bits = reinterpret_cast<unsigned*>(keys);
    convert_kernel<<<blocks, kThreads>>>(keys, n, true);
    for (int bit = 0; bit < 32; bit += 2) {  // two passes, there and back
        extract_kernel<<<blocks, kThreads>>>(bits, n, bit, ones);
        scan_kernel<<<1, kThreads>>>(ones, n);
        scatter_kernel<<<blocks, kThreads>>>(bits, values, n, bit, ones, other_keys, other_values);
        extract_kernel<<<blocks, kThreads>>>(other_keys, n, bit + 1, ones);
        scan_kernel<<<1, kThreads>>>(ones, n);
        scatter_kernel<<<blocks, kThreads>>>(other_keys, other_values, n, bit + 1, ones, bits, values);
    }
    convert_kernel<<<blocks, kThreads>>>(keys, n, false);
    return cudaGetLastError();
}
