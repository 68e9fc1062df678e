// Find the bug: the mirror image.
//
// out is the image seen in a mirror: left and right change places. `image` has `height` rows and `width` columns of bytes
// and lies row after row.
//
// What is observed: all icons of 64 x 64 come out right. Photographs come out as slanted stripes.
#include <cuda_runtime.h>

__global__ void mirror_kernel(const unsigned char* image, int height, int width, unsigned char* out) {
    const int column = blockIdx.x * blockDim.x + threadIdx.x;
    const int row = blockIdx.y * blockDim.y + threadIdx.y;
    if (row >= height || column >= width) return;
    // TODO (about 1 line): What is special about 64 x 64? Mend the index that is wrong.
    out[row * width + column] = image[row * height + width - 1 - column];
}

extern "C" int mirror(const unsigned char* image, int height, int width, unsigned char* out) {
    const dim3 block(16, 16);
    const dim3 grid((width + 15) / 16, (height + 15) / 16);
    mirror_kernel<<<grid, block>>>(image, height, width, out);
    return cudaGetLastError();
}
