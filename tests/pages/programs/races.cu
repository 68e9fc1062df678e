// Races for the page of pmpp replay: `lucky` is right as long as warp 0 comes first, `tree` lacks a barrier.
#include <cstdio>
#include <cstdlib>
#include <cstring>

constexpr int kThreads = 256;

__global__ void lucky(int* out) {
    __shared__ int s[kThreads];
    int t = threadIdx.x;
    s[t] = 3 * t;
    int from = t < 32 ? t : t - 32;
    out[t] = s[from];
}

__global__ void tree(const int* in, int* out) {
    __shared__ int s[kThreads];
    int t = threadIdx.x;
    s[t] = in[t];
    __syncthreads();
    for (int d = kThreads / 2; d > 0; d /= 2)
        if (t < d) s[t] += s[t + d];
    if (t == 0) out[0] = s[0];
}

int main(int, char** arguments) {
    int in[kThreads], out[kThreads], *from, *to;
    for (int& i : in) i = 1;
    cudaMalloc(&from, sizeof in);
    cudaMalloc(&to, sizeof out);
    cudaMemset(to, 0, sizeof out);
    cudaMemcpy(from, in, sizeof in, cudaMemcpyHostToDevice);
    const bool lonely = !std::strcmp(arguments[1], "lucky");
    if (lonely) lucky<<<1, kThreads>>>(to);
    else tree<<<1, kThreads>>>(from, to);
    cudaMemcpy(out, to, sizeof out, cudaMemcpyDeviceToHost);
    cudaFree(from);
    cudaFree(to);
    std::printf("%d\n", out[0]);
    bool right = true;
    for (int t = 0; lonely && t < kThreads; ++t) right &= out[t] == 3 * (t < 32 ? t : t - 32);
    return !right;
}
