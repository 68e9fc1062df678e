// What the program said of managed memory.
#pragma once

#include <cstddef>

namespace simt::runtime {

/// The memory is freed: whatever gets its addresses next was not advised on.
void forget_advice(const void* pointer, std::size_t bytes);

}  // namespace simt::runtime
