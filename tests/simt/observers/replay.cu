// Kernels whose runs are recorded: test_replay.py computes what each step must have seen.
#include <cstdio>
#include <cstdlib>
#include <cstring>

constexpr int kThreads = 96;

__global__ void scan(const int* in, int* out) {
    __shared__ int sums[kThreads];
    int t = threadIdx.x;
    sums[t] = in[t];
    for (int stride = 1; stride < kThreads; stride *= 2) {
        __syncthreads();
        int sum = sums[t];
        if (t >= stride) sum += sums[t - stride];  // LINE(add)
        __syncthreads();
        sums[t] = sum;  // LINE(back)
    }
    out[t] = sums[t];
}

__device__ float halved(float x) {
    return x / 2;  // LINE(inner)
}

__global__ void parted(const int* in, float* out) {
    int t = threadIdx.x;
    float x = in[t] * 1.5f;
    if (t % 3 == 0) {
        x = sqrtf(x);  // LINE(third)
    } else {
        x += halved(x) * t;  // LINE(others)
    }
    for (int k = 0; k < t % 4; ++k) x *= 1.25f;  // LINE(turns)
    out[blockIdx.x * blockDim.x + t] = x;
}

__global__ void count(const int* in, int* out) {
    __shared__ int bins[5];
    if (threadIdx.x < 5) bins[threadIdx.x] = 0;
    __syncthreads();
    atomicAdd(&bins[in[threadIdx.x] % 5], 1);  // LINE(atomic)
    __syncthreads();
    if (threadIdx.x < 5) out[threadIdx.x] = bins[threadIdx.x];
}

__global__ void lanes(const int* in, int* out) {
    int t = threadIdx.x, sum = in[t];
    if (t < 16) sum += 1;
    __syncwarp();
    for (int step = 16; step > 0; step /= 2) sum += __shfl_xor_sync(~0u, sum, step);
    out[t] = sum;  // LINE(sums)
    if (t % 2) return;  // LINE(leave)
    __syncthreads();
    out[t] += 1;  // LINE(stay)
}

__global__ void outside(int* out) {
    out[threadIdx.x * 1000] = 1;  // LINE(outside)
}

int main(int, char** arguments) {
    int in[kThreads], out[2 * kThreads] = {}, *from, *to;
    for (int i = 0; i < kThreads; ++i) in[i] = i * i % 17;
    cudaMalloc(&from, sizeof in);
    cudaMalloc(&to, sizeof out);
    cudaMemcpy(from, in, sizeof in, cudaMemcpyHostToDevice);
    const char* name = arguments[1];
    for (int n = std::atoi(arguments[2]); n > 0; --n) {
        if (!std::strcmp(name, "scan")) scan<<<1, kThreads>>>(from, to);
        if (!std::strcmp(name, "parted")) parted<<<2, kThreads>>>(from, reinterpret_cast<float*>(to));
        if (!std::strcmp(name, "count")) count<<<1, kThreads>>>(from, to);
        if (!std::strcmp(name, "lanes")) lanes<<<1, kThreads>>>(from, to);
        if (!std::strcmp(name, "outside")) outside<<<1, kThreads>>>(to);
    }
    const bool failed = cudaMemcpy(out, to, sizeof out, cudaMemcpyDeviceToHost) != cudaSuccess;
    cudaFree(from);
    cudaFree(to);
    return failed;
}
