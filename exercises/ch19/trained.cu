// A detector whose weights are found: the template learns itself, from examples.
//
// `windows` are n pictures of `pixels` numbers each, labels[i] is 1 for what is looked for and 0 for the rest. The score of a window is the
// sum of weights[j] * window[j], plus weights[pixels], the bias. The chance that it is one: 1 / (1 + exp(-score)). Walk downhill on the
// mean of the losses -log(chance of the true label), `steps` times at `rate`. weights, pixels + 1 of them, are 0 at the start; residuals, n of
// them, is room for you.
#include <cuda_runtime.h>

__global__ void residuals_kernel(const float* windows, const int* labels, int n, int pixels, const float* weights, float* residuals) {
    // TODO (about 5 lines): One window a thread: its score, its chance, less its label.
}

__global__ void step_kernel(const float* windows, int n, int pixels, float rate, const float* residuals, float* weights) {
    // TODO (about 5 lines): One weight a thread, the bias too: its derivative, and a step downhill.
}

extern "C" int train(const float* windows, const int* labels, int n, int pixels, int steps, float rate, float* weights,
                     float* residuals) {
    // TODO (about 4 lines): The loop: residuals, step. Blocks of 64 threads.
    return cudaGetLastError();
}
