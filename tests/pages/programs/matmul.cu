// Matrices of 256 x 256, multiplied with every element from global memory, and through tiles.
#include <cstdio>

constexpr int kTile = 16;

__global__ void matmul_naive(float* c, const float* a, const float* b, int n) {
    const int column = blockIdx.x * kTile + threadIdx.x;
    const int row = blockIdx.y * kTile + threadIdx.y;
    float sum = 0;
    for (int k = 0; k < n; ++k) {
        const float x = a[row * n + k];
        const float y = b[k * n + column];
        sum += x * y;
    }
    c[row * n + column] = sum;
}

__global__ void matmul_tiled(float* c, const float* a, const float* b, int n) {
    __shared__ float x[kTile][kTile], y[kTile][kTile];
    const int column = blockIdx.x * kTile + threadIdx.x;
    const int row = blockIdx.y * kTile + threadIdx.y;
    float sum = 0;
    for (int first = 0; first < n; first += kTile) {
        x[threadIdx.y][threadIdx.x] = a[row * n + first + threadIdx.x];
        y[threadIdx.y][threadIdx.x] = b[(first + threadIdx.y) * n + column];
        __syncthreads();
        for (int k = 0; k < kTile; ++k)
            sum += x[threadIdx.y][k] * y[k][threadIdx.x];
        __syncthreads();
    }
    c[row * n + column] = sum;
}

int main() {
    const int n = 256;
    float *a, *b, *c;
    cudaMalloc(&a, n * n * sizeof(float));
    cudaMalloc(&b, n * n * sizeof(float));
    cudaMalloc(&c, n * n * sizeof(float));
    cudaMemset(a, 0, n * n * sizeof(float));
    cudaMemset(b, 0, n * n * sizeof(float));
    const dim3 grid(n / kTile, n / kTile), block(kTile, kTile);
    matmul_naive<<<grid, block>>>(c, a, b, n);
    matmul_tiled<<<grid, block>>>(c, a, b, n);
    const cudaError_t failed = cudaDeviceSynchronize();
    cudaFree(a);
    cudaFree(b);
    cudaFree(c);
    return failed;
}
