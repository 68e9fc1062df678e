// Matrix product in tiles whose size is chosen at the launch.
//
// C = A * B as in bounded.cu. The caller says how wide the tiles are, from 1 to 32, so the kernel cannot declare its shared memory with
// a size: it gets one array whose size is the third number of the launch, and divides it into two tiles itself.
#include <cuda_runtime.h>

// The width of a tile is the width of the block. Two tiles in one array: B's begins where A's ends.
__global__ void dynamic_kernel(const float* a, const float* b, float* c, int m, int n, int k) {
    extern __shared__ float tiles[];
    const int tile = blockDim.x;
    float* a_tile = tiles;
    float* b_tile = tiles + tile * tile;
    const int column = blockIdx.x * tile + threadIdx.x;
    const int row = blockIdx.y * tile + threadIdx.y;
    const int own = threadIdx.y * tile + threadIdx.x;
    float sum = 0.0f;
    for (int first = 0; first < k; first += tile) {
        const int a_column = first + threadIdx.x;
        const int b_row = first + threadIdx.y;
        a_tile[own] = row < m && a_column < k ? a[row * k + a_column] : 0.0f;
        b_tile[own] = b_row < k && column < n ? b[b_row * n + column] : 0.0f;
        __syncthreads();
        for (int s = 0; s < tile; ++s) sum += a_tile[threadIdx.y * tile + s] * b_tile[s * tile + threadIdx.x];
        __syncthreads();
    }
    if (row < m && column < n) c[row * n + column] = sum;
}

extern "C" int matmul_dynamic(const float* a, const float* b, float* c, int m, int n, int k, int tile) {
    if (m == 0 || n == 0) return 0;
    const dim3 block(tile, tile);
    const dim3 grid((n + tile - 1) / tile, (m + tile - 1) / tile);
    dynamic_kernel<<<grid, block, 2 * tile * tile * sizeof(float)>>>(a, b, c, m, n, k);
    return cudaGetLastError();
}
