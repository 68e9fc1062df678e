// A scan as Kogge and Stone make it: in each round every thread adds what lies twice as far back as in the one before.
#include <cstdio>

constexpr int kThreads = 64;

__global__ void scan(int* data) {
    __shared__ int sum[kThreads];
    const int t = threadIdx.x;
    sum[t] = data[t];
    for (int back = 1; back < kThreads; back *= 2) {
        __syncthreads();
        int left = 0;
        if (t >= back) left = sum[t - back];
        __syncthreads();
        sum[t] += left;
    }
    data[t] = sum[t];
}

int main() {
    int data[kThreads], *device;
    for (int& i : data) i = 1;
    cudaMalloc(&device, sizeof data);
    cudaMemcpy(device, data, sizeof data, cudaMemcpyHostToDevice);
    scan<<<1, kThreads>>>(device);
    cudaMemcpy(data, device, sizeof data, cudaMemcpyDeviceToHost);
    cudaFree(device);
    std::printf("%d\n", data[kThreads - 1]);
    return data[kThreads - 1] != kThreads;
}
