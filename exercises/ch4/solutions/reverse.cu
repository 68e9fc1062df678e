// Reverse the segments of a vector, in place.
//
// `data` has n elements. Every kThreads of them in a row are a segment; the last one may be shorter. Each segment is to be
// turned round: its first element changes places with its last one, and so on. A block does a segment, a thread an element;
// no second array is there.
#include <cuda_runtime.h>

constexpr int kThreads = 256;

// The place to which a thread writes is one that another thread has to read first. All read, into registers; then all wait;
// then all write. The barrier is for global memory as well as for shared memory, but only within the block: that is why a
// block must own its segment. A thread beyond the end neither reads nor writes, but it waits with the others. One barrier: 8
// warps of each block come to it.
__global__ void reverse_kernel(float* data, int n) {
    const int first = blockIdx.x * kThreads;
    const int length = n - first < kThreads ? n - first : kThreads;
    float own = 0.0f;
    if (threadIdx.x < length) own = data[first + threadIdx.x];
    __syncthreads();
    if (threadIdx.x < length) data[first + length - 1 - threadIdx.x] = own;
}

extern "C" int reverse(float* data, int n) {
    if (n == 0) return 0;
    reverse_kernel<<<(n + kThreads - 1) / kThreads, kThreads>>>(data, n);
    return cudaGetLastError();
}
