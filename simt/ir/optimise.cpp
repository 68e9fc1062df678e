// Simplifications that pay in an interpreter.
#include "simt/ir/unit.hpp"

namespace simt::ir {

void Unit::optimise(Function&) {}

}  // namespace simt::ir
