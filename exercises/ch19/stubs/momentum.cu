// A step of gradient descent with momentum, on the vector of all parameters of a network.
//
// velocity[i] becomes momentum times its old value, plus gradient[i]. Then parameters[i] becomes less by rate * velocity[i], in place. How many
// parameters there are makes no difference to the code. Use at most 64 blocks of 256 threads, as many as n needs if those are fewer.
#include <cuda_runtime.h>

__global__ void step_kernel(float* parameters, const float* gradient, float* velocity, int n, float rate, float momentum) {
    // TODO (about 5 lines): Walk over the vector with the stride of the grid.
}

extern "C" int momentum_step(float* parameters, const float* gradient, float* velocity, int n, float rate, float momentum) {
    // TODO (about 2 lines): Launch, or not if there is nothing to do.
    return cudaGetLastError();
}
