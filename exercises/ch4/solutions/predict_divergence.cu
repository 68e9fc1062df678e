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

// Only a difference within a warp counts: threads 0 to 31, 32 to 63, ... With a loop, a branch is divergent at the end of
// each turn after which some threads leave and others stay: for each number of turns that occurs in the warp, but the
// greatest.
extern "C" int predict(long long* answers) {
    answers[0] = 0;      // all threads do the same at every branch
    answers[1] = 1;      // 250 = 7 * 32 + 26: the check of the bound splits the last warp
    answers[2] = 0;      // 224 = 7 * 32: the last warp leaves as a whole
    answers[3] = 0;      // every warp has its own number of turns, the same for all of its threads
    answers[4] = 8 * 3;  // in each of 8 warps threads leave after 0, 1 and 2 turns; those with 3 leave alone
    answers[5] = 1;      // in one warp 31 threads leave and one stays; it goes on alone, for 8 turns
    return 0;
}
