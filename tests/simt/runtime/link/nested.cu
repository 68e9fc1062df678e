// Launches from kernels: order, visibility, recursion, streams and events, copies, limits and errors.
#include "../check.cuh"

#include <algorithm>
#include <cooperative_groups.h>
#include <cstring>
#include <string>
#include <vector>

namespace cg = cooperative_groups;

__device__ int length;
__device__ int order[1 << 14];
__device__ int codes[64];

__device__ void note(int what) { order[atomicAdd(&length, 1)] = what; }
__global__ void child(int what) { note(what); }

std::vector<int> noted() {
  CALL(cudaDeviceSynchronize());
  int n;
  CALL(cudaMemcpyFromSymbol(&n, length, 4));
  std::vector<int> all(n);
  if (n) CALL(cudaMemcpyFromSymbol(all.data(), order, 4 * n));
  const int zero = 0;
  CALL(cudaMemcpyToSymbol(length, &zero, 4));
  return all;
}
std::vector<int> code_list(int n) {
  CALL(cudaDeviceSynchronize());
  std::vector<int> all(n);
  CALL(cudaMemcpyFromSymbol(all.data(), codes, 4 * n));
  return all;
}
using List = std::vector<int>;
size_t place(const List& list, int what) { return std::find(list.begin(), list.end(), what) - list.begin(); }

// ---- order ----

__global__ void in_order() {
  for (int n = 0; n < 20; ++n) child<<<1, 1>>>(n);
  note(-1);
}

__global__ void nests(int level, int name) {
  note(name);
  if (level == 0) return;
  nests<<<1, 1>>>(level - 1, 10 * name + 1);
  nests<<<1, 1>>>(level - 1, 10 * name + 2);
}

__global__ void tail_of_tail() {
  note(3);
  child<<<1, 1, 0, cudaStreamTailLaunch>>>(5);
  child<<<1, 1>>>(4);
}
__global__ void tails() {
  tail_of_tail<<<1, 1, 0, cudaStreamTailLaunch>>>();
  child<<<1, 1, 0, cudaStreamTailLaunch>>>(6);
  child<<<1, 1, 0, cudaStreamFireAndForget>>>(1);
  note(0);
  nests<<<1, 1>>>(1, 2);
}

__global__ void streams() {
  cudaStream_t a, b;
  cudaEvent_t e;
  codes[0] = cudaStreamCreateWithFlags(&a, cudaStreamNonBlocking);
  codes[1] = cudaStreamCreateWithFlags(&b, cudaStreamNonBlocking);
  codes[2] = cudaEventCreateWithFlags(&e, cudaEventDisableTiming);
  child<<<1, 1, 0, a>>>(1);
  child<<<1, 1, 0, a>>>(2);
  child<<<1, 1, 0, b>>>(11);
  codes[3] = cudaEventRecord(e, a);
  codes[4] = cudaStreamWaitEvent(b, e, 0);
  child<<<1, 1, 0, b>>>(12);
  child<<<1, 1, 0, a>>>(3);
  child<<<1, 1, 0, b>>>(13);
  for (int n = 20; n < 30; ++n) child<<<1, 1, 0, cudaStreamFireAndForget>>>(n);
  codes[5] = cudaStreamDestroy(a);
  codes[6] = cudaStreamDestroy(b);
  codes[7] = cudaEventDestroy(e);
}

__global__ void each_block() {   // every thread of a block puts into one stream, every block into its own
  if (threadIdx.x < 4) child<<<1, 1>>>(blockIdx.x * 10 + threadIdx.x);
}

__global__ void again(int left) {
  if (left == 0) note(77);
  else again<<<1, 1, 0, cudaStreamTailLaunch>>>(left - 1);
}

void check_order() {
  in_order<<<1, 1>>>();
  List all = noted();
  CHECK(all.size() == 21 && std::is_sorted(all.begin() + 1, all.end()) && all[0] == -1);
  nests<<<1, 1>>>(2, 1);
  all = noted();
  CHECK(all == (List{1, 11, 111, 112, 12, 121, 122}));
  for (int n = 0; n < 3; ++n) {
    tails<<<1, 1>>>();
    all = noted();
    CHECK(all.size() == 9 && all[0] == 0 && place(all, 3) == 5 && place(all, 4) == 6 && place(all, 5) == 7 && place(all, 6) == 8);
    CHECK(place(all, 2) < place(all, 21) && place(all, 21) < place(all, 22));
    streams<<<1, 1>>>();
    all = noted();
    CHECK(code_list(8) == List(8, 0) && all.size() == 16);
    CHECK(place(all, 1) < place(all, 2) && place(all, 2) < place(all, 3));
    CHECK(place(all, 11) < place(all, 12) && place(all, 12) < place(all, 13) && place(all, 2) < place(all, 12));
  }
  each_block<<<8, 32>>>();
  all = noted();
  CHECK(all.size() == 32);
  for (int b = 0; b < 8; ++b)
    for (int t = 1; t < 4; ++t) CHECK(place(all, 10 * b + t) < all.size());
  again<<<1, 1>>>(3000);
  CHECK(noted() == List{77});
}

// ---- what a child sees ----

__global__ void add(int* data, int n) {
  extern __shared__ int box[];
  box[threadIdx.x] = data[threadIdx.x];
  __syncthreads();
  data[threadIdx.x] = box[n - 1 - threadIdx.x] + 1;
}
__device__ void launch_add(int* data, int n) { add<<<1, n, n * sizeof(int)>>>(data, n); }
__global__ void writes_then_launches(int* data, int n) {
  data[threadIdx.x] = threadIdx.x;
  __syncthreads();
  if (threadIdx.x == 0) {
    launch_add(data, n);
    launch_add(data, n);
    codes[0] = cudaMemcpyAsync(data + n, data, n * sizeof(int), cudaMemcpyDeviceToDevice, 0);
    codes[1] = cudaMemsetAsync(data, 1, 4, 0);
    launch_add(data + n, n);
    codes[2] = cudaMemcpy2DAsync(data + 2 * n, 16, data + n, 8, 8, 2, cudaMemcpyDeviceToDevice, 0);
    codes[3] = cudaMemset2DAsync(data + 2 * n + 8, 8, 0, 4, 2, 0);
    cudaMemcpy3DParms p = {};
    p.srcPtr = {data + n, 8, 8, 1};
    p.dstPtr = {data + 2 * n + 12, 8, 8, 1};
    p.extent = {8, 1, 2};
    p.kind = cudaMemcpyDeviceToDevice;
    codes[4] = cudaMemcpy3DAsync(&p, 0);
    codes[5] = cudaMemset3DAsync({data + 2 * n + 16, 8, 8, 1}, 2, {4, 1, 2}, 0);
  }
}

void check_memory() {
  const int n = 64;
  int* data;
  CALL(cudaMalloc(&data, 3 * n * sizeof(int)));
  CALL(cudaMemset(data, 0xff, 3 * n * sizeof(int)));
  writes_then_launches<<<1, n>>>(data, n);
  CHECK(code_list(6) == List(6, 0));
  List got(3 * n);
  CALL(cudaMemcpy(got.data(), data, 3 * n * sizeof(int), cudaMemcpyDeviceToHost));
  for (int k = 1; k < n; ++k) CHECK(got[k] == k + 2);
  CHECK(got[0] == 0x01010101);
  for (int k = 0; k < n; ++k) CHECK(got[n + k] == n - 1 - k + 3);
  CHECK((List(got.begin() + 2 * n, got.begin() + 2 * n + 20) ==
         List{66, 65, -1, -1, 64, 63, -1, -1, 0, -1, 0, -1, 66, 65, 64, 63, 0x02020202, -1, 0x02020202, -1}));
  CALL(cudaFree(data));
}

// ---- programs that recurse ----

__global__ void quicksort(int* data, int left, int right) {
  if (right - left < 16) {
    for (int i = left + 1; i <= right; ++i) {
      const int x = data[i];
      int j = i;
      for (; j > left && data[j - 1] > x; --j) data[j] = data[j - 1];
      data[j] = x;
    }
    return;
  }
  const int pivot = data[(left + right) / 2];
  int l = left, r = right;
  while (l <= r) {
    while (data[l] < pivot) ++l;
    while (data[r] > pivot) --r;
    if (l <= r) {
      const int x = data[l];
      data[l++] = data[r];
      data[r--] = x;
    }
  }
  if (left < r) quicksort<<<1, 1, 0, cudaStreamFireAndForget>>>(data, left, r);
  if (l < right) quicksort<<<1, 1, 0, cudaStreamFireAndForget>>>(data, l, right);
}

__device__ int frontier_size[2];
__global__ void expand(const int* row, const int* column, int* level, const int* from, int size, int* to, int depth, int parity) {
  const int n = blockIdx.x * blockDim.x + threadIdx.x;
  if (n >= size) return;
  for (int e = row[from[n]]; e < row[from[n] + 1]; ++e)
    if (atomicCAS(&level[column[e]], -1, depth) == -1) to[atomicAdd(&frontier_size[parity], 1)] = column[e];
}
__global__ void search(const int* row, const int* column, int* level, int* from, int* to, int depth) {
  const int parity = depth % 2, size = frontier_size[parity];
  if (size == 0) return;
  frontier_size[1 - parity] = 0;
  expand<<<(size + 31) / 32, 32>>>(row, column, level, from, size, to, depth + 1, 1 - parity);
  search<<<1, 1, 0, cudaStreamTailLaunch>>>(row, column, level, to, from, depth + 1);
}

__device__ int dwell(int x, int y, int size) {
  const float cx = -2 + 3.0f * x / size, cy = -1.5f + 3.0f * y / size;
  float a = 0, b = 0;
  int n = 0;
  for (; n < 64 && a * a + b * b < 4; ++n) {
    const float t = a * a - b * b + cx;
    b = 2 * a * b + cy;
    a = t;
  }
  return n;
}
__global__ void every_pixel(int* image, int size, int x0, int y0, int side) {
  const int n = threadIdx.x;
  if (n < side * side) image[(y0 + n / side) * size + x0 + n % side] = dwell(x0 + n % side, y0 + n / side, size);
}
__global__ void fill(int* image, int size, int x0, int y0, int side, int value) {
  for (int n = threadIdx.x; n < side * side; n += blockDim.x) image[(y0 + n / side) * size + x0 + n % side] = value;
}
__global__ void mandelbrot(int* image, int size, int x0, int y0, int side) {   // a square with an even border is even
  x0 += side * blockIdx.x;
  y0 += side * blockIdx.y;
  const int first = dwell(x0, y0, size);
  bool same = true;
  for (int n = threadIdx.x; n < side; n += blockDim.x)
    same = same && dwell(x0 + n, y0, size) == first && dwell(x0 + n, y0 + side - 1, size) == first && dwell(x0, y0 + n, size) == first &&
           dwell(x0 + side - 1, y0 + n, size) == first;
  same = __syncthreads_and(same);
  if (threadIdx.x > 0) return;
  if (same) fill<<<1, 64>>>(image, size, x0, y0, side, first);
  else if (side <= 8) every_pixel<<<1, 64>>>(image, size, x0, y0, side);
  else mandelbrot<<<dim3(2, 2), 32>>>(image, size, x0, y0, side / 2);
}
__global__ void plain_mandelbrot(int* image, int size) { image[blockIdx.x * size + threadIdx.x] = dwell(threadIdx.x, blockIdx.x, size); }

__global__ void scan_block(int* data, int* sums, int n) {
  __shared__ int box[64];
  const int at = blockIdx.x * 64 + threadIdx.x;
  box[threadIdx.x] = at < n ? data[at] : 0;
  for (int d = 1; d < 64; d *= 2) {
    __syncthreads();
    const int x = threadIdx.x >= d ? box[threadIdx.x - d] : 0;
    __syncthreads();
    box[threadIdx.x] += x;
  }
  if (at < n) data[at] = box[threadIdx.x];
  if (threadIdx.x == 63) sums[blockIdx.x] = box[63];
}
__global__ void add_sums(int* data, const int* sums, int n) {
  const int at = blockIdx.x * 64 + threadIdx.x;
  if (blockIdx.x > 0 && at < n) data[at] += sums[blockIdx.x - 1];
}
__global__ void scan(int* data, int n, int* room) {
  const int blocks = (n + 63) / 64;
  scan_block<<<blocks, 64>>>(data, room, n);
  if (blocks > 1) scan<<<1, 1>>>(room, blocks, room + blocks);
  if (blocks > 1) add_sums<<<blocks, 64>>>(data, room, n);
}

void check_programs() {
  const int n = 3000;
  List keys(n), sorted;
  unsigned state = 1;
  for (int& k : keys) k = (state = state * 1664525 + 1013904223) >> 12;
  sorted = keys;
  std::sort(sorted.begin(), sorted.end());
  int* data;
  CALL(cudaMalloc(&data, 4 * n * sizeof(int)));
  CALL(cudaMemcpy(data, keys.data(), n * sizeof(int), cudaMemcpyHostToDevice));
  quicksort<<<1, 1>>>(data, 0, n - 1);
  CALL(cudaDeviceSynchronize());
  CALL(cudaMemcpy(keys.data(), data, n * sizeof(int), cudaMemcpyDeviceToHost));
  CHECK(keys == sorted);

  scan<<<1, 1>>>(data, n, data + n);
  CALL(cudaMemcpy(keys.data(), data, n * sizeof(int), cudaMemcpyDeviceToHost));
  for (int k = 1; k < n; ++k) sorted[k] = int(unsigned(sorted[k]) + unsigned(sorted[k - 1]));
  CHECK(keys == sorted);

  // A grid of 20 x 20 nodes: the level is the distance from the corner.
  const int side = 20, nodes = side * side;
  List row(1, 0), column, level(nodes, -1);
  for (int v = 0; v < nodes; ++v) {
    if (v % side) column.push_back(v - 1);
    if (v % side < side - 1) column.push_back(v + 1);
    if (v >= side) column.push_back(v - side);
    if (v + side < nodes) column.push_back(v + side);
    row.push_back(int(column.size()));
  }
  int *rows, *columns, *levels, *queues, one[2] = {1, 0};
  CALL(cudaMalloc(&rows, row.size() * 4));
  CALL(cudaMalloc(&columns, column.size() * 4));
  CALL(cudaMalloc(&levels, nodes * 4));
  CALL(cudaMalloc(&queues, 2 * nodes * 4));
  level[0] = 0;
  CALL(cudaMemcpy(rows, row.data(), row.size() * 4, cudaMemcpyHostToDevice));
  CALL(cudaMemcpy(columns, column.data(), column.size() * 4, cudaMemcpyHostToDevice));
  CALL(cudaMemcpy(levels, level.data(), nodes * 4, cudaMemcpyHostToDevice));
  CALL(cudaMemset(queues, 0, 4));
  CALL(cudaMemcpyToSymbol(frontier_size, one, 8));
  search<<<1, 1>>>(rows, columns, levels, queues, queues + nodes, 0);
  CALL(cudaMemcpy(level.data(), levels, nodes * 4, cudaMemcpyDeviceToHost));
  for (int v = 0; v < nodes; ++v) CHECK(level[v] == v % side + v / side);

  const int size = 128;
  int *image, *plain;
  CALL(cudaMalloc(&image, size * size * 4));
  CALL(cudaMalloc(&plain, size * size * 4));
  mandelbrot<<<dim3(4, 4), 32>>>(image, size, 0, 0, 32);
  plain_mandelbrot<<<size, size>>>(plain, size);
  List a(size * size), b(size * size);
  CALL(cudaMemcpy(a.data(), image, size * size * 4, cudaMemcpyDeviceToHost));
  CALL(cudaMemcpy(b.data(), plain, size * size * 4, cudaMemcpyDeviceToHost));
  CHECK(a == b);
  for (void* p : {(void*)data, (void*)rows, (void*)columns, (void*)levels, (void*)queues, (void*)image, (void*)plain}) CALL(cudaFree(p));
}

// ---- questions, errors, limits ----

__global__ void __launch_bounds__(64) bounded() { note(1); }
__global__ void big_box(int* out) {
  extern __shared__ int box[];
  box[(50 << 10) / 4] = 5;
  *out = box[(50 << 10) / 4];
}
__global__ void needs_box(int* out) { big_box<<<1, 1, 60 << 10>>>(out); codes[0] = cudaGetLastError(); }

__global__ void ask(int* out, cudaFuncAttributes* attributes) {
  int v = -1;
  out[0] = cudaDeviceGetAttribute(&v, cudaDevAttrMultiProcessorCount, 0), out[1] = v;
  out[2] = cudaGetDevice(&v), out[3] = v;
  out[4] = cudaGetDeviceCount(&v), out[5] = v;
  out[6] = cudaRuntimeGetVersion(&v), out[7] = v;
  out[8] = cudaOccupancyMaxActiveBlocksPerMultiprocessor(&v, add, 256, 1024), out[9] = v;
  size_t limit;
  out[10] = cudaDeviceGetLimit(&limit, cudaLimitMallocHeapSize), out[11] = int(limit);
  cudaFuncCache config;
  out[12] = cudaDeviceGetCacheConfig(&config);
  out[13] = cudaFuncGetAttributes(attributes, scan_block);
  const char* text = cudaGetErrorName(cudaErrorInvalidValue);
  out[14] = text[0] == 'c' && text[9] == 'I' && text[21] == 0;
  out[15] = cudaGetErrorString(cudaErrorInvalidValue) == cudaGetErrorString(cudaErrorInvalidValue);
  int* p;
  out[16] = cudaMalloc((void**)&p, 64);
  p[15] = 3;
  out[17] = p[15] == 3 ? cudaFree(p) : 1;
  out[18] = cudaGetLastError();
}

__global__ void errors() {
  if (threadIdx.x == 1) codes[40] = cudaPeekAtLastError();
  if (threadIdx.x > 0) return;
  cudaStream_t s = 0;
  cudaEvent_t e = 0;
  int n = 0, local, *p = &local;
  child<<<1, 2000>>>(1);
  codes[n++] = cudaPeekAtLastError();
  codes[n++] = cudaGetLastError();
  codes[n++] = cudaGetLastError();
  child<<<0, 1>>>(1);
  codes[n++] = cudaGetLastError();
  child<<<1, 1, 100 << 10>>>(1);
  codes[n++] = cudaGetLastError();
  bounded<<<1, 65>>>();
  codes[n++] = cudaGetLastError();
  codes[n++] = cudaStreamCreateWithFlags(&s, cudaStreamDefault);
  codes[n++] = cudaEventCreateWithFlags(&e, cudaEventDefault);
  child<<<1, 1, 0, (cudaStream_t)12345>>>(1);
  codes[n++] = cudaGetLastError();
  codes[n++] = cudaStreamDestroy((cudaStream_t)12345);
  codes[n++] = cudaEventRecord((cudaEvent_t)12345, 0);
  cudaEventCreateWithFlags(&e, cudaEventDisableTiming);
  codes[n++] = cudaEventRecord(e, cudaStreamTailLaunch);
  codes[n++] = cudaMemcpyAsync(p, p, 4, cudaMemcpyDeviceToDevice, 0);
  codes[n++] = cudaMemcpyAsync(order, order + 4, 4, cudaMemcpyHostToDevice, 0);
  codes[n++] = cudaMemsetAsync(order, 0, sizeof order + 1, 0);
  codes[n++] = cudaMalloc((void**)&p, size_t(1) << 40);
  codes[n++] = cudaFree(order);
  codes[n++] = cudaDeviceGetAttribute(&local, cudaDeviceAttr(9999), 0);
  cudaGetLastError();
  child<<<1, 1>>>(9);
  codes[n++] = cudaGetLastError();
}

__global__ void many(int n) {
  for (int k = 0; k < n; ++k) {
    child<<<1, 1>>>(k);
    codes[k] = cudaGetLastError();
  }
}
__global__ void deeper(int level) {
  note(level);
  deeper<<<1, 1>>>(level + 1);
  codes[0] = cudaGetLastError();
}

__global__ void grid_sync(int* out) {
  cg::grid_group grid = cg::this_grid();
  atomicAdd(out, 1);
  grid.sync();
  if (grid.thread_rank() == 0) codes[0] = *out;
}

void check_errors(int device_number, int device_count) {
  int* out;
  cudaFuncAttributes *attributes, device, host;
  CALL(cudaMalloc(&out, 256));
  CALL(cudaMalloc(&attributes, sizeof *attributes));
  ask<<<1, 1>>>(out, attributes);
  List got(19);
  CALL(cudaMemcpy(got.data(), out, 19 * 4, cudaMemcpyDeviceToHost));
  CALL(cudaMemcpy(&device, attributes, sizeof device, cudaMemcpyDeviceToHost));
  CALL(cudaFuncGetAttributes(&host, scan_block));
  CHECK(std::memcmp(&device, &host, sizeof host) == 0 && host.sharedSizeBytes == 256);
  int sms, blocks;
  CALL(cudaDeviceGetAttribute(&sms, cudaDevAttrMultiProcessorCount, 0));
  CALL(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, add, 256, 1024));
  CHECK(got == (List{0, sms, 0, device_number, 0, device_count, 0, 13000, 0, blocks, 0, 8 << 20, 0, 0, 1, 1, 0, 0, 0}));

  errors<<<1, 32>>>();
  const List expected{cudaErrorInvalidConfiguration, cudaErrorInvalidConfiguration, 0, cudaErrorInvalidConfiguration,
                      cudaErrorInvalidValue, cudaErrorInvalidValue, cudaErrorInvalidValue, cudaErrorInvalidValue,
                      cudaErrorInvalidResourceHandle, cudaErrorInvalidResourceHandle, cudaErrorInvalidResourceHandle,
                      cudaErrorInvalidValue, cudaErrorInvalidValue, cudaErrorInvalidMemcpyDirection, cudaErrorInvalidValue,
                      cudaErrorMemoryAllocation, cudaErrorInvalidValue, cudaErrorInvalidValue, 0};
  CHECK(code_list(int(expected.size())) == expected);
  CHECK(code_list(41)[40] == 0);
  CHECK(noted() == List{9});

  CALL(cudaDeviceSetLimit(cudaLimitDevRuntimePendingLaunchCount, 10));
  many<<<1, 1>>>(12);
  got = code_list(12);
  CHECK((List(got.begin(), got.begin() + 10) == List(10, 0)) && got[10] == cudaErrorLaunchPendingCountExceeded && got[11] == got[10]);
  CHECK(noted().size() == 10);
  CALL(cudaDeviceSetLimit(cudaLimitDevRuntimePendingLaunchCount, 2048));
  many<<<1, 1>>>(12);
  CHECK(code_list(12) == List(12, 0) && noted().size() == 12);

  deeper<<<1, 1>>>(0);
  CHECK(noted().size() == 25 && code_list(1)[0] == cudaErrorLaunchMaxDepthExceeded);

  needs_box<<<1, 1>>>(out);
  CHECK(code_list(1)[0] == cudaErrorInvalidValue);
  CALL(cudaFuncSetAttribute(big_box, cudaFuncAttributeMaxDynamicSharedMemorySize, 60 << 10));
  needs_box<<<1, 1>>>(out);
  CHECK(code_list(1)[0] == 0);
  CALL(cudaMemcpy(got.data(), out, 4, cudaMemcpyDeviceToHost));
  CHECK(got[0] == 5);

  CALL(cudaMemset(out, 0, 4));
  void* arguments[] = {&out};
  CALL(cudaLaunchCooperativeKernel((void*)grid_sync, 4, 32, arguments, 0, 0));
  CHECK(code_list(1)[0] == 128);
  CALL(cudaFree(out));
  CALL(cudaFree(attributes));
}

// ---- what ends a launch ----

__global__ void faulty() { *(volatile int*)nullptr = 1; }
__global__ void parent_of_faulty() {
  faulty<<<1, 1>>>();
  child<<<1, 1>>>(1);
}
__global__ void endless() { endless<<<1, 1, 0, cudaStreamTailLaunch>>>(); }
__device__ volatile int flag;
__global__ void set_flag() { flag = 1; }
__global__ void waits_for_child() {
  set_flag<<<1, 1, 0, cudaStreamFireAndForget>>>();
  while (!flag) {}
}

int main(int argc, char** argv) {
  const std::string what = argc > 1 ? argv[1] : "";
  if (what == "faulty") {
    parent_of_faulty<<<1, 1>>>();
    CHECK(cudaDeviceSynchronize() == cudaErrorIllegalAddress);
    CHECK(noted().empty());
  } else if (what == "endless") {
    endless<<<1, 1>>>();
    CHECK(cudaDeviceSynchronize() == cudaErrorLaunchTimeout);
  } else if (what == "waits") {
    waits_for_child<<<1, 1>>>();
    CHECK(cudaDeviceSynchronize() == cudaErrorLaunchTimeout);
  } else if (what == "tails") {
    tails<<<1, 1>>>();
    CHECK(noted().size() == 9);
  } else {
    int count;
    CALL(cudaGetDeviceCount(&count));
    for (int device = 0; device < count; ++device) {
      CALL(cudaSetDevice(device));
      check_order();
      check_memory();
      check_programs();
      check_errors(device, count);
    }
  }
  std::puts("ok");
}
