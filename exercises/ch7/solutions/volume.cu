// Convolution of a volume: three dimensions, one thread a voxel.
//
// A volume has `depth` layers of `height` rows of `width` voxels, and the voxel at (layer, row, column) is stored at (layer *
// height + row) * width + column. The weights form a cube with 2 * radius + 1 layers, rows and columns: 27 of them for radius
// 1, stored in the same way. Voxels outside of the volume count as 0. All arrays are in device memory.
#include <cuda_runtime.h>

// Three bounds, one for each direction: a voxel past the right edge would be the first of the next row, and one below the last
// row the first of the next layer. The block is 32 wide so that a warp reads a row of neighbours. In a volume of 32 x 32 x 64
// voxels 27 weights ask for 138 bytes a voxel, in sectors, and 4 of them come from DRAM: the cache has the rest.
__global__ void volume_kernel(const float* volume, int depth, int height, int width, const float* weights, int radius,
                              float* out) {
    const int column = blockIdx.x * blockDim.x + threadIdx.x;
    const int row = blockIdx.y * blockDim.y + threadIdx.y;
    const int layer = blockIdx.z * blockDim.z + threadIdx.z;
    if (layer >= depth || row >= height || column >= width) return;
    const int side = 2 * radius + 1;
    float sum = 0.0f;
    for (int i = 0; i < side; ++i) {
        for (int j = 0; j < side; ++j) {
            for (int k = 0; k < side; ++k) {
                const int z = layer - radius + i, y = row - radius + j, x = column - radius + k;
                if (z >= 0 && z < depth && y >= 0 && y < height && x >= 0 && x < width)
                    sum += weights[(i * side + j) * side + k] * volume[(z * height + y) * width + x];
            }
        }
    }
    out[(layer * height + row) * width + column] = sum;
}

extern "C" int convolve_volume(const float* volume, int depth, int height, int width, const float* weights, int radius,
                               float* out) {
    const dim3 block(32, 4, 2);
    const dim3 grid((width + 31) / 32, (height + 3) / 4, (depth + 1) / 2);
    volume_kernel<<<grid, block>>>(volume, depth, height, width, weights, radius, out);
    return cudaGetLastError();
}
