// Find the bug: gradient descent that takes another way each time.
//
// "My kernel fits a line through points of several coordinates: y[i] is about the sum of weights[j] * x[i, j]. It walks downhill on half the mean
// of the squared errors, one block a weight. With one weight it is exact. With more it gets near, but the digits differ from run to run,
// and from what NumPy computes with the same steps." weights is 0 at the start, `gradient`, as long, is room that the program never used.
#include <cuda_runtime.h>

constexpr int kThreads = 128;

/// One weight a block: its derivative, from the weights as they are before the step.
__global__ void gradient_kernel(const float* x, const float* y, int n, int width, const float* weights, float* gradient) {
    const int j = blockIdx.x;
    float own = 0.0f;
    for (int i = threadIdx.x; i < n; i += kThreads) {
        float error = -y[i];
        for (int k = 0; k < width; ++k) error += weights[k] * x[i * width + k];
        own += error * x[i * width + j];
    }
    __shared__ float partial[kThreads];
    partial[threadIdx.x] = own;
    for (int stride = kThreads / 2; stride >= 1; stride /= 2) {
        __syncthreads();
        if (threadIdx.x < stride) partial[threadIdx.x] += partial[threadIdx.x + stride];
    }
    if (threadIdx.x == 0) gradient[j] = partial[0] / n;
}

/// A launch begins when the one before it has ended: now nobody reads a weight any more.
__global__ void step_kernel(const float* gradient, int width, float rate, float* weights) {
    const int j = blockIdx.x * kThreads + threadIdx.x;
    if (j < width) weights[j] -= rate * gradient[j];
}

extern "C" int fit(const float* x, const float* y, int n, int width, int steps, float rate, float* weights, float* gradient) {
    for (int step = 0; step < steps; ++step) {
        gradient_kernel<<<width, kThreads>>>(x, y, n, width, weights, gradient);
        step_kernel<<<(width + kThreads - 1) / kThreads, kThreads>>>(gradient, width, rate, weights);
    }
    return cudaGetLastError();
}
