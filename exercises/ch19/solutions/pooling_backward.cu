// Max pooling, backward.
//
// `winners` is what pooling.cu has written: for each window of 2 x 2 the place of its largest pixel in its plane. `gradient` says
// how the loss changes with each pixel of the pooled planes. by_images becomes how it changes with each pixel of the images, planes x
// rows x cols. It holds rubbish at first. Write the launch too, and whatever has to come before it.
#include <cuda_runtime.h>

__global__ void unpool_kernel(const float* gradient, const int* winners, int windows, int pixels, int n, float* by_images) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    // Only the winner came through: a small change of another pixel changes nothing. Windows do not overlap, so no two threads
    // have the same winner, and nothing has to be added.
    if (i < n) by_images[i / windows * pixels + winners[i]] = gradient[i];
}

extern "C" int max_pool_backward(const float* gradient, const int* winners, int planes, int rows, int cols, float* by_images) {
    const int windows = (rows / 2) * (cols / 2), n = planes * windows;
    cudaMemset(by_images, 0, sizeof(float) * planes * rows * cols);
    if (n > 0) unpool_kernel<<<(n + 255) / 256, 256>>>(gradient, winners, windows, rows * cols, n, by_images);
    return cudaGetLastError();
}
