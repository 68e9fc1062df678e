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

// An SM has room for so many threads, blocks, registers and bytes of shared memory. Which of them is used up first depends
// on the kernel and on the GPU, so the program asks instead of carrying a number from one machine to the next. With blocks
// of 256 threads it is the threads, with blocks of 32 the number of blocks: they leave the SM half empty or worse.
extern "C" int scale_with_full_grid(float* data, int n, float factor, int threads, int* blocks) {
    int device = 0, multiprocessors = 0, blocks_per_sm = 0;
    cudaError_t error = cudaGetDevice(&device);
    if (error == cudaSuccess) error = cudaDeviceGetAttribute(&multiprocessors, cudaDevAttrMultiProcessorCount, device);
    if (error == cudaSuccess) error = cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks_per_sm, scale_kernel, threads, 0);
    if (error != cudaSuccess) return error;
    const int grid = multiprocessors * blocks_per_sm;
    scale_kernel<<<grid, threads>>>(data, n, factor, blocks);
    return cudaGetLastError();
}
