// ReLU, forward and backward.
//
// y[i] = x[i] where that is positive, else 0. On the way back, `gradient` says how the loss changes with each y[i]; by_x[i] becomes
// how it changes with x[i]. At 0 there is no derivative: take 0. Write the launch too.
#include <cuda_runtime.h>

__global__ void relu_kernel(const float* x, const float* gradient, int n, float* y, float* by_x) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n) return;
    const bool on = x[i] > 0.0f;
    y[i] = on ? x[i] : 0.0f;
    // Where x came through unchanged its derivative is 1; where it was cut off, a small change of x changes nothing.
    by_x[i] = on ? gradient[i] : 0.0f;
}

extern "C" int relu(const float* x, const float* gradient, int n, float* y, float* by_x) {
    if (n > 0) relu_kernel<<<(n + 255) / 256, 256>>>(x, gradient, n, y, by_x);
    return cudaGetLastError();
}
