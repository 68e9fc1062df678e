// The handler tables, one a level.
#pragma once

#include <string_view>

#include "simt/exec/isa.hpp"
#include "simt/exec/warp.hpp"

#define SIMT_DECLARE(level) \
  namespace simt::ops::level { exec::Handler find(std::string_view name); }
SIMT_FOR_EACH_ISA(SIMT_DECLARE)
#undef SIMT_DECLARE
