// Handlers made from the rows of integer.def and compare.def.
#include <cstring>
#include <string_view>

#include "simt/exec/lanes.hpp"
#include "simt/ops/tables.hpp"

namespace simt::ops::SIMT_ISA {

using namespace simt::lanes::SIMT_ISA;
using s32 = std::uint32_t;  // sums wrap
using f32 = float;

#define SIMT_OP(name, arity, T, semantics, doc)                      \
  struct name##_##T {                                                \
    SIMT_INLINE static T apply(T a, T b) { return semantics; }       \
  };
#include "simt/ops/integer.def"
#undef SIMT_OP

#define SIMT_COMPARE(name, T, semantics, doc)                        \
  struct name##_##T {                                                \
    SIMT_INLINE static bool apply(T a, T b) { return semantics; }    \
  };
#include "simt/ops/compare.def"
#undef SIMT_COMPARE

exec::Handler find(std::string_view name) {
#define SIMT_OP(name_, arity, T, semantics, doc) \
  if (name == #name_ "." #T) return LaneWise<name_##_##T, T, T, T>::run;
#include "simt/ops/integer.def"
#undef SIMT_OP
#define SIMT_COMPARE(name_, T, semantics, doc) \
  if (name == "setp." #name_ "." #T) return LaneTest<name_##_##T, T, T>::run;
#include "simt/ops/compare.def"
#undef SIMT_COMPARE
  return nullptr;
}

}  // namespace simt::ops::SIMT_ISA
