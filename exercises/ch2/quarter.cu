// Find the bug: a vector with the opposite sign.
//
// out[i] = -in[i]. Both vectors lie in host memory; the function does everything that the device needs.
//
// What is observed: no call reports an error, and the first quarter of the result is right. The rest is what was there before.
#include <cuda_runtime.h>

__global__ void negate_kernel(float* data, int n) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) data[i] = -data[i];
}

// TODO (about 1 line): Why a quarter? Mend what is wrong.
extern "C" int negate(const float* in, float* out, int n) {
    if (n == 0) return 0;
    float* data = nullptr;
    cudaError_t error = cudaMalloc(&data, n * sizeof(float));
    if (error != cudaSuccess) return error;
    error = cudaMemcpy(data, in, n * sizeof(float), cudaMemcpyHostToDevice);
    if (error == cudaSuccess) {
        negate_kernel<<<(n + 255) / 256, 256>>>(data, n);
        error = cudaGetLastError();
    }
    if (error == cudaSuccess) error = cudaMemcpy(out, data, n, cudaMemcpyDeviceToHost);
    cudaFree(data);
    return error;
}
