// From the images that a program carries to PTX modules: picks what the device can run and parses it.
#pragma once

#include <memory>
#include <vector>

#include "simt/runtime/module.hpp"

namespace simt::runtime {

/// Reads the module's containers or text; sets its ptx_arch.
exec::Fault read_modules(Module&, std::vector<std::unique_ptr<ptx::Module>>&);

}  // namespace simt::runtime
