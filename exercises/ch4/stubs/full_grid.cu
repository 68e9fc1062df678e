// As many blocks as the device can hold.
//
// data[i] = factor * data[i], for n elements, with a grid that fills the device exactly: as many blocks of `threads` threads
// as can be at work at the same time on all of its streaming multiprocessors (SMs), however large n is. The kernel writes
// down how many blocks it was given.
#include <cuda_runtime.h>

__global__ void scale_kernel(float* data, int n, float factor, int* blocks) {
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) data[i] *= factor;
    if (blockIdx.x == 0 && threadIdx.x == 0) *blocks = gridDim.x;
}

extern "C" int scale_with_full_grid(float* data, int n, float factor, int threads, int* blocks) {
    // TODO (about 5 lines): Ask how many multiprocessors the device has, and how many blocks of this kernel fit on one of
    // them. Return the error if a call fails. Launch as many blocks as fit on all.
    const int grid = 1;
    scale_kernel<<<grid, threads>>>(data, n, factor, blocks);
    return cudaGetLastError();
}
