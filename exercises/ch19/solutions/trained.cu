// A detector whose weights are found: the template learns itself, from examples.
//
// `windows` are n pictures of `pixels` numbers each, labels[i] is 1 for what is looked for and 0 for the rest. The score of a window is the
// sum of weights[j] * window[j], plus weights[pixels], the bias. The chance that it is one: 1 / (1 + exp(-score)). Walk downhill on the
// mean of the losses -log(chance of the true label), `steps` times at `rate`. weights, pixels + 1 of them, are 0 at the start; residuals, n of
// them, is room for you.
#include <cuda_runtime.h>

__global__ void residuals_kernel(const float* windows, const int* labels, int n, int pixels, const float* weights, float* residuals) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n) return;
    float score = weights[pixels];
    for (int j = 0; j < pixels; ++j) score += weights[j] * windows[i * pixels + j];
    // The derivative of the loss by the score, as with softmax: the chance, less what it should have been.
    residuals[i] = 1.0f / (1.0f + expf(-score)) - labels[i];
}

__global__ void step_kernel(const float* windows, int n, int pixels, float rate, const float* residuals, float* weights) {
    const int j = blockIdx.x * blockDim.x + threadIdx.x;
    if (j > pixels) return;
    float sum = 0.0f;
    for (int i = 0; i < n; ++i) sum += residuals[i] * (j < pixels ? windows[i * pixels + j] : 1.0f);
    weights[j] -= rate * sum / n;
}

extern "C" int train(const float* windows, const int* labels, int n, int pixels, int steps, float rate, float* weights,
                     float* residuals) {
    for (int step = 0; step < steps; ++step) {
        residuals_kernel<<<(n + 63) / 64, 64>>>(windows, labels, n, pixels, weights, residuals);
        step_kernel<<<pixels / 64 + 1, 64>>>(windows, n, pixels, rate, residuals, weights);
    }
    return cudaGetLastError();
}
