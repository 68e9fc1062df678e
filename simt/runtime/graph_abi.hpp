// The structures of the CUDA 13.0 runtime's binary interface that describe graphs. tests/simt/runtime/abi.cpp compares them.
#pragma once

#include "simt/runtime/abi.hpp"

namespace simt::abi {

enum NodeType : int {
  kNodeKernel, kNodeMemcpy, kNodeMemset, kNodeHost, kNodeGraph, kNodeEmpty, kNodeWaitEvent, kNodeEventRecord,
  kNodeSemaphoreSignal, kNodeSemaphoreWait, kNodeMemAlloc, kNodeMemFree, kNodeConditional = 13,
};
enum ConditionalType : int { kIf, kWhile, kSwitch };
enum UpdateResult : int {
  kUpdateSuccess, kUpdateError, kUpdateTopologyChanged, kUpdateNodeTypeChanged, kUpdateFunctionChanged,
  kUpdateParametersChanged, kUpdateNotSupported, kUpdateUnsupportedFunctionChange, kUpdateAttributesChanged,
};
enum InstantiateResult : int {
  kInstantiateSuccess, kInstantiateError, kInstantiateInvalidStructure, kInstantiateNodeNotSupported,
  kInstantiateMultipleDevices, kInstantiateHandleUnused,
};

struct KernelNodeParams {
  void* func;
  Dim3 gridDim, blockDim;
  unsigned sharedMemBytes;
  void **kernelParams, **extra;
};
struct MemcpyNodeParams {
  int flags, reserved[3];
  Memcpy3DParms copyParams;
};
struct MemsetParams {
  void* dst;
  std::size_t pitch;
  unsigned value, elementSize;
  std::size_t width, height;
};
using HostFunction = void (*)(void*);
struct HostNodeParams {
  HostFunction fn;
  void* userData;
};
struct ChildGraphNodeParams {
  void* graph;
  int ownership;   // 0: a clone of the graph, 1: the graph itself
};
struct EventNodeParams { void* event; };
struct MemAllocNodeParams {
  MemPoolProps poolProps;
  const MemAccessDesc* accessDescs;
  std::size_t accessDescCount, bytesize;
  void* dptr;
};
struct MemFreeNodeParams { void* dptr; };
struct ConditionalNodeParams {
  unsigned long long handle;
  int type;
  unsigned size;
  void** phGraph_out;
};
struct NodeParams {
  int type, reserved0[3];
  union {
    long long reserved1[29];
    KernelNodeParams kernel;
    MemcpyNodeParams memcpy;
    MemsetParams memset;
    HostNodeParams host;
    ChildGraphNodeParams graph;
    EventNodeParams event;
    MemAllocNodeParams alloc;
    MemFreeNodeParams free;
    ConditionalNodeParams conditional;
  };
  long long reserved2;
};
struct EdgeData {
  unsigned char from_port, to_port, type, reserved[5];
  bool plain() const { return from_port == 0 && to_port == 0 && type == 0; }
};
struct InstantiateParams {
  unsigned long long flags;
  void *uploadStream, *errNode_out;
  int result_out;
};
struct UpdateResultInfo {
  int result;
  void *errorNode, *errorFromNode;
};

}  // namespace simt::abi
