// Make it faster: two kinds of work, side by side.
//
// The elements of a vector alternate: those with an even index need a square root, the others a reciprocal. Both are found
// by Newton's method, in `turns` turns. The kernel is right, but slow: the threads of a warp go different ways, so that each
// warp does the work of both kinds, half of its threads switched off each time.
//
// The target, for 8,192 elements: no divergent branches, and at most 22,000 instructions of warps in place of 35,584.
#include <cuda_runtime.h>

constexpr int kThreads = 256;

__device__ float root(float x, int turns) {
    float guess = x;
    for (int turn = 0; turn < turns; ++turn) guess = 0.5f * (guess + x / guess);
    return guess;
}

__device__ float reciprocal(float x, int turns) {
    float guess = 0.1f;
    for (int turn = 0; turn < turns; ++turn) guess = guess * (2.0f - x * guess);
    return guess;
}

// Who takes which element is free to choose. Four warps of the block now do roots only, four do reciprocals only. A warp's
// elements lie 8 bytes apart in place of 4, so a load touches 8 sectors in place of 4: that is the price, and it is small
// beside so much arithmetic. With one turn in place of ten it would not pay. Divergent branches: none in place of 256;
// instructions of warps: 20,608.
__global__ void two_kinds_kernel(const float* in, float* out, int n, int turns) {
    const int half = kThreads / 2;
    const int odd = threadIdx.x / half;
    const int i = blockIdx.x * kThreads + 2 * (threadIdx.x % half) + odd;
    if (i >= n) return;
    if (odd == 0) {
        out[i] = root(in[i], turns);
    } else {
        out[i] = reciprocal(in[i], turns);
    }
}

extern "C" int root_or_reciprocal(const float* in, float* out, int n, int turns) {
    if (n == 0) return 0;
    two_kinds_kernel<<<(n + kThreads - 1) / kThreads, kThreads>>>(in, out, n, turns);
    return cudaGetLastError();
}
