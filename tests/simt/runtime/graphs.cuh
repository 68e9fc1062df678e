// What the tests of graphs share: kernels, and nodes of them.
#pragma once
#include <vector>

#include "check.cuh"

__global__ void store(int* out, int value) { *out = value; }
__global__ void add(int* out, int value) { atomicAdd(out, value); }

static int* device_ints(int n) {
  int* p;
  CALL(cudaMalloc(&p, n * sizeof(int)));
  CALL(cudaMemset(p, 0, n * sizeof(int)));
  return p;
}
static int read(const int* p) {
  int v;
  CALL(cudaMemcpy(&v, p, 4, cudaMemcpyDeviceToHost));
  return v;
}
static cudaGraph_t new_graph() {
  cudaGraph_t g;
  CALL(cudaGraphCreate(&g, 0));
  return g;
}
template <class... A>
static cudaKernelNodeParams kernel(void (*f)(A...), void** args, int threads = 1) {
  cudaKernelNodeParams p = {};
  p.func = reinterpret_cast<void*>(f);
  p.gridDim = p.blockDim = dim3(1);
  p.blockDim.x = threads;
  p.kernelParams = args;
  return p;
}
static cudaGraphNode_t add_store(cudaGraph_t g, std::vector<cudaGraphNode_t> from, int* out, int value) {
  void* args[] = {&out, &value};
  const cudaKernelNodeParams p = kernel(store, args);
  cudaGraphNode_t n;
  CALL(cudaGraphAddKernelNode(&n, g, from.data(), from.size(), &p));
  return n;   // `args` is gone: the node has copies
}
static cudaGraphNode_t add_add(cudaGraph_t g, std::vector<cudaGraphNode_t> from, int* out, int value) {
  void* args[] = {&out, &value};
  const cudaKernelNodeParams p = kernel(add, args);
  cudaGraphNode_t n;
  CALL(cudaGraphAddKernelNode(&n, g, from.data(), from.size(), &p));
  return n;
}
static cudaGraphExec_t instantiate(cudaGraph_t g) {
  cudaGraphExec_t e;
  CALL(cudaGraphInstantiate(&e, g, 0));
  return e;
}
static void run(cudaGraphExec_t e) {
  CALL(cudaGraphLaunch(e, nullptr));
  CALL(cudaDeviceSynchronize());
}
