// Partial and total derivatives of f(x, y) = x * x * y + sin(y).
//
// A point moves in the plane: at the time t it is at x = cos(t), y = t * t. For each of n times:
// by_x[i] and by_y[i] become the partial derivatives of f there, along[i] how fast f changes while the point moves.
// Derive them by hand first, on paper.
#include <cuda_runtime.h>

__global__ void derivatives_kernel(const float* t, int n, float* by_x, float* by_y, float* along) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) {
        const float x = cosf(t[i]), y = t[i] * t[i];
        // Partial: the other variable is held still, so it is a number like 7.
        const float fx = 2.0f * x * y, fy = x * x + cosf(y);
        // Total: nothing is held still. Each variable adds its partial derivative times its own speed.
        const float dx = -sinf(t[i]), dy = 2.0f * t[i];
        by_x[i] = fx;
        by_y[i] = fy;
        along[i] = fx * dx + fy * dy;
    }
}

extern "C" int derivatives(const float* t, int n, float* by_x, float* by_y, float* along) {
    if (n > 0) derivatives_kernel<<<(n + 255) / 256, 256>>>(t, n, by_x, by_y, along);
    return cudaGetLastError();
}
