// Reverse the segments of a vector, in place.
//
// `data` has n elements. Every kThreads of them in a row are a segment; the last one may be shorter. Each segment is to be
// turned round: its first element changes places with its last one, and so on. A block does a segment, a thread an element;
// no second array is there.
#include <cuda_runtime.h>

constexpr int kThreads = 256;

__global__ void reverse_kernel(float* data, int n) {
    // TODO (about 6 lines): Let each thread read its element and write it to the other end of the segment. Nobody may write
    // before all have read.
}

extern "C" int reverse(float* data, int n) {
    if (n == 0) return 0;
    reverse_kernel<<<(n + kThreads - 1) / kThreads, kThreads>>>(data, n);
    return cudaGetLastError();
}
