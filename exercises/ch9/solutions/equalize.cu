// More contrast for a dull picture: histogram equalisation.
//
// Where most pixels have nearly the same grey level, the picture looks flat. Give each level a new one by its rank: a pixel of
// which half of all pixels are not lighter becomes 127. So the new level of v is 255 * (pixels with a level of at most v) /
// (all pixels), rounded down. `bins` is device memory for 256 counters, all 0 at the start. Three kernels: count, add up,
// replace; the second one is there.
#include <cuda_runtime.h>

constexpr int kLevels = 256;
constexpr int kThreads = 256;

// Photographs have smooth regions, so neighbours want the same bin; the copies in shared memory keep them from waiting long.
// The moon takes 8,192 atomic operations to count, one for 32 pixels, and 16 * 8 to add up.
__global__ void count_kernel(const unsigned char* image, int n, unsigned* bins) {
    __shared__ unsigned mine[kLevels];
    mine[threadIdx.x] = 0;
    __syncthreads();
    for (int i = blockIdx.x * kThreads + threadIdx.x; i < n; i += gridDim.x * kThreads) atomicAdd(&mine[image[i]], 1u);
    __syncthreads();
    atomicAdd(&bins[threadIdx.x], mine[threadIdx.x]);
}

// Replaces each count by the sum of all counts up to it. One thread does it: chapter 11 shows how many can.
__global__ void add_up_kernel(unsigned* bins) {
    for (int level = 1; level < kLevels; ++level) bins[level] += bins[level - 1];
}

// 255 times the number of pixels does not fit into 32 bits if the picture has more than 16 million of them: hence the wider
// type.
__global__ void replace_kernel(const unsigned char* image, int n, const unsigned* up_to, unsigned char* out) {
    const int i = blockIdx.x * kThreads + threadIdx.x;
    if (i < n) out[i] = 255ull * up_to[image[i]] / n;
}

extern "C" int equalize(const unsigned char* image, int height, int width, unsigned* bins, unsigned char* out) {
    const int n = height * width, blocks = (n + kThreads - 1) / kThreads;
    count_kernel<<<blocks < 16 ? blocks : 16, kThreads>>>(image, n, bins);
    add_up_kernel<<<1, 1>>>(bins);
    replace_kernel<<<blocks, kThreads>>>(image, n, bins, out);
    return cudaGetLastError();
}
