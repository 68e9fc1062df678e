// Inclusive scan of sections with warp shuffles.
//
// __shfl_up_sync(mask, value, d) gives a lane the value of the lane d places down; lanes below d keep their own. So a warp scans 32
// values with Kogge-Stone in registers, five steps without a barrier. Then the first warp scans the warps' sums, and every warp adds the
// sum of the warps before it.
// Each block scans its own section of the input; the sections do not know of one another. hierarchical.cu joins them.
#include <cuda_runtime.h>

constexpr int kSection = 256;

__device__ int scan_warp(int value, int lane) {
    // TODO (about 4 lines): Kogge-Stone in registers: five steps with distances 1, 2, 4, 8, 16.
    return value;
}

__global__ void warp_shuffles_kernel(const int* in, int* out, int n) {
    __shared__ int of_warps[kSection / 32];
    const int i = blockIdx.x * kSection + threadIdx.x, lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    // TODO (about 10 lines): Scan each warp; let its last lane store the sum. Let the first warp scan these sums. Add to every lane the sum of
    // the warps before its own, and store.
}

extern "C" int scan_warp_shuffles(const int* in, int* out, int n) {
    if (n == 0) return 0;
    warp_shuffles_kernel<<<(n + kSection - 1) / kSection, kSection>>>(in, out, n);
    return cudaGetLastError();
}
