// Inclusive scan of sections with warp shuffles.
//
// __shfl_up_sync(mask, value, d) gives a lane the value of the lane d places down; lanes below d keep their own. So a warp scans 32
// values with Kogge-Stone in registers, five steps without a barrier. Then the first warp scans the warps' sums, and every warp adds the
// sum of the warps before it.
// Each block scans its own section of the input; the sections do not know of one another. hierarchical.cu joins them.
#include <cuda_runtime.h>

constexpr int kSection = 256;

// Two barriers for the whole section: one between the warps' sums and the warp that scans them, one between that and those that use
// them. The lanes' check matters: __shfl_up_sync gives a lane without a partner its own value back.
__device__ int scan_warp(int value, int lane) {
    for (int distance = 1; distance < 32; distance *= 2) {
        const int below = __shfl_up_sync(0xffffffff, value, distance);
        if (lane >= distance) value += below;
    }
    return value;
}

__global__ void warp_shuffles_kernel(const int* in, int* out, int n) {
    __shared__ int of_warps[kSection / 32];
    const int i = blockIdx.x * kSection + threadIdx.x, lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    int sum = scan_warp(i < n ? in[i] : 0, lane);
    if (lane == 31) of_warps[warp] = sum;
    __syncthreads();
    if (warp == 0) {
        const int before = scan_warp(lane < kSection / 32 ? of_warps[lane] : 0, lane);
        if (lane < kSection / 32) of_warps[lane] = before;
    }
    __syncthreads();
    if (warp > 0) sum += of_warps[warp - 1];
    if (i < n) out[i] = sum;
}

extern "C" int scan_warp_shuffles(const int* in, int* out, int n) {
    if (n == 0) return 0;
    warp_shuffles_kernel<<<(n + kSection - 1) / kSection, kSection>>>(in, out, n);
    return cudaGetLastError();
}
