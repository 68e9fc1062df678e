// Sum of a vector of any length, with warp shuffles.
//
// The lanes of a warp can read one another's registers: __shfl_down_sync(mask, value, d) gives a lane the value of the lane d places
// up. Five such steps add up a warp without shared memory and without a barrier. Only the sums of the warps meet in shared memory,
// and the first warp adds those up in the same way. *sum is 0 at the start.
#include <cuda_runtime.h>

constexpr int kThreads = 256;

__device__ float add_up_warp(float value) {
    // TODO (about 1 line): Five steps, with distances 16, 8, 4, 2, 1: afterwards lane 0 has the sum of the warp.
    return value;
}

__global__ void shuffles_kernel(const float* data, int n, float* sum) {
    __shared__ float of_warps[kThreads / 32];
    // TODO (about 8 lines): Add up each warp and let its lane 0 store the sum in of_warps. Wait. Let the first warp add up these sums
    // and its lane 0 add the result to *sum atomically.
}

extern "C" int reduce_shuffles(const float* data, int n, float* sum) {
    if (n == 0) return 0;
    shuffles_kernel<<<(n + kThreads - 1) / kThreads, kThreads>>>(data, n, sum);
    return cudaGetLastError();
}
