// Allocation, copies and fills of every kind of memory, and what happens when they are used wrongly.
#include <cstring>
#include <vector>

#include "check.cuh"

__device__ int table[8];
__constant__ float weights[4] = {1, 2, 3, 4};
__managed__ int shared_counter = 41;

static void plain() {
  char* p = nullptr;
  CALL(cudaMalloc(&p, 0));
  CHECK(p == nullptr);
  CALL(cudaFree(nullptr));
  CALL(cudaMalloc(&p, 1000));
  std::vector<char> in(1000), out(1000);
  for (int i = 0; i < 1000; ++i) in[i] = char(i * 7);
  CALL(cudaMemcpy(p, in.data(), 1000, cudaMemcpyHostToDevice));
  CALL(cudaMemcpy(out.data(), p, 1000, cudaMemcpyDeviceToHost));
  CHECK(in == out);
  CALL(cudaMemcpy(out.data(), p + 10, 5, cudaMemcpyDefault));
  CHECK(std::memcmp(out.data(), in.data() + 10, 5) == 0);
  char* q;
  CALL(cudaMalloc(&q, 1000));
  CALL(cudaMemcpy(q, p, 1000, cudaMemcpyDeviceToDevice));
  CALL(cudaMemset(q, 9, 500));
  CALL(cudaMemcpy(out.data(), q, 1000, cudaMemcpyDeviceToHost));
  for (int i = 0; i < 1000; ++i) CHECK(out[i] == (i < 500 ? 9 : in[i]));
  CALL(cudaMemcpy(q, nullptr, 0, cudaMemcpyHostToDevice));

  FAILS(cudaErrorInvalidValue, cudaMemcpy(p, in.data(), 1001, cudaMemcpyHostToDevice));
  FAILS(cudaErrorInvalidValue, cudaMemcpy(p + 999, in.data(), 2, cudaMemcpyHostToDevice));
  FAILS(cudaErrorInvalidValue, cudaMemcpy(in.data(), p, 10, cudaMemcpyHostToDevice));
  FAILS(cudaErrorInvalidValue, cudaMemcpy(p, in.data(), 10, cudaMemcpyDeviceToHost));
  FAILS(cudaErrorInvalidValue, cudaMemcpy(p, nullptr, 10, cudaMemcpyHostToDevice));
  FAILS(cudaErrorInvalidMemcpyDirection, cudaMemcpy(p, in.data(), 10, cudaMemcpyKind(9)));
  FAILS(cudaErrorInvalidValue, cudaMemset(p, 0, 1001));
  FAILS(cudaErrorInvalidValue, cudaMemset(in.data(), 0, 10));
  FAILS(cudaErrorInvalidValue, cudaFree(p + 1));
  FAILS(cudaErrorInvalidValue, cudaFree(in.data()));
  CALL(cudaFree(p));
  FAILS(cudaErrorInvalidValue, cudaFree(p));
  FAILS(cudaErrorInvalidValue, cudaMemcpy(p, in.data(), 10, cudaMemcpyHostToDevice));
  CALL(cudaFree(q));
}

static void limits() {
  size_t before, total, after;
  CALL(cudaMemGetInfo(&before, &total));
  CHECK(before <= total);
  void* p = &p;
  FAILS(cudaErrorMemoryAllocation, cudaMalloc(&p, total + 1));
  CHECK(p == nullptr);
  FAILS(cudaErrorMemoryAllocation, cudaMalloc(&p, size_t(-1)));
  FAILS(cudaErrorMemoryAllocation, cudaMallocManaged(&p, size_t(1) << 60));
  FAILS(cudaErrorMemoryAllocation, cudaMallocHost(&p, size_t(1) << 60));
  size_t pitch;
  FAILS(cudaErrorInvalidValue, cudaMallocPitch(&p, &pitch, size_t(1) << 40, size_t(1) << 40));
  std::vector<void*> many;
  int alignment;
  CALL(cudaDeviceGetAttribute(&alignment, cudaDevAttrTextureAlignment, 0));
  for (int i = 0; i < 2000; ++i) {
    CALL(cudaMalloc(&p, 1 + i % 5000));
    CHECK(reinterpret_cast<size_t>(p) % alignment == 0);
    many.push_back(p);
  }
  for (void* q : many) CALL(cudaFree(q));
  CALL(cudaMemGetInfo(&after, &total));
  CHECK(before == after);
}

static void planes() {
  const size_t width = 100, height = 7, depth = 3;
  char* p;
  size_t pitch;
  CALL(cudaMallocPitch(&p, &pitch, width, height));
  CHECK(pitch >= width && pitch % 512 == 0);
  std::vector<char> in(120 * height), out(120 * height, -1);
  for (size_t i = 0; i < in.size(); ++i) in[i] = char(i);
  CALL(cudaMemcpy2D(p, pitch, in.data(), 120, width, height, cudaMemcpyHostToDevice));
  CALL(cudaMemset2D(p + 3, pitch, 77, 2, height));
  CALL(cudaMemcpy2D(out.data(), 120, p, pitch, width, height, cudaMemcpyDeviceToHost));
  for (size_t y = 0; y < height; ++y)
    for (size_t x = 0; x < 120; ++x) {
      const char expected = x >= width ? -1 : x == 3 || x == 4 ? 77 : in[y * 120 + x];
      CHECK(out[y * 120 + x] == expected);
    }
  FAILS(cudaErrorInvalidPitchValue, cudaMemcpy2D(p, 50, in.data(), 120, width, height, cudaMemcpyHostToDevice));
  FAILS(cudaErrorInvalidValue, cudaMemcpy2D(p, pitch, in.data(), 120, width, height + 1, cudaMemcpyHostToDevice));
  CALL(cudaFree(p));

  cudaPitchedPtr box;
  CALL(cudaMalloc3D(&box, make_cudaExtent(width, height, depth)));
  CALL(cudaMemset3D(box, 5, make_cudaExtent(width, height, depth)));
  std::vector<char> solid(width * height * depth, 1);
  cudaMemcpy3DParms parms = {};
  parms.srcPtr = box;
  parms.dstPtr = make_cudaPitchedPtr(solid.data(), width, width, height);
  parms.srcPos = make_cudaPos(1, 1, 1);
  parms.dstPos = make_cudaPos(2, 2, 0);
  parms.extent = make_cudaExtent(10, 3, 2);
  parms.kind = cudaMemcpyDeviceToHost;
  CALL(cudaMemcpy3D(&parms));
  for (size_t z = 0; z < depth; ++z)
    for (size_t y = 0; y < height; ++y)
      for (size_t x = 0; x < width; ++x)
        CHECK(solid[(z * height + y) * width + x] == (z < 2 && y >= 2 && y < 5 && x >= 2 && x < 12 ? 5 : 1));
  CALL(cudaFree(box.ptr));
}

static void arrays() {
  cudaArray_t array;
  const cudaChannelFormatDesc floats = cudaCreateChannelDesc<float2>();
  CALL(cudaMallocArray(&array, &floats, 16, 4));
  float in[4][32], out[4][32] = {};
  for (int i = 0; i < 128; ++i) in[i / 32][i % 32] = float(i);
  CALL(cudaMemcpy2DToArray(array, 0, 0, in, sizeof in[0], sizeof in[0], 4, cudaMemcpyHostToDevice));
  CALL(cudaMemcpy2DFromArray(out, sizeof out[0], array, 0, 0, sizeof out[0], 4, cudaMemcpyDeviceToHost));
  CHECK(std::memcmp(in, out, sizeof in) == 0);
  cudaChannelFormatDesc desc;
  cudaExtent extent;
  unsigned flags;
  CALL(cudaArrayGetInfo(&desc, &extent, &flags, array));
  CHECK(desc.x == 32 && desc.y == 32 && desc.z == 0 && desc.f == cudaChannelFormatKindFloat);
  CHECK(extent.width == 16 && extent.height == 4 && flags == 0);
  FAILS(cudaErrorInvalidValue, cudaMemcpy2DToArray(array, 8, 0, in, sizeof in[0], sizeof in[0], 4, cudaMemcpyHostToDevice));
  cudaMemcpy3DParms parms = {};   // positions and extent count elements where an array takes part
  parms.srcArray = array;
  parms.srcPos = make_cudaPos(2, 1, 0);
  float piece[2][6] = {};
  parms.dstPtr = make_cudaPitchedPtr(piece, sizeof piece[0], sizeof piece[0], 2);
  parms.extent = make_cudaExtent(3, 2, 1);
  parms.kind = cudaMemcpyDeviceToHost;
  CALL(cudaMemcpy3D(&parms));
  for (int y = 0; y < 2; ++y)
    for (int x = 0; x < 6; ++x) CHECK(piece[y][x] == in[y + 1][4 + x]);
  // Runs of bytes across rows, in the calls that CUDA discourages: 284 from byte 100 of row 1 on.
  std::vector<char> run(284), back(284);
  for (int i = 0; i < 284; ++i) run[i] = char(i * 3);
  CALL(cudaMemcpyToArray(array, 100, 1, run.data(), 284, cudaMemcpyHostToDevice));
  CALL(cudaMemcpyFromArray(back.data(), array, 100, 1, 284, cudaMemcpyDeviceToHost));
  CHECK(run == back);
  cudaArray_t other;
  CALL(cudaMallocArray(&other, &floats, 16, 4));
  CALL(cudaMemcpyArrayToArray(other, 0, 0, array, 100, 1, 284));
  CALL(cudaMemcpy2DFromArray(out, sizeof out[0], other, 0, 0, sizeof out[0], 2, cudaMemcpyDeviceToHost));
  CHECK(std::memcmp(out, run.data(), 256) == 0);
  FAILS(cudaErrorInvalidValue, cudaMemcpyToArray(array, 100, 1, run.data(), 285, cudaMemcpyHostToDevice));
  CALL(cudaMemcpyToArray(array, 128, 0, run.data() + 5, 1, cudaMemcpyHostToDevice));   // the place behind a row is in the next one
  CALL(cudaMemcpyFromArray(back.data(), array, 0, 1, 1, cudaMemcpyDeviceToHost));
  CHECK(back[0] == run[5]);
  FAILS(cudaErrorInvalidValue, cudaMemcpyToArray(array, 512, 0, run.data(), 1, cudaMemcpyHostToDevice));
  CALL(cudaFreeArray(other));
  CALL(cudaFreeArray(array));
  FAILS(cudaErrorInvalidResourceHandle, cudaFreeArray(array));
}

static int range(cudaMemRangeAttribute which, const void* p, size_t bytes) {
  int value = -7;
  CALL(cudaMemRangeGetAttribute(&value, sizeof value, which, p, bytes));
  return value;
}

constexpr size_t kPage = 4096, kInts = kPage / 4;   // advice is about whole pages

// Four pages that were prefetched to device 0 and advised to be mostly read.
static void managed_ranges(int* p) {
  const cudaMemLocation device = {cudaMemLocationTypeDevice, 0}, host = {cudaMemLocationTypeHost, 0};
  CHECK(range(cudaMemRangeAttributeReadMostly, p, 4 * kPage) == 1 && range(cudaMemRangeAttributeLastPrefetchLocation, p, 4 * kPage) == 0);
  CHECK(range(cudaMemRangeAttributePreferredLocation, p, 4 * kPage) == cudaInvalidDeviceId);
  CALL(cudaMemAdvise(p, kPage + 1, cudaMemAdviseUnsetReadMostly, device));
  CHECK(range(cudaMemRangeAttributeReadMostly, p, 4 * kPage) == 0 && range(cudaMemRangeAttributeReadMostly, p + 2 * kInts, 2 * kPage) == 1);
  CALL(cudaMemAdvise(p, 4 * kPage, cudaMemAdviseSetPreferredLocation, host));
  CHECK(range(cudaMemRangeAttributePreferredLocation, p, 4 * kPage) == cudaCpuDeviceId && range(cudaMemRangeAttributePreferredLocationType, p, 4) == cudaMemLocationTypeHost);
  CALL(cudaMemAdvise(p, 8, cudaMemAdviseSetPreferredLocation, device));
  CHECK(range(cudaMemRangeAttributePreferredLocation, p, 4 * kPage) == cudaInvalidDeviceId && range(cudaMemRangeAttributePreferredLocationId, p, kPage) == 0);
  CALL(cudaMemAdvise(p, 4 * kPage, cudaMemAdviseSetAccessedBy, host));
  CALL(cudaMemAdvise(p, 4 * kPage, cudaMemAdviseSetAccessedBy, device));
  int by[3], first;
  void* places[] = {by, &first};
  size_t sizes[] = {sizeof by, sizeof first};
  cudaMemRangeAttribute which[] = {cudaMemRangeAttributeAccessedBy, cudaMemRangeAttributeLastPrefetchLocationType};
  CALL(cudaMemRangeGetAttributes(places, sizes, which, 2, p, 4 * kPage));
  CHECK(by[0] == 0 && by[1] == cudaCpuDeviceId && by[2] == cudaInvalidDeviceId && first == cudaMemLocationTypeDevice);
  cudaStream_t s;
  CALL(cudaStreamCreate(&s));
  void* ranges[] = {p, p + kInts, p + 2 * kInts};
  size_t bytes[] = {kPage, kPage, 2 * kPage}, from[] = {0, 2};
  cudaMemLocation where[] = {host, device};
  CALL(cudaMemPrefetchBatchAsync(ranges, bytes, 3, where, from, 2, 0, s));
  CHECK(range(cudaMemRangeAttributeLastPrefetchLocation, p, 2 * kPage) == cudaCpuDeviceId && range(cudaMemRangeAttributeLastPrefetchLocation, p + 2 * kInts, 2 * kPage) == 0);
  CALL(cudaMemDiscardBatchAsync(ranges, bytes, 3, 0, s));
  from[1] = 3;
  FAILS(cudaErrorInvalidValue, cudaMemDiscardAndPrefetchBatchAsync(ranges, bytes, 3, where, from, 2, 0, s));
  FAILS(cudaErrorInvalidValue, cudaMemRangeGetAttribute(&first, 3, cudaMemRangeAttributeReadMostly, p, 4));
  FAILS(cudaErrorInvalidValue, cudaMemRangeGetAttribute(&first, 4, cudaMemRangeAttributeReadMostly, &first, 4));
  CALL(cudaStreamDestroy(s));
}

static void host_memory() {
  int *pinned, *device;
  CALL(cudaMallocHost(&pinned, 400));
  pinned[99] = 5;
  CALL(cudaHostGetDevicePointer(&device, pinned, 0));
  CHECK(device == pinned);
  unsigned flags;
  CALL(cudaHostGetFlags(&flags, pinned));
  CHECK(flags & cudaHostAllocMapped);
  cudaPointerAttributes a;
  CALL(cudaPointerGetAttributes(&a, pinned + 3));
  CHECK(a.type == cudaMemoryTypeHost && a.hostPointer == pinned + 3 && a.devicePointer == pinned + 3 && a.device == 0);
  FAILS(cudaErrorInvalidValue, cudaFree(pinned));
  CALL(cudaFreeHost(pinned));

  std::vector<int> mine(1000, 7);
  CALL(cudaHostRegister(mine.data(), 4000, cudaHostRegisterDefault));
  FAILS(cudaErrorHostMemoryAlreadyRegistered, cudaHostRegister(mine.data() + 10, 4, cudaHostRegisterDefault));
  CALL(cudaPointerGetAttributes(&a, mine.data()));
  CHECK(a.type == cudaMemoryTypeHost);
  CALL(cudaHostUnregister(mine.data()));
  FAILS(cudaErrorHostMemoryNotRegistered, cudaHostUnregister(mine.data()));
  CALL(cudaPointerGetAttributes(&a, mine.data()));
  CHECK(a.type == cudaMemoryTypeUnregistered && a.devicePointer == nullptr);

  int* both;
  CALL(cudaMallocManaged(&both, 4 * kPage));
  both[1023] = 3;
  CALL(cudaMemset(both, 0xff, 4));
  CHECK(both[0] == -1 && both[1023] == 3);
  CALL(cudaPointerGetAttributes(&a, both));
  CHECK(a.type == cudaMemoryTypeManaged);
  cudaMemLocation here = {cudaMemLocationTypeDevice, 0};
  CALL(cudaMemPrefetchAsync(both, 4 * kPage, here, 0, nullptr));
  CALL(cudaMemAdvise(both, 4 * kPage, cudaMemAdviseSetReadMostly, here));
  FAILS(cudaErrorInvalidValue, cudaMemPrefetchAsync(both, 4 * kPage + 1, here, 0, nullptr));
  managed_ranges(both);
  CALL(cudaFree(both));
  CALL(cudaMalloc(&device, 4));
  CALL(cudaPointerGetAttributes(&a, device));
  CHECK(a.type == cudaMemoryTypeDevice && a.hostPointer == nullptr);
  CALL(cudaFree(device));
}

static void symbols() {
  int in[8] = {1, 2, 3, 4, 5, 6, 7, 8}, out[8] = {};
  CALL(cudaMemcpyToSymbol(table, in, sizeof in));
  CALL(cudaMemcpyFromSymbol(out, table, 8, 16));
  CHECK(out[0] == 5 && out[1] == 6);
  void* address;
  size_t size;
  CALL(cudaGetSymbolAddress(&address, table));
  CALL(cudaGetSymbolSize(&size, table));
  CHECK(size == 32);
  CALL(cudaMemcpy(out, address, 32, cudaMemcpyDeviceToHost));
  CHECK(std::memcmp(in, out, 32) == 0);
  float w[4];
  CALL(cudaMemcpyFromSymbol(w, weights, sizeof w));
  CHECK(w[0] == 1 && w[3] == 4);
  FAILS(cudaErrorInvalidValue, cudaMemcpyToSymbol(table, in, 33));
  FAILS(cudaErrorInvalidValue, cudaMemcpyToSymbol(table, in, 32, 4));
  FAILS(cudaErrorInvalidSymbol, cudaMemcpyToSymbol(out, in, 4));
  CHECK(shared_counter == 41);
  shared_counter = 42;
  CALL(cudaGetSymbolSize(&size, shared_counter));
  CHECK(size == 4);
}

// Two rows of three out of rows of five, into an array and from there to the device.
static void boxes(cudaStream_t stream) {
  int host[10] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, out[6], *device;
  cudaArray_t array;
  const cudaChannelFormatDesc format = cudaCreateChannelDesc<int>();
  CALL(cudaMallocArray(&array, &format, 4, 3));
  CALL(cudaMalloc(&device, sizeof out));
  cudaMemcpy3DBatchOp op[2] = {};
  op[0].src.type = op[1].dst.type = cudaMemcpyOperandTypePointer;
  op[0].dst.type = op[1].src.type = cudaMemcpyOperandTypeArray;
  op[0].src.op.ptr.ptr = host + 1;
  op[0].src.op.ptr.rowLength = 5;
  op[0].dst.op.array.array = op[1].src.op.array.array = array;
  op[0].dst.op.array.offset = op[1].src.op.array.offset = {1, 1, 0};
  op[1].dst.op.ptr.ptr = device;
  for (auto& o : op) {
    o.extent = make_cudaExtent(3, 2, 1);
    o.srcAccessOrder = cudaMemcpySrcAccessOrderStream;
  }
  CALL(cudaMemcpy3DBatchAsync(1, op, 0, stream));
  CALL(cudaMemcpy3DBatchAsync(1, op + 1, 0, stream));
  CALL(cudaMemcpyAsync(out, device, sizeof out, cudaMemcpyDeviceToHost, stream));
  CALL(cudaStreamSynchronize(stream));
  const int wanted[] = {2, 3, 4, 7, 8, 9};
  CHECK(std::memcmp(out, wanted, sizeof out) == 0);
  op[0].src.op.ptr.rowLength = 2;
  FAILS(cudaErrorInvalidValue, cudaMemcpy3DBatchAsync(1, op, 0, stream));
  op[1].srcAccessOrder = cudaMemcpySrcAccessOrderInvalid;
  FAILS(cudaErrorInvalidValue, cudaMemcpy3DBatchAsync(1, op + 1, 0, stream));
  FAILS(cudaErrorInvalidValue, cudaMemcpy3DBatchAsync(0, op, 0, stream));
  CALL(cudaFreeArray(array));
  CALL(cudaFree(device));
}

static void pools() {
  cudaStream_t stream;
  CALL(cudaStreamCreate(&stream));
  int *p, *q;
  CALL(cudaMallocAsync(&p, 4096, stream));
  CALL(cudaMemsetAsync(p, 0, 4096, stream));
  cudaMemPool_t pool;
  CALL(cudaDeviceGetDefaultMemPool(&pool, 0));
  unsigned long long used = 0, threshold = 1 << 20;
  CALL(cudaMemPoolGetAttribute(pool, cudaMemPoolAttrUsedMemCurrent, &used));
  CHECK(used == 4096);
  CALL(cudaMemPoolSetAttribute(pool, cudaMemPoolAttrReleaseThreshold, &threshold));
  CALL(cudaFreeAsync(p, stream));
  CALL(cudaStreamSynchronize(stream));
  CALL(cudaMemPoolGetAttribute(pool, cudaMemPoolAttrUsedMemCurrent, &used));
  CHECK(used == 0);
  cudaMemPoolProps props = {};
  props.allocType = cudaMemAllocationTypePinned;
  props.location = {cudaMemLocationTypeDevice, 0};
  CALL(cudaMemPoolCreate(&pool, &props));
  CALL(cudaMallocFromPoolAsync(&q, 100, pool, stream));
  CALL(cudaFreeAsync(q, stream));
  CALL(cudaStreamSynchronize(stream));
  cudaMemPool_t standard, found;
  CALL(cudaMemGetDefaultMemPool(&standard, &props.location, cudaMemAllocationTypePinned));
  CALL(cudaMemSetMemPool(&props.location, cudaMemAllocationTypePinned, pool));
  CALL(cudaMemGetMemPool(&found, &props.location, cudaMemAllocationTypePinned));
  CHECK(found == pool && found != standard);
  CALL(cudaMemPoolDestroy(pool));
  CALL(cudaDeviceGetMemPool(&found, 0));
  CHECK(found == standard);
  FAILS(cudaErrorInvalidValue, cudaMemPoolDestroy(pool));
  int from[2] = {7, 9}, to[2] = {};
  CALL(cudaMallocAsync(&p, 8, stream));
  const void* sources[] = {from, p};
  void* targets[] = {p, to};
  const size_t sizes[] = {8, 8};
  cudaMemcpyAttributes attributes = {};
  attributes.srcAccessOrder = cudaMemcpySrcAccessOrderStream;
  size_t first = 0;
  CALL(cudaMemcpyBatchAsync(targets, sources, sizes, 2, &attributes, &first, 1, stream));
  CALL(cudaStreamSynchronize(stream));
  CHECK(to[0] == 7 && to[1] == 9);
  FAILS(cudaErrorInvalidValue, cudaMemcpyBatchAsync(targets, sources, sizes, 2, &attributes, &first, 1, nullptr));
  boxes(stream);
  CALL(cudaFreeAsync(p, stream));
  CALL(cudaMallocAsync(&p, 64, stream));
  CALL(cudaFree(p));   // the other way to free it
  CALL(cudaStreamDestroy(stream));
}

int main() {
  plain();
  limits();
  planes();
  arrays();
  host_memory();
  symbols();
  pools();
  CALL(cudaDeviceSynchronize());
  std::puts("ok");
}
