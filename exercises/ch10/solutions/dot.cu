// Inner product of two vectors of any length.
//
// *result becomes the sum of x[i] * y[i]: a product an element, then a sum, in one kernel. *result is 0 at the start. Write the host's part too.
#include <cuda_runtime.h>

constexpr int kThreads = 256;

// The products are never stored: each thread adds up its own in a register while it walks over the vectors with the stride of the
// grid, so that the number of blocks, and of atomic operations, does not grow with n.
__global__ void dot_kernel(const float* x, const float* y, int n, float* result) {
    __shared__ float partial[kThreads];
    float own = 0.0f;
    for (int i = blockIdx.x * kThreads + threadIdx.x; i < n; i += gridDim.x * kThreads) own += x[i] * y[i];
    partial[threadIdx.x] = own;
    for (int stride = kThreads / 2; stride >= 1; stride /= 2) {
        __syncthreads();
        if (threadIdx.x < stride) partial[threadIdx.x] += partial[threadIdx.x + stride];
    }
    if (threadIdx.x == 0) atomicAdd(result, partial[0]);
}

extern "C" int dot(const float* x, const float* y, int n, float* result) {
    if (n == 0) return 0;
    const int blocks = (n + kThreads - 1) / kThreads;
    dot_kernel<<<blocks < 32 ? blocks : 32, kThreads>>>(x, y, n, result);
    return cudaGetLastError();
}
