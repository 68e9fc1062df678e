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

__global__ void two_kinds_kernel(const float* in, float* out, int n, int turns) {
    // TODO (about 3 lines): Deal the block's kThreads elements out in another way: the first half of its threads takes those
    // with an even index, the second half the others.
    const int i = blockIdx.x * kThreads + threadIdx.x;
    if (i >= n) return;
    if (i % 2 == 0) {
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
