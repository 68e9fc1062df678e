// Radix sort, one bit a pass.
//
// A pass looks at one bit of the keys and moves all keys with a 0 there before all keys with a 1, and leaves the order as it
// is otherwise: such a pass is called stable. 32 passes, from the lowest bit to the highest, sort unsigned keys. Where does a
// key go? That depends on how many ones stand before it, which a scan tells. `keys` is sorted in place; `scratch` and `ones`
// are device memory for n numbers.
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

__global__ void extract_kernel(const unsigned* keys, int n, int bit, unsigned* ones) {
    const int i = blockIdx.x * kThreads + threadIdx.x;
    if (i < n) ones[i] = keys[i] >> bit & 1;
}

// Before key i stand ones[i] ones, and so i - ones[i] zeros. A zero goes behind the zeros before it; a one goes behind all
// zeros, and behind the ones before it. Equal bits keep their order, and that is what makes the passes before this one count:
// among keys with the same bit here, the order by the lower bits is kept. Each key goes to a place of its own, so no atomics
// are needed. For 4,096 random keys the 32 passes store about 56,000 sectors: bits, scans and keys.
__global__ void scatter_kernel(const unsigned* keys, int n, int bit, const unsigned* ones, unsigned* out) {
    const int i = blockIdx.x * kThreads + threadIdx.x;
    if (i >= n) return;
    const unsigned zeros = n - ones[n - 1] - (keys[n - 1] >> bit & 1);
    out[keys[i] >> bit & 1 ? zeros + ones[i] : i - ones[i]] = keys[i];
}

extern "C" int sort_one_bit(unsigned* keys, int n, unsigned* scratch, unsigned* ones) {
    if (n == 0) return 0;
    const int blocks = (n + kThreads - 1) / kThreads;
    for (int bit = 0; bit < 32; ++bit) {
        extract_kernel<<<blocks, kThreads>>>(keys, n, bit, ones);
        scan_kernel<<<1, kThreads>>>(ones, n);
        scatter_kernel<<<blocks, kThreads>>>(keys, n, bit, ones, scratch);
        unsigned* const other = keys;
        keys = scratch;
        scratch = other;
    }
    return cudaGetLastError();
}
