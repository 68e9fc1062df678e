// A launch that may fail, and code that notices: out[i] = value.
#include <cuda_runtime.h>

__global__ void fill_kernel(float* out, float value, int n) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) out[i] = value;
}

// A launch has two times at which it can fail. The configuration is checked when the kernel is launched: cudaGetLastError
// tells at once, and clears the error so that it does not turn up in somebody else's check. What goes wrong while the kernel
// runs is only known when somebody waits for it: cudaDeviceSynchronize returns it.
extern "C" int checked_fill(float* out, float value, int n, int threads) {
    const int blocks = (n + threads - 1) / threads;
    fill_kernel<<<blocks, threads>>>(out, value, n);
    const cudaError_t error = cudaGetLastError();
    if (error != cudaSuccess) return error;
    return cudaDeviceSynchronize();
}
