// Sum of a vector of any length, with warp shuffles.
//
// The lanes of a warp can read one another's registers: __shfl_down_sync(mask, value, d) gives a lane the value of the lane d places
// up. Five such steps add up a warp without shared memory and without a barrier. Only the sums of the warps meet in shared memory,
// and the first warp adds those up in the same way. *sum is 0 at the start.
#include <cuda_runtime.h>

constexpr int kThreads = 256;

// All 32 lanes take part, so the mask is full; lanes without a partner add something that nobody uses. One barrier in place of
// eight: between the warps' sums and the one warp that reads them.
__device__ float add_up_warp(float value) {
    for (int distance = 16; distance >= 1; distance /= 2) value += __shfl_down_sync(0xffffffff, value, distance);
    return value;
}

__global__ void shuffles_kernel(const float* data, int n, float* sum) {
    __shared__ float of_warps[kThreads / 32];
    const int i = blockIdx.x * kThreads + threadIdx.x, lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    const float own = add_up_warp(i < n ? data[i] : 0.0f);
    if (lane == 0) of_warps[warp] = own;
    __syncthreads();
    if (warp == 0) {
        const float all = add_up_warp(lane < kThreads / 32 ? of_warps[lane] : 0.0f);
        if (lane == 0) atomicAdd(sum, all);
    }
}

extern "C" int reduce_shuffles(const float* data, int n, float* sum) {
    if (n == 0) return 0;
    shuffles_kernel<<<(n + kThreads - 1) / kThreads, kThreads>>>(data, n, sum);
    return cudaGetLastError();
}
