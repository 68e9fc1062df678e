// Launching a kernel: the checks that a GPU makes, and how many blocks fit on it.
#pragma once

#include <cstddef>
#include <map>
#include <span>

#include "simt/runtime/graph_abi.hpp"
#include "simt/runtime/module.hpp"
#include "simt/runtime/stream.hpp"

namespace simt::runtime {

struct LaunchRequest {
  abi::Dim3 grid{1, 1, 1}, block{1, 1, 1}, cluster{0, 0, 0};   // cluster of zeros: what the kernel asks for, or none
  std::size_t dynamic_shared = 0;
  bool cooperative = false;
};

/// What a GPU would refuse about a launch, with its code, or no fault; `cluster` becomes the one that it has.
exec::Fault check_launch(const Kernel&, const LaunchRequest&, abi::Dim3& cluster);

/// A launch that was checked, with its parameters.
struct KernelOperation final : Operation {
  BoundKernel bound;              // keeps alive what it runs
  const void* function = nullptr;   // as the caller named it
  LaunchRequest request;
  abi::Dim3 cluster{1, 1, 1};
  std::vector<std::byte> params;
  // Of graph nodes.
  std::map<int, abi::LaunchAttributeValue> attributes;
  mutable std::vector<void*> arguments;   // into params, for who asks; under the lock of graphs

  int type() const override { return abi::kNodeKernel; }
  void run(const Stream&) const override;
  void count() const override { count_launch(); }
};

/// Checks; `args` points to each parameter's value. The parameters lie one after another if `packed` is not empty.
Code make_kernel(const BoundKernel&, const void* function, const LaunchRequest&, void** args, std::span<const std::byte> packed,
                 std::shared_ptr<KernelOperation>& out);
/// Checks and enqueues.
Code launch(const BoundKernel&, const void* function, const LaunchRequest&, void** args, const StreamRef&);

/// What cudaFuncGetAttributes says of a kernel.
abi::FuncAttributes attributes_of(const Kernel&, int ptx_arch);
/// Registers a thread as cudaFuncGetAttributes reports them: the engine's estimate within what the launch bounds allow.
int registers(const Kernel&);
std::size_t max_dynamic_shared(const Kernel&);
/// Blocks of `threads` threads that one SM holds at once.
int blocks_per_sm(const Kernel&, int threads, std::size_t dynamic_shared);

}  // namespace simt::runtime
