// Find the bug: the mirror image.
//
// out is the image seen in a mirror: left and right change places. `image` has `height` rows and `width` columns of bytes
// and lies row after row.
//
// What is observed: all icons of 64 x 64 come out right. Photographs come out as slanted stripes.
#include <cuda_runtime.h>

// A row has as many elements as the image has columns: to go down one row is to go on by the width. With the height in its
// place, the rows of what is read begin too early or too late, each a little more than the one before; in a square the two
// are the same number.
__global__ void mirror_kernel(const unsigned char* image, int height, int width, unsigned char* out) {
    const int column = blockIdx.x * blockDim.x + threadIdx.x;
    const int row = blockIdx.y * blockDim.y + threadIdx.y;
    if (row >= height || column >= width) return;
    out[row * width + column] = image[row * width + width - 1 - column];
}

extern "C" int mirror(const unsigned char* image, int height, int width, unsigned char* out) {
    const dim3 block(16, 16);
    const dim3 grid((width + 15) / 16, (height + 15) / 16);
    mirror_kernel<<<grid, block>>>(image, height, width, out);
    return cudaGetLastError();
}
