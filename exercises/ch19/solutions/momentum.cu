// A step of gradient descent with momentum, on the vector of all parameters of a network.
//
// velocity[i] becomes momentum times its old value, plus gradient[i]. Then parameters[i] becomes less by rate * velocity[i], in place. How many
// parameters there are makes no difference to the code. Use at most 64 blocks of 256 threads, as many as n needs if those are fewer.
#include <cuda_runtime.h>

__global__ void step_kernel(float* parameters, const float* gradient, float* velocity, int n, float rate, float momentum) {
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) {
        // A heavy ball: what it had of speed it keeps in part. Where the gradient points the same way for long, it gets fast; where
        // it changes sign at every step, across a narrow valley, the pushes cancel.
        const float v = momentum * velocity[i] + gradient[i];
        velocity[i] = v;
        parameters[i] -= rate * v;
    }
}

extern "C" int momentum_step(float* parameters, const float* gradient, float* velocity, int n, float rate, float momentum) {
    const int blocks = (n + 255) / 256;
    if (n > 0) step_kernel<<<blocks < 64 ? blocks : 64, 256>>>(parameters, gradient, velocity, n, rate, momentum);
    return cudaGetLastError();
}
