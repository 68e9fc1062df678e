// Values that kernels set with cudaGraphSetConditional and that graphs of the runtime look at.
#pragma once

#include <cstdint>

namespace simt::runtime {

std::uint64_t add_condition();            ///< a new handle; its value is 0
void remove_condition(std::uint64_t);
bool set_condition(std::uint64_t, unsigned value);   ///< false if there is no such handle
unsigned condition(std::uint64_t);        ///< 0 if there is no such handle

}  // namespace simt::runtime
