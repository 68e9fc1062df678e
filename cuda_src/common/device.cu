// Memory, copies and streams of the device, for the Python side.
#include "cuda_src/common/device.h"

namespace {
__global__ void null_kernel() {}

int copy(void* to, const void* from, size_t bytes, cudaMemcpyKind kind, cudaStream_t stream) {
  if (bytes == 0) return cudaSuccess;
  return cudaMemcpyAsync(to, from, bytes, kind, stream);
}
}  // namespace

PMPP_API int pmpp_allocate(void** pointer, size_t bytes) { return cudaMalloc(pointer, bytes ? bytes : 1); }

PMPP_API int pmpp_release(void* pointer) { return cudaFree(pointer); }

PMPP_API int pmpp_copy_to_device(void* device, const void* host, size_t bytes, cudaStream_t stream) {
  const int status = copy(device, host, bytes, cudaMemcpyHostToDevice, stream);
  return status ? status : int(cudaStreamSynchronize(stream));
}

PMPP_API int pmpp_copy_to_host(void* host, const void* device, size_t bytes, cudaStream_t stream) {
  const int status = copy(host, device, bytes, cudaMemcpyDeviceToHost, stream);
  return status ? status : int(cudaStreamSynchronize(stream));
}

PMPP_API int pmpp_copy_on_device(void* to, const void* from, size_t bytes, cudaStream_t stream) {
  return copy(to, from, bytes, cudaMemcpyDeviceToDevice, stream);
}

PMPP_API int pmpp_stream_create(cudaStream_t* stream) { return cudaStreamCreateWithFlags(stream, cudaStreamNonBlocking); }

PMPP_API int pmpp_stream_destroy(cudaStream_t stream) { return cudaStreamDestroy(stream); }

PMPP_API int pmpp_stream_synchronize(cudaStream_t stream) { return cudaStreamSynchronize(stream); }

PMPP_API int pmpp_last_error(void) { return cudaGetLastError(); }

PMPP_API int pmpp_capability(int* capability) {
  int major = 0, minor = 0, device = 0;
  int status = cudaGetDevice(&device);
  if (!status) status = cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, device);
  if (!status) status = cudaDeviceGetAttribute(&minor, cudaDevAttrComputeCapabilityMinor, device);
  *capability = 10 * major + minor;
  return status;
}

PMPP_API int pmpp_null_kernel(cudaStream_t stream) {
  null_kernel<<<1, 1, 0, stream>>>();
  return cudaGetLastError();
}
