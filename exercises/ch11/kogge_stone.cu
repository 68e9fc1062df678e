// Inclusive scan of sections with the Kogge-Stone algorithm: out[i] = in[first] + ... + in[i].
//
// Every thread begins with its own element in shared memory. In the step with stride 1 it adds the element one place to the left, then the
// one two places to the left, four, eight ... as long as there is one. After log2 kSection steps all sums are there.
// Each block scans its own section of the input; the sections do not know of one another. hierarchical.cu joins them.
#include <cuda_runtime.h>

constexpr int kSection = 256;

__global__ void kogge_stone_kernel(const int* in, int* out, int n) {
    __shared__ int sums[kSection];
    const int i = blockIdx.x * kSection + threadIdx.x;
    // TODO (about 9 lines): Load this thread's element, 0 past the end. Loop over the strides; mind that a neighbour may still need the
    // value that you are about to overwrite. Store the result, if there is such an element.
}

extern "C" int scan_kogge_stone(const int* in, int* out, int n) {
    if (n == 0) return 0;
    kogge_stone_kernel<<<(n + kSection - 1) / kSection, kSection>>>(in, out, n);
    return cudaGetLastError();
}
