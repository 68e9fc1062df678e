// A transpose three times: rows are read and columns written; through a tile; through a tile with a column more.
#include <cstdio>

constexpr int kTile = 32;

__global__ void transpose_direct(float* out, const float* in, int n) {
    const int x = blockIdx.x * kTile + threadIdx.x;
    const int y = blockIdx.y * kTile + threadIdx.y;
    const float value = in[y * n + x];
    out[x * n + y] = value;
}

__global__ void transpose_tiled(float* out, const float* in, int n) {
    __shared__ float tile[kTile][kTile];
    const int left = blockIdx.x * kTile, top = blockIdx.y * kTile;
    tile[threadIdx.y][threadIdx.x] = in[(top + threadIdx.y) * n + left + threadIdx.x];
    __syncthreads();
    const float value = tile[threadIdx.x][threadIdx.y];
    out[(left + threadIdx.y) * n + top + threadIdx.x] = value;
}

__global__ void transpose_padded(float* out, const float* in, int n) {
    __shared__ float tile[kTile][kTile + 1];
    const int left = blockIdx.x * kTile, top = blockIdx.y * kTile;
    tile[threadIdx.y][threadIdx.x] = in[(top + threadIdx.y) * n + left + threadIdx.x];
    __syncthreads();
    const float value = tile[threadIdx.x][threadIdx.y];
    out[(left + threadIdx.y) * n + top + threadIdx.x] = value;
}

int main() {
    const int n = 1024;
    float *a, *b;
    cudaMalloc(&a, n * n * sizeof(float));
    cudaMalloc(&b, n * n * sizeof(float));
    cudaMemset(a, 0, n * n * sizeof(float));
    const dim3 grid(n / kTile, n / kTile), block(kTile, kTile);
    transpose_direct<<<grid, block>>>(b, a, n);
    transpose_tiled<<<grid, block>>>(b, a, n);
    transpose_padded<<<grid, block>>>(b, a, n);
    const cudaError_t failed = cudaDeviceSynchronize();
    cudaFree(a);
    cudaFree(b);
    return failed;
}
