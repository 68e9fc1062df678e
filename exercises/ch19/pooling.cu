// Max pooling: the largest pixel of each window of 2 x 2.
//
// `images` are `planes` planes of rows x cols. A plane of the result has rows / 2 x cols / 2 pixels: what is left over at the end of
// an odd side counts for nothing. winners[i] becomes the place of the largest in its plane, row * cols + column: the way back
// needs it. Of equal pixels the first wins, row by row.
#include <cuda_runtime.h>

__global__ void pool_kernel(const float* images, int planes, int rows, int cols, float* out, int* winners) {
    // TODO (about 12 lines): One window a thread, over all planes: look at four pixels.
}

extern "C" int max_pool(const float* images, int planes, int rows, int cols, float* out, int* winners) {
    // TODO (about 2 lines): Launch a thread a window, or nothing.
    return cudaGetLastError();
}
