// Three devices in one process: who owns streams, events, memory, variables, limits and failures, and how devices meet.
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "check.cuh"

__device__ int mark = 7;
__managed__ int common = 5;
__constant__ int scale = 2;
__global__ void write(int* out, int value) { out[threadIdx.x] = value + int(threadIdx.x); }
__global__ void add_mark(int* out) { *out = mark * scale; }
__global__ void count_up() { ++common; }
__global__ void set_mark(int value) { mark = value; }
__global__ void copy_int(int* out, const int* in) { *out = *in; }
__global__ void take_heap(void** out, size_t bytes) { *out = malloc(bytes); }
__global__ void large_block() {}
__global__ void write_surface(cudaSurfaceObject_t surface) { surf1Dwrite(int(threadIdx.x * threadIdx.x), surface, 4 * threadIdx.x); }
__global__ void wait_for(volatile int* flag, int* out) {
  while (*flag == 0) {
  }
  *out = 1;
}
/// Two of these on two devices, each of which waits for the other.
__global__ void meet(volatile int* mine, volatile int* other) {
  *mine = 1;
  __threadfence_system();
  while (*other == 0) {
  }
}

static int value_of(const int* p) {
  int v = -1;
  CALL(cudaMemcpy(&v, p, sizeof v, cudaMemcpyDefault));
  return v;
}

static int* ints_on(int device, int n = 32) {
  int before, *p;
  CALL(cudaGetDevice(&before));
  CALL(cudaSetDevice(device));
  CALL(cudaMalloc(&p, n * sizeof(int)));
  CALL(cudaSetDevice(before));
  return p;
}

static void which_devices() {
  int count, device = -1;
  CALL(cudaGetDeviceCount(&count));
  CHECK(count == 3);
  CALL(cudaGetDevice(&device));
  CHECK(device == 0);
  FAILS(cudaErrorInvalidDevice, cudaSetDevice(3));
  FAILS(cudaErrorInvalidDevice, cudaSetDevice(-1));
  CALL(cudaSetDevice(2));
  std::thread([] {   // every thread begins at 0
    int other = -1;
    CALL(cudaGetDevice(&other));
    CHECK(other == 0);
    CALL(cudaSetDevice(1));
  }).join();
  CALL(cudaGetDevice(&device));
  CHECK(device == 2);
  std::thread([] {
    int list[] = {2, 1}, missing[] = {3}, other = -1;
    CALL(cudaSetValidDevices(list, 2));
    CALL(cudaGetDevice(&other));
    CHECK(other == 2);
    FAILS(cudaErrorInvalidDevice, cudaSetValidDevices(missing, 1));
    FAILS(cudaErrorInvalidValue, cudaSetValidDevices(list, 4));
    FAILS(cudaErrorInvalidValue, cudaSetValidDevices(nullptr, 1));
    CALL(cudaSetValidDevices(nullptr, 0));
    CALL(cudaGetDevice(&other));
    CHECK(other == 0);
  }).join();

  cudaDeviceProp p[3];
  for (int d = 0; d < 3; ++d) {
    CALL(cudaGetDeviceProperties(&p[d], d));
    CHECK(std::strcmp(p[d].name, p[0].name) == 0 && p[d].multiProcessorCount == p[0].multiProcessorCount);
    char id[32];
    int bus, found = -1;
    CALL(cudaDeviceGetPCIBusId(id, sizeof id, d));
    CALL(cudaDeviceGetByPCIBusId(&found, id));
    CHECK(found == d);
    CALL(cudaDeviceGetByPCIBusId(&found, id + 5));   // without the domain
    CHECK(found == d);
    CALL(cudaDeviceGetAttribute(&bus, cudaDevAttrPciBusId, d));
    CHECK(bus == p[d].pciBusID);
    for (int e = 0; e < d; ++e) CHECK(std::memcmp(&p[d].uuid, &p[e].uuid, 16) != 0 && p[d].pciBusID != p[e].pciBusID);
  }
  FAILS(cudaErrorInvalidDevice, cudaDeviceGetByPCIBusId(&device, "0000:7f:00.0"));
  FAILS(cudaErrorInvalidDevice, cudaGetDeviceProperties(&p[0], 3));
  FAILS(cudaErrorInvalidDevice, cudaDeviceGetAttribute(&device, cudaDevAttrWarpSize, 3));
  CALL(cudaChooseDevice(&device, &p[1]));
  CHECK(device == 0);
  CALL(cudaSetDevice(0));
}

static void memory() {
  size_t free[3], total[3], all;
  for (int d = 0; d < 3; ++d) {
    CALL(cudaSetDevice(d));
    CALL(cudaMemGetInfo(&free[d], &total[d]));
  }
  CHECK(total[0] == total[1] && total[1] == total[2]);
  int* p = ints_on(1, 1 << 20);
  cudaPointerAttributes a;
  CALL(cudaPointerGetAttributes(&a, p));
  CHECK(a.type == cudaMemoryTypeDevice && a.device == 1);
  for (int d = 0; d < 3; ++d) {
    size_t now;
    CALL(cudaSetDevice(d));
    CALL(cudaMemGetInfo(&now, &all));
    CHECK(free[d] - now == (d == 1 ? 4u << 20 : 0));
  }
  CALL(cudaSetDevice(0));
  CALL(cudaFree(p));   // whichever device is current
  void* huge;
  FAILS(cudaErrorMemoryAllocation, cudaMalloc(&huge, total[0] + (1 << 20)));

  // Host memory is everybody's.
  int *pinned, *managed;
  CALL(cudaHostAlloc(&pinned, 128, cudaHostAllocPortable));
  CALL(cudaMallocManaged(&managed, 128));
  for (int d = 0; d < 3; ++d) {
    CALL(cudaSetDevice(d));
    write<<<1, 32>>>(pinned, 100 * d);
    const cudaMemLocation here{cudaMemLocationTypeDevice, d};
    CALL(cudaMemAdvise(managed, 128, cudaMemAdviseSetPreferredLocation, here));
    CALL(cudaMemPrefetchAsync(managed, 128, here, 0, nullptr));
    write<<<1, 32>>>(managed, 1000 * d);
    CALL(cudaDeviceSynchronize());
    CHECK(pinned[3] == 100 * d + 3 && managed[4] == 1000 * d + 4);
  }
  const cudaMemLocation nowhere{cudaMemLocationTypeDevice, 3};
  FAILS(cudaErrorInvalidDevice, cudaMemAdvise(managed, 128, cudaMemAdviseSetAccessedBy, nowhere));
  FAILS(cudaErrorInvalidDevice, cudaMemPrefetchAsync(managed, 128, nowhere, 0, nullptr));
  CALL(cudaSetDevice(0));
  CALL(cudaFreeHost(pinned));
  CALL(cudaFree(managed));
}

static void variables() {
  int* out[3];
  void* address[3];
  const int ten = 10;
  for (int d = 0; d < 3; ++d) {
    out[d] = ints_on(d);
    CALL(cudaSetDevice(d));
    CALL(cudaGetSymbolAddress(&address[d], mark));
  }
  CHECK(address[0] != address[1] && address[1] != address[2]);
  CALL(cudaSetDevice(1));
  CALL(cudaMemcpyToSymbol(scale, &ten, sizeof ten));
  set_mark<<<1, 1>>>(9);
  for (int d = 0; d < 3; ++d) {
    CALL(cudaSetDevice(d));
    add_mark<<<1, 1>>>(out[d]);
    count_up<<<1, 1>>>();
    CALL(cudaDeviceSynchronize());
    CHECK(value_of(out[d]) == (d == 1 ? 90 : 14));
  }
  CHECK(common == 8);   // a managed variable is one for all
  cudaPointerAttributes a;
  CALL(cudaPointerGetAttributes(&a, address[2]));
  CHECK(a.device == 2);

  // What a function is told, it is told on one device.
  CALL(cudaSetDevice(1));
  CALL(cudaFuncSetAttribute(large_block, cudaFuncAttributeMaxDynamicSharedMemorySize, 60000));
  large_block<<<1, 1, 60000>>>();
  CALL(cudaDeviceSynchronize());
  CALL(cudaSetDevice(0));
  large_block<<<1, 1, 60000>>>();
  FAILS(cudaErrorInvalidValue, cudaPeekAtLastError());
  cudaKernel_t kernel;
  CALL(cudaGetKernel(&kernel, large_block));
  CALL(cudaKernelSetAttributeForDevice(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, 60000, 2));
  FAILS(cudaErrorInvalidDevice, cudaKernelSetAttributeForDevice(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, 60000, 3));
  CALL(cudaSetDevice(2));
  large_block<<<1, 1, 60000>>>();
  CALL(cudaDeviceSynchronize());
  CALL(cudaSetDevice(0));
  for (int* p : out) CALL(cudaFree(p));
}

static void streams_and_events() {
  cudaStream_t s;
  cudaEvent_t here, there;
  int device = -1, *flag, *out = ints_on(1), *local = ints_on(0);
  CALL(cudaHostAlloc(&flag, sizeof *flag, cudaHostAllocMapped));
  *flag = 0;
  CALL(cudaEventCreate(&here));
  CALL(cudaSetDevice(1));
  CALL(cudaStreamCreate(&s));
  CALL(cudaEventCreate(&there));
  CALL(cudaStreamGetDevice(s, &device));
  CHECK(device == 1);
  CALL(cudaStreamGetDevice(nullptr, &device));
  CHECK(device == 1);
  wait_for<<<1, 1, 0, s>>>(flag, out);
  CALL(cudaEventRecord(there, s));
  CALL(cudaSetDevice(0));

  write<<<1, 1, 0, s>>>(out, 1);   // the stream is another device's
  FAILS(cudaErrorInvalidResourceHandle, cudaPeekAtLastError());
  FAILS(cudaErrorInvalidResourceHandle, cudaEventRecord(here, s));
  FAILS(cudaErrorInvalidResourceHandle, cudaEventRecord(there, cudaStream_t{}));

  // Device 0 is idle while device 1 waits; its default stream does not wait for the other one's.
  write<<<1, 32>>>(local, 5);
  CALL(cudaDeviceSynchronize());
  CALL(cudaFree(ints_on(0)));   // nor does this
  CHECK(cudaEventQuery(there) == cudaErrorNotReady && cudaStreamQuery(s) == cudaErrorNotReady);
  CHECK(cudaGetLastError() == cudaErrorNotReady);
  CALL(cudaStreamWaitEvent(cudaStreamPerThread, there, 0));
  CALL(cudaMemcpyAsync(local, out, sizeof(int), cudaMemcpyDefault, cudaStreamPerThread));
  CALL(cudaEventRecord(here, cudaStreamPerThread));
  CHECK(cudaEventQuery(here) == cudaErrorNotReady);
  CHECK(cudaGetLastError() == cudaErrorNotReady);
  *flag = 1;
  CALL(cudaEventSynchronize(here));
  CALL(cudaEventSynchronize(there));
  CHECK(value_of(local) == 1);
  float ms;
  FAILS(cudaErrorInvalidResourceHandle, cudaEventElapsedTime(&ms, there, here));
  CALL(cudaStreamSynchronize(s));
  CALL(cudaStreamDestroy(s));
  CALL(cudaEventDestroy(here));
  CALL(cudaEventDestroy(there));

  // Two kernels that wait for each other, on two devices.
  int* places;
  CALL(cudaMallocManaged(&places, 2 * sizeof(int)));
  places[0] = places[1] = 0;
  meet<<<1, 1>>>(places, places + 1);
  CALL(cudaSetDevice(1));
  meet<<<1, 1>>>(places + 1, places);
  CALL(cudaDeviceSynchronize());
  CALL(cudaSetDevice(0));
  CALL(cudaDeviceSynchronize());
  CALL(cudaFree(places));
  CALL(cudaFree(out));
  CALL(cudaFree(local));
  CALL(cudaFreeHost(flag));
}

static void peers() {
  int can, value, *mine = ints_on(0), *theirs = ints_on(1);
  CALL(cudaDeviceCanAccessPeer(&can, 0, 1));
  CHECK(can == 1);
  CALL(cudaDeviceCanAccessPeer(&can, 1, 1));
  CHECK(can == 0);
  FAILS(cudaErrorInvalidDevice, cudaDeviceCanAccessPeer(&can, 0, 3));
  CALL(cudaDeviceGetP2PAttribute(&value, cudaDevP2PAttrAccessSupported, 0, 2));
  CHECK(value == 1);
  FAILS(cudaErrorInvalidDevice, cudaDeviceGetP2PAttribute(&value, cudaDevP2PAttrAccessSupported, 2, 2));

  CALL(cudaMemset(theirs, 0, 128));
  write<<<1, 1>>>(theirs, 1);
  FAILS(cudaErrorIllegalAddress, cudaDeviceSynchronize());
  CHECK(value_of(theirs) == 0);

  FAILS(cudaErrorInvalidDevice, cudaDeviceEnablePeerAccess(0, 0));
  FAILS(cudaErrorInvalidDevice, cudaDeviceEnablePeerAccess(3, 0));
  FAILS(cudaErrorInvalidValue, cudaDeviceEnablePeerAccess(1, 1));
  FAILS(cudaErrorPeerAccessNotEnabled, cudaDeviceDisablePeerAccess(1));
  CALL(cudaDeviceEnablePeerAccess(1, 0));
  FAILS(cudaErrorPeerAccessAlreadyEnabled, cudaDeviceEnablePeerAccess(1, 0));
  write<<<1, 32>>>(theirs, 40);
  CALL(cudaDeviceSynchronize());
  CHECK(value_of(theirs + 2) == 42);
  copy_int<<<1, 1>>>(mine, theirs + 3);
  CHECK(value_of(mine) == 43);
  CALL(cudaSetDevice(1));   // one way only
  copy_int<<<1, 1>>>(theirs, mine);
  FAILS(cudaErrorIllegalAddress, cudaDeviceSynchronize());
  CALL(cudaSetDevice(0));
  CALL(cudaDeviceDisablePeerAccess(1));
  write<<<1, 1>>>(theirs, 1);
  FAILS(cudaErrorIllegalAddress, cudaDeviceSynchronize());

  // So it is with what an object stands for.
  cudaArray_t array;
  const cudaChannelFormatDesc format = cudaCreateChannelDesc<int>();
  cudaResourceDesc resource{};
  cudaSurfaceObject_t surface;
  CALL(cudaSetDevice(1));
  CALL(cudaMallocArray(&array, &format, 8, 0, cudaArraySurfaceLoadStore));
  resource.res.array.array = array;
  CALL(cudaCreateSurfaceObject(&surface, &resource));
  CALL(cudaSetDevice(0));
  write_surface<<<1, 8>>>(surface);
  FAILS(cudaErrorIllegalAddress, cudaDeviceSynchronize());
  CALL(cudaDeviceEnablePeerAccess(1, 0));
  write_surface<<<1, 8>>>(surface);
  CALL(cudaDeviceSynchronize());
  int line[8];
  CALL(cudaMemcpy2DFromArray(line, 32, array, 0, 0, 32, 1, cudaMemcpyDefault));
  CHECK(line[5] == 25);
  CALL(cudaDeviceDisablePeerAccess(1));
  CALL(cudaDestroySurfaceObject(surface));
  CALL(cudaFreeArray(array));

  // Memory of a pool has an access of its own.
  cudaMemPool_t pool;
  int* pooled;
  CALL(cudaDeviceGetDefaultMemPool(&pool, 1));
  CALL(cudaMallocFromPoolAsync(&pooled, 128, pool, cudaStream_t{}));
  cudaPointerAttributes a;
  CALL(cudaPointerGetAttributes(&a, pooled));
  CHECK(a.device == 1);
  CALL(cudaDeviceEnablePeerAccess(1, 0));
  write<<<1, 1>>>(pooled, 1);
  FAILS(cudaErrorIllegalAddress, cudaDeviceSynchronize());
  cudaMemAccessDesc access{{cudaMemLocationTypeDevice, 0}, cudaMemAccessFlagsProtReadWrite};
  cudaMemAccessFlags flags;
  CALL(cudaMemPoolSetAccess(pool, &access, 1));
  CALL(cudaMemPoolGetAccess(&flags, pool, &access.location));
  CHECK(flags == cudaMemAccessFlagsProtReadWrite);
  write<<<1, 1>>>(pooled, 60);
  CHECK(value_of(pooled) == 60);
  access.flags = cudaMemAccessFlagsProtNone;
  CALL(cudaMemPoolSetAccess(pool, &access, 1));
  write<<<1, 1>>>(pooled, 1);
  FAILS(cudaErrorIllegalAddress, cudaDeviceSynchronize());
  access.location.id = 1;
  FAILS(cudaErrorInvalidValue, cudaMemPoolSetAccess(pool, &access, 1));
  FAILS(cudaErrorInvalidValue, cudaDeviceSetMemPool(0, pool));
  CALL(cudaFreeAsync(pooled, cudaStream_t{}));
  CALL(cudaDeviceDisablePeerAccess(1));
  CALL(cudaFree(mine));
  CALL(cudaFree(theirs));
}

static void copies() {
  const int n = 1 << 18;
  std::vector<int> host(n), back(n);
  for (int i = 0; i < n; ++i) host[i] = i * 7;
  int *a = ints_on(0, n), *b = ints_on(1, n), *c = ints_on(2, n);
  CALL(cudaMemcpy(a, host.data(), n * sizeof(int), cudaMemcpyDefault));
  CALL(cudaMemcpyPeer(b, 1, a, 0, n * sizeof(int)));
  CALL(cudaMemcpyPeerAsync(c, 2, b, 1, n * sizeof(int), nullptr));
  CALL(cudaMemcpy(back.data(), c, n * sizeof(int), cudaMemcpyDefault));
  CHECK(back == host);
  FAILS(cudaErrorInvalidDevice, cudaMemcpyPeer(b, 3, a, 0, 4));
  FAILS(cudaErrorInvalidDevice, cudaMemcpyPeer(b, 1, a, -1, 4));
  CALL(cudaMemset(b, 0, n * sizeof(int)));
  CALL(cudaMemcpy(b, a, n * sizeof(int), cudaMemcpyDeviceToDevice));
  CHECK(value_of(b + n - 1) == 7 * (n - 1));

  // In the default stream such a copy waits for what either device was given before.
  int* flag;
  CALL(cudaHostAlloc(&flag, sizeof *flag, 0));
  *flag = 0;
  cudaStream_t s;
  CALL(cudaSetDevice(2));
  CALL(cudaStreamCreateWithFlags(&s, cudaStreamNonBlocking));
  wait_for<<<1, 1, 0, s>>>(flag, c);
  CALL(cudaSetDevice(0));
  std::thread release([&] { *static_cast<volatile int*>(flag) = 1; });
  CALL(cudaMemcpy(a, c, sizeof(int), cudaMemcpyDefault));
  CHECK(value_of(a) == 1);
  release.join();
  CALL(cudaStreamDestroy(s));
  CALL(cudaFreeHost(flag));

  cudaArray_t array;
  const cudaChannelFormatDesc ints = cudaCreateChannelDesc<int>();
  CALL(cudaSetDevice(1));
  CALL(cudaMallocArray(&array, &ints, 8, 4));
  CALL(cudaSetDevice(0));
  cudaMemcpy3DPeerParms p{};
  p.srcPtr = make_cudaPitchedPtr(a, 32, 8, 4);
  p.srcDevice = 0;
  p.dstArray = array;
  p.dstDevice = 1;
  p.extent = make_cudaExtent(8, 4, 1);
  CALL(cudaMemcpy3DPeer(&p));
  int row[8];
  CALL(cudaMemcpy2DFromArray(row, 32, array, 0, 3, 32, 1, cudaMemcpyDefault));
  CHECK(row[5] == 7 * 29);
  p.dstDevice = 9;
  FAILS(cudaErrorInvalidDevice, cudaMemcpy3DPeer(&p));
  CALL(cudaFreeArray(array));
  CALL(cudaFree(a));
  CALL(cudaFree(b));
  CALL(cudaFree(c));
}

static void limits_and_failures() {
  size_t heap;
  void** got;
  CALL(cudaMallocManaged(&got, sizeof *got));
  CALL(cudaSetDevice(1));
  CALL(cudaDeviceSetLimit(cudaLimitMallocHeapSize, 1 << 16));
  take_heap<<<1, 1>>>(got, 1 << 20);
  CALL(cudaDeviceSynchronize());
  CHECK(*got == nullptr);
  CALL(cudaSetDevice(0));
  CALL(cudaDeviceGetLimit(&heap, cudaLimitMallocHeapSize));
  CHECK(heap == 8 << 20);
  take_heap<<<1, 1>>>(got, 1 << 20);
  CALL(cudaDeviceSynchronize());
  CHECK(*got != nullptr);
  cudaPointerAttributes a;
  CALL(cudaPointerGetAttributes(&a, *got));
  CHECK(a.device == 0);
  CALL(cudaFree(got));

  // A failure is its device's: the other one works on and does not report it.
  int* out = ints_on(0);
  CALL(cudaSetDevice(1));
  CALL(cudaDeviceEnablePeerAccess(0, 0));
  write<<<1, 1>>>(nullptr, 1);
  CALL(cudaSetDevice(0));
  write<<<1, 32>>>(out, 3);
  CALL(cudaDeviceSynchronize());
  CHECK(value_of(out) == 3);
  CALL(cudaSetDevice(1));
  FAILS(cudaErrorIllegalAddress, cudaDeviceSynchronize());

  // A reset is one device's.
  write<<<1, 1>>>(nullptr, 1);
  CALL(cudaDeviceReset());
  CALL(cudaDeviceSynchronize());
  CALL(cudaDeviceGetLimit(&heap, cudaLimitMallocHeapSize));
  CHECK(heap == 8 << 20);
  FAILS(cudaErrorPeerAccessNotEnabled, cudaDeviceDisablePeerAccess(0));
  CALL(cudaSetDevice(0));
  CHECK(value_of(out) == 3);
  CALL(cudaFree(out));
}

/// Host threads, each with a device of its own.
static void storm() {
  std::vector<std::thread> threads;
  for (int t = 0; t < 6; ++t)
    threads.emplace_back([t] {
      CALL(cudaSetDevice(t % 3));
      int* p = ints_on(t % 3);
      for (int i = 0; i < 20; ++i) {
        cudaStream_t s;
        CALL(cudaStreamCreate(&s));
        write<<<1, 32, 0, s>>>(p, t * 100 + i);
        int v[32];
        CALL(cudaMemcpyAsync(v, p, sizeof v, cudaMemcpyDefault, s));
        CALL(cudaStreamSynchronize(s));
        CHECK(v[31] == t * 100 + i + 31);
        CALL(cudaStreamDestroy(s));
      }
      CALL(cudaFree(p));
    });
  for (auto& t : threads) t.join();
}

/// The devices that can be seen, by uuid's last two characters and peer access; or the error.
static int list() {
  int count = -1;
  const cudaError_t error = cudaGetDeviceCount(&count);
  std::printf("%d %s", count, cudaGetErrorName(error));
  for (int d = 0; d < count; ++d) {
    cudaDeviceProp p;
    int can;
    CALL(cudaGetDeviceProperties(&p, d));
    CALL(cudaDeviceCanAccessPeer(&can, d, (d + 1) % count));
    std::printf(" %.2s:%d:%d", p.uuid.bytes + 14, p.pciBusID, can);
  }
  void* p;
  std::printf(" %s\n", cudaGetErrorName(cudaMalloc(&p, 4)));
  return 0;
}

int main(int argc, char**) {
  if (argc > 1) return list();
  which_devices();
  memory();
  variables();
  streams_and_events();
  peers();
  copies();
  limits_and_failures();
  storm();
  std::puts("ok");
}
