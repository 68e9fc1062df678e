// Linked into every learner's library: watches the CUDA calls that the learner's code makes, and moves data for the runner.
//
// The linker sends the calls named in build.py here (--wrap), on the software GPU and on a real one alike. What was seen is
// written to a record in memory that the parent process shares, so that it survives a crash.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>
#include <unistd.h>

namespace {

struct Dim3 {
  unsigned x, y, z;
};
using Error = int;
using Stream = void*;

// runner.py reads it.
struct Record {
  std::int64_t launches;
  std::uint32_t grid[3], block[3];  // of the first launch
  std::uint64_t shared;             // dynamic shared memory of the first launch, in bytes
  std::int64_t allocations, frees, live, live_bytes;
  std::int64_t copies_in, copies_out, synchronizations, error_checks;
  std::uint64_t refused_bytes;      // size of a request for memory that was refused, host or device
  std::int32_t refused_on_device;
  std::int32_t first_error;         // of a watched call
  char first_error_call[40];
};

struct Live {
  void* pointer;
  std::size_t bytes;
};

Record unused{};
Record* record = &unused;
constexpr int kMaxLive = 4096;
Live live[kMaxLive];
bool watching = false;       // only the learner's own calls count
void* clocks[2] = {};        // events
int fail_malloc = 0;         // the n-th cudaMalloc is refused on purpose; 0: none

constexpr Error kMemoryAllocation = 2;
constexpr int kExitNoMemory = 99;  // runner.py knows it

Error note(Error error, const char* call) {
  if (watching && error != 0 && record->first_error == 0) {
    record->first_error = error;
    std::strncpy(record->first_error_call, call, sizeof record->first_error_call - 1);
  }
  return error;
}

void remember(void* pointer, std::size_t bytes) {
  record->allocations++;
  for (Live& slot : live) {
    if (slot.pointer == nullptr) {
      slot = {pointer, bytes};
      record->live++;
      record->live_bytes += static_cast<std::int64_t>(bytes);
      return;
    }
  }
}

void forget(void* pointer) {
  record->frees++;
  for (Live& slot : live) {
    if (slot.pointer == pointer) {
      record->live--;
      record->live_bytes -= static_cast<std::int64_t>(slot.bytes);
      slot = {};
      return;
    }
  }
}

void refuse(std::size_t bytes, bool on_device) {
  if (!watching) return;
  record->refused_bytes = bytes;
  record->refused_on_device = on_device;
}

void launched(const Dim3& grid, const Dim3& block, std::size_t shared) {
  if (!watching) return;
  if (record->launches++ == 0) {
    record->grid[0] = grid.x, record->grid[1] = grid.y, record->grid[2] = grid.z;
    record->block[0] = block.x, record->block[1] = block.y, record->block[2] = block.z;
    record->shared = shared;
  }
}

}  // namespace

#define EXPORT extern "C" __attribute__((visibility("default")))

extern "C" {
Error __real_cudaMalloc(void**, std::size_t);
Error __real_cudaMallocManaged(void**, std::size_t, unsigned);
Error __real_cudaFree(void*);
Error __real_cudaMemcpy(void*, const void*, std::size_t, int);
Error __real_cudaDeviceSynchronize();
Error __real_cudaStreamSynchronize(Stream);
Error __real_cudaGetLastError();
Error __real_cudaLaunchKernel(const void*, Dim3, Dim3, void**, std::size_t, Stream);
Error __real___cudaLaunchKernel(void*, Dim3, Dim3, void**, std::size_t, Stream);
void* __real_malloc(std::size_t);
void* __real_calloc(std::size_t, std::size_t);
const char* cudaGetErrorName(Error);
const char* cudaGetErrorString(Error);
Error cudaGetDeviceCount(int*);
Error cudaDeviceGetAttribute(int*, int, int);
Error cudaMemGetInfo(std::size_t*, std::size_t*);
Error cudaMemcpyAsync(void*, const void*, std::size_t, int, Stream);
Error cudaEventCreate(void**);
Error cudaEventRecord(void*, Stream);
Error cudaEventSynchronize(void*);
Error cudaEventElapsedTime(float*, void*, void*);

Error __wrap_cudaMalloc(void** pointer, std::size_t bytes) {
  if (!watching) return __real_cudaMalloc(pointer, bytes);
  if (fail_malloc > 0 && --fail_malloc == 0) return note(kMemoryAllocation, "cudaMalloc");
  const Error error = note(__real_cudaMalloc(pointer, bytes), "cudaMalloc");
  if (error == 0 && bytes > 0) remember(*pointer, bytes);
  if (error == kMemoryAllocation) refuse(bytes, true);
  return error;
}

Error __wrap_cudaMallocManaged(void** pointer, std::size_t bytes, unsigned flags) {
  const Error error = note(__real_cudaMallocManaged(pointer, bytes, flags), "cudaMallocManaged");
  if (watching && error == 0) remember(*pointer, bytes);
  if (error == kMemoryAllocation) refuse(bytes, true);
  return error;
}

Error __wrap_cudaFree(void* pointer) {
  const Error error = note(__real_cudaFree(pointer), "cudaFree");
  if (watching && error == 0 && pointer != nullptr) forget(pointer);
  return error;
}

Error __wrap_cudaMemcpy(void* to, const void* from, std::size_t bytes, int kind) {
  if (watching && kind == 1) record->copies_in++;
  if (watching && kind == 2) record->copies_out++;
  return note(__real_cudaMemcpy(to, from, bytes, kind), "cudaMemcpy");
}

Error __wrap_cudaDeviceSynchronize() {
  if (watching) record->synchronizations++;
  return note(__real_cudaDeviceSynchronize(), "cudaDeviceSynchronize");
}

Error __wrap_cudaStreamSynchronize(Stream stream) {
  if (watching) record->synchronizations++;
  return note(__real_cudaStreamSynchronize(stream), "cudaStreamSynchronize");
}

Error __wrap_cudaGetLastError() {
  if (watching) record->error_checks++;
  return __real_cudaGetLastError();
}

Error __wrap_cudaLaunchKernel(const void* kernel, Dim3 grid, Dim3 block, void** args, std::size_t shared, Stream stream) {
  launched(grid, block, shared);
  return note(__real_cudaLaunchKernel(kernel, grid, block, args, shared, stream), "kernel launch");
}

Error __wrap___cudaLaunchKernel(void* kernel, Dim3 grid, Dim3 block, void** args, std::size_t shared, Stream stream) {
  launched(grid, block, shared);
  return note(__real___cudaLaunchKernel(kernel, grid, block, args, shared, stream), "kernel launch");
}

void* __wrap_malloc(std::size_t bytes) {
  void* const pointer = __real_malloc(bytes);
  if (pointer == nullptr && bytes > 0) refuse(bytes, false);
  return pointer;
}

void* __wrap_calloc(std::size_t count, std::size_t bytes) {
  void* const pointer = __real_calloc(count, bytes);
  if (pointer == nullptr && count * bytes > 0) refuse(count * bytes, false);
  return pointer;
}
}  // extern "C"

/// Starts watching; the record is zeroed. `fail_nth_malloc` refuses that cudaMalloc, counted from 1.
EXPORT void pmpp_probe_begin(Record* shared, int fail_nth_malloc) {
  std::memset(shared, 0, sizeof *shared);
  std::memset(live, 0, sizeof live);
  record = shared;
  fail_malloc = fail_nth_malloc;
  std::set_new_handler([] { _exit(kExitNoMemory); });
  watching = true;
}

/// Stops watching; waits for the device and returns the first error that is pending there, 0 if none.
EXPORT Error pmpp_probe_end() {
  watching = false;
  record = &unused;
  const Error pending = __real_cudaGetLastError();
  const Error synced = __real_cudaDeviceSynchronize();
  return synced != 0 ? synced : pending;
}

EXPORT Error pmpp_probe_alloc(void** pointer, std::size_t bytes) { return __real_cudaMalloc(pointer, bytes); }
EXPORT Error pmpp_probe_free(void* pointer) { return __real_cudaFree(pointer); }
EXPORT Error pmpp_probe_upload(void* to, const void* from, std::size_t bytes) { return __real_cudaMemcpy(to, from, bytes, 1); }
EXPORT Error pmpp_probe_download(void* to, const void* from, std::size_t bytes) { return __real_cudaMemcpy(to, from, bytes, 2); }
EXPORT const char* pmpp_probe_error_name(Error error) { return cudaGetErrorName(error); }
EXPORT const char* pmpp_probe_error_text(Error error) { return cudaGetErrorString(error); }

EXPORT Error pmpp_probe_wait() { return __real_cudaDeviceSynchronize(); }

/// Starts a clock of the device, right behind a copy of `flushed` bytes: it drives everything out of the L2 cache, and while it
/// runs the call that is timed is queued, so that what the host needs for a launch is not in the time.
EXPORT Error pmpp_probe_start(std::size_t flushed) {
  static char* filler = nullptr;
  for (void*& event : clocks)
    if (event == nullptr)
      if (const Error error = cudaEventCreate(&event)) return error;
  if (filler == nullptr && flushed > 0)
    if (const Error error = __real_cudaMalloc(reinterpret_cast<void**>(&filler), 2 * flushed)) return error;
  if (flushed > 0)
    if (const Error error = cudaMemcpyAsync(filler, filler + flushed, flushed, 3, nullptr)) return error;
  return cudaEventRecord(clocks[0], nullptr);
}

/// Stops the clock and writes the milliseconds since it was started.
EXPORT Error pmpp_probe_stop(float* milliseconds) {
  if (const Error error = cudaEventRecord(clocks[1], nullptr)) return error;
  if (const Error error = cudaEventSynchronize(clocks[1])) return error;
  return cudaEventElapsedTime(milliseconds, clocks[0], clocks[1]);
}

/// What a device query should find: count of devices, then of device 0: the attributes asked for, in order.
EXPORT int pmpp_probe_attributes(int* values, const int* attributes, int count) {
  Error error = 0;
  for (int i = 0; i < count && error == 0; ++i) {
    error = attributes[i] < 0 ? cudaGetDeviceCount(&values[i]) : cudaDeviceGetAttribute(&values[i], attributes[i], 0);
  }
  return error;
}
