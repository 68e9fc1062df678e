// Predict, then see: at how many branches does a warp have to go both ways?
//
// Thread i of the grid makes work[i] turns of a loop. A branch is divergent when some of the active threads of a warp jump
// and others do not. Here there are three: the check of the bound, the question whether there is any turn at all, and, at
// the end of each turn, whether there is another one. Threads that have left are not active any more.
#include <cuda_runtime.h>

__global__ void turns_kernel(const int* work, int* out, int n) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n) return;
    int value = i;
    const int turns = work[i];
#pragma unroll 1
    for (int turn = 0; turn < turns; ++turn) value = 5 * value + turn;
    out[i] = value;
}

extern "C" int run_turns(const int* work, int* out, int n, int blocks, int threads) {
    turns_kernel<<<blocks, threads>>>(work, out, n);
    return cudaGetLastError();
}

// TODO (about 6 lines): Replace each -1 by the number of divergent branches that you expect, all warps together.
extern "C" int predict(long long* answers) {
    answers[0] = -1;  // 2 blocks of 128 threads, n = 256, 5 turns each
    answers[1] = -1;  // 2 blocks of 128 threads, n = 250, 5 turns each
    answers[2] = -1;  // 2 blocks of 128 threads, n = 224, 5 turns each
    answers[3] = -1;  // 2 blocks of 128 threads, n = 256, thread i makes i / 32 turns
    answers[4] = -1;  // 2 blocks of 128 threads, n = 256, thread i makes i % 4 turns
    answers[5] = -1;  // 2 blocks of 128 threads, n = 256, 1 turn each, but thread 77 makes 9
    return 0;
}
