// Find the bug: many blocks, one sum.
//
// Each block adds up a segment of 2 * kThreads elements of `data`, in a tree, and adds the result to *sum, which is 0 at the
// start.
//
// What is observed: right for up to 512 elements. For more, the sum is wrong on a GPU, and not by the same amount each time.
// The software GPU runs one block after the other and gets it right, but its checker objects.
#include <cuda_runtime.h>

constexpr int kThreads = 256;

__global__ void lost_sums_kernel(const int* data, int n, int* sum) {
    __shared__ int partial[kThreads];
    const int t = threadIdx.x, i = blockIdx.x * 2 * kThreads + t;
    partial[t] = (i < n ? data[i] : 0) + (i + kThreads < n ? data[i + kThreads] : 0);
    for (int stride = kThreads / 2; stride >= 1; stride /= 2) {
        __syncthreads();
        if (t < stride) partial[t] += partial[t + stride];
    }
    // TODO (about 1 line): Two blocks read *sum, both add to what they have read, both write. Mend it.
    if (t == 0) *sum += partial[0];
}

extern "C" int sum_of_blocks(const int* data, int n, int* sum) {
    if (n == 0) return 0;
    lost_sums_kernel<<<(n + 2 * kThreads - 1) / (2 * kThreads), kThreads>>>(data, n, sum);
    return cudaGetLastError();
}
