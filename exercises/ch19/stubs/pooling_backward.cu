// Max pooling, backward.
//
// `winners` is what pooling.cu has written: for each window of 2 x 2 the place of its largest pixel in its plane. `gradient` says
// how the loss changes with each pixel of the pooled planes. by_images becomes how it changes with each pixel of the images, planes x
// rows x cols. It holds rubbish at first. Write the launch too, and whatever has to come before it.
#include <cuda_runtime.h>

__global__ void unpool_kernel(const float* gradient, const int* winners, int windows, int pixels, int n, float* by_images) {
    // TODO (about 2 lines): One window a thread: `windows` a plane, `pixels` pixels a plane, n windows in all.
}

extern "C" int max_pool_backward(const float* gradient, const int* winners, int planes, int rows, int cols, float* by_images) {
    // TODO (about 3 lines): Make by_images zero, and launch a thread a window.
    return cudaGetLastError();
}
