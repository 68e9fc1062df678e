// A sum in a tree that lacks a barrier: threads read what others are still adding to.
#include <cstdio>

constexpr int kThreads = 128;

__global__ void sum(const int* in, int* out) {
    __shared__ int part[kThreads];
    const int t = threadIdx.x;
    part[t] = in[t];
    __syncthreads();
    for (int step = kThreads / 2; step > 0; step /= 2) {
        if (t < step) part[t] += part[t + step];
        // here all have to wait for each other
    }
    if (t == 0) *out = part[0];
}

int main() {
    int in[kThreads], out = 0, *from, *to;
    for (int& i : in) i = 1;
    cudaMalloc(&from, sizeof in);
    cudaMalloc(&to, sizeof out);
    cudaMemcpy(from, in, sizeof in, cudaMemcpyHostToDevice);
    sum<<<1, kThreads>>>(from, to);
    cudaMemcpy(&out, to, sizeof out, cudaMemcpyDeviceToHost);
    cudaFree(from);
    cudaFree(to);
    std::printf("%d\n", out);
    return out != kThreads;
}
