// Vector addition, from beginning to end: c[i] = a[i] + b[i].
#include <cuda_runtime.h>

__global__ void add_kernel(const float* a, const float* b, float* c, int n) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) c[i] = a[i] + b[i];
}

// Each step runs only if all steps before it went well, and the three cudaFree run in any case: cudaFree(nullptr) does
// nothing, so that pointers that start as nullptr need no bookkeeping. The copy back waits for the kernel, because both are in
// the same stream. A grid of 0 blocks would be an error: hence the first line.
extern "C" int vector_add(const float* a, const float* b, float* c, int n) {
    if (n == 0) return 0;
    const size_t bytes = n * sizeof(float);
    float *a_d = nullptr, *b_d = nullptr, *c_d = nullptr;
    cudaError_t error = cudaMalloc(&a_d, bytes);
    if (error == cudaSuccess) error = cudaMalloc(&b_d, bytes);
    if (error == cudaSuccess) error = cudaMalloc(&c_d, bytes);
    if (error == cudaSuccess) error = cudaMemcpy(a_d, a, bytes, cudaMemcpyHostToDevice);
    if (error == cudaSuccess) error = cudaMemcpy(b_d, b, bytes, cudaMemcpyHostToDevice);
    if (error == cudaSuccess) {
        add_kernel<<<(n + 255) / 256, 256>>>(a_d, b_d, c_d, n);
        error = cudaGetLastError();
    }
    if (error == cudaSuccess) error = cudaMemcpy(c, c_d, bytes, cudaMemcpyDeviceToHost);
    cudaFree(a_d);
    cudaFree(b_d);
    cudaFree(c_d);
    return error;
}
