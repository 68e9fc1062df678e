// Sum of a vector of any length, with several elements a thread.
//
// As in many_blocks.cu, but every thread first adds up 2 * kFactor elements on its own, kThreads apart, before the tree begins. A quarter
// of the blocks does the same work, and the steps in which most threads idle are done a quarter as often.
#include <cuda_runtime.h>

constexpr int kThreads = 256;
constexpr int kFactor = 4;

// Neighbours still read neighbouring addresses in every turn of the loop. The sum lies in a register, and no barrier is needed
// until the tree begins.
__global__ void coarsened_kernel(const float* data, int n, float* sum) {
    __shared__ float partial[kThreads];
    const int first = blockIdx.x * 2 * kFactor * kThreads + threadIdx.x;
    float own = 0.0f;
    for (int turn = 0; turn < 2 * kFactor; ++turn) {
        const int i = first + turn * kThreads;
        if (i < n) own += data[i];
    }
    partial[threadIdx.x] = own;
    for (int stride = kThreads / 2; stride >= 1; stride /= 2) {
        __syncthreads();
        if (threadIdx.x < stride) partial[threadIdx.x] += partial[threadIdx.x + stride];
    }
    if (threadIdx.x == 0) atomicAdd(sum, partial[0]);
}

extern "C" int reduce_coarsened(const float* data, int n, float* sum) {
    if (n == 0) return 0;
    const int segment = 2 * kFactor * kThreads;
    coarsened_kernel<<<(n + segment - 1) / segment, kThreads>>>(data, n, sum);
    return cudaGetLastError();
}
