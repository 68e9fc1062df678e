// What the interface's calls on graphs share: the lock, and the way in and out of lists.
#pragma once

#include "simt/runtime/graph_params.hpp"

namespace simt::runtime {

/// A call on graphs: one at a time.
template <class F>
Code graph_call(const char* name, F&& f) {
  return call(name, [&]() -> Code {
    std::lock_guard lock(graphs_mutex());
    return f();
  });
}

Code add_node(void** out, void* graph, void* const* from, const abi::EdgeData* data, std::size_t count, abi::NodeParams&);
Code set_params(void* node, abi::NodeParams&);
/// The node, if it is of that type; null after failing the call in progress.
NodeRef typed_node(void* node, int type);

template <class P>
abi::NodeParams node_params(int type, P abi::NodeParams::* member, const P& value) {
  abi::NodeParams p{};
  p.type = type;
  p.*member = value;
  return p;
}

}  // namespace simt::runtime
