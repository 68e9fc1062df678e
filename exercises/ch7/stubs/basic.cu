// Convolution, the basic way: one thread computes one pixel.
//
// A pixel of `out` is the weighted sum of the pixels around the same place in `image`. The weights form a square of
// 2 * radius + 1 rows and columns; weights[0] belongs to the neighbour `radius` rows above and `radius` columns to the left.
// Neighbours outside of the image count as 0. All three arrays lie row after row in device memory.
#include <cuda_runtime.h>

__global__ void basic_kernel(const float* image, int height, int width, const float* weights, int radius, float* out) {
    // TODO (about 14 lines): Find the row and the column of this thread's pixel and leave if it is outside of the image.
    // Add up weight times neighbour over the square, skipping neighbours outside of the image, and store the sum.
}

extern "C" int convolve_basic(const float* image, int height, int width, const float* weights, int radius, float* out,
                              cudaStream_t stream) {
    const dim3 block(16, 16);
    const dim3 grid((width + 15) / 16, (height + 15) / 16);
    basic_kernel<<<grid, block, 0, stream>>>(image, height, width, weights, radius, out);
    return cudaGetLastError();
}
