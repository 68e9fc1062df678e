// A stopwatch for a CPU and a device.
#include <chrono>
#include <cuda_runtime.h>

// The work: `turns` steps of a recurrence for each of n numbers, in place.
__host__ __device__ float worked_out(float x, int turns) {
    for (int turn = 0; turn < turns; ++turn) x = x * (1.0f - x) * 3.75f;
    return x;
}

void on_cpu(float* x, int n, int turns) {
    for (int i = 0; i < n; ++i) x[i] = worked_out(x[i], turns);
}

__global__ void work_kernel(float* x, int n, int turns) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) x[i] = worked_out(x[i], turns);
}

// The same on the device, on n numbers in its memory. A launch returns at once, while the kernel is at work.
void on_device(float* x_d, int n, int turns) { work_kernel<<<(n + 63) / 64, 64>>>(x_d, n, turns); }

double seconds() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

// Works out result[i] from x[i] on both, `runs` times each, and writes the least time of each in seconds:
//   times[0]  on the CPU
//   times[1]  on the device, the kernel alone: the numbers are there already, and stay there
//   times[2]  on the device, from a copy of x to the device to a copy of the result back
// `result` holds n numbers of room for the CPU's, and at the end the device's. x is not changed. Returns 0, or the CUDA error.
extern "C" int stopwatch(const float* x, float* result, int n, int turns, int runs, double* times) {
    float* x_d = nullptr;
    if (cudaError_t error = cudaMalloc(&x_d, n * sizeof(float))) return error;
    on_device(x_d, n, 0);  // the first launch loads the kernel: it does not count
    for (int t = 0; t < 3; ++t) times[t] = 1e9;
    for (int run = 0; run < runs; ++run) {
        for (int i = 0; i < n; ++i) result[i] = x[i];
        double began = seconds();
        on_cpu(result, n, turns);
        times[0] = fmin(times[0], seconds() - began);

        // What is still under way from before must not fall into this time.
        cudaDeviceSynchronize();
        const double before_copies = seconds();
        cudaMemcpy(x_d, x, n * sizeof(float), cudaMemcpyHostToDevice);
        began = seconds();
        on_device(x_d, n, turns);
        // The kernel is at work from here on; the host waits, so that the clock sees all of it.
        const cudaError_t error = cudaDeviceSynchronize();
        const double kernel = seconds() - began;
        cudaMemcpy(result, x_d, n * sizeof(float), cudaMemcpyDeviceToHost);
        const double all = seconds() - before_copies;
        times[1] = fmin(times[1], kernel);
        times[2] = fmin(times[2], all);
        if (error != cudaSuccess) return error;
    }
    return cudaFree(x_d);
}
