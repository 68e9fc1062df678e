// Between the interface's parameters of nodes and operations.
#pragma once

#include "simt/runtime/graph.hpp"
#include "simt/runtime/launch.hpp"

namespace simt::runtime {

/// An operation as the parameters say, for a node of `graph`; null after failing the call in progress. `old` is what the
/// node did before, if it exists: a kernel keeps its attributes. Child graphs and branches come in `bodies`.
OperationRef make_operation(Graph& graph, abi::NodeParams&, const Operation* old, std::vector<GraphRef>& bodies);
/// The parameters of a node; what they point to belongs to it.
void tell(const Node&, abi::NodeParams&);

OperationRef with_attribute(const KernelOperation&, int which, const abi::LaunchAttributeValue&);   ///< null after failing
bool attribute(const KernelOperation&, int which, abi::LaunchAttributeValue&);                      ///< false after failing

abi::NodeParams params_1d(void* dst, const void* src, std::size_t bytes, int kind);

}  // namespace simt::runtime
