// Graphs that streams are captured into: what becomes of each call, forks and joins, and what is refused meanwhile.
#include <atomic>
#include <cstring>
#include <thread>
#include <vector>

#include "check.cuh"

__device__ int symbol;
__global__ void store(int* out, int value) { *out = value; }
__global__ void add(int* out, int value) { atomicAdd(out, value); }
__global__ void sum(int* out, const int* a, const int* b) { *out = *a + *b; }
__global__ void count_down(cudaGraphConditionalHandle h, int* left) { cudaGraphSetConditional(h, --*left > 0); }

static int* device_ints(int n) {
  int* p;
  CALL(cudaMalloc(&p, n * sizeof(int)));
  CALL(cudaMemset(p, 0, n * sizeof(int)));
  CALL(cudaDeviceSynchronize());
  return p;
}
static int read(const int* p) {
  int v;
  CALL(cudaMemcpy(&v, p, 4, cudaMemcpyDeviceToHost));
  return v;
}
static cudaStream_t new_stream(unsigned flags = cudaStreamNonBlocking) {
  cudaStream_t s;
  CALL(cudaStreamCreateWithFlags(&s, flags));
  return s;
}
static cudaEvent_t new_event() {
  cudaEvent_t e;
  CALL(cudaEventCreate(&e));
  return e;
}
static cudaGraph_t end(cudaStream_t s) {
  cudaGraph_t g;
  CALL(cudaStreamEndCapture(s, &g));
  CHECK(g != nullptr);
  return g;
}
static void end_fails(cudaError_t code, cudaStream_t s) {
  cudaGraph_t g = reinterpret_cast<cudaGraph_t>(1);
  FAILS(code, cudaStreamEndCapture(s, &g));
  CHECK(g == nullptr);
  cudaStreamCaptureStatus status;
  CALL(cudaStreamIsCapturing(s, &status));
  CHECK(status == cudaStreamCaptureStatusNone);
}
static cudaStreamCaptureStatus status_of(cudaStream_t s) {
  cudaStreamCaptureStatus status;
  CALL(cudaStreamIsCapturing(s, &status));
  return status;
}
static void run(cudaGraph_t g, cudaStream_t s) {
  cudaGraphExec_t e;
  CALL(cudaGraphInstantiate(&e, g, 0));
  CALL(cudaGraphLaunch(e, s));
  CALL(cudaStreamSynchronize(s));
  CALL(cudaGraphExecDestroy(e));
}
static std::vector<cudaGraphNodeType> types(cudaGraph_t g) {
  size_t n;
  CALL(cudaGraphGetNodes(g, nullptr, &n));
  std::vector<cudaGraphNode_t> nodes(n);
  CALL(cudaGraphGetNodes(g, nodes.data(), &n));
  std::vector<cudaGraphNodeType> found(n);
  for (size_t i = 0; i < n; ++i) CALL(cudaGraphNodeGetType(nodes[i], &found[i]));
  return found;
}

static void every_call() {
  int* p = device_ints(8);
  int *pinned, plain = 3;
  CALL(cudaMallocHost(&pinned, 8));
  static int calls;
  calls = 0;
  cudaStream_t s;
  CALL(cudaStreamCreateWithPriority(&s, cudaStreamNonBlocking, -2));
  CALL(cudaStreamBeginCapture(s, cudaStreamCaptureModeGlobal));
  CHECK(status_of(s) == cudaStreamCaptureStatusActive);
  CALL(cudaMemsetAsync(p, 1, 8, s));
  CALL(cudaMemcpyAsync(p + 1, &plain, 4, cudaMemcpyHostToDevice, s));
  add<<<1, 1, 0, s>>>(p + 1, 4);
  CALL(cudaMemcpyToSymbolAsync(symbol, p + 1, 4, 0, cudaMemcpyDeviceToDevice, s));
  CALL(cudaMemcpyFromSymbolAsync(pinned, symbol, 4, 0, cudaMemcpyDeviceToHost, s));
  CALL(cudaMemcpy2DAsync(p + 4, 8, p, 8, 4, 2, cudaMemcpyDeviceToDevice, s));
  CALL(cudaMemset2DAsync(p + 5, 8, 2, 4, 1, s));
  CALL(cudaLaunchHostFunc(s, [](void*) { ++calls; }, nullptr));
  int *q, value = 9;
  CALL(cudaMallocAsync(&q, 4, s));
  void* args[] = {&q, &value};
  CALL(cudaLaunchKernel(reinterpret_cast<void*>(store), dim3(1), dim3(1), args, 0, s));
  value = 10;
  CALL(cudaMemcpyAsync(pinned + 1, q, 4, cudaMemcpyDefault, s));
  CALL(cudaFreeAsync(q, s));
  cudaGraph_t g = end(s);
  CHECK(status_of(s) == cudaStreamCaptureStatusNone);
  const std::vector<cudaGraphNodeType> wanted{
      cudaGraphNodeTypeMemset, cudaGraphNodeTypeMemcpy, cudaGraphNodeTypeKernel, cudaGraphNodeTypeMemcpy, cudaGraphNodeTypeMemcpy, cudaGraphNodeTypeMemcpy,
      cudaGraphNodeTypeMemset, cudaGraphNodeTypeHost, cudaGraphNodeTypeMemAlloc, cudaGraphNodeTypeKernel, cudaGraphNodeTypeMemcpy, cudaGraphNodeTypeMemFree};
  CHECK(types(g) == wanted);
  size_t edges;
  CALL(cudaGraphGetEdges(g, nullptr, nullptr, nullptr, &edges));
  CHECK(edges == wanted.size() - 1);
  CHECK(calls == 0 && read(p) == 0);   // nothing ran
  plain = 5;                           // read at the launch
  run(g, s);
  CHECK(calls == 1 && pinned[0] == 9 && pinned[1] == 9 && read(p) == 0x01010101 && read(p + 4) == 0x01010101 && read(p + 5) == 0x02020202);
  std::vector<cudaGraphNode_t> nodes(wanted.size());
  size_t n = nodes.size();
  CALL(cudaGraphGetNodes(g, nodes.data(), &n));
  cudaKernelNodeParams k;
  CALL(cudaGraphKernelNodeGetParams(nodes[2], &k));
  CHECK(k.func == reinterpret_cast<void*>(add) && *static_cast<int*>(k.kernelParams[1]) == 4);
  cudaKernelNodeAttrValue v;
  CALL(cudaGraphKernelNodeGetAttribute(nodes[2], cudaKernelNodeAttributePriority, &v));
  CHECK(v.priority == -2);
  cudaMemcpy3DParms c;
  CALL(cudaGraphMemcpyNodeGetParams(nodes[1], &c));
  CHECK(c.srcPtr.ptr == &plain && c.dstPtr.ptr == p + 1 && c.extent.width == 4 && c.extent.height == 1 && c.kind == cudaMemcpyHostToDevice);
  cudaMemsetParams m;
  CALL(cudaGraphMemsetNodeGetParams(nodes[6], &m));
  CHECK(m.dst == p + 5 && m.value == 2 && m.elementSize == 1 && m.width == 4 && m.height == 1);
  CALL(cudaGraphDestroy(g));

  // Nothing at all is a graph too; the launch of a graph ends a capture.
  CALL(cudaStreamBeginCapture(s, cudaStreamCaptureModeThreadLocal));
  g = end(s);
  CHECK(types(g).empty());
  run(g, s);
  CALL(cudaGraphDestroy(g));
  CALL(cudaStreamBeginCapture(s, cudaStreamCaptureModeRelaxed));
  add<<<1, 1, 0, s>>>(p + 7, 1);
  g = end(s);
  cudaGraphExec_t e;
  CALL(cudaGraphInstantiate(&e, g, 0));
  CALL(cudaStreamBeginCapture(s, cudaStreamCaptureModeGlobal));
  FAILS(cudaErrorStreamCaptureUnsupported, cudaGraphLaunch(e, s));
  cudaGraph_t outer;
  FAILS(cudaErrorStreamCaptureInvalidated, cudaStreamEndCapture(s, &outer));
  CALL(cudaGraphLaunch(e, s));
  CALL(cudaStreamSynchronize(s));
  CHECK(read(p + 7) == 1);
  CALL(cudaGraphExecDestroy(e));
  CALL(cudaGraphDestroy(g));
  CALL(cudaStreamDestroy(s));
  CALL(cudaFree(p));
  CALL(cudaFreeHost(pinned));
}

static void forks() {
  int* p = device_ints(4);
  cudaStream_t a = new_stream(), b = new_stream(), c = new_stream();
  cudaEvent_t fork = new_event(), join = new_event(), later = new_event();
  CALL(cudaStreamBeginCapture(a, cudaStreamCaptureModeGlobal));
  store<<<1, 1, 0, a>>>(p, 1);
  CALL(cudaEventRecord(fork, a));
  CALL(cudaStreamWaitEvent(b, fork, 0));
  CALL(cudaStreamWaitEvent(c, fork, 0));
  CHECK(status_of(b) == cudaStreamCaptureStatusActive && status_of(c) == cudaStreamCaptureStatusActive);
  store<<<1, 1, 0, b>>>(p + 1, 10);
  CALL(cudaEventRecord(join, b));
  store<<<1, 1, 0, c>>>(p + 2, 100);
  CALL(cudaStreamWaitEvent(c, join, 0));
  sum<<<1, 1, 0, c>>>(p + 3, p + 1, p + 2);
  CALL(cudaEventRecord(later, c));
  CALL(cudaStreamDestroy(c));   // what it did is still joined
  CALL(cudaStreamWaitEvent(a, later, 0));
  add<<<1, 1, 0, a>>>(p + 3, 1000);
  cudaGraph_t g = end(a);
  CHECK(status_of(b) == cudaStreamCaptureStatusNone);
  cudaGraphNode_t from[8], to[8], n[5];
  size_t edges = 8, nodes = 5;
  CALL(cudaGraphGetNodes(g, n, &nodes));
  CALL(cudaGraphGetEdges(g, from, to, nullptr, &edges));
  CHECK(nodes == 5 && edges == 6);   // 0-1, 0-2, 1-3, 2-3, 0-4, 3-4
  const int wanted[][2] = {{0, 1}, {0, 2}, {0, 4}, {1, 3}, {2, 3}, {3, 4}};
  for (size_t i = 0; i < edges; ++i) CHECK(from[i] == n[wanted[i][0]] && to[i] == n[wanted[i][1]]);
  run(g, b);
  CHECK(read(p + 3) == 1110);
  CALL(cudaGraphDestroy(g));
  FAILS(cudaErrorCapturedEvent, cudaEventQuery(later));
  FAILS(cudaErrorCapturedEvent, cudaStreamWaitEvent(b, later, 0));
  CALL(cudaEventRecord(later, b));   // an ordinary one again
  CALL(cudaEventSynchronize(later));
  for (cudaStream_t s : {a, b}) CALL(cudaStreamDestroy(s));
  for (cudaEvent_t e : {fork, join, later}) CALL(cudaEventDestroy(e));
  CALL(cudaFree(p));
}

static void questions() {
  int* p = device_ints(2);
  cudaStream_t s = new_stream(), other = new_stream();
  cudaGraph_t mine, g;
  cudaGraphNode_t first, added;
  CALL(cudaGraphCreate(&mine, 0));
  CALL(cudaGraphAddEmptyNode(&first, mine, nullptr, 0));
  CALL(cudaStreamBeginCaptureToGraph(s, mine, &first, nullptr, 1, cudaStreamCaptureModeGlobal));
  store<<<1, 1, 0, s>>>(p, 1);
  cudaStreamCaptureStatus status;
  unsigned long long id = 0, id2 = 0;
  const cudaGraphNode_t* ends;
  const cudaGraphEdgeData* data;
  size_t n = 0;
  CALL(cudaStreamGetCaptureInfo(s, &status, &id, &g, &ends, &data, &n));
  CHECK(status == cudaStreamCaptureStatusActive && id != 0 && g == mine && n == 1 && data[0].type == 0 && ends[0] != first);
  // A node that is put in by hand, and the next captured one after it.
  CALL(cudaGraphAddEmptyNode(&added, g, ends, n));
  CALL(cudaStreamUpdateCaptureDependencies(s, &added, nullptr, 1, cudaStreamSetCaptureDependencies));
  CALL(cudaStreamUpdateCaptureDependencies(s, &first, nullptr, 1, cudaStreamAddCaptureDependencies));
  CALL(cudaStreamGetCaptureInfo(s, &status, &id2, nullptr, &ends, nullptr, &n));
  CHECK(id2 == id && n == 2 && ends[0] == added && ends[1] == first);
  add<<<1, 1, 0, s>>>(p, 1);
  FAILS(cudaErrorIllegalState, cudaGraphDestroy(mine));
  FAILS(cudaErrorIllegalState, cudaGraphDestroyNode(first));
  CALL(cudaStreamEndCapture(s, &g));
  CHECK(g == mine);
  run(g, s);
  CHECK(read(p) == 2);
  CALL(cudaStreamGetCaptureInfo(s, &status, nullptr, nullptr, nullptr, nullptr, nullptr));
  CHECK(status == cudaStreamCaptureStatusNone);
  FAILS(cudaErrorIllegalState, cudaStreamUpdateCaptureDependencies(s, &first, nullptr, 1, 0));
  FAILS(cudaErrorIllegalState, cudaStreamEndCapture(s, &g));
  FAILS(cudaErrorInvalidValue, cudaStreamBeginCapture(s, static_cast<cudaStreamCaptureMode>(3)));
  FAILS(cudaErrorStreamCaptureUnsupported, cudaStreamBeginCapture(cudaStreamLegacy, cudaStreamCaptureModeGlobal));
  CALL(cudaStreamBeginCapture(s, cudaStreamCaptureModeGlobal));
  FAILS(cudaErrorIllegalState, cudaStreamBeginCapture(s, cudaStreamCaptureModeGlobal));
  CHECK(status_of(other) == cudaStreamCaptureStatusNone);
  CALL(cudaGraphDestroy(end(s)));
  CALL(cudaGraphDestroy(mine));
  for (cudaStream_t x : {s, other}) CALL(cudaStreamDestroy(x));
  CALL(cudaFree(p));
}

static void external_events() {
  int* p = device_ints(2);
  cudaStream_t s = new_stream(), t = new_stream();
  cudaEvent_t start = new_event(), done = new_event();
  FAILS(cudaErrorInvalidValue, cudaEventRecordWithFlags(done, s, cudaEventRecordExternal));
  FAILS(cudaErrorInvalidValue, cudaStreamWaitEvent(s, done, cudaEventWaitExternal));
  CALL(cudaStreamBeginCapture(s, cudaStreamCaptureModeThreadLocal));
  CALL(cudaStreamWaitEvent(s, start, cudaEventWaitExternal));
  store<<<1, 1, 0, s>>>(p, 5);
  CALL(cudaEventRecordWithFlags(done, s, cudaEventRecordExternal));
  cudaGraph_t g = end(s);
  CHECK((types(g) == std::vector<cudaGraphNodeType>{cudaGraphNodeTypeWaitEvent, cudaGraphNodeTypeKernel, cudaGraphNodeTypeEventRecord}));
  cudaGraphExec_t e;
  CALL(cudaGraphInstantiate(&e, g, 0));
  CALL(cudaEventRecord(start, t));
  CALL(cudaGraphLaunch(e, s));
  CALL(cudaStreamWaitEvent(t, done, 0));
  CALL(cudaMemcpyAsync(p + 1, p, 4, cudaMemcpyDeviceToDevice, t));
  CALL(cudaStreamSynchronize(t));
  CHECK(read(p + 1) == 5);
  CALL(cudaGraphExecDestroy(e));
  CALL(cudaGraphDestroy(g));
  for (cudaStream_t x : {s, t}) CALL(cudaStreamDestroy(x));
  for (cudaEvent_t x : {start, done}) CALL(cudaEventDestroy(x));
  CALL(cudaFree(p));
}

/// `call` must fail with `code` while a stream is captured, and spoil the capture.
template <class Call>
static void spoils(cudaError_t code, Call call, unsigned flags = cudaStreamNonBlocking) {
  cudaStream_t s = new_stream(flags);
  CALL(cudaStreamBeginCapture(s, cudaStreamCaptureModeGlobal));
  store<<<1, 1, 0, s>>>(nullptr, 1);
  FAILS(code, call(s));
  CHECK(status_of(s) == cudaStreamCaptureStatusInvalidated);
  FAILS(cudaErrorStreamCaptureInvalidated, cudaLaunchHostFunc(s, [](void*) {}, nullptr));
  end_fails(cudaErrorStreamCaptureInvalidated, s);
  CALL(cudaStreamSynchronize(s));   // works again
  CALL(cudaStreamDestroy(s));
}

static void refusals() {
  int *p = device_ints(1), *q, host = 0;
  cudaEvent_t e = new_event(), never = new_event();
  cudaStream_t free_stream = new_stream();
  CALL(cudaEventRecord(e, free_stream));
  CALL(cudaEventSynchronize(e));
  spoils(cudaErrorStreamCaptureUnsupported, [](cudaStream_t s) { return cudaStreamSynchronize(s); });
  spoils(cudaErrorStreamCaptureUnsupported, [](cudaStream_t s) { return cudaStreamQuery(s); });
  spoils(cudaErrorStreamCaptureUnsupported, [](cudaStream_t) { return cudaDeviceSynchronize(); });
  spoils(cudaErrorStreamCaptureUnsupported, [&](cudaStream_t) { return cudaMalloc(&q, 4); });
  spoils(cudaErrorStreamCaptureUnsupported, [&](cudaStream_t) { return cudaFree(p); });
  spoils(cudaErrorStreamCaptureUnsupported, [&](cudaStream_t) { return cudaMemcpy(&host, p, 4, cudaMemcpyDeviceToHost); });
  spoils(cudaErrorStreamCaptureUnsupported, [&](cudaStream_t) { return cudaEventQuery(e); });
  spoils(cudaErrorStreamCaptureUnsupported, [](cudaStream_t s) { return cudaStreamAddCallback(s, [](cudaStream_t, cudaError_t, void*) {}, nullptr, 0); });
  spoils(cudaErrorStreamCaptureIsolation, [&](cudaStream_t s) { return cudaStreamWaitEvent(s, e, 0); });
  spoils(cudaErrorCapturedEvent, [&](cudaStream_t s) {
    CALL(cudaEventRecord(never, s));
    cudaStreamCaptureMode relaxed = cudaStreamCaptureModeRelaxed;
    CALL(cudaThreadExchangeStreamCaptureMode(&relaxed));   // not even then
    const cudaError_t got = cudaEventSynchronize(never);
    CALL(cudaThreadExchangeStreamCaptureMode(&relaxed));
    return got;
  });
  // The default stream waits for blocking streams; a non-blocking one does not matter to it.
  spoils(cudaErrorStreamCaptureImplicit, [&](cudaStream_t) { return cudaMemsetAsync(p, 0, 4, cudaStreamLegacy); }, cudaStreamDefault);
  spoils(cudaErrorStreamCaptureImplicit, [&](cudaStream_t) { return cudaStreamSynchronize(cudaStreamLegacy); }, cudaStreamDefault);
  spoils(cudaErrorStreamCaptureImplicit, [&](cudaStream_t s) {
    CALL(cudaEventRecord(never, s));
    return cudaStreamWaitEvent(cudaStreamLegacy, never, 0);
  }, cudaStreamDefault);
  cudaStream_t s = new_stream(), blocking = new_stream(cudaStreamDefault);
  cudaStreamCaptureStatus status;
  CALL(cudaStreamBeginCapture(blocking, cudaStreamCaptureModeGlobal));
  FAILS(cudaErrorStreamCaptureImplicit, cudaStreamIsCapturing(cudaStreamLegacy, &status));
  CHECK(status_of(blocking) == cudaStreamCaptureStatusActive);   // asking spoils nothing
  CALL(cudaGraphDestroy(end(blocking)));
  CALL(cudaStreamBeginCapture(s, cudaStreamCaptureModeGlobal));
  CALL(cudaMemsetAsync(p, 1, 4, cudaStreamLegacy));
  CALL(cudaGraphDestroy(end(s)));
  CHECK(read(p) == 0x01010101);

  // Forks that do not come back, ends in the wrong place, captures that would grow together.
  CALL(cudaStreamBeginCapture(s, cudaStreamCaptureModeGlobal));
  store<<<1, 1, 0, s>>>(p, 1);
  CALL(cudaEventRecord(never, s));
  CALL(cudaStreamWaitEvent(free_stream, never, 0));
  FAILS(cudaErrorStreamCaptureUnmatched, cudaStreamEndCapture(free_stream, reinterpret_cast<cudaGraph_t*>(&q)));
  CALL(cudaMemsetAsync(p, 0, 4, free_stream));
  end_fails(cudaErrorStreamCaptureUnjoined, s);
  CHECK(status_of(free_stream) == cudaStreamCaptureStatusNone);
  CALL(cudaStreamBeginCapture(s, cudaStreamCaptureModeGlobal));
  CALL(cudaStreamBeginCapture(blocking, cudaStreamCaptureModeGlobal));
  CALL(cudaEventRecord(never, s));
  FAILS(cudaErrorStreamCaptureMerge, cudaStreamWaitEvent(blocking, never, 0));
  end_fails(cudaErrorStreamCaptureInvalidated, s);
  end_fails(cudaErrorStreamCaptureInvalidated, blocking);
  CALL(cudaStreamBeginCapture(s, cudaStreamCaptureModeGlobal));
  CALL(cudaMallocAsync(&q, 64, s));
  FAILS(cudaErrorInvalidValue, cudaFreeAsync(p, s));   // a graph frees only what a graph allocates
  CALL(cudaFreeAsync(q, s));
  CALL(cudaGraphDestroy(end(s)));
  CALL(cudaStreamBeginCapture(s, cudaStreamCaptureModeGlobal));
  CALL(cudaStreamDestroy(s));   // the capture goes with it
  CALL(cudaMalloc(&q, 4));
  for (int* x : {p, q}) CALL(cudaFree(x));
  for (cudaEvent_t x : {e, never}) CALL(cudaEventDestroy(x));
  for (cudaStream_t x : {free_stream, blocking}) CALL(cudaStreamDestroy(x));
}

static void modes() {
  int* q;
  cudaStream_t s = new_stream();
  const auto elsewhere = [](auto f) {
    cudaError_t got;
    std::thread([&] { got = f(); }).join();
    return got;
  };
  const auto allocate = [&] {
    const cudaError_t got = cudaMalloc(&q, 4);
    if (got == cudaSuccess) CALL(cudaFree(q));
    return got;
  };
  CALL(cudaStreamBeginCapture(s, cudaStreamCaptureModeRelaxed));
  CALL(allocate());
  EXPECT(cudaSuccess, elsewhere(allocate));
  cudaGraph_t g = nullptr;
  CHECK(elsewhere([&] { return cudaStreamEndCapture(s, &g); }) == cudaSuccess);
  CALL(cudaGraphDestroy(g));
  CALL(cudaStreamBeginCapture(s, cudaStreamCaptureModeThreadLocal));
  EXPECT(cudaSuccess, elsewhere(allocate));
  EXPECT(cudaErrorStreamCaptureWrongThread, elsewhere([&] { return cudaStreamEndCapture(s, &g); }));
  cudaStreamCaptureMode mode = cudaStreamCaptureModeRelaxed;
  CALL(cudaThreadExchangeStreamCaptureMode(&mode));
  CHECK(mode == cudaStreamCaptureModeGlobal);
  CALL(allocate());
  CALL(cudaThreadExchangeStreamCaptureMode(&mode));
  CHECK(mode == cudaStreamCaptureModeRelaxed);
  CHECK(status_of(s) == cudaStreamCaptureStatusActive);
  FAILS(cudaErrorStreamCaptureUnsupported, allocate());
  end_fails(cudaErrorStreamCaptureInvalidated, s);
  CALL(cudaStreamBeginCapture(s, cudaStreamCaptureModeGlobal));
  EXPECT(cudaErrorStreamCaptureUnsupported, elsewhere(allocate));
  end_fails(cudaErrorStreamCaptureInvalidated, s);
  mode = static_cast<cudaStreamCaptureMode>(7);
  FAILS(cudaErrorInvalidValue, cudaThreadExchangeStreamCaptureMode(&mode));
  CALL(cudaStreamDestroy(s));
}

// The usual loop: capture anew with other arguments, update, launch.
static void updates() {
  int* p = device_ints(4);
  cudaStream_t s = new_stream();
  cudaGraphExec_t e = nullptr;
  for (int i = 0; i < 4; ++i) {
    CALL(cudaStreamBeginCapture(s, cudaStreamCaptureModeGlobal));
    CALL(cudaMemsetAsync(p + i, 0, 4, s));
    for (int j = 0; j <= i % 2 + 1; ++j) add<<<1, 1, 0, s>>>(p + i, i + 1);
    cudaGraph_t g = end(s);
    cudaGraphExecUpdateResultInfo info;
    if (!e || cudaGraphExecUpdate(e, g, &info) != cudaSuccess) {
      CHECK(!e || info.result == cudaGraphExecUpdateErrorTopologyChanged);
      cudaGetLastError();
      if (e) CALL(cudaGraphExecDestroy(e));
      CALL(cudaGraphInstantiate(&e, g, 0));
    }
    CALL(cudaGraphDestroy(g));
    CALL(cudaGraphLaunch(e, s));
  }
  CALL(cudaStreamSynchronize(s));
  for (int i = 0; i < 4; ++i) CHECK(read(p + i) == (i + 1) * (i % 2 + 2));
  CALL(cudaGraphExecDestroy(e));
  CALL(cudaStreamDestroy(s));
  CALL(cudaFree(p));
}

// The branch of a conditional node, filled by a capture.
static void loop() {
  int *p = device_ints(2), five = 5;
  CALL(cudaMemcpy(p, &five, 4, cudaMemcpyHostToDevice));
  cudaStream_t s = new_stream();
  cudaGraph_t g;
  CALL(cudaGraphCreate(&g, 0));
  cudaGraphConditionalHandle h;
  CALL(cudaGraphConditionalHandleCreate(&h, g, 1, cudaGraphCondAssignDefault));
  cudaGraphNodeParams n = {};
  n.type = cudaGraphNodeTypeConditional;
  n.conditional.handle = h;
  n.conditional.type = cudaGraphCondTypeWhile;
  n.conditional.size = 1;
  cudaGraphNode_t node;
  CALL(cudaGraphAddNode(&node, g, nullptr, nullptr, 0, &n));
  CALL(cudaStreamBeginCaptureToGraph(s, n.conditional.phGraph_out[0], nullptr, nullptr, 0, cudaStreamCaptureModeGlobal));
  add<<<1, 1, 0, s>>>(p + 1, 1);
  count_down<<<1, 1, 0, s>>>(h, p);
  CALL(cudaStreamEndCapture(s, nullptr));   // the graph is known
  run(g, s);
  CHECK(read(p + 1) == 5);
  CALL(cudaStreamBeginCaptureToGraph(s, n.conditional.phGraph_out[0], nullptr, nullptr, 0, cudaStreamCaptureModeGlobal));
  FAILS(cudaErrorNotSupported, cudaLaunchHostFunc(s, [](void*) {}, nullptr));
  end_fails(cudaErrorStreamCaptureInvalidated, s);
  CALL(cudaGraphDestroy(g));
  CALL(cudaStreamDestroy(s));
  CALL(cudaFree(p));
}

int main() {
  every_call();
  forks();
  questions();
  external_events();
  refusals();
  modes();
  updates();
  loop();
  std::printf("ok\n");
}
