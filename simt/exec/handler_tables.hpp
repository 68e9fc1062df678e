// What each *_isa.cpp of simt/exec offers, one set a level.
#pragma once

#include <string_view>

#include "simt/exec/handlers.hpp"

#define SIMT_DECLARE(level)                                       \
  namespace simt::exec::level {                                   \
  Handler load(Reach reach, Elem elem, unsigned count);           \
  Handler store(Reach reach, Elem elem, unsigned count);          \
  Handler move(std::string_view name);                            \
  Handler collective(std::string_view operation);                 \
  }
SIMT_FOR_EACH_ISA(SIMT_DECLARE)
#undef SIMT_DECLARE
