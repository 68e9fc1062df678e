// Graphs that are built node by node: every type of node, and its parameters.
#include <algorithm>
#include <atomic>
#include <cstring>
#include <thread>

#include "graphs.cuh"

__device__ int symbol[8];
__global__ void sum(int* out, const int* a, const int* b) { *out = *a + *b; }
__global__ void many(char a, double b, short c, int* out) { *out = a + int(b) + c; }
__global__ void decide(cudaGraphConditionalHandle h, const int* p) { cudaGraphSetConditional(h, *p); }
__global__ void count_down(cudaGraphConditionalHandle h, int* left, int* turns) {
  ++*turns;
  cudaGraphSetConditional(h, --*left > 0);
}

static void diamond() {
  int* p = device_ints(3);
  int* host;
  CALL(cudaMallocHost(&host, 4));
  struct State {
    const int* host;
    int seen = 0, calls = 0;
    cudaError_t nested = cudaSuccess;
  } state{host};
  cudaGraph_t g = new_graph();
  cudaGraphNode_t a = add_store(g, {}, p, 5), b = add_store(g, {}, p + 1, 7), c, d, e;
  int *out = p + 2, *x = p, *y = p + 1;
  void* args[] = {&out, &x, &y};
  cudaKernelNodeParams k = kernel(sum, args);
  cudaGraphNode_t both[] = {a, b};
  CALL(cudaGraphAddKernelNode(&c, g, both, 2, &k));
  CALL(cudaGraphAddMemcpyNode1D(&d, g, &c, 1, host, out, 4, cudaMemcpyDeviceToHost));
  cudaHostNodeParams h = {[](void* s) {
    auto* st = static_cast<State*>(s);
    st->seen = *st->host;
    ++st->calls;
    st->nested = cudaDeviceSynchronize();
  }, &state};
  CALL(cudaGraphAddHostNode(&e, g, &d, 1, &h));
  cudaGraphExec_t exec = instantiate(g);
  CHECK(read(out) == 0 && state.calls == 0);   // nothing ran yet
  cudaStream_t s;
  CALL(cudaStreamCreate(&s));
  CALL(cudaGraphUpload(exec, s));
  for (int i = 0; i < 3; ++i) CALL(cudaGraphLaunch(exec, s));
  CALL(cudaMemsetAsync(out, 0, 4, s));   // after the launches
  CALL(cudaGraphDestroy(g));             // the executable graph does not need it
  CALL(cudaStreamSynchronize(s));
  CHECK(state.calls == 3 && state.seen == 12 && state.nested == cudaErrorNotPermitted && read(out) == 0);
  CALL(cudaGraphLaunch(exec, s));
  CALL(cudaGraphExecDestroy(exec));      // a launch that is under way goes on
  CALL(cudaStreamSynchronize(s));
  CHECK(state.calls == 4);
  FAILS(cudaErrorInvalidValue, cudaGraphLaunch(exec, s));
  CALL(cudaStreamDestroy(s));
  CALL(cudaFree(p));
  CALL(cudaFreeHost(host));
}

static void parameters() {
  int* p = device_ints(2);
  cudaGraph_t g = new_graph();
  char a = 1;
  double b = 20;
  short c = 300;
  void* args[] = {&a, &b, &c, &p};
  cudaKernelNodeParams k = kernel(many, args), got;
  cudaGraphNode_t n;
  CALL(cudaGraphAddKernelNode(&n, g, nullptr, 0, &k));
  CALL(cudaGraphKernelNodeGetParams(n, &got));
  CHECK(got.func == k.func && got.blockDim.x == 1 && got.extra == nullptr && got.kernelParams != args);
  CHECK(*static_cast<char*>(got.kernelParams[0]) == 1 && *static_cast<double*>(got.kernelParams[1]) == 20 && *static_cast<short*>(got.kernelParams[2]) == 300);
  cudaGraphExec_t e = instantiate(g);
  run(e);
  CHECK(read(p) == 321);
  b = 40;
  CALL(cudaGraphKernelNodeSetParams(n, &k));
  run(e);
  CHECK(read(p) == 321);   // the executable graph is as it was
  b = 50;
  CALL(cudaGraphExecKernelNodeSetParams(e, n, &k));
  run(e);
  CHECK(read(p) == 351);
  // Another function in the node, and parameters in one buffer.
  struct { int* out; int value; } packed{p + 1, 8};
  void* apart[] = {&packed.out, &packed.value};
  cudaKernelNodeParams function = kernel(store, apart);
  CALL(cudaGraphExecKernelNodeSetParams(e, n, &function));
  run(e);
  CHECK(read(p + 1) == 8);
  packed.value = 9;
  size_t size = sizeof(int*) + sizeof(int);   // without what follows for alignment
  void* extra[] = {reinterpret_cast<void*>(1), &packed, reinterpret_cast<void*>(2), &size, nullptr};
  cudaKernelNodeParams other = kernel(store, nullptr);
  other.extra = extra;
  CALL(cudaGraphExecKernelNodeSetParams(e, n, &other));
  run(e);
  CHECK(read(p + 1) == 9);
  other.kernelParams = args;
  FAILS(cudaErrorInvalidValue, cudaGraphExecKernelNodeSetParams(e, n, &other));
  unsigned on;
  CALL(cudaGraphNodeGetEnabled(e, n, &on));
  CHECK(on == 1);
  CALL(cudaGraphNodeSetEnabled(e, n, 0));
  CALL(cudaMemset(p, 0, 8));
  run(e);
  CALL(cudaGraphNodeGetEnabled(e, n, &on));
  CHECK(on == 0 && read(p + 1) == 0);
  CALL(cudaGraphNodeSetEnabled(e, n, 1));
  run(e);
  CHECK(read(p + 1) == 9);
  // Attributes.
  cudaKernelNodeAttrValue v = {};
  CALL(cudaGraphKernelNodeGetAttribute(n, cudaKernelNodeAttributeCooperative, &v));
  CHECK(v.cooperative == 0);
  v.cooperative = 1;
  CALL(cudaGraphKernelNodeSetAttribute(n, cudaKernelNodeAttributeCooperative, &v));
  v = {};
  v.priority = -3;
  CALL(cudaGraphKernelNodeSetAttribute(n, cudaKernelNodeAttributePriority, &v));
  cudaGraphNode_t m = add_store(g, {n}, p, 1);
  CALL(cudaGraphKernelNodeCopyAttributes(m, n));
  v = {};
  CALL(cudaGraphKernelNodeGetAttribute(m, cudaKernelNodeAttributePriority, &v));
  CHECK(v.priority == -3);
  CALL(cudaGraphKernelNodeGetAttribute(m, cudaKernelNodeAttributeCooperative, &v));
  CHECK(v.cooperative == 1);
  FAILS(cudaErrorInvalidValue, cudaGraphKernelNodeGetAttribute(m, cudaLaunchAttributeSynchronizationPolicy, &v));
  k.blockDim.x = 2000;
  FAILS(cudaErrorInvalidValue, cudaGraphAddKernelNode(&n, g, nullptr, 0, &k));
  k.func = nullptr;
  FAILS(cudaErrorInvalidDeviceFunction, cudaGraphAddKernelNode(&n, g, nullptr, 0, &k));
  CALL(cudaGraphExecDestroy(e));
  CALL(cudaGraphDestroy(g));
  CALL(cudaFree(p));
}

static void copies_and_fills() {
  int* p = device_ints(64);
  int host[8] = {1, 2, 3, 4, 5, 6, 7, 8}, back[8] = {}, out[64];
  cudaGraph_t g = new_graph();
  cudaGraphNode_t a, b, c, d;
  CALL(cudaGraphAddMemcpyNodeToSymbol(&a, g, nullptr, 0, symbol, host, 16, 8, cudaMemcpyHostToDevice));
  CALL(cudaGraphAddMemcpyNodeFromSymbol(&b, g, &a, 1, back, symbol, 32, 0, cudaMemcpyDeviceToHost));
  // Two rows of three ints, out of rows of four into rows of eight.
  cudaMemcpy3DParms box = {}, got;
  box.srcPtr = make_cudaPitchedPtr(host, 16, 4, 2);
  box.dstPtr = make_cudaPitchedPtr(p, 32, 8, 2);
  box.extent = make_cudaExtent(12, 2, 1);
  box.kind = cudaMemcpyHostToDevice;
  CALL(cudaGraphAddMemcpyNode(&c, g, nullptr, 0, &box));
  CALL(cudaGraphMemcpyNodeGetParams(c, &got));
  CHECK(got.srcPtr.ptr == host && got.dstPtr.pitch == 32 && got.extent.height == 2 && got.kind == cudaMemcpyHostToDevice);
  cudaMemsetParams fill = {p + 32, 32, 0x12345, 2, 3, 2}, told;   // elements of 2 bytes: 0x2345
  CALL(cudaGraphAddMemsetNode(&d, g, nullptr, 0, &fill));
  CALL(cudaGraphMemsetNodeGetParams(d, &told));
  CHECK(told.dst == p + 32 && told.elementSize == 2 && told.width == 3 && told.height == 2);
  cudaGraphExec_t e = instantiate(g);
  host[0] = 10;   // host memory is read when the graph runs
  run(e);
  CHECK(back[1] == 0 && back[2] == 10 && back[5] == 4 && back[6] == 0);
  CALL(cudaMemcpy(out, p, sizeof out, cudaMemcpyDeviceToHost));
  CHECK(out[0] == 10 && out[2] == 3 && out[3] == 0 && out[8] == 5 && out[10] == 7 && out[11] == 0);
  CHECK(out[32] == 0x23452345 && out[33] == 0x2345 && out[34] == 0 && out[40] == 0x23452345 && out[41] == 0x2345);
  // Changes: of one row yes, of several no.
  CALL(cudaGraphExecMemcpyNodeSetParamsToSymbol(e, a, symbol, host + 4, 4, 0, cudaMemcpyHostToDevice));
  CALL(cudaGraphExecMemcpyNodeSetParamsFromSymbol(e, b, back + 7, symbol, 4, 0, cudaMemcpyDeviceToHost));
  run(e);
  CHECK(back[7] == 5);
  box.extent.height = 1;
  FAILS(cudaErrorInvalidValue, cudaGraphExecMemcpyNodeSetParams(e, c, &box));
  CALL(cudaGraphMemcpyNodeSetParams1D(c, p, host, 8, cudaMemcpyHostToDevice));
  FAILS(cudaErrorInvalidValue, cudaGraphExecMemcpyNodeSetParams1D(e, a, p, p + 8, 4, cudaMemcpyDeviceToDevice));   // another kind of memory
  fill.value = 7;
  fill.dst = p + 48;
  CALL(cudaGraphExecMemsetNodeSetParams(e, d, &fill));
  fill.width = 2;
  FAILS(cudaErrorInvalidValue, cudaGraphExecMemsetNodeSetParams(e, d, &fill));
  run(e);
  CHECK(read(p + 48) == 0x70007);
  fill.elementSize = 3;
  FAILS(cudaErrorInvalidValue, cudaGraphMemsetNodeSetParams(d, &fill));
  fill = {host, 0, 0, 1, 4, 1};
  FAILS(cudaErrorInvalidValue, cudaGraphMemsetNodeSetParams(d, &fill));   // the host's memory
  FAILS(cudaErrorInvalidValue, cudaGraphAddMemcpyNodeToSymbol(&a, g, nullptr, 0, symbol, host, 32, 8, cudaMemcpyHostToDevice));
  // Arrays.
  cudaArray_t array;
  const cudaChannelFormatDesc format = cudaCreateChannelDesc<int>();
  CALL(cudaMallocArray(&array, &format, 4, 2));
  cudaGraph_t h = new_graph();
  cudaMemcpy3DParms in = {}, from = {};
  in.srcPtr = make_cudaPitchedPtr(host, 16, 4, 2);
  in.dstArray = from.srcArray = array;
  in.extent = from.extent = make_cudaExtent(4, 2, 1);
  in.kind = cudaMemcpyHostToDevice;
  from.dstPtr = make_cudaPitchedPtr(p, 16, 4, 2);
  from.kind = cudaMemcpyDeviceToDevice;
  CALL(cudaGraphAddMemcpyNode(&a, h, nullptr, 0, &in));
  CALL(cudaGraphAddMemcpyNode(&b, h, &a, 1, &from));
  cudaGraphExec_t f = instantiate(h);
  run(f);
  CALL(cudaMemcpy(out, p, 32, cudaMemcpyDeviceToHost));
  CHECK(std::memcmp(out, host, 32) == 0);
  // Memory that went while a graph still knew it: an error, not a crash.
  CALL(cudaFree(p));
  CALL(cudaGraphLaunch(f, nullptr));
  FAILS(cudaErrorIllegalAddress, cudaDeviceSynchronize());
  CALL(cudaFreeArray(array));
  for (cudaGraphExec_t x : {e, f}) CALL(cudaGraphExecDestroy(x));
  for (cudaGraph_t x : {g, h}) CALL(cudaGraphDestroy(x));
}

static void children() {
  int* p = device_ints(2);
  cudaGraph_t child = new_graph(), g = new_graph(), inner;
  cudaGraphNode_t n = add_add(child, {}, p, 1), a, b, in;
  CALL(cudaGraphAddChildGraphNode(&a, g, nullptr, 0, child));
  CALL(cudaGraphAddChildGraphNode(&b, g, &a, 1, child));
  add_add(child, {n}, p, 100);   // the nodes have copies of what it was
  CALL(cudaGraphChildGraphNodeGetGraph(a, &inner));
  CHECK(inner != child);
  size_t count = 1;
  CALL(cudaGraphGetNodes(inner, &in, &count));
  CHECK(count == 1);
  cudaGraphExec_t e = instantiate(g);
  run(e);
  CHECK(read(p) == 2);
  // One of the two children gets another parameter, by its node, and then by a graph.
  int* q = p + 1;
  int value = 10;
  void* args[] = {&q, &value};
  cudaKernelNodeParams k = kernel(add, args);
  CALL(cudaGraphExecKernelNodeSetParams(e, in, &k));
  run(e);
  CHECK(read(p) == 3 && read(q) == 10);
  cudaGraph_t other = new_graph();
  add_add(other, {}, q, 5);
  CALL(cudaGraphExecChildGraphNodeSetParams(e, b, other));
  run(e);
  CHECK(read(p) == 3 && read(q) == 25);
  FAILS(cudaErrorGraphExecUpdateFailure, cudaGraphExecChildGraphNodeSetParams(e, b, child));
  FAILS(cudaErrorInvalidValue, cudaGraphDestroy(inner));
  FAILS(cudaErrorInvalidValue, cudaGraphAddChildGraphNode(&a, inner, nullptr, 0, g));   // into itself
  cudaGraphExec_t f;
  FAILS(cudaErrorInvalidValue, cudaGraphInstantiate(&f, inner, 0));
  // Moved instead of copied.
  cudaGraphNodeParams move = {};
  move.type = cudaGraphNodeTypeGraph;
  move.graph.graph = other;
  move.graph.ownership = cudaGraphChildGraphOwnershipMove;
  CALL(cudaGraphAddNode(&a, g, nullptr, nullptr, 0, &move));
  CALL(cudaGraphChildGraphNodeGetGraph(a, &inner));
  CHECK(inner == other);
  FAILS(cudaErrorInvalidValue, cudaGraphDestroy(other));
  CALL(cudaGraphExecDestroy(e));
  CALL(cudaGraphDestroy(g));
  FAILS(cudaErrorInvalidValue, cudaGraphDestroy(other));   // went with g
  CALL(cudaGraphDestroy(child));
  CALL(cudaFree(p));
}

static void events() {
  int* p = device_ints(2);
  cudaEvent_t before, after, gate;
  for (cudaEvent_t* e : {&before, &after, &gate}) CALL(cudaEventCreate(e));
  cudaGraph_t g = new_graph();
  cudaGraphNode_t a, b, c, w;
  CALL(cudaGraphAddEventWaitNode(&w, g, nullptr, 0, gate));
  CALL(cudaGraphAddEventRecordNode(&a, g, &w, 1, before));
  b = add_store(g, {a}, p, 4);
  CALL(cudaGraphAddEventRecordNode(&c, g, &b, 1, before));
  cudaEvent_t got;
  CALL(cudaGraphEventRecordNodeGetEvent(c, &got));
  CHECK(got == before);
  CALL(cudaGraphEventRecordNodeSetEvent(c, after));
  CALL(cudaGraphEventWaitNodeGetEvent(w, &got));
  CHECK(got == gate);
  cudaGraphExec_t e = instantiate(g);
  cudaStream_t s, t;
  CALL(cudaStreamCreateWithFlags(&s, cudaStreamNonBlocking));
  CALL(cudaStreamCreateWithFlags(&t, cudaStreamNonBlocking));
  static std::atomic<bool> open{false};
  CALL(cudaLaunchHostFunc(t, [](void*) { while (!open) std::this_thread::yield(); }, nullptr));
  CALL(cudaEventRecord(gate, t));
  CALL(cudaGraphLaunch(e, s));   // waits for t
  CALL(cudaStreamWaitEvent(t, after, 0));   // waits for the graph
  CALL(cudaMemcpyAsync(p + 1, p, 4, cudaMemcpyDeviceToDevice, t));
  EXPECT(cudaErrorNotReady, cudaEventQuery(after));
  EXPECT(cudaErrorNotReady, cudaStreamQuery(s));
  cudaGetLastError();
  open = true;
  CALL(cudaStreamSynchronize(t));
  CHECK(read(p + 1) == 4);
  float ms = -1;
  CALL(cudaEventElapsedTime(&ms, before, after));
  CHECK(ms >= 0);
  CALL(cudaGraphExecEventRecordNodeSetEvent(e, c, gate));
  CALL(cudaGraphExecEventWaitNodeSetEvent(e, w, after));
  CALL(cudaGraphLaunch(e, s));
  CALL(cudaEventSynchronize(gate));
  FAILS(cudaErrorInvalidValue, cudaGraphEventRecordNodeGetEvent(b, &got));
  for (cudaEvent_t x : {before, after, gate}) CALL(cudaEventDestroy(x));
  cudaGraphExec_t f;
  FAILS(cudaErrorInvalidResourceHandle, cudaGraphInstantiate(&f, g, 0));   // of events that are gone
  CALL(cudaGraphExecDestroy(e));
  CALL(cudaGraphDestroy(g));
  for (cudaStream_t x : {s, t}) CALL(cudaStreamDestroy(x));
  CALL(cudaFree(p));
}

static cudaMemAllocNodeParams allocation(size_t bytes) {
  cudaMemAllocNodeParams p = {};
  p.poolProps.allocType = cudaMemAllocationTypePinned;
  p.poolProps.location.type = cudaMemLocationTypeDevice;
  p.bytesize = bytes;
  return p;
}
static unsigned long long memory(cudaGraphMemAttributeType which) {
  unsigned long long v;
  CALL(cudaDeviceGetGraphMemAttribute(0, which, &v));
  return v;
}

static void memory_nodes() {
  int* p = device_ints(1);
  cudaGraph_t g = new_graph(), copy;
  cudaMemAllocNodeParams m = allocation(400), got;
  cudaGraphNode_t a, b, c, d;
  CALL(cudaGraphAddMemAllocNode(&a, g, nullptr, 0, &m));
  int* q = static_cast<int*>(m.dptr);
  b = add_store(g, {a}, q, 6);
  CALL(cudaGraphAddMemcpyNode1D(&c, g, &b, 1, p, q, 4, cudaMemcpyDeviceToDevice));
  CALL(cudaGraphMemAllocNodeGetParams(a, &got));
  CHECK(got.dptr == q && got.bytesize == 400);
  FAILS(cudaErrorInvalidValue, cudaGraphAddMemFreeNode(&d, g, &c, 1, p));
  CALL(cudaGraphAddMemFreeNode(&d, g, &c, 1, q));
  FAILS(cudaErrorInvalidValue, cudaGraphAddMemFreeNode(&d, g, &c, 1, q));
  void* freed;
  CALL(cudaGraphMemFreeNodeGetParams(d, &freed));
  CHECK(freed == q);
  FAILS(cudaErrorNotSupported, cudaGraphClone(&copy, g));
  FAILS(cudaErrorInvalidValue, cudaGraphRemoveDependencies(g, &a, &b, nullptr, 1));
  FAILS(cudaErrorInvalidValue, cudaGraphDestroyNode(d));
  cudaGraphExec_t e = instantiate(g), f;
  FAILS(cudaErrorInvalidValue, cudaGraphInstantiate(&f, g, 0));   // only one at a time
  CHECK(memory(cudaGraphMemAttrUsedMemCurrent) == 0 && memory(cudaGraphMemAttrReservedMemCurrent) == 400);
  for (int i = 0; i < 2; ++i) run(e);
  CHECK(read(p) == 6 && memory(cudaGraphMemAttrUsedMemCurrent) == 0);
  FAILS(cudaErrorInvalidValue, cudaFree(q));
  CALL(cudaGraphExecDestroy(e));
  e = instantiate(g);
  CALL(cudaGraphExecDestroy(e));
  CALL(cudaGraphDestroy(g));
  CHECK(memory(cudaGraphMemAttrReservedMemCurrent) == 0);

  // Not freed in the graph: the program frees it, or another graph, or the next launch.
  g = new_graph();
  m = allocation(40);
  CALL(cudaGraphAddMemAllocNode(&a, g, nullptr, 0, &m));
  q = static_cast<int*>(m.dptr);
  add_store(g, {a}, q, 8);
  CALL(cudaGraphInstantiate(&e, g, 0));
  run(e);
  CHECK(read(q) == 8 && memory(cudaGraphMemAttrUsedMemCurrent) == 40);
  FAILS(cudaErrorInvalidValue, cudaGraphLaunch(e, nullptr));
  CALL(cudaFreeAsync(q, nullptr));
  FAILS(cudaErrorInvalidValue, cudaFreeAsync(q, nullptr));
  run(e);
  CALL(cudaFree(q));
  run(e);
  cudaGraph_t frees = new_graph();
  CALL(cudaGraphAddMemFreeNode(&a, frees, nullptr, 0, q));
  FAILS(cudaErrorInvalidValue, cudaGraphAddMemFreeNode(&b, g, nullptr, 0, q));   // not in both
  cudaGraphExec_t fe = instantiate(frees);
  run(fe);
  FAILS(cudaErrorInvalidValue, cudaGraphLaunch(fe, nullptr));
  CALL(cudaGraphExecDestroy(e));
  CALL(cudaGraphInstantiate(&e, g, cudaGraphInstantiateFlagAutoFreeOnLaunch));
  unsigned long long flags;
  CALL(cudaGraphExecGetFlags(e, &flags));
  CHECK(flags == cudaGraphInstantiateFlagAutoFreeOnLaunch);
  for (int i = 0; i < 3; ++i) run(e);
  CHECK(memory(cudaGraphMemAttrUsedMemCurrent) == 40 && memory(cudaGraphMemAttrUsedMemHigh) == 400);
  for (cudaGraphExec_t x : {e, fe}) CALL(cudaGraphExecDestroy(x));
  for (cudaGraph_t x : {g, frees}) CALL(cudaGraphDestroy(x));
  CHECK(read(q) == 8);   // still the program's
  CALL(cudaFree(q));
  CHECK(memory(cudaGraphMemAttrReservedMemCurrent) == 0);
  unsigned long long zero = 0;
  CALL(cudaDeviceSetGraphMemAttribute(0, cudaGraphMemAttrUsedMemHigh, &zero));
  CHECK(memory(cudaGraphMemAttrUsedMemHigh) == 0);
  CALL(cudaDeviceGraphMemTrim(0));
  CALL(cudaFree(p));
}

static cudaGraphNode_t conditional(cudaGraph_t g, std::vector<cudaGraphNode_t> from, cudaGraphConditionalHandle h, cudaGraphConditionalNodeType type,
                                   unsigned size, cudaGraph_t* bodies) {
  cudaGraphNodeParams p = {};
  p.type = cudaGraphNodeTypeConditional;
  p.conditional.handle = h;
  p.conditional.type = type;
  p.conditional.size = size;
  cudaGraphNode_t n;
  CALL(cudaGraphAddNode(&n, g, from.data(), nullptr, from.size(), &p));
  std::copy_n(p.conditional.phGraph_out, size, bodies);
  return n;
}
static cudaGraphNode_t add_decide(cudaGraph_t g, std::vector<cudaGraphNode_t> from, cudaGraphConditionalHandle h, int* p) {
  void* args[] = {&h, &p};
  const cudaKernelNodeParams k = kernel(decide, args);
  cudaGraphNode_t n;
  CALL(cudaGraphAddKernelNode(&n, g, from.data(), from.size(), &k));
  return n;
}

static void conditionals() {
  int* p = device_ints(8);   // 0: what decides, 1 to 6: results, 7: turns
  const auto set = [&](int i, int v) { CALL(cudaMemcpy(p + i, &v, 4, cudaMemcpyHostToDevice)); };
  // if and else
  cudaGraph_t g = new_graph(), bodies[3], copy;
  cudaGraphConditionalHandle h;
  CALL(cudaGraphConditionalHandleCreate(&h, g, 0, 0));
  cudaGraphExec_t e;
  cudaGraphInstantiateParams ip = {};
  FAILS(cudaErrorInvalidValue, cudaGraphInstantiateWithParams(&e, g, &ip));
  CHECK(ip.result_out == cudaGraphInstantiateConditionalHandleUnused);
  cudaGraphNode_t d = add_decide(g, {}, h, p);
  conditional(g, {d}, h, cudaGraphCondTypeIf, 2, bodies);
  add_add(bodies[0], {}, p + 1, 1);
  add_add(bodies[1], {}, p + 2, 1);
  CALL(cudaGraphInstantiateWithParams(&e, g, &ip));
  CHECK(ip.result_out == cudaGraphInstantiateSuccess && ip.errNode_out == nullptr);
  for (int v : {0, 1, 5}) set(0, v), run(e);
  CHECK(read(p + 1) == 2 && read(p + 2) == 1);
  FAILS(cudaErrorNotSupported, cudaGraphClone(&copy, g));
  cudaGraph_t parent = new_graph();
  FAILS(cudaErrorNotSupported, cudaGraphAddChildGraphNode(&d, parent, nullptr, 0, g));
  cudaHostNodeParams host = {[](void*) {}, nullptr};
  FAILS(cudaErrorNotSupported, cudaGraphAddHostNode(&d, bodies[0], nullptr, 0, &host));
  CALL(cudaGraphExecDestroy(e));
  CALL(cudaGraphDestroy(g));

  // while, with a default, and an if and a switch inside of it
  g = new_graph();
  cudaGraphConditionalHandle loop, inner, which;
  CALL(cudaGraphConditionalHandleCreate(&loop, g, 1, cudaGraphCondAssignDefault));
  CALL(cudaGraphConditionalHandleCreate(&inner, g, 0, cudaGraphCondAssignDefault));
  CALL(cudaGraphConditionalHandleCreate(&which, g, 7, cudaGraphCondAssignDefault));
  cudaGraph_t body, branch[1], cases[3];
  cudaGraphNode_t w = conditional(g, {}, loop, cudaGraphCondTypeWhile, 1, &body);
  int *left = p, *turns = p + 7;
  void* args[] = {&loop, &left, &turns};
  cudaKernelNodeParams k = kernel(count_down, args);
  cudaGraphNode_t c;
  CALL(cudaGraphAddKernelNode(&c, body, nullptr, 0, &k));
  d = add_decide(body, {c}, inner, left);   // all turns but the last
  cudaGraphNode_t i = conditional(body, {d}, inner, cudaGraphCondTypeIf, 1, branch);
  add_add(branch[0], {}, p + 3, 1);
  d = add_decide(body, {i}, which, left);
  conditional(body, {d}, which, cudaGraphCondTypeSwitch, 3, cases);
  for (int n = 0; n < 3; ++n) add_add(cases[n], {}, p + 4 + n, 1);
  add_store(g, {w}, p + 1, 77);
  e = instantiate(g);
  for (int round = 1; round <= 2; ++round) {
    set(0, 5);
    run(e);
    CHECK(read(turns) == 5 * round && read(p + 3) == 4 * round && read(p + 1) == 77);
    for (int n = 0; n < 3; ++n) CHECK(read(p + 4 + n) == round);   // 4 and 3 left: none of the three
  }
  cudaGraphNodeParams again = {};
  again.type = cudaGraphNodeTypeConditional;
  again.conditional.handle = loop;
  again.conditional.type = cudaGraphCondTypeWhile;
  again.conditional.size = 1;
  FAILS(cudaErrorInvalidValue, cudaGraphAddNode(&d, g, nullptr, nullptr, 0, &again));   // the handle has a node
  again.conditional.handle = 1 << 30;
  FAILS(cudaErrorInvalidValue, cudaGraphAddNode(&d, g, nullptr, nullptr, 0, &again));
  CALL(cudaGraphConditionalHandleCreate(&again.conditional.handle, g, 0, 0));
  again.conditional.size = 2;
  FAILS(cudaErrorInvalidValue, cudaGraphAddNode(&d, g, nullptr, nullptr, 0, &again));
  CALL(cudaGraphExecDestroy(e));
  CALL(cudaGraphDestroy(g));
  decide<<<1, 1>>>(loop, p);   // a handle whose graph is gone
  FAILS(cudaErrorIllegalAddress, cudaDeviceSynchronize());
  CALL(cudaGraphDestroy(parent));
  CALL(cudaFree(p));
}

static void endless() {
  cudaGraph_t g = new_graph(), body;
  cudaGraphConditionalHandle h;
  CALL(cudaGraphConditionalHandleCreate(&h, g, 1, cudaGraphCondAssignDefault));
  conditional(g, {}, h, cudaGraphCondTypeWhile, 1, &body);
  cudaGraphNode_t n;
  CALL(cudaGraphAddEmptyNode(&n, body, nullptr, 0));
  cudaGraphExec_t e = instantiate(g);
  CALL(cudaGraphLaunch(e, nullptr));
  FAILS(cudaErrorLaunchTimeout, cudaDeviceSynchronize());
  CALL(cudaGraphExecDestroy(e));
  CALL(cudaGraphDestroy(g));
}

int main() {
  diamond();
  parameters();
  copies_and_fills();
  children();
  events();
  memory_nodes();
  conditionals();
  endless();
  std::printf("ok\n");
}
