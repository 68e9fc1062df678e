// Find the bug: differences of neighbours.
//
// out[i] is in[i] minus the element to its left in the same block of kThreads elements; the first element of each block
// stays as it is. The block brings its elements into shared memory, so that each of them is read once.
//
// What is observed: all results are right, on the author's GPU. "The last threads have nothing to do, so I send them home
// first thing." But the checker of the software GPU objects, for every n that is not a multiple of 256, and CUDA does not
// promise that the next GPU gets by.
#include <cuda_runtime.h>

constexpr int kThreads = 256;

__global__ void differences_kernel(const float* in, float* out, int n) {
    // TODO (about 3 lines): A barrier counts on all threads of the block. Mend the kernel so that all of them come to it.
    __shared__ float part[kThreads];
    const int i = blockIdx.x * kThreads + threadIdx.x;
    if (i >= n) return;
    part[threadIdx.x] = in[i];
    __syncthreads();
    out[i] = threadIdx.x > 0 ? part[threadIdx.x] - part[threadIdx.x - 1] : part[threadIdx.x];
}

extern "C" int differences(const float* in, float* out, int n) {
    if (n == 0) return 0;
    differences_kernel<<<(n + kThreads - 1) / kThreads, kThreads>>>(in, out, n);
    return cudaGetLastError();
}
