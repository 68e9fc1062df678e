// What host code does, for the checkers: the runtime tells, and nothing happens unless they are on.
#pragma once

#include <cstddef>
#include <string>

namespace simt::observers {

/// A call failed with an error code, for a reason that is not a kernel's fault.
void host_call_failed(const char* call, int code, const std::string& sentence);
/// The program asked for the last error.
void host_looked();
void host_allocated(void* pointer, std::size_t bytes, const char* call);
void host_freed(void* pointer);
/// A copy or a fill wrote to device memory.
void host_wrote(const void* pointer, std::size_t bytes);

}  // namespace simt::observers
