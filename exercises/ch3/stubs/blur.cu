// Box blur: a pixel becomes the mean of the square of pixels around it.
//
// The square has 2 * radius + 1 rows and columns. Pixels outside of the image do not count: at the edges the mean is taken
// over fewer pixels.
#include <cuda_runtime.h>

__global__ void blur_kernel(const float* image, int height, int width, int radius, float* out) {
    // TODO (about 14 lines): Find this thread's pixel; leave if there is none. Add up the pixels of the square that exist, count
    // them, and store the mean.
}

// image and out are device memory.
extern "C" int blur(const float* image, int height, int width, int radius, float* out) {
    const dim3 block(16, 16);
    const dim3 grid((width + 15) / 16, (height + 15) / 16);
    blur_kernel<<<grid, block>>>(image, height, width, radius, out);
    return cudaGetLastError();
}
