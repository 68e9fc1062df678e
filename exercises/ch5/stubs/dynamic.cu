// Matrix product in tiles whose size is chosen at the launch.
//
// C = A * B as in bounded.cu. The caller says how wide the tiles are, from 1 to 32, so the kernel cannot declare its shared memory with
// a size: it gets one array whose size is the third number of the launch, and divides it into two tiles itself.
#include <cuda_runtime.h>

__global__ void dynamic_kernel(const float* a, const float* b, float* c, int m, int n, int k) {
    extern __shared__ float tiles[];
    const int tile = blockDim.x;
    // TODO (about 16 lines): Divide `tiles` into a tile of A and a tile of B. Then as in bounded.cu, with indices into
    // one-dimensional arrays.
}

extern "C" int matmul_dynamic(const float* a, const float* b, float* c, int m, int n, int k, int tile) {
    if (m == 0 || n == 0) return 0;
    const dim3 block(tile, tile);
    const dim3 grid((n + tile - 1) / tile, (m + tile - 1) / tile);
    // TODO (about 1 line): Launch with enough shared memory, in bytes, for both tiles.
    return cudaGetLastError();
}
