// Values that an asynchronous copy carried along without their ever having been written.
// pmpp: arch=80
#include <cuda_pipeline.h>

#include "planted.cuh"

__global__ void doubled(const float* in, float* out, int zeros) {
    __shared__ float tile[32];
    __pipeline_memcpy_async(&tile[threadIdx.x], &in[threadIdx.x], 4, zeros);
    __pipeline_commit();
    __pipeline_wait_prior(0);
    out[threadIdx.x] = 2 * tile[threadIdx.x];   // BUG(copied_from_nothing, uninitialized)
}
struct Fresh {   // device memory that nobody has written
    float* data = nullptr;
    Fresh() { cudaMalloc(&data, 32 * sizeof(float)); }
    ~Fresh() { cudaFree(data); }
    operator float*() const { return data; }
};
CASE(copied_from_nothing) { doubled<<<1, 32>>>(Fresh(), Device<float>(32), 0); }
CASE(copied_ok) { doubled<<<1, 32>>>(Device<float>(32), Device<float>(32), 0); }
CASE(filled_with_zeros_ok) { doubled<<<1, 32>>>(Fresh(), Device<float>(32), 4); }
