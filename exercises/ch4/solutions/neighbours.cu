// Find the bug: smoothing, several rounds.
//
// One block smooths kThreads values: in every round each value becomes the mean of its left neighbour, itself and its right
// neighbour; the two at the ends stay. The values stay in shared memory for all rounds.
//
// What is observed: with 32 values it worked. With 256 the result is a little different each time. "There is a barrier in
// every round, so it cannot be that."
#include <cuda_runtime.h>

constexpr int kThreads = 256;

// Two things must be in order, so there are two barriers a round: what a thread reads has been written (the first), and what
// it overwrites has been read (the second). Between the two the new value waits in a register. Within a warp the lanes
// happened to read together, which is why 32 values worked; nothing promises it.
__global__ void smooth_kernel(float* data, int rounds) {
    __shared__ float values[kThreads];
    const int t = threadIdx.x;
    values[t] = data[t];
    for (int round = 0; round < rounds; ++round) {
        __syncthreads();
        float mean = values[t];
        if (t > 0 && t < kThreads - 1) mean = (values[t - 1] + values[t] + values[t + 1]) / 3;
        __syncthreads();
        values[t] = mean;
    }
    data[t] = values[t];
}

extern "C" int smooth(float* data, int rounds) {
    smooth_kernel<<<1, kThreads>>>(data, rounds);
    return cudaGetLastError();
}
