// A convolution layer, forward.
//
// n images of channels x rows x cols, filters of channels x size x size. The filters slide over the places where they fit, as they are:
// out[n, k, p, q] = bias[k] + sum over c, r, s of weights[k, c, r, s] * images[n, c, p + r, q + s].
// All arrays lie in this order in memory, the last index fastest.
#include <cuda_runtime.h>

__global__ void layer_kernel(const float* images, const float* weights, const float* bias, int n, int channels, int rows, int cols,
                             int filters, int size, float* out) {
    // TODO (about 12 lines): One element of the result a thread: find out its image, filter, row and column, then add
    // up.
}

extern "C" int layer(const float* images, const float* weights, const float* bias, int n, int channels, int rows, int cols,
                     int filters, int size, float* out) {
    // TODO (about 2 lines): Launch a thread an element of the result.
    return cudaGetLastError();
}
