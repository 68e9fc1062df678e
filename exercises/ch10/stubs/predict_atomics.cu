// Predict, then see: atomic operations and barriers of three sums.
//
// The sum of n integers, in blocks of 256 threads, an element a thread. In way 0 every thread adds its element to *sum. In
// way 1 the lanes of a warp add theirs up with shuffles, and one lane goes to *sum. In way 2 the block adds up in a tree,
// and one thread goes to *sum.
//
// An atomic operation counts once for a warp that runs it, if at least one lane takes part. Beside that, turns are counted:
// the lanes of a warp that want the same address take turns, and each one after the first is an additional turn.
#include <cuda_runtime.h>

__global__ void threads_kernel(const int* data, int n, int* sum) {
    const int i = blockIdx.x * 256 + threadIdx.x;
    if (i < n) atomicAdd(sum, data[i]);
}

__global__ void warps_kernel(const int* data, int n, int* sum) {
    const int i = blockIdx.x * 256 + threadIdx.x;
    int own = i < n ? data[i] : 0;
    for (int d = 16; d >= 1; d /= 2) own += __shfl_down_sync(0xffffffff, own, d);
    if (threadIdx.x % 32 == 0) atomicAdd(sum, own);
}

__global__ void blocks_kernel(const int* data, int n, int* sum) {
    __shared__ int partial[256];
    const int i = blockIdx.x * 256 + threadIdx.x;
    partial[threadIdx.x] = i < n ? data[i] : 0;
    for (int stride = 128; stride >= 1; stride /= 2) {
        __syncthreads();
        if (threadIdx.x < stride) partial[threadIdx.x] += partial[threadIdx.x + stride];
    }
    if (threadIdx.x == 0) atomicAdd(sum, partial[0]);
}

extern "C" int sum_in_way(const int* data, int n, int way, int* sum) {
    const int blocks = (n + 255) / 256;
    if (way == 0) threads_kernel<<<blocks, 256>>>(data, n, sum);
    if (way == 1) warps_kernel<<<blocks, 256>>>(data, n, sum);
    if (way == 2) blocks_kernel<<<blocks, 256>>>(data, n, sum);
    return cudaGetLastError();
}

// TODO (about 6 lines): Replace each -1 by the number that you expect, for n = 1000, all warps together.
extern "C" int predict(long long* answers) {
    answers[0] = -1;  // atomic operations in way 0
    answers[1] = -1;  // additional turns in way 0
    answers[2] = -1;  // atomic operations in way 1
    answers[3] = -1;  // additional turns in way 1
    answers[4] = -1;  // atomic operations in way 2
    answers[5] = -1;  // how often warps come to a barrier in way 2
    return 0;
}
