// What each *_isa.cpp of simt/exec offers, one set a level.
#pragma once

#include <span>
#include <string_view>

#include "simt/exec/handlers.hpp"

namespace simt::exec {

struct NamedLoop {
  std::string_view name;
  Loop loop;
};

}  // namespace simt::exec

#define SIMT_DECLARE(level)                                       \
  namespace simt::exec::level {                                   \
  Loop load(Reach reach, Elem elem, unsigned count);              \
  Loop store(Reach reach, Elem elem, unsigned count);             \
  std::span<const NamedLoop> moves();                             \
  Handler collective(std::string_view operation);                 \
  }
SIMT_FOR_EACH_ISA(SIMT_DECLARE)
#undef SIMT_DECLARE
