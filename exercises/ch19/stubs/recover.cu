// Recover an unknown filter from a picture and its filtered twin, by gradient descent.
//
// `filtered` was made of `image` by a filter of 3 x 3 that nobody tells: filtered[y, x] = sum over r, s of weights[3 * r + s] * image[y + r, x + s],
// (rows - 2) x (cols - 2) pixels. Start with weights of 0, and measure how wrong they are: half the mean of the squared differences
// between what they make of the image and `filtered`. Find its gradient by the nine weights, walk downhill, `steps` times. It is how a network
// finds its filters, with one layer and one filter. `weights` is 0 at the start; `gradient`, nine elements, is room for you.
#include <cuda_runtime.h>

constexpr int kThreads = 256;

__global__ void gradient_kernel(const float* image, const float* filtered, int rows, int cols, const float* weights, float* gradient) {
    // TODO (about 15 lines): One weight a block: add up difference times pixel over all pixels, divide by their
    // number.
}

__global__ void step_kernel(const float* gradient, float rate, float* weights) {
    // TODO (about 1 line): One weight a thread: a step downhill.
}

extern "C" int recover(const float* image, const float* filtered, int rows, int cols, int steps, float rate, float* weights,
                       float* gradient) {
    // TODO (about 4 lines): The loop: gradient, step, as often as asked.
    return cudaGetLastError();
}
