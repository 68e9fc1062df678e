// Box blur: a pixel becomes the mean of the square of pixels around it.
//
// The square has 2 * radius + 1 rows and columns. Pixels outside of the image do not count: at the edges the mean is taken
// over fewer pixels.
#include <cuda_runtime.h>

// Every thread reads what its neighbours read as well; nobody writes where another reads, because the result is another array.
__global__ void blur_kernel(const float* image, int height, int width, int radius, float* out) {
    const int column = blockIdx.x * blockDim.x + threadIdx.x;
    const int row = blockIdx.y * blockDim.y + threadIdx.y;
    if (row >= height || column >= width) return;
    float sum = 0.0f;
    int count = 0;
    for (int y = row - radius; y <= row + radius; ++y) {
        for (int x = column - radius; x <= column + radius; ++x) {
            if (y >= 0 && y < height && x >= 0 && x < width) {
                sum += image[y * width + x];
                ++count;
            }
        }
    }
    out[row * width + column] = sum / count;
}

extern "C" int blur(const float* image, int height, int width, int radius, float* out) {
    const dim3 block(16, 16);
    const dim3 grid((width + 15) / 16, (height + 15) / 16);
    blur_kernel<<<grid, block>>>(image, height, width, radius, out);
    return cudaGetLastError();
}
