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
    // TODO (about 2 lines): Store this key's bit, 0 or 1.
}

__global__ void scatter_kernel(const unsigned* keys, int n, int bit, const unsigned* ones, unsigned* out) {
    // TODO (about 4 lines): ones[i] now says how many ones stand before key i. How many zeros do then? How many zeros are there
    // in all, if key n - 1 is counted too? Store this key at its new place.
}

extern "C" int sort_one_bit(unsigned* keys, int n, unsigned* scratch, unsigned* ones) {
    if (n == 0) return 0;
    const int blocks = (n + kThreads - 1) / kThreads;
    // TODO (about 8 lines): For each of the 32 bits launch the three kernels, from `keys` to `scratch`, and let the two change
    // their roles.
    return cudaGetLastError();
}
