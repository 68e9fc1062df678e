// Recover an unknown filter from a picture and its filtered twin, by gradient descent.
//
// `filtered` was made of `image` by a filter of 3 x 3 that nobody tells: filtered[y, x] = sum over r, s of weights[3 * r + s] * image[y + r, x + s],
// (rows - 2) x (cols - 2) pixels. Start with weights of 0, and measure how wrong they are: half the mean of the squared differences
// between what they make of the image and `filtered`. Find its gradient by the nine weights, walk downhill, `steps` times. It is how a network
// finds its filters, with one layer and one filter. `weights` is 0 at the start; `gradient`, nine elements, is room for you.
#include <cuda_runtime.h>

constexpr int kThreads = 256;

__global__ void gradient_kernel(const float* image, const float* filtered, int rows, int cols, const float* weights, float* gradient) {
    const int out_cols = cols - 2, pixels = (rows - 2) * out_cols, k = blockIdx.x;
    float own = 0.0f;
    for (int i = threadIdx.x; i < pixels; i += kThreads) {
        const float* corner = image + i / out_cols * cols + i % out_cols;
        float difference = -filtered[i];
        for (int j = 0; j < 9; ++j) difference += weights[j] * corner[j / 3 * cols + j % 3];
        // The square's derivative by the difference is the difference, that of the difference by weight k is the pixel under it.
        own += difference * corner[k / 3 * cols + k % 3];
    }
    __shared__ float partial[kThreads];
    partial[threadIdx.x] = own;
    for (int stride = kThreads / 2; stride >= 1; stride /= 2) {
        __syncthreads();
        if (threadIdx.x < stride) partial[threadIdx.x] += partial[threadIdx.x + stride];
    }
    if (threadIdx.x == 0) gradient[k] = partial[0] / pixels;
}

__global__ void step_kernel(const float* gradient, float rate, float* weights) {
    weights[threadIdx.x] -= rate * gradient[threadIdx.x];
}

extern "C" int recover(const float* image, const float* filtered, int rows, int cols, int steps, float rate, float* weights,
                       float* gradient) {
    // Two kernels: all of the gradient must be known before a weight moves.
    for (int step = 0; step < steps; ++step) {
        gradient_kernel<<<9, kThreads>>>(image, filtered, rows, cols, weights, gradient);
        step_kernel<<<1, 9>>>(gradient, rate, weights);
    }
    return cudaGetLastError();
}
