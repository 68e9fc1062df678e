// A launch that may fail, and code that notices: out[i] = value.
#include <cuda_runtime.h>

__global__ void fill_kernel(float* out, float value, int n) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) out[i] = value;
}

// out is device memory. The caller chooses the threads of a block, perhaps badly: a launch with too many is refused, and
// nothing says so unless somebody asks. Returns 0 once the kernel has finished, or the CUDA error.
extern "C" int checked_fill(float* out, float value, int n, int threads) {
    // TODO (about 5 lines): Launch fill_kernel with blocks of `threads` threads. Return the error if the launch was
    // refused; otherwise wait for the kernel to finish and return what the waiting reports.
    return 0;
}
