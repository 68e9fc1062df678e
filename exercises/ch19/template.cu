// A detector whose weights were made by hand: how well does each window of an image match a template?
//
// response[y, x] is the correlation of the template with the window whose upper left corner is (y, x), both with their mean taken off:
//   sum of (template - its mean) * (pixel - the window's mean), divided by the root of (sum of squares of the one times that of the other)
// It is 1 where the window is the template, brighter or darker or with more contrast, and -1 where it is its negative. Where a window or the
// template is of one grey (a sum of squares below 1e-6), it is 0. There are (rows - size + 1) x (cols - size + 1) windows.
#include <cuda_runtime.h>

__global__ void match_kernel(const float* image, int rows, int cols, const float* pattern, int size, float* response) {
    // TODO (about 22 lines): One window a thread: the two means first, then the three sums.
}

extern "C" int match(const float* image, int rows, int cols, const float* pattern, int size, float* response) {
    // TODO (about 2 lines): Launch blocks of 16 x 16 threads that cover the windows.
    return cudaGetLastError();
}
