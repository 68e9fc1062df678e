// The host's side: streams, events, functions of the host, priorities, occupancy, and code that is loaded while it runs.
// pmpp: arch=75
#include "program.cuh"

#include <algorithm>
#include <atomic>
#include <thread>

__global__ void scale(int* data, int n, int factor) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) data[i] = data[i] * factor + 1;
}

// A ferry: while one boat is unloaded the other crosses.
PROGRAM(ferry) {
  const int boats = 2, trips = 6, n = 500;
  cudaStream_t stream[boats];
  cudaEvent_t landed[boats];
  int *pinned[boats], *device[boats];
  for (int b = 0; b < boats; ++b) {
    CUDA(cudaStreamCreateWithFlags(&stream[b], cudaStreamNonBlocking));
    CUDA(cudaEventCreateWithFlags(&landed[b], cudaEventDisableTiming));
    CUDA(cudaMallocHost(&pinned[b], n * sizeof(int)));
    CUDA(cudaMalloc(&device[b], n * sizeof(int)));
  }
  for (int trip = 0; trip < trips; ++trip) {
    const int b = trip % boats;
    CUDA(cudaEventSynchronize(landed[b]));
    for (int i = 0; i < n; ++i) pinned[b][i] = trip * n + i;
    CUDA(cudaMemcpyAsync(device[b], pinned[b], n * sizeof(int), cudaMemcpyHostToDevice, stream[b]));
    scale<<<4, 128, 0, stream[b]>>>(device[b], n, 3);
    CUDA(cudaGetLastError());
    CUDA(cudaMemcpyAsync(pinned[b], device[b], n * sizeof(int), cudaMemcpyDeviceToHost, stream[b]));
    CUDA(cudaEventRecord(landed[b], stream[b]));
    CUDA(cudaStreamWaitEvent(stream[1 - b], landed[b], 0));
    CUDA(cudaEventSynchronize(landed[b]));
    for (int i = 0; i < n; ++i) CHECK(pinned[b][i] == 3 * (trip * n + i) + 1);
  }
  float between = -1;
  cudaEvent_t start, stop;
  CUDA(cudaEventCreate(&start));
  CUDA(cudaEventCreate(&stop));
  CUDA(cudaEventRecord(start, stream[0]));
  CUDA(cudaEventRecord(stop, stream[0]));
  CUDA(cudaEventSynchronize(stop));
  CUDA(cudaEventElapsedTime(&between, start, stop));
  CHECK(between >= 0);
  for (int b = 0; b < boats; ++b) {
    CUDA(cudaFree(device[b]));
    CUDA(cudaFreeHost(pinned[b]));
  }
}

// A restaurant: the guests are told when a course is done, in order.
PROGRAM(restaurant) {
  static std::atomic<int> served;
  Buffer<int> plate(std::vector<int>{1});
  for (int course = 1; course <= 3; ++course) {
    scale<<<1, 1>>>(plate, 1, 2);
    CUDA(cudaGetLastError());
    CUDA(cudaLaunchHostFunc(0, [](void* number) { served = served * 10 + int(std::size_t(number)); }, (void*)std::size_t(course)));
  }
  CUDA(cudaStreamAddCallback(0, [](cudaStream_t, cudaError_t status, void*) { served = served * 10 + (status == cudaSuccess ? 9 : 0); }, nullptr, 0));
  FINISH();
  CHECK(served == 1239);
  CHECK(plate.host()[0] == 15);
}

// A hospital: an urgent stream beside a patient one, both are treated.
PROGRAM(hospital) {
  int low, high;
  CUDA(cudaDeviceGetStreamPriorityRange(&low, &high));
  cudaStream_t urgent, patient;
  CUDA(cudaStreamCreateWithPriority(&urgent, cudaStreamNonBlocking, high));
  CUDA(cudaStreamCreateWithPriority(&patient, cudaStreamNonBlocking, low));
  Buffer<int> a(std::vector<int>(100, 5)), b(std::vector<int>(100, 7));
  scale<<<1, 100, 0, patient>>>(a, 100, 2);
  scale<<<1, 100, 0, urgent>>>(b, 100, 2);
  FINISH();
  int priority;
  CUDA(cudaStreamGetPriority(urgent, &priority));
  CHECK(priority == high && high <= low);
  for (int x : a.host()) CHECK(x == 11);
  for (int x : b.host()) CHECK(x == 15);
}

// A stage: as many dancers as it holds.
__global__ void __launch_bounds__(512) dance(int* steps, int n) {
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) steps[i] = i * i;
}
PROGRAM(stage) {
  int grid, block, blocks;
  CUDA(cudaOccupancyMaxPotentialBlockSize(&grid, &block, dance));
  CUDA(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, dance, block, 0));
  cudaDeviceProp device;
  CUDA(cudaGetDeviceProperties(&device, 0));
  CHECK(block > 0 && block <= 512 && blocks > 0);
  CHECK(grid == blocks * device.multiProcessorCount);
  const int n = 3000;
  Buffer<int> steps(n);
  dance<<<std::min(grid, 4), block>>>(steps, n);
  FINISH();
  const auto got = steps.host();
  for (int i = 0; i < n; ++i) CHECK(got[i] == i * i);
}

// A guest speaker: code that comes as text while the program runs.
PROGRAM(guest_speaker) {
  const char speech[] = R"(
.version 8.0
.target sm_75
.address_size 64
.visible .entry triple(.param .u64 data)
{
  .reg .b64 %rd<4>;
  .reg .b32 %r<3>;
  ld.param.u64 %rd1, [data];
  cvta.to.global.u64 %rd1, %rd1;
  mov.u32 %r1, %tid.x;
  mul.wide.u32 %rd2, %r1, 4;
  add.s64 %rd3, %rd1, %rd2;
  ld.global.u32 %r2, [%rd3];
  mul.lo.u32 %r2, %r2, 3;
  st.global.u32 [%rd3], %r2;
  ret;
})";
  cudaLibrary_t library;
  cudaKernel_t kernel;
  CUDA(cudaLibraryLoadData(&library, speech, nullptr, nullptr, 0, nullptr, nullptr, 0));
  CUDA(cudaLibraryGetKernel(&kernel, library, "triple"));
  const auto words = numbers(60, 1000);
  Buffer<int> data(words);
  void* arguments[] = {&data.data};
  CUDA(cudaLaunchKernel((const void*)kernel, dim3(1), dim3(60), arguments, 0, nullptr));
  CUDA(cudaDeviceSynchronize());
  const auto got = data.host();
  for (int i = 0; i < 60; ++i) CHECK(got[i] == 3 * words[i]);
  CUDA(cudaLibraryUnload(library));
}

// Rivers into the sea: threads of the host with streams of their own, one sum.
__global__ void flow(int* sea, int water) { atomicAdd(sea, water); }
PROGRAM(rivers) {
  Buffer<int> sea(1);
  std::vector<std::thread> rivers;
  std::atomic<int> failed{0};
  for (int river = 1; river <= 4; ++river)
    rivers.emplace_back([&, river] {
      for (int wave = 0; wave < 10; ++wave) flow<<<1, 32, 0, cudaStreamPerThread>>>(sea, river);
      if (const cudaError_t status = cudaGetLastError()) failed = int(status);
      if (const cudaError_t status = cudaStreamSynchronize(cudaStreamPerThread)) failed = int(status);
    });
  for (auto& river : rivers) river.join();
  CUDA(cudaError_t(failed.load()));
  CUDA(cudaDeviceSynchronize());
  CHECK(sea.host()[0] == 320 * (1 + 2 + 3 + 4));
}

__global__ void knead(int* dough, int* left, cudaGraphConditionalHandle more) {
  *dough = *dough * 2 + 1;
  cudaGraphSetConditional(more, --*left > 0);
}

// A bakery: the same plan every morning, kneaded as often as it takes.
PROGRAM(bakery) {
  Buffer<int> dough(1), left(1);
  int flour = 3, times = 4, bread = 0;
  cudaGraph_t plan;
  CUDA(cudaGraphCreate(&plan, 0));
  cudaGraphNode_t pour, count, loop, bake;
  CUDA(cudaGraphAddMemcpyNode1D(&pour, plan, nullptr, 0, dough, &flour, sizeof flour, cudaMemcpyHostToDevice));
  CUDA(cudaGraphAddMemcpyNode1D(&count, plan, &pour, 1, left, &times, sizeof times, cudaMemcpyHostToDevice));
  cudaGraphNodeParams repeat = {};
  repeat.type = cudaGraphNodeTypeConditional;
  CUDA(cudaGraphConditionalHandleCreate(&repeat.conditional.handle, plan, 1, cudaGraphCondAssignDefault));
  repeat.conditional.type = cudaGraphCondTypeWhile;
  repeat.conditional.size = 1;
  CUDA(cudaGraphAddNode(&loop, plan, &count, nullptr, 1, &repeat));
  int *where = dough, *turns = left;
  void* arguments[] = {&where, &turns, &repeat.conditional.handle};
  cudaKernelNodeParams kneading = {};
  kneading.func = reinterpret_cast<void*>(knead);
  kneading.gridDim = kneading.blockDim = dim3(1);
  kneading.kernelParams = arguments;
  cudaGraphNode_t inside;
  CUDA(cudaGraphAddKernelNode(&inside, repeat.conditional.phGraph_out[0], nullptr, 0, &kneading));
  CUDA(cudaGraphAddMemcpyNode1D(&bake, plan, &loop, 1, &bread, dough, sizeof bread, cudaMemcpyDeviceToHost));
  cudaGraphExec_t morning;
  CUDA(cudaGraphInstantiate(&morning, plan, 0));
  for (flour = 3; flour < 6; ++flour) {
    CUDA(cudaGraphLaunch(morning, nullptr));
    CUDA(cudaDeviceSynchronize());
    CHECK(bread == flour * 16 + 15);
  }
  CUDA(cudaGraphExecDestroy(morning));
  CUDA(cudaGraphDestroy(plan));
}

// A theatre: two actors rehearse side by side, and what was recorded is played again.
PROGRAM(theatre) {
  cudaStream_t hero, villain;
  cudaEvent_t curtain, duel;
  CUDA(cudaStreamCreate(&hero));
  CUDA(cudaStreamCreate(&villain));
  CUDA(cudaEventCreate(&curtain));
  CUDA(cudaEventCreate(&duel));
  Buffer<int> lines(std::vector<int>(64, 1)), threats(std::vector<int>(64, 2));
  cudaGraph_t play;
  CUDA(cudaStreamBeginCapture(hero, cudaStreamCaptureModeGlobal));
  CUDA(cudaEventRecord(curtain, hero));
  CUDA(cudaStreamWaitEvent(villain, curtain, 0));
  scale<<<1, 64, 0, hero>>>(lines, 64, 2);
  scale<<<1, 64, 0, villain>>>(threats, 64, 3);
  CUDA(cudaGetLastError());
  CUDA(cudaEventRecord(duel, villain));
  CUDA(cudaStreamWaitEvent(hero, duel, 0));
  CUDA(cudaMemcpyAsync(lines + 32, threats + 32, 32 * sizeof(int), cudaMemcpyDeviceToDevice, hero));
  CUDA(cudaStreamEndCapture(hero, &play));
  CHECK(lines.host()[0] == 1);
  cudaGraphExec_t evening;
  CUDA(cudaGraphInstantiate(&evening, play, 0));
  for (int night = 0; night < 2; ++night) CUDA(cudaGraphLaunch(evening, hero));
  CUDA(cudaStreamSynchronize(hero));
  CHECK(lines.host()[0] == 7 && lines.host()[63] == 22);
  CUDA(cudaGraphExecDestroy(evening));
  CUDA(cudaGraphDestroy(play));
}
