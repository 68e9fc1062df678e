// The rows of compare.def as types.
#pragma once

#include "simt/ops/lane_math.hpp"

namespace simt::ops::SIMT_OPS_NAMESPACE {

#define SIMT_COMPARE(name, types, semantics, documentation)                                                        \
  struct name##_relation {                                                                                         \
    template <class T> SIMT_LANE static bool apply(T a, T b) { return semantics; }                                 \
  };
#include "simt/ops/compare.def"
#undef SIMT_COMPARE

}  // namespace simt::ops::SIMT_OPS_NAMESPACE
