// Convolution of a volume: three dimensions, one thread a voxel.
//
// A volume has `depth` layers of `height` rows of `width` voxels, and the voxel at (layer, row, column) is stored at (layer *
// height + row) * width + column. The weights form a cube with 2 * radius + 1 layers, rows and columns: 27 of them for radius
// 1, stored in the same way. Voxels outside of the volume count as 0. All arrays are in device memory.
#include <cuda_runtime.h>

__global__ void volume_kernel(const float* volume, int depth, int height, int width, const float* weights, int radius,
                              float* out) {
    // TODO (about 16 lines): Find this thread's voxel; leave if there is none. Add up weight times voxel over the cube, as far as
    // the voxels exist, and store the sum.
}

extern "C" int convolve_volume(const float* volume, int depth, int height, int width, const float* weights, int radius,
                               float* out) {
    const dim3 block(32, 4, 2);
    // TODO (about 2 lines): Cover the volume with blocks in all three directions and launch.
    return cudaGetLastError();
}
