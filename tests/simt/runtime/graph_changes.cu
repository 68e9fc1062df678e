// Graphs as a whole: edges, copies, updates, user objects, failures, pictures, the order of nodes, what observers see.
#include <atomic>
#include <string>

#include "graphs.cuh"

__global__ void append(int* list, int* count, int value) { list[(*count)++] = value; }
__global__ void bad(int* p) { p[1 << 20] = 1; }

static void structure() {
  int* p = device_ints(1);
  cudaGraph_t g = new_graph(), copy;
  cudaGraphNode_t a = add_add(g, {}, p, 1), b = add_add(g, {a}, p, 2), c = add_add(g, {a}, p, 4), d, n[4], m[4], found;
  CALL(cudaGraphAddEmptyNode(&d, g, nullptr, 0));
  cudaGraphNode_t from[] = {b, c}, to[] = {d, d};
  CALL(cudaGraphAddDependencies(g, from, to, nullptr, 2));
  size_t count = 4;
  CALL(cudaGraphGetNodes(g, nullptr, &count));
  CHECK(count == 4);
  CALL(cudaGraphGetNodes(g, n, &count));
  CHECK(n[0] == a && n[3] == d);
  count = 4;
  CALL(cudaGraphGetRootNodes(g, n, &count));
  CHECK(count == 1 && n[0] == a && n[1] == nullptr);
  count = 4;
  CALL(cudaGraphGetEdges(g, n, m, nullptr, &count));
  CHECK(count == 4 && n[0] == a && m[0] == b && n[1] == a && m[1] == c && n[3] == c && m[3] == d);
  CALL(cudaGraphNodeGetDependencies(d, nullptr, nullptr, &count));
  CHECK(count == 2);
  CALL(cudaGraphNodeGetDependencies(d, n, nullptr, &count));
  CHECK(n[0] == b && n[1] == c);
  CALL(cudaGraphNodeGetDependentNodes(a, n, nullptr, &count));
  CHECK(count == 2 && n[0] == b && n[1] == c);
  cudaGraphNodeType type;
  CALL(cudaGraphNodeGetType(d, &type));
  CHECK(type == cudaGraphNodeTypeEmpty);
  // Copies.
  CALL(cudaGraphClone(&copy, g));
  CALL(cudaGraphNodeFindInClone(&found, c, copy));
  CHECK(found != c);
  count = 4;
  CALL(cudaGraphNodeGetDependencies(found, n, nullptr, &count));
  CALL(cudaGraphNodeFindInClone(&found, a, copy));
  CHECK(count == 1 && n[0] == found);
  CALL(cudaGraphDestroyNode(found));
  FAILS(cudaErrorInvalidValue, cudaGraphNodeFindInClone(&found, a, copy));
  FAILS(cudaErrorInvalidValue, cudaGraphNodeFindInClone(&found, d, g));
  cudaGraphExec_t e = instantiate(copy);
  run(e);
  CHECK(read(p) == 6);
  CALL(cudaGraphExecDestroy(e));
  // Wrong edges.
  FAILS(cudaErrorInvalidValue, cudaGraphAddDependencies(g, &b, &d, nullptr, 1));   // exists
  FAILS(cudaErrorInvalidValue, cudaGraphAddDependencies(g, &b, &b, nullptr, 1));
  CALL(cudaGraphNodeFindInClone(&found, d, copy));
  FAILS(cudaErrorInvalidValue, cudaGraphAddDependencies(g, &a, &found, nullptr, 1));   // another graph's
  FAILS(cudaErrorInvalidValue, cudaGraphRemoveDependencies(g, &b, &c, nullptr, 1));
  cudaGraphEdgeData data = {}, got[4];
  data.from_port = cudaGraphKernelNodePortProgrammatic;
  data.type = cudaGraphDependencyTypeProgrammatic;
  FAILS(cudaErrorInvalidValue, cudaGraphAddDependencies(g, &a, &d, &data, 1));   // not between kernels
  CALL(cudaGraphAddDependencies(g, &b, &c, &data, 1));
  count = 4;
  FAILS(cudaErrorLossyQuery, cudaGraphNodeGetDependencies(c, n, nullptr, &count));
  CALL(cudaGraphNodeGetDependencies(c, n, got, &count));
  CHECK(count == 2 && got[0].type == 0 && got[1].type == cudaGraphDependencyTypeProgrammatic);
  cudaGraphEdgeData others = {};
  FAILS(cudaErrorInvalidValue, cudaGraphRemoveDependencies(g, &b, &c, &others, 1));   // not with these data
  CALL(cudaGraphRemoveDependencies(g, &b, &c, &data, 1));
  CALL(cudaGraphAddDependencies(g, &b, &c, &data, 1));
  CALL(cudaGraphRemoveDependencies(g, &b, &c, nullptr, 1));   // whatever they are
  FAILS(cudaErrorInvalidValue, cudaGraphRemoveDependencies(g, &b, &c, &data, 1));
  // A cycle is found when the graph is made executable.
  CALL(cudaGraphAddDependencies(g, &d, &a, nullptr, 1));
  cudaGraphInstantiateParams ip = {};
  FAILS(cudaErrorInvalidValue, cudaGraphInstantiateWithParams(&e, g, &ip));
  CHECK(ip.result_out == cudaGraphInstantiateInvalidStructure && ip.errNode_out != nullptr);
  CALL(cudaGraphRemoveDependencies(g, &d, &a, nullptr, 1));
  e = instantiate(g);
  run(e);
  CHECK(read(p) == 13);
  FAILS(cudaErrorInvalidValue, cudaGraphInstantiate(&e, g, 1 << 10));
  FAILS(cudaErrorNotSupported, cudaGraphInstantiate(&e, g, cudaGraphInstantiateFlagDeviceLaunch));
  run(e);   // it is what it was
  // Wrong handles.
  FAILS(cudaErrorInvalidValue, cudaGraphNodeGetType(reinterpret_cast<cudaGraphNode_t>(g), &type));
  FAILS(cudaErrorInvalidValue, cudaGraphDestroy(nullptr));
  cudaGraphNode_t twice_same[] = {a, a};
  FAILS(cudaErrorInvalidValue, cudaGraphAddEmptyNode(&n[0], g, twice_same, 2));
  cudaHostNodeParams host = {nullptr, nullptr};
  FAILS(cudaErrorInvalidValue, cudaGraphAddHostNode(&n[0], g, nullptr, 0, &host));
  FAILS(cudaErrorInvalidValue, cudaGraphHostNodeGetParams(a, &host));
  FAILS(cudaErrorInvalidValue, cudaGraphKernelNodeSetParams(a, nullptr));
  cudaGraphNodeParams any = {};
  any.type = cudaGraphNodeTypeHost;
  any.host.fn = [](void*) {};
  FAILS(cudaErrorInvalidValue, cudaGraphNodeSetParams(a, &any));   // of another type
  any.reserved2 = 1;
  FAILS(cudaErrorInvalidValue, cudaGraphAddNode(&n[0], g, nullptr, nullptr, 0, &any));
  any = {};
  any.type = cudaGraphNodeTypeExtSemaphoreWait;
  FAILS(cudaErrorNotSupported, cudaGraphAddNode(&n[0], g, nullptr, nullptr, 0, &any));
  CALL(cudaGraphDestroy(g));
  FAILS(cudaErrorInvalidValue, cudaGraphNodeGetType(a, &type));
  FAILS(cudaErrorInvalidValue, cudaGraphDestroy(g));
  CALL(cudaGraphDestroy(copy));
  CALL(cudaFree(p));
}

static void updates() {
  int* p = device_ints(4);
  cudaGraph_t g = new_graph(), h = new_graph();
  cudaGraphNode_t a = add_store(g, {}, p, 1), x, y;
  add_add(g, {a}, p, 10);
  cudaGraphExec_t e = instantiate(g);
  x = add_store(h, {}, p + 1, 2);
  y = add_add(h, {x}, p + 1, 20);
  cudaGraphExecUpdateResultInfo info = {};
  CALL(cudaGraphExecUpdate(e, h, &info));
  CHECK(info.result == cudaGraphExecUpdateSuccess);
  run(e);
  CHECK(read(p) == 0 && read(p + 1) == 22);
  // Another function is possible, another type is not.
  cudaGraphNode_t fill;
  cudaMemsetParams mp = {p + 2, 0, 9, 4, 1, 1};
  CALL(cudaGraphDestroyNode(y));
  FAILS(cudaErrorGraphExecUpdateFailure, cudaGraphExecUpdate(e, h, &info));
  CHECK(info.result == cudaGraphExecUpdateErrorTopologyChanged && info.errorNode == nullptr);
  CALL(cudaGraphAddMemsetNode(&fill, h, &x, 1, &mp));
  FAILS(cudaErrorGraphExecUpdateFailure, cudaGraphExecUpdate(e, h, &info));
  CHECK(info.result == cudaGraphExecUpdateErrorNodeTypeChanged && info.errorNode == fill);
  CALL(cudaGraphDestroyNode(fill));
  y = add_store(h, {}, p + 2, 3);   // beside the other, not after it
  FAILS(cudaErrorGraphExecUpdateFailure, cudaGraphExecUpdate(e, h, &info));
  CHECK(info.result == cudaGraphExecUpdateErrorTopologyChanged);
  CALL(cudaGraphAddDependencies(h, &x, &y, nullptr, 1));
  CALL(cudaGraphExecUpdate(e, h, &info));
  run(e);
  CHECK(read(p + 2) == 3);
  cudaKernelNodeAttrValue v = {};
  v.cooperative = 1;
  CALL(cudaGraphKernelNodeSetAttribute(y, cudaKernelNodeAttributeCooperative, &v));
  FAILS(cudaErrorGraphExecUpdateFailure, cudaGraphExecUpdate(e, h, &info));
  CHECK(info.result == cudaGraphExecUpdateErrorAttributesChanged && info.errorNode == y);
  CALL(cudaGraphDestroy(h));
  FAILS(cudaErrorInvalidValue, cudaGraphExecUpdate(e, h, &info));
  CHECK(info.result == cudaGraphExecUpdateError);
  // Nodes were made in another order: the edges say which belong together.
  h = new_graph();
  y = add_add(h, {}, p + 3, 30);
  x = add_store(h, {}, p + 3, 3);
  CALL(cudaGraphAddDependencies(h, &x, &y, nullptr, 1));
  CALL(cudaGraphExecUpdate(e, h, &info));
  run(e);
  CHECK(read(p + 3) == 33);
  CALL(cudaGraphExecDestroy(e));
  for (cudaGraph_t z : {g, h}) CALL(cudaGraphDestroy(z));
  CALL(cudaFree(p));
}

static void user_objects() {
  static std::atomic<int> gone;
  gone = 0;
  const auto destroy = [](void* p) {
    ++*static_cast<std::atomic<int>*>(p);
    if (cudaDeviceSynchronize() != cudaErrorNotPermitted) gone += 100;
  };
  cudaUserObject_t o, other;
  CALL(cudaUserObjectCreate(&o, &gone, destroy, 1, cudaUserObjectNoDestructorSync));
  CALL(cudaUserObjectRetain(o, 2));
  CALL(cudaUserObjectRelease(o, 2));
  FAILS(cudaErrorInvalidValue, cudaUserObjectRelease(o, 2));
  cudaGraph_t g = new_graph(), copy;
  cudaGraphNode_t n;
  CALL(cudaGraphAddEmptyNode(&n, g, nullptr, 0));
  CALL(cudaGraphRetainUserObject(g, o, 1, cudaGraphUserObjectMove));
  CALL(cudaGraphClone(&copy, g));
  cudaGraphExec_t e = instantiate(g);
  CALL(cudaGraphReleaseUserObject(g, o, 1));
  FAILS(cudaErrorInvalidValue, cudaGraphReleaseUserObject(g, o, 1));
  CALL(cudaGraphDestroy(g));
  CALL(cudaGraphDestroy(copy));
  CHECK(gone == 0);
  run(e);
  CALL(cudaGraphExecDestroy(e));
  CALL(cudaDeviceSynchronize());
  CHECK(gone == 1);
  FAILS(cudaErrorInvalidValue, cudaUserObjectRetain(o, 1));
  CALL(cudaUserObjectCreate(&other, &gone, destroy, 2, cudaUserObjectNoDestructorSync));
  CALL(cudaUserObjectRelease(other, 2));
  CHECK(gone == 2);
  FAILS(cudaErrorInvalidValue, cudaUserObjectCreate(&o, &gone, destroy, 1, 0));
}

static void faults() {
  int* p = device_ints(2);
  cudaGraph_t g = new_graph();
  void* args[] = {&p};
  cudaKernelNodeParams k = kernel(bad, args);
  cudaGraphNode_t n, r;
  cudaEvent_t event;
  CALL(cudaEventCreate(&event));
  CALL(cudaGraphAddKernelNode(&n, g, nullptr, 0, &k));
  n = add_store(g, {n}, p, 1);
  CALL(cudaGraphAddEventRecordNode(&r, g, &n, 1, event));
  cudaGraphExec_t e = instantiate(g);
  CALL(cudaGraphLaunch(e, nullptr));
  FAILS(cudaErrorIllegalAddress, cudaEventSynchronize(event));   // does not wait forever
  CHECK(read(p) == 0);
  CALL(cudaGraphExecDestroy(e));
  CALL(cudaGraphDestroy(g));
  CALL(cudaEventDestroy(event));
  CALL(cudaFree(p));
}

static void picture(const char* path) {
  int* p = device_ints(1);
  cudaGraph_t g = new_graph(), child = new_graph();
  add_store(child, {}, p, 1);
  cudaGraphNode_t a = add_add(g, {}, p, 1), b;
  CALL(cudaGraphAddChildGraphNode(&b, g, &a, 1, child));
  CALL(cudaGraphDebugDotPrint(g, path, cudaGraphDebugDotFlagsVerbose));
  FAILS(cudaErrorOperatingSystem, cudaGraphDebugDotPrint(g, "/nowhere/to/be/found.dot", 0));
  std::FILE* f = std::fopen(path, "r");
  CHECK(f);
  std::string text(4096, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), f));
  std::fclose(f);
  for (const char* part : {"digraph", "kernel", "add", "store", "child graph", "->", "<<<(1, 1, 1), (1, 1, 1), 0>>>"}) CHECK(text.find(part) != std::string::npos);
  for (cudaGraph_t x : {g, child}) CALL(cudaGraphDestroy(x));
  CALL(cudaFree(p));
}

// Which of several nodes goes first is the seed's choice; what the edges say always holds.
static void order() {
  int *list = device_ints(8), *count = device_ints(1);
  cudaGraph_t g = new_graph();
  cudaGraphNode_t last;
  std::vector<cudaGraphNode_t> nodes;
  for (int i = 1; i <= 8; ++i) {
    void* args[] = {&list, &count, &i};
    cudaKernelNodeParams k = kernel(append, args);
    CALL(cudaGraphAddKernelNode(&last, g, i == 8 ? nodes.data() : nullptr, i == 8 ? nodes.size() : 0, &k));
    nodes.push_back(last);
  }
  run(instantiate(g));
  int seen[8];
  CALL(cudaMemcpy(seen, list, sizeof seen, cudaMemcpyDeviceToHost));
  for (int v : seen) std::printf("%d", v);
  std::printf("\n");
}

__global__ void racy(int* p) { *p = threadIdx.x; }

/// The same launch by itself and in a graph: whoever observes must see the same.
static void observed(bool graph_only) {
  int* p = device_ints(1);
  if (!graph_only) racy<<<1, 64>>>(p);
  void* args[] = {&p};
  cudaKernelNodeParams k = kernel(racy, args, 64);
  cudaGraph_t g = new_graph();
  cudaGraphNode_t n;
  CALL(cudaGraphAddKernelNode(&n, g, nullptr, 0, &k));
  run(instantiate(g));
  std::printf("ok\n");
}

// A node of a kernel belongs to the device that was current when it was made, whatever stream the graph is launched in.
static void devices() {
  int* p[2];
  cudaGraph_t g = new_graph();
  cudaGraphNode_t last[2], n;
  for (int d : {0, 1}) {
    CALL(cudaSetDevice(d));
    p[d] = device_ints(2);
    last[d] = add_store(g, d ? std::vector<cudaGraphNode_t>{last[0]} : std::vector<cudaGraphNode_t>{}, p[d], 10 + d);   // without access to the other's memory
  }
  CALL(cudaGraphAddMemcpyNode1D(&n, g, &last[1], 1, p[0] + 1, p[1], 4, cudaMemcpyDeviceToDevice));
  cudaMemAllocNodeParams m = {};
  m.poolProps.allocType = cudaMemAllocationTypePinned;
  m.poolProps.location = {cudaMemLocationTypeDevice, 1};
  m.bytesize = 64;
  CALL(cudaGraphAddMemAllocNode(&n, g, nullptr, 0, &m));
  n = add_store(g, {n}, static_cast<int*>(m.dptr), 7);
  unsigned long long reserved[2];
  for (int d : {0, 1}) CALL(cudaDeviceGetGraphMemAttribute(d, cudaGraphMemAttrReservedMemCurrent, &reserved[d]));
  CHECK(reserved[0] == 0 && reserved[1] == 64);
  CALL(cudaSetDevice(0));
  run(instantiate(g));
  CHECK(read(p[0]) == 10 && read(p[1]) == 11 && read(p[0] + 1) == 11 && read(static_cast<int*>(m.dptr)) == 7);
  std::printf("ok\n");
}

int main(int argc, char** argv) {
  CHECK(argc > 1);
  const std::string what = argv[1];
  if (what == "order") return order(), 0;
  if (what == "devices") return devices(), 0;
  if (what == "observed") return observed(argc == 3), 0;
  structure();
  updates();
  user_objects();
  faults();
  picture(argv[1]);
  std::printf("ok\n");
}
