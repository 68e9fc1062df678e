// Memory, copies and streams of the device, for the Python side.
#include "cuda_src/common/device.h"

#include <mutex>

namespace {
__global__ void null_kernel() {}

/// A failure that is returned is reported: it must not turn up again as the error of the next launch.
int settled(int status) {
  if (status) cudaGetLastError();
  return status;
}

int copy(void* to, const void* from, size_t bytes, cudaMemcpyKind kind, cudaStream_t stream) {
  if (bytes == 0) return cudaSuccess;
  return cudaMemcpyAsync(to, from, bytes, kind, stream);
}

/// Where arrays and workspaces come from: a pool of our own, so that what is kept for later is not that of other libraries.
struct Source {
  cudaMemPool_t pool = nullptr;  // none: the device has no pools, memory is allocated at once
  cudaStream_t idle = nullptr;
  cudaStream_t left = nullptr;  // waits for what was done in streams that may be gone by now
  int status = cudaSuccess;

  explicit Source(int device) {
    int pools = 0;
    size_t free = 0, total = 0;
    status = cudaDeviceGetAttribute(&pools, cudaDevAttrMemoryPoolsSupported, device);
    if (!status) status = cudaStreamCreateWithFlags(&idle, cudaStreamNonBlocking);
    if (!status) status = cudaStreamCreateWithFlags(&left, cudaStreamNonBlocking);
    if (status || !pools) return;
    cudaMemPoolProps properties{};
    properties.allocType = cudaMemAllocationTypePinned;
    properties.location = {cudaMemLocationTypeDevice, device};
    status = cudaMemPoolCreate(&pool, &properties);
    if (!status) status = cudaMemGetInfo(&free, &total);
    // What is freed stays with us up to a quarter of the memory, so that the next call finds it without the driver.
    unsigned long long kept = total / 4;
    if (!status) status = cudaMemPoolSetAttribute(pool, cudaMemPoolAttrReleaseThreshold, &kept);
    // A stream must not be made to wait for another one's work because of memory that it gets.
    int no = 0;
    if (!status) status = cudaMemPoolSetAttribute(pool, cudaMemPoolReuseAllowInternalDependencies, &no);
  }
};

int source(Source** found) {
  static std::mutex mutex;
  static Source* sources[64];
  int device = 0;
  if (const int status = cudaGetDevice(&device)) return status;
  if (device < 0 || device >= 64) return cudaErrorInvalidDevice;
  const std::lock_guard<std::mutex> lock(mutex);
  if (!sources[device]) sources[device] = new Source(device);
  *found = sources[device];
  return (*found)->status;
}
}  // namespace

PMPP_API int pmpp_allocate(void** pointer, size_t bytes, cudaStream_t stream) {
  Source* from;
  if (const int status = source(&from)) return settled(status);
  if (bytes == 0) bytes = 1;
  return settled(from->pool ? cudaMallocFromPoolAsync(pointer, bytes, from->pool, stream) : cudaMalloc(pointer, bytes));
}

PMPP_API int pmpp_release(void* pointer, cudaStream_t stream) {
  Source* from;
  if (const int status = source(&from)) return settled(status);
  return settled(from->pool ? cudaFreeAsync(pointer, stream) : cudaFree(pointer));
}

PMPP_API int pmpp_release_shared(void* pointer) {
  Source* from;
  if (const int status = source(&from)) return settled(status);
  settled(cudaDeviceSynchronize());
  return pmpp_release(pointer, from->idle);
}

PMPP_API int pmpp_idle_stream(cudaStream_t* stream) {
  Source* from;
  if (const int status = source(&from)) return settled(status);
  *stream = from->idle;
  return cudaSuccess;
}

PMPP_API int pmpp_leave(cudaStream_t stream, cudaStream_t* home) {
  *home = nullptr;
  cudaStreamCaptureStatus capturing;
  if (const int status = cudaStreamIsCapturing(stream, &capturing)) return settled(status);
  if (capturing != cudaStreamCaptureStatusNone) return cudaSuccess;
  Source* from;
  if (const int status = source(&from)) return settled(status);
  *home = from->left;
  return pmpp_stream_wait(from->left, stream);
}

PMPP_API int pmpp_stream_wait(cudaStream_t stream, cudaStream_t before) {
  cudaEvent_t event;
  int status = cudaEventCreateWithFlags(&event, cudaEventDisableTiming);
  if (status) return settled(status);
  status = cudaEventRecord(event, before);
  if (!status) status = cudaStreamWaitEvent(stream, event, 0);
  const int destroyed = cudaEventDestroy(event);  // the device keeps what it still needs of it
  return settled(status ? status : destroyed);
}

PMPP_API int pmpp_copy_to_device(void* device, const void* host, size_t bytes, cudaStream_t stream) {
  const int status = copy(device, host, bytes, cudaMemcpyHostToDevice, stream);
  return settled(status ? status : int(cudaStreamSynchronize(stream)));
}

PMPP_API int pmpp_copy_to_host(void* host, const void* device, size_t bytes, cudaStream_t stream) {
  const int status = copy(host, device, bytes, cudaMemcpyDeviceToHost, stream);
  return settled(status ? status : int(cudaStreamSynchronize(stream)));
}

PMPP_API int pmpp_copy_on_device(void* to, const void* from, size_t bytes, cudaStream_t stream) {
  return settled(copy(to, from, bytes, cudaMemcpyDeviceToDevice, stream));
}

PMPP_API int pmpp_stream_create(cudaStream_t* stream) { return settled(cudaStreamCreateWithFlags(stream, cudaStreamNonBlocking)); }

PMPP_API int pmpp_stream_destroy(cudaStream_t stream) { return settled(cudaStreamDestroy(stream)); }

PMPP_API int pmpp_stream_synchronize(cudaStream_t stream) { return settled(cudaStreamSynchronize(stream)); }

PMPP_API int pmpp_last_error(void) { return cudaGetLastError(); }

PMPP_API int pmpp_capability(int* capability) {
  int major = 0, minor = 0, device = 0;
  int status = cudaGetDevice(&device);
  if (!status) status = cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, device);
  if (!status) status = cudaDeviceGetAttribute(&minor, cudaDevAttrComputeCapabilityMinor, device);
  *capability = 10 * major + minor;
  return settled(status);
}

PMPP_API int pmpp_current_device(int* device) { return settled(cudaGetDevice(device)); }

PMPP_API int pmpp_null_kernel(cudaStream_t stream) {
  null_kernel<<<1, 1, 0, stream>>>();
  return cudaGetLastError();
}
