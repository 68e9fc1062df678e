// Stream-ordered allocation: memory pools.
#pragma once

#include <cstddef>

#include "simt/memory/memory.hpp"
#include "simt/runtime/core.hpp"

namespace simt::runtime {

/// On the current device.
Code allocate(void** out, std::size_t bytes, memory::Kind);
Code release(void* pointer);
Code out_of_memory(std::size_t bytes, int device = current_device());

/// The memory leaves its pool's books; nothing happens if it is in none.
void pool_forget(const void* pointer);

}  // namespace simt::runtime
