// Device query: what is the machine that your kernels run on?
#include <cuda_runtime.h>

// Every CUDA call returns a status. Looking at it at once, before anything is used that the call should have filled in, is
// the whole art of error handling in CUDA. A device number that does not exist is such an error.
extern "C" int device_query(int device, int* facts) {
    cudaDeviceProp properties;
    const cudaError_t error = cudaGetDeviceProperties(&properties, device);
    if (error != cudaSuccess) return error;
    facts[0] = properties.multiProcessorCount;
    facts[1] = properties.maxThreadsPerBlock;
    facts[2] = properties.warpSize;
    facts[3] = (int)properties.sharedMemPerBlock;
    facts[4] = properties.major;
    facts[5] = properties.minor;
    return 0;
}
