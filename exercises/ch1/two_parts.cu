// Predicted against measured: a program of two parts, of which one goes to the device.
#include <chrono>
#include <cuda_runtime.h>

// The first part: every number depends on the one before it, so it stays on the CPU.
void first_part(const float* steps, float* x, int n) {
    float at = 0.5f;
    for (int i = 0; i < n; ++i) x[i] = at = 0.5f * at + steps[i];
}

// The second part: `turns` steps of a recurrence for each number by itself.
__host__ __device__ float worked_out(float x, int turns) {
    for (int turn = 0; turn < turns; ++turn) x = x * (1.0f - x) * 3.75f;
    return x;
}

void second_part(float* x, int n, int turns) {
    for (int i = 0; i < n; ++i) x[i] = worked_out(x[i], turns);
}

__global__ void second_part_kernel(float* x, int n, int turns) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) x[i] = worked_out(x[i], turns);
}

// The same on the device, with the copies there and back; returns when everything is done.
cudaError_t second_part_on_device(float* x, float* x_d, int n, int turns) {
    cudaMemcpy(x_d, x, n * sizeof(float), cudaMemcpyHostToDevice);
    second_part_kernel<<<(n + 63) / 64, 64>>>(x_d, n, turns);
    return cudaMemcpy(x, x_d, n * sizeof(float), cudaMemcpyDeviceToHost);
}

double seconds() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

// Does the program with its second part on the CPU and then with its second part on the device, `runs` times each, and writes, from the
// least times of all runs:
//   facts[0]  the fraction of the old program's time that goes into the second part
//   facts[1]  the speedup of the second part alone, with the copies
//   facts[2]  the speedup of the whole program that Amdahl's law predicts from these two
//   facts[3]  the speedup of the whole program that was measured: both parts timed together
// `result` is what the last run on the device came to. Returns 0, or the CUDA error.
extern "C" int two_parts(const float* steps, float* result, int n, int turns, int runs, double* facts) {
    float* x_d = nullptr;
    if (cudaError_t error = cudaMalloc(&x_d, n * sizeof(float))) return error;
    second_part_on_device(result, x_d, n, 0);  // the first launch loads the kernel: it does not count
    double first = 1e9, second = 1e9, old_program = 1e9, second_now = 1e9, new_program = 1e9;  // the least times
    for (int run = 0; run < runs; ++run) {
        // TODO (about 18 lines): Run the old program and take the time before its first part, between the parts and at its end; keep the least
        // of each. Do the same with the second part on the device. After all runs compute the facts.
    }
    return cudaFree(x_d);
}
