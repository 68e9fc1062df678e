// Gradient descent with many step sizes at once: which converge, which crawl, which diverge?
//
// The score is a bowl, curvature / 2 * w * w, with its minimum at w = 0. Each thread starts at w = start and takes `steps` steps
// downhill, with a step size of its own, rates[i]. end[i] becomes its last w, verdict[i] what came of it:
//   0  converged: |w| is less than a thousandth of |start|
//   2  diverged: |w| is larger than |start|
//   1  it crawls: neither
#include <cuda_runtime.h>

__global__ void descend_kernel(const float* rates, int n, float curvature, float start, int steps, float* end, int* verdict) {
    // TODO (about 7 lines): One step size a thread: walk, then judge.
}

extern "C" int descend(const float* rates, int n, float curvature, float start, int steps, float* end, int* verdict) {
    if (n > 0) descend_kernel<<<(n + 255) / 256, 256>>>(rates, n, curvature, start, steps, end, verdict);
    return cudaGetLastError();
}
