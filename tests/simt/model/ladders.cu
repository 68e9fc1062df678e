// Versions of a transpose and of a sum, from the slowest to the fastest by what was published for GPUs: a transpose is slow
// without coalescing, better through a tile, best without bank conflicts; a sum gains with each step of a tree that is known since
// "Optimizing Parallel Reduction in CUDA" (M. Harris, 2007); a convolution gains when its weights come from constant memory and
// not by a load each, and again when a tile holds what its threads load many times ("Image Convolution with CUDA", V. Podlozhnyuk,
// 2007): L1 answers the direct ones, but a row that does not begin where a line does takes it two lines.
#include <cstdio>

constexpr int kTile = 32;

__global__ void transpose_1_scattered(float* out, const float* in, int n) {
    const int x = blockIdx.x * kTile + threadIdx.x, y = blockIdx.y * kTile + threadIdx.y;
    out[x * n + y] = in[y * n + x];
}

template <int width>
__device__ void transpose_in_tile(float* out, const float* in, int n) {
    __shared__ float tile[kTile][width];
    tile[threadIdx.y][threadIdx.x] = in[(blockIdx.y * kTile + threadIdx.y) * n + blockIdx.x * kTile + threadIdx.x];
    __syncthreads();
    out[(blockIdx.x * kTile + threadIdx.y) * n + blockIdx.y * kTile + threadIdx.x] = tile[threadIdx.x][threadIdx.y];
}

__global__ void transpose_2_tiled(float* out, const float* in, int n) { transpose_in_tile<kTile>(out, in, n); }
__global__ void transpose_3_padded(float* out, const float* in, int n) { transpose_in_tile<kTile + 1>(out, in, n); }

constexpr int kThreads = 256;

__global__ void sum_1_divergent(float* out, const float* in) {
    __shared__ float part[kThreads];
    const int t = threadIdx.x;
    part[t] = in[blockIdx.x * kThreads + t];
    __syncthreads();
    for (int step = 1; step < kThreads; step *= 2) {
        if (t % (2 * step) == 0) part[t] += part[t + step];
        __syncthreads();
    }
    if (t == 0) out[blockIdx.x] = part[0];
}

__global__ void sum_2_conflicting(float* out, const float* in) {
    __shared__ float part[kThreads];
    const int t = threadIdx.x;
    part[t] = in[blockIdx.x * kThreads + t];
    __syncthreads();
    for (int step = 1; step < kThreads; step *= 2) {
        const int at = 2 * step * t;
        if (at < kThreads) part[at] += part[at + step];
        __syncthreads();
    }
    if (t == 0) out[blockIdx.x] = part[0];
}

__device__ void sequential_tree(float* part, int t) {
    for (int step = kThreads / 2; step > 0; step /= 2) {
        if (t < step) part[t] += part[t + step];
        __syncthreads();
    }
}

__global__ void sum_3_sequential(float* out, const float* in) {
    __shared__ float part[kThreads];
    const int t = threadIdx.x;
    part[t] = in[blockIdx.x * kThreads + t];
    __syncthreads();
    sequential_tree(part, t);
    if (t == 0) out[blockIdx.x] = part[0];
}

__global__ void sum_4_adds_when_loading(float* out, const float* in) {
    __shared__ float part[kThreads];
    const int t = threadIdx.x;
    const float* own = in + blockIdx.x * 2 * kThreads + t;
    part[t] = own[0] + own[kThreads];
    __syncthreads();
    sequential_tree(part, t);
    if (t == 0) out[blockIdx.x] = part[0];
}

__global__ void sum_5_coarsened(float* out, const float* in, int n) {
    __shared__ float part[kThreads];
    const int t = threadIdx.x;
    float sum = 0;
    for (int i = blockIdx.x * kThreads + t; i < n; i += gridDim.x * kThreads) sum += in[i];
    part[t] = sum;
    __syncthreads();
    sequential_tree(part, t);
    if (t == 0) out[blockIdx.x] = part[0];
}

constexpr int kRadius = 3, kSide = 2 * kRadius + 1;
__constant__ float constant_weights[kSide * kSide];

// Rows of the input are n + 2 kRadius long: no thread asks whether it is at an edge.
__global__ void convolution_1_direct(float* out, const float* in, const float* weights, int n) {
    const int x = blockIdx.x * blockDim.x + threadIdx.x, y = blockIdx.y * blockDim.y + threadIdx.y;
    float sum = 0;
    for (int i = 0; i < kSide; ++i)
        for (int j = 0; j < kSide; ++j) sum += in[(y + i) * (n + 2 * kRadius) + x + j] * weights[i * kSide + j];
    out[y * n + x] = sum;
}

__global__ void convolution_2_constant(float* out, const float* in, int n) {
    const int x = blockIdx.x * blockDim.x + threadIdx.x, y = blockIdx.y * blockDim.y + threadIdx.y;
    float sum = 0;
    for (int i = 0; i < kSide; ++i)
        for (int j = 0; j < kSide; ++j) sum += in[(y + i) * (n + 2 * kRadius) + x + j] * constant_weights[i * kSide + j];
    out[y * n + x] = sum;
}

__global__ void convolution_3_tiled(float* out, const float* in, int n) {
    __shared__ float tile[kTile + 2 * kRadius][kTile + 2 * kRadius];
    const int left = blockIdx.x * kTile, top = blockIdx.y * kTile;
    for (int y = threadIdx.y; y < kTile + 2 * kRadius; y += blockDim.y)
        for (int x = threadIdx.x; x < kTile + 2 * kRadius; x += blockDim.x)
            tile[y][x] = in[(top + y) * (n + 2 * kRadius) + left + x];
    __syncthreads();
    for (int y = threadIdx.y; y < kTile; y += blockDim.y) {
        float sum = 0;
        for (int i = 0; i < kSide; ++i)
            for (int j = 0; j < kSide; ++j) sum += tile[y + i][threadIdx.x + j] * constant_weights[i * kSide + j];
        out[(top + y) * n + left + threadIdx.x] = sum;
    }
}

int main() {
    const int n = 1024;
    float *a, *b;
    cudaMalloc(&a, n * n * sizeof(float));
    cudaMalloc(&b, n * n * sizeof(float));
    cudaMemset(a, 0, n * n * sizeof(float));
    const dim3 grid(n / kTile, n / kTile), block(kTile, kTile);
    transpose_1_scattered<<<grid, block>>>(b, a, n);
    transpose_2_tiled<<<grid, block>>>(b, a, n);
    transpose_3_padded<<<grid, block>>>(b, a, n);
    sum_1_divergent<<<n * n / kThreads, kThreads>>>(b, a);
    sum_2_conflicting<<<n * n / kThreads, kThreads>>>(b, a);
    sum_3_sequential<<<n * n / kThreads, kThreads>>>(b, a);
    sum_4_adds_when_loading<<<n * n / kThreads / 2, kThreads>>>(b, a);
    sum_5_coarsened<<<512, kThreads>>>(b, a, n * n);
    const int m = n - 2 * kTile;
    convolution_1_direct<<<dim3(m / 32, m / 8), dim3(32, 8)>>>(b, a, a, m);
    convolution_2_constant<<<dim3(m / 32, m / 8), dim3(32, 8)>>>(b, a, m);
    convolution_3_tiled<<<dim3(m / kTile, m / kTile), dim3(kTile, 8)>>>(b, a, m);
    const cudaError_t failed = cudaDeviceSynchronize();
    cudaFree(a);
    cudaFree(b);
    return failed;
}
