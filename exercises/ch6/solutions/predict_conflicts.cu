// Predict, then see: bank conflicts.
//
// One warp fills 1,024 words of shared memory, without conflicts, and then each lane reads one of them: lane t reads word t
// * stride. Shared memory has 32 banks; word w lies in bank w mod 32. A wavefront takes one word from each bank; lanes that
// want the same word get it together. The first wavefront of a load is needed in any case: each one beyond it counts as a
// bank conflict.
#include <cuda_runtime.h>

__global__ void gather_kernel(const float* in, float* out, int stride) {
    __shared__ float words[1024];
    for (int w = threadIdx.x; w < 1024; w += 32) words[w] = in[w];
    __syncthreads();
    out[threadIdx.x] = words[threadIdx.x * stride];
}

extern "C" int gather(const float* in, float* out, int stride) {
    gather_kernel<<<1, 32>>>(in, out, stride);
    return cudaGetLastError();
}

// Lanes t and u meet in a bank when t * stride and u * stride leave the same remainder by 32. The greatest common divisor of
// stride and 32 says how many lanes meet in each bank that is used at all; one of them is served at once, the others are
// conflicts.
extern "C" int predict(long long* answers) {
    answers[0] = 1 - 1;    // every lane has its own bank
    answers[1] = 2 - 1;    // even banks only: lanes 0 and 16 meet, 1 and 17, ...
    answers[2] = 1 - 1;    // 3 and 32 have no common divisor: all banks are used, in another order
    answers[3] = 8 - 1;    // banks 0, 8, 16, 24: eight lanes in each
    answers[4] = 32 - 1;   // everybody in bank 0, and everybody another word
    answers[5] = 1 - 1;    // each lane one bank further on: this is what a padded tile does
    answers[6] = 1 - 1;    // one bank, but one word: a broadcast
    return 0;
}
