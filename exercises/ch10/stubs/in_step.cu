// Find the bug: a sum whose last steps need no barrier.
//
// A block adds up 2 * kThreads floats of `data` in a tree in shared memory; *sum becomes the result.
//
// What is observed: right on the author's GPU, for years. "The last 32 threads are one warp, and the threads of a warp run
// in step. So they need no barrier." A colleague with a newer GPU gets another sum now and then. On the software GPU the sum
// is right, but its checker objects.
#include <cuda_runtime.h>

constexpr int kThreads = 256;

__global__ void in_step_kernel(const float* data, float* sum) {
    __shared__ float partial[kThreads];
    const int t = threadIdx.x;
    partial[t] = data[t] + data[t + kThreads];
    __syncthreads();
    for (int stride = kThreads / 2; stride > 32; stride /= 2) {
        if (t < stride) partial[t] += partial[t + stride];
        __syncthreads();
    }
    // TODO (about 1 line): Since Volta, each thread of a warp has a program counter of its own: they need not run in step.
    // Mend these steps without sending the other warps through them.
    if (t < 32) {
        for (int stride = 32; stride >= 1; stride /= 2) {
            if (t < stride) partial[t] += partial[t + stride];
        }
    }
    if (t == 0) *sum = partial[0];
}

extern "C" int sum_in_step(const float* data, float* sum) {
    in_step_kernel<<<1, kThreads>>>(data, sum);
    return cudaGetLastError();
}
