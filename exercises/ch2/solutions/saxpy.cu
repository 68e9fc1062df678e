// SAXPY, "a times x plus y": y[i] = a * x[i] + y[i].
#include <cuda_runtime.h>

// y is read and written. That is safe: nobody but this thread touches y[i].
__global__ void saxpy_kernel(float a, const float* x, float* y, int n) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) y[i] = a * x[i] + y[i];
}

extern "C" int saxpy(float a, const float* x, float* y, int n) {
    if (n == 0) return 0;
    saxpy_kernel<<<(n + 127) / 128, 128>>>(a, x, y, n);
    return cudaGetLastError();
}
