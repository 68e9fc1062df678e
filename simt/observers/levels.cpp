// What is compiled for every instruction set, by instruction set.
#include "simt/observers/counting.hpp"
#include "simt/observers/races.hpp"
#include "simt/observers/rows.hpp"

namespace simt::observers {

Calls counting(exec::Isa level, Counting what) {
  switch (level) {
#define SIMT_LEVEL(l) case exec::Isa::l: return l::counting(what);
    SIMT_FOR_EACH_ISA(SIMT_LEVEL)
#undef SIMT_LEVEL
  }
  return {};
}

RaceRows race_rows(exec::Isa level) {
  switch (level) {
#define SIMT_LEVEL(l) case exec::Isa::l: return l::race_rows();
    SIMT_FOR_EACH_ISA(SIMT_LEVEL)
#undef SIMT_LEVEL
  }
  return {};
}

RangeOf range_of(exec::Isa level) {
  switch (level) {
#define SIMT_LEVEL(l) case exec::Isa::l: return l::range_of();
    SIMT_FOR_EACH_ISA(SIMT_LEVEL)
#undef SIMT_LEVEL
  }
  return {};
}

}  // namespace simt::observers
