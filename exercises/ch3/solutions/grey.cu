// Colour to grey: one thread a pixel.
//
// `rgb` holds three bytes a pixel, red, green and blue, pixel after pixel and row after row. The eye takes green for brighter than
// red and blue for dark, so the grey value is not the mean: it is (54 * red + 183 * green + 19 * blue) / 256, rounded down.
#include <cuda_runtime.h>

// All pixels are independent: nothing has to be coordinated, the only work is to find one's own. The sum of the weights is
// 256, so the result fits a byte, and the integer arithmetic gives the same bits everywhere.
__global__ void grey_kernel(const unsigned char* rgb, int height, int width, unsigned char* out) {
    const int column = blockIdx.x * blockDim.x + threadIdx.x;
    const int row = blockIdx.y * blockDim.y + threadIdx.y;
    if (row >= height || column >= width) return;
    const int pixel = row * width + column;
    const unsigned char* colour = rgb + 3 * pixel;
    out[pixel] = (54 * colour[0] + 183 * colour[1] + 19 * colour[2]) / 256;
}

extern "C" int grey(const unsigned char* rgb, int height, int width, unsigned char* out) {
    const dim3 block(16, 16);
    const dim3 grid((width + 15) / 16, (height + 15) / 16);
    grey_kernel<<<grid, block>>>(rgb, height, width, out);
    return cudaGetLastError();
}
