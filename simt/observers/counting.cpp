// The probes that count, by instruction set.
#include "simt/observers/counting.hpp"

namespace simt::observers {

Calls counting(exec::Isa level, Counting what) {
  switch (level) {
#define SIMT_LEVEL(l) case exec::Isa::l: return l::counting(what);
    SIMT_FOR_EACH_ISA(SIMT_LEVEL)
#undef SIMT_LEVEL
  }
  return {};
}

}  // namespace simt::observers
