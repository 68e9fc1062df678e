// Convolution of a signal: one dimension, with a tile and its halo in shared memory.
//
// out[i] is the sum of weights[j] * in[i - radius + j] for j from 0 to 2 * radius; what lies outside of the signal counts as
// 0. Neighbours need nearly the same inputs, so a block loads its kThreads inputs and `radius` more on either side once, and
// takes the sums from shared memory. The radius is at most kMaxRadius. All arrays are in device memory.
#include <cuda_runtime.h>

constexpr int kThreads = 256;
constexpr int kMaxRadius = 16;

__global__ void signal_kernel(const float* in, int n, const float* weights, int radius, float* out) {
    __shared__ float tile[kThreads + 2 * kMaxRadius];
    const int first = blockIdx.x * kThreads - radius;  // where the tile begins; may be negative
    // TODO (about 10 lines): Load the kThreads + 2 * radius inputs of the tile, 0 for those that do not exist, each thread those
    // kThreads apart. Wait. If this thread has an output, add up its products and store the sum.
}

extern "C" int convolve_signal(const float* in, int n, const float* weights, int radius, float* out) {
    if (n == 0) return 0;
    signal_kernel<<<(n + kThreads - 1) / kThreads, kThreads>>>(in, n, weights, radius, out);
    return cudaGetLastError();
}
