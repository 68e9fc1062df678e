// Find the bug: the brightest pixel around.
//
// out at (row, column) is the largest value of the square of 2 * radius + 1 rows and columns around that place, as far as it
// lies inside of the image.
//
// What is observed: bright points grow, as they should, but to the left and up only one step less than to the right and
// down. With radius 0 the result is empty.
#include <cuda_runtime.h>

__global__ void brightest_kernel(const unsigned char* image, int height, int width, int radius, unsigned char* out) {
    const int column = blockIdx.x * blockDim.x + threadIdx.x;
    const int row = blockIdx.y * blockDim.y + threadIdx.y;
    if (row >= height || column >= width) return;
    // TODO (about 2 lines): How many rows and columns does the square have that is looked at? Mend the loops.
    const int top = max(row - radius, 0), bottom = min(row + radius, height);
    const int left = max(column - radius, 0), right = min(column + radius, width);
    unsigned char best = 0;
    for (int y = top; y < bottom; ++y) {
        for (int x = left; x < right; ++x) best = max(best, image[y * width + x]);
    }
    out[row * width + column] = best;
}

extern "C" int brightest(const unsigned char* image, int height, int width, int radius, unsigned char* out) {
    const dim3 block(16, 16);
    const dim3 grid((width + 15) / 16, (height + 15) / 16);
    brightest_kernel<<<grid, block>>>(image, height, width, radius, out);
    return cudaGetLastError();
}
