// Kernels with one bottleneck each, for the model of time.
#include <cstdlib>
#include <cstring>

__global__ void dram(float4* out, const float4* in) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    out[i] = in[i];
}

__global__ void fp32(float* out, float x) {
    float a = x, b = x + 1, c = x + 2, d = x + 3;
    for (int k = 0; k < 512; ++k) {
        a = a * x + x;
        b = b * x + x;
        c = c * x + x;
        d = d * x + x;
    }
    out[blockIdx.x * blockDim.x + threadIdx.x] = a + b + c + d;
}

// One warp follows a chain of addresses.
__global__ void latency(int* out, const int* next) {
    int at = 0;
    for (int k = 0; k < 2000; ++k) at = next[at];
    out[threadIdx.x] = at;
}

// Lanes are 32 words apart: one bank serves them all, one after the other.
__global__ void shared_memory(float* out) {
    __shared__ float tile[32 * 32];
    for (int k = threadIdx.x; k < 32 * 32; k += blockDim.x) tile[k] = k;
    __syncthreads();
    float sum = 0;
    for (int k = 0; k < 64; ++k) sum += tile[threadIdx.x % 32 * 32 + k % 32];
    out[blockIdx.x * blockDim.x + threadIdx.x] = sum;
}

__global__ void launch(int* out) { out[threadIdx.x] = 1; }

int main() {
    const int blocks = 2048, threads = 256, n = blocks * threads;
    float4 *a, *b;
    int* next;
    cudaMalloc(&a, n * sizeof *a);
    cudaMalloc(&b, n * sizeof *b);
    cudaMalloc(&next, (1 << 20) * sizeof *next);
    cudaMemset(a, 0, n * sizeof *a);
    int* chain = static_cast<int*>(std::malloc((1 << 20) * sizeof(int)));
    for (int k = 0; k < 1 << 20; ++k) chain[k] = (k + 4099) % (1 << 20);
    cudaMemcpy(next, chain, (1 << 20) * sizeof(int), cudaMemcpyHostToDevice);
    dram<<<blocks, threads>>>(b, a);
    fp32<<<blocks, threads>>>(reinterpret_cast<float*>(b), 0.5f);
    latency<<<1, 32>>>(reinterpret_cast<int*>(b), next);
    shared_memory<<<blocks, threads>>>(reinterpret_cast<float*>(b));
    launch<<<1, 32>>>(next);
    const cudaError_t failed = cudaDeviceSynchronize();
    std::free(chain);
    cudaFree(a);
    cudaFree(b);
    cudaFree(next);
    return failed;
}
