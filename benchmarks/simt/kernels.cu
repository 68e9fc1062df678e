// The kernels of throughput.py: one per habit of CUDA programs that costs an interpreter something else.
#include <mma.h>

extern "C" __global__ void vector_add(const float* a, const float* b, float* c, int n) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) c[i] = a[i] + b[i];
}
extern "C" __global__ void matmul(const float* a, const float* b, float* c, int n) {
    __shared__ float x[16][16], y[16][16];
    int row = blockIdx.y * 16 + threadIdx.y, column = blockIdx.x * 16 + threadIdx.x;
    float sum = 0;
    for (int t = 0; t < n; t += 16) {
        x[threadIdx.y][threadIdx.x] = a[row * n + t + threadIdx.x];
        y[threadIdx.y][threadIdx.x] = b[(t + threadIdx.y) * n + column];
        __syncthreads();
        for (int k = 0; k < 16; ++k) sum += x[threadIdx.y][k] * y[k][threadIdx.x];
        __syncthreads();
    }
    c[row * n + column] = sum;
}
extern "C" __global__ void reduce(const float* in, float* out, int n) {
    __shared__ float s[256];
    int t = threadIdx.x;
    float sum = 0;
    for (int i = blockIdx.x * 1024 + t; i < min(n, (int)(blockIdx.x + 1) * 1024); i += 256) sum += in[i];
    s[t] = sum;
    __syncthreads();
    for (int d = 128; d > 0; d >>= 1) {
        if (t < d) s[t] += s[t + d];
        __syncthreads();
    }
    if (t == 0) out[blockIdx.x] = s[0];
}
extern "C" __global__ void divergent(int* out, int n) {   // steps of the Collatz sequence
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n) return;
    unsigned v = i + 1;
    int steps = 0;
    while (v != 1) {
        if (v & 1) v = 3 * v + 1; else v >>= 1;
        ++steps;
    }
    out[i] = steps;
}
extern "C" __global__ void histogram(const unsigned char* in, unsigned* out, int n) {
    __shared__ unsigned bins[256];
    bins[threadIdx.x] = 0;
    __syncthreads();
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += blockDim.x * gridDim.x) atomicAdd(&bins[in[i]], 1u);
    __syncthreads();
    atomicAdd(&out[threadIdx.x], bins[threadIdx.x]);
}
extern "C" __global__ void kogge_stone(const int* in, int* out, int* sums) {
    __shared__ int s[1024];
    int t = threadIdx.x, i = blockIdx.x * 1024 + t;
    s[t] = in[i];
    for (int d = 1; d < 1024; d *= 2) {
        __syncthreads();
        int v = t >= d ? s[t - d] : 0;
        __syncthreads();
        s[t] += v;
    }
    out[i] = s[t];
    if (t == 1023) sums[blockIdx.x] = s[t];
}
extern "C" __global__ void radix_pass(const unsigned* in, unsigned* out, int shift) {   // one block sorts its tile by 4 bits
    __shared__ unsigned counts[16], starts[16], rank_of_warp[8][16];
    int t = threadIdx.x, lane = t % 32, warp = t / 32;
    unsigned base = blockIdx.x * 2048;
    if (t < 16) counts[t] = 0;
    __syncthreads();
    for (int n = 0; n < 8; ++n) atomicAdd(&counts[in[base + n * 256 + t] >> shift & 15], 1u);
    __syncthreads();
    if (t == 0) { unsigned sum = 0; for (int d = 0; d < 16; ++d) { starts[d] = sum; sum += counts[d]; } }
    for (int n = 0; n < 8; ++n) {
        unsigned key = in[base + n * 256 + t], digit = key >> shift & 15, same = ~0u;
        for (int b = 0; b < 4; ++b) {
            unsigned ones = __ballot_sync(~0u, digit >> b & 1);
            same &= digit >> b & 1 ? ones : ~ones;
        }
        unsigned rank = __popc(same & ((1u << lane) - 1));
        if (t < 128) rank_of_warp[t / 16][t % 16] = 0;
        __syncthreads();
        if (rank == 0) rank_of_warp[warp][digit] = __popc(same);
        __syncthreads();
        if (t < 16) {
            unsigned sum = starts[t];
            for (int w = 0; w < 8; ++w) { unsigned c = rank_of_warp[w][t]; rank_of_warp[w][t] = sum; sum += c; }
            starts[t] = sum;
        }
        __syncthreads();
        out[base + rank_of_warp[warp][digit] + rank] = key;
        __syncthreads();
    }
}
__constant__ float weights[25] = {1, 4, 6, 4, 1, 4, 16, 24, 16, 4, 6, 24, 36, 24, 6, 4, 16, 24, 16, 4, 1, 4, 6, 4, 1};
extern "C" __global__ void convolution(const float* in, float* out, int width, int height) {
    __shared__ float tile[20][20];
    int x0 = blockIdx.x * 16 - 2, y0 = blockIdx.y * 16 - 2;
    for (int n = threadIdx.y * 16 + threadIdx.x; n < 400; n += 256) {
        int x = x0 + n % 20, y = y0 + n / 20;
        tile[n / 20][n % 20] = x >= 0 && x < width && y >= 0 && y < height ? in[y * width + x] : 0.0f;
    }
    __syncthreads();
    float sum = 0;
    for (int r = 0; r < 5; ++r)
        for (int c = 0; c < 5; ++c) sum += weights[r * 5 + c] * tile[threadIdx.y + r][threadIdx.x + c];
    out[(blockIdx.y * 16 + threadIdx.y) * width + blockIdx.x * 16 + threadIdx.x] = sum;
}
extern "C" __global__ void mma(const __half* a, const __half* b, float* c, int n) {   // a warp: 32 x 32 of the product
    using namespace nvcuda::wmma;
    int warp = threadIdx.x / 32, row = blockIdx.y * 64 + warp / 2 * 32, column = blockIdx.x * 64 + warp % 2 * 32;
    fragment<accumulator, 16, 16, 16, float> sum[2][2];
    for (int i = 0; i < 4; ++i) fill_fragment(sum[i / 2][i % 2], 0.0f);
    for (int k = 0; k < n; k += 16) {
        fragment<matrix_a, 16, 16, 16, __half, row_major> x[2];
        fragment<matrix_b, 16, 16, 16, __half, row_major> y[2];
        for (int i = 0; i < 2; ++i) {
            load_matrix_sync(x[i], a + (row + 16 * i) * n + k, n);
            load_matrix_sync(y[i], b + k * n + column + 16 * i, n);
        }
        for (int i = 0; i < 4; ++i) mma_sync(sum[i / 2][i % 2], x[i / 2], y[i % 2], sum[i / 2][i % 2]);
    }
    for (int i = 0; i < 4; ++i)
        store_matrix_sync(c + (row + i / 2 * 16) * n + column + i % 2 * 16, sum[i / 2][i % 2], n, mem_row_major);
}
