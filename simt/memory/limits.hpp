// How much memory this machine can give to the software GPU.
#pragma once

#include <cstddef>

namespace simt::memory {

/// Free physical memory as the kernel estimates it, no more than the control group and ulimit -v allow.
std::size_t host_available();
/// Address space that `ulimit -v` leaves; SIZE_MAX if there is no limit.
std::size_t address_space_left();
/// Data that `ulimit -d` leaves; SIZE_MAX if there is no limit.
std::size_t data_left();

}  // namespace simt::memory
