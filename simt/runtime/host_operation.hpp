// A host function that a stream or a graph runs.
#pragma once

#include "simt/runtime/graph_abi.hpp"
#include "simt/runtime/stream.hpp"

namespace simt::runtime {

struct HostOperation final : Operation {
  explicit HostOperation(const abi::HostNodeParams& p) : params(p) {}
  abi::HostNodeParams params;
  int type() const override { return abi::kNodeHost; }
  void run(const Stream&) const override {
    InCallback scope;
    params.fn(params.userData);
  }
};

}  // namespace simt::runtime
