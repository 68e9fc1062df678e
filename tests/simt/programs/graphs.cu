// Graphs: work that is described once and launched often, by nodes or by what a stream was told.
// pmpp: arch=75
#include "program.cuh"

__global__ void add(int* data, int amount) { data[threadIdx.x] += amount; }
__global__ void times(int* data, int factor) { data[threadIdx.x] *= factor; }

// A recipe: wash, cut twice at the same time, cook; the guest of honour hears when it is done.
PROGRAM(recipe) {
  const int n = 32;
  static int told;
  told = 0;
  Buffer<int> carrots(n), onions(n), soup(n);
  std::vector<int> plate(n);
  cudaGraph_t graph;
  CUDA(cudaGraphCreate(&graph, 0));
  cudaGraphNode_t wash, cut_carrots, cut_onions, cook, serve, tell;
  cudaMemsetParams fill{};
  fill.dst = carrots.data;
  fill.elementSize = 4;
  fill.width = n;
  fill.height = 1;
  fill.value = 5;
  CUDA(cudaGraphAddMemsetNode(&wash, graph, nullptr, 0, &fill));
  int three = 3, two = 2;
  void* first[] = {&carrots.data, &three};
  void* second[] = {&onions.data, &two};
  cudaKernelNodeParams kernel{};
  kernel.func = (void*)add;
  kernel.gridDim = 1;
  kernel.blockDim = n;
  kernel.kernelParams = first;
  CUDA(cudaGraphAddKernelNode(&cut_carrots, graph, &wash, 1, &kernel));
  kernel.kernelParams = second;
  CUDA(cudaGraphAddKernelNode(&cut_onions, graph, &wash, 1, &kernel));
  const cudaGraphNode_t both[] = {cut_carrots, cut_onions};
  CUDA(cudaGraphAddMemcpyNode1D(&cook, graph, both, 2, soup.data, carrots.data, n * sizeof(int), cudaMemcpyDeviceToDevice));
  CUDA(cudaGraphAddMemcpyNode1D(&serve, graph, &cook, 1, plate.data(), soup.data, n * sizeof(int), cudaMemcpyDeviceToHost));
  cudaHostNodeParams host{[](void* where) { ++*static_cast<int*>(where); }, &told};
  CUDA(cudaGraphAddHostNode(&tell, graph, &serve, 1, &host));
  std::size_t count = 0;
  CUDA(cudaGraphGetNodes(graph, nullptr, &count));
  CHECK(count == 6);
  cudaGraphExec_t ready;
  CUDA(cudaGraphInstantiate(&ready, graph, 0));
  for (int day = 1; day <= 3; ++day) {
    CUDA(cudaGraphLaunch(ready, 0));
    CUDA(cudaDeviceSynchronize());
    CHECK(told == day);
    for (int x : plate) CHECK(x == 8);
    for (int x : onions.host()) CHECK(x == 2 * day);
  }
  three = 30;
  kernel.kernelParams = first;
  CUDA(cudaGraphExecKernelNodeSetParams(ready, cut_carrots, &kernel));
  CUDA(cudaGraphLaunch(ready, 0));
  CUDA(cudaDeviceSynchronize());
  for (int x : plate) CHECK(x == 35);
  CUDA(cudaGraphExecDestroy(ready));
  CUDA(cudaGraphDestroy(graph));
}

// A dance that is learned by watching: what the streams were told is captured, and danced again.
PROGRAM(captured_dance) {
  const int n = 64;
  Buffer<int> left(n), right(n);
  cudaStream_t lead, follow;
  CUDA(cudaStreamCreateWithFlags(&lead, cudaStreamNonBlocking));
  CUDA(cudaStreamCreateWithFlags(&follow, cudaStreamNonBlocking));
  cudaEvent_t step, close;
  CUDA(cudaEventCreateWithFlags(&step, cudaEventDisableTiming));
  CUDA(cudaEventCreateWithFlags(&close, cudaEventDisableTiming));
  CUDA(cudaStreamBeginCapture(lead, cudaStreamCaptureModeGlobal));
  add<<<1, n, 0, lead>>>(left, 1);
  CUDA(cudaEventRecord(step, lead));
  CUDA(cudaStreamWaitEvent(follow, step, 0));
  add<<<1, n, 0, follow>>>(right, 2);
  times<<<1, n, 0, lead>>>(left, 3);
  CUDA(cudaEventRecord(close, follow));
  CUDA(cudaStreamWaitEvent(lead, close, 0));
  CUDA(cudaMemcpyAsync(left.data, right.data, sizeof(int), cudaMemcpyDeviceToDevice, lead));
  CUDA(cudaGetLastError());
  CUDA(cudaStreamDestroy(follow));   // what it was told stays
  CUDA(cudaEventDestroy(step));
  cudaGraph_t dance;
  CUDA(cudaStreamEndCapture(lead, &dance));
  CHECK(left.host()[1] == 0);
  cudaGraphExec_t ready;
  CUDA(cudaGraphInstantiate(&ready, dance, 0));
  int expected = 0;
  for (int turn = 1; turn <= 4; ++turn) {
    CUDA(cudaGraphLaunch(ready, lead));
    CUDA(cudaStreamSynchronize(lead));
    expected = (expected + 1) * 3;
    const auto l = left.host();
    CHECK(l[1] == expected && l[0] == 2 * turn);
    for (int x : right.host()) CHECK(x == 2 * turn);
  }
  CUDA(cudaGraphExecDestroy(ready));
  CUDA(cudaGraphDestroy(dance));
}

// A travelling circus: a copy of the programme, a child in it, and memory that is there for the evening.
PROGRAM(circus) {
  const int n = 16;
  Buffer<int> tent(n);
  cudaGraph_t evening, act, copy;
  CUDA(cudaGraphCreate(&act, 0));
  int seven = 7;
  void* arguments[] = {&tent.data, &seven};
  cudaKernelNodeParams kernel{};
  kernel.func = (void*)add;
  kernel.gridDim = 1;
  kernel.blockDim = n;
  kernel.kernelParams = arguments;
  cudaGraphNode_t inner, first, second, borrow, use, give_back;
  CUDA(cudaGraphAddKernelNode(&inner, act, nullptr, 0, &kernel));
  CUDA(cudaGraphCreate(&evening, 0));
  CUDA(cudaGraphAddChildGraphNode(&first, evening, nullptr, 0, act));
  CUDA(cudaGraphAddChildGraphNode(&second, evening, &first, 1, act));
  CUDA(cudaGraphClone(&copy, evening));   // one with memory cannot be copied
  cudaMemAllocNodeParams memory{};
  memory.poolProps.allocType = cudaMemAllocationTypePinned;
  memory.poolProps.location = {cudaMemLocationTypeDevice, 0};
  memory.bytesize = n * sizeof(int);
  CUDA(cudaGraphAddMemAllocNode(&borrow, evening, &second, 1, &memory));
  CUDA(cudaGraphAddMemcpyNode1D(&use, evening, &borrow, 1, memory.dptr, tent.data, n * sizeof(int), cudaMemcpyDeviceToDevice));
  CUDA(cudaGraphAddMemFreeNode(&give_back, evening, &use, 1, memory.dptr));
  cudaGraphExec_t ready;
  CUDA(cudaGraphInstantiate(&ready, evening, 0));
  CUDA(cudaGraphLaunch(ready, 0));
  CUDA(cudaGraphLaunch(ready, 0));
  CUDA(cudaDeviceSynchronize());
  for (int x : tent.host()) CHECK(x == 28);
  std::size_t nodes = 0;
  CUDA(cudaGraphGetNodes(copy, nullptr, &nodes));
  CHECK(nodes == 2);
  CUDA(cudaGraphExecDestroy(ready));
}

// A countdown: the graph goes round until the kernel says that it is over.
__global__ void count_down(int* clock, cudaGraphConditionalHandle again) {
  if (--*clock == 0) cudaGraphSetConditional(again, 0);
}
PROGRAM(countdown) {
  Buffer<int> clock(std::vector<int>{10});
  cudaGraph_t graph;
  CUDA(cudaGraphCreate(&graph, 0));
  cudaGraphConditionalHandle again;
  CUDA(cudaGraphConditionalHandleCreate(&again, graph, 1, cudaGraphCondAssignDefault));
  cudaGraphNodeParams loop{};
  loop.type = cudaGraphNodeTypeConditional;
  loop.conditional.handle = again;
  loop.conditional.type = cudaGraphCondTypeWhile;
  loop.conditional.size = 1;
  cudaGraphNode_t node, inner;
  CUDA(cudaGraphAddNode(&node, graph, nullptr, nullptr, 0, &loop));
  void* arguments[] = {&clock.data, &again};
  cudaKernelNodeParams kernel{};
  kernel.func = (void*)count_down;
  kernel.gridDim = 1;
  kernel.blockDim = 1;
  kernel.kernelParams = arguments;
  CUDA(cudaGraphAddKernelNode(&inner, loop.conditional.phGraph_out[0], nullptr, 0, &kernel));
  cudaGraphExec_t ready;
  CUDA(cudaGraphInstantiate(&ready, graph, 0));
  CUDA(cudaGraphLaunch(ready, 0));
  CUDA(cudaDeviceSynchronize());
  CHECK(clock.host()[0] == 0);
  CUDA(cudaGraphExecDestroy(ready));
  CUDA(cudaGraphDestroy(graph));
}
