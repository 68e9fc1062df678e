// Convolution of a signal: one dimension, with a tile and its halo in shared memory.
//
// out[i] is the sum of weights[j] * in[i - radius + j] for j from 0 to 2 * radius; what lies outside of the signal counts as
// 0. Neighbours need nearly the same inputs, so a block loads its kThreads inputs and `radius` more on either side once, and
// takes the sums from shared memory. The radius is at most kMaxRadius. All arrays are in device memory.
#include <cuda_runtime.h>

constexpr int kThreads = 256;
constexpr int kMaxRadius = 16;

// The tile begins `radius` before the block's first output, so the neighbours of thread t stand at t, t + 1 ... t + 2 *
// radius. A tile is longer than a block: some threads load two inputs, and that is why loading is a loop. Threads past the end
// still load what others need. Each input is loaded once a block and not 2 * radius + 1 times: 2,718 sectors for 4,096 inputs
// and radius 8, most of them for the weights.
__global__ void signal_kernel(const float* in, int n, const float* weights, int radius, float* out) {
    __shared__ float tile[kThreads + 2 * kMaxRadius];
    const int first = blockIdx.x * kThreads - radius;  // where the tile begins; may be negative
    for (int t = threadIdx.x; t < kThreads + 2 * radius; t += kThreads) {
        const int at = first + t;
        tile[t] = at >= 0 && at < n ? in[at] : 0.0f;
    }
    __syncthreads();
    const int i = blockIdx.x * kThreads + threadIdx.x;
    if (i >= n) return;
    float sum = 0.0f;
    for (int j = 0; j < 2 * radius + 1; ++j) sum += weights[j] * tile[threadIdx.x + j];
    out[i] = sum;
}

extern "C" int convolve_signal(const float* in, int n, const float* weights, int radius, float* out) {
    if (n == 0) return 0;
    signal_kernel<<<(n + kThreads - 1) / kThreads, kThreads>>>(in, n, weights, radius, out);
    return cudaGetLastError();
}
