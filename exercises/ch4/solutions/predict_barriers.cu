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

// Blocks times warps of a block, rounded up, times barriers that each of them passes: 1 + 2 * rounds. 256 threads in one
// block or in four cost the same number; but in four blocks nobody waits for more than 64.
extern "C" int predict(long long* answers) {
    answers[0] = 1 * 1 * 1;
    answers[1] = 1 * 8 * 21;
    answers[2] = 4 * 2 * 21;
    answers[3] = 3 * 4 * 5;  // 100 threads are three warps and a warp of four threads
    answers[4] = 5 * 1 * 3;  // a warp of one thread comes to a barrier as well, though it waits for nobody
    return 0;
}
