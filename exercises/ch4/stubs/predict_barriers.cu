// Predict, then see: how often do warps come to a barrier?
//
// Each block smooths its own values in shared memory, with one barrier after loading and two in every round. Counted is each
// time that a warp comes to a barrier. A block is divided into warps of 32 threads; the last one may be only partly filled,
// and it counts as well.
#include <cuda_runtime.h>

__global__ void rounds_kernel(float* data, int rounds) {
    __shared__ float values[1024];
    const int t = threadIdx.x, i = blockIdx.x * blockDim.x + t;
    values[t] = data[i];
    __syncthreads();
    for (int round = 0; round < rounds; ++round) {
        const float mean = t > 0 ? (values[t - 1] + values[t]) / 2 : values[t];
        __syncthreads();
        values[t] = mean;
        __syncthreads();
    }
    data[i] = values[t];
}

extern "C" int smooth_blocks(float* data, int blocks, int threads, int rounds) {
    rounds_kernel<<<blocks, threads>>>(data, rounds);
    return cudaGetLastError();
}

// TODO (about 5 lines): Replace each -1 by how often you expect warps to come to a barrier, all blocks together.
extern "C" int predict(long long* answers) {
    answers[0] = -1;  // 1 block of 32 threads, no round
    answers[1] = -1;  // 1 block of 256 threads, 10 rounds
    answers[2] = -1;  // 4 blocks of 64 threads, 10 rounds
    answers[3] = -1;  // 3 blocks of 100 threads, 2 rounds
    answers[4] = -1;  // 5 blocks of 1 thread, 1 round
    return 0;
}
