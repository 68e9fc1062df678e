// Fast loops of floating-point arithmetic to nearest, in single and double precision.
#include "simt/exec/lanes.hpp"
#include "simt/ops/float_rows.hpp"
#include "simt/ops/tables.hpp"

namespace simt::ops::SIMT_ISA {

using namespace simt::lanes::SIMT_ISA;

namespace {

using f32 = float;
using f64 = double;

template <class Op, class T, class... S>
constexpr Loop loop = LaneWise<Op, T, S...>::run;

#define SIMT_UNARY(name, row)                                       \
  {name ".f32", loop<Single<row, false>, f32, f32>},                \
  {name ".ftz.f32", loop<Single<row, true>, f32, f32>}
#define SIMT_BINARY(name, row)                                      \
  {name ".f32", loop<Single<row, false>, f32, f32, f32>},           \
  {name ".ftz.f32", loop<Single<row, true>, f32, f32, f32>}

constexpr HotEntry kLoops[] = {
    SIMT_BINARY("add", add_row),
    SIMT_BINARY("sub", sub_row),
    SIMT_BINARY("mul", mul_row),
    {"fma.f32", loop<Single<fma_row, false>, f32, f32, f32, f32>},
    {"fma.ftz.f32", loop<Single<fma_row, true>, f32, f32, f32, f32>},
    {"fma.sat.f32", loop<SingleSaturated<fma_row, false>, f32, f32, f32, f32>},
    {"add.sat.f32", loop<SingleSaturated<add_row, false>, f32, f32, f32>},
    SIMT_BINARY("div", div_row),
    SIMT_UNARY("rcp", rcp_row),
    SIMT_UNARY("sqrt", sqrt_row),
    SIMT_BINARY("min", min_row),
    SIMT_BINARY("max", max_row),
    SIMT_UNARY("neg", neg_row),
    SIMT_UNARY("abs", abs_row),
    {"copysign.f32", loop<Bitwise<copysign_row>, f32, f32, f32>},
    {"copysign.f64", loop<Bitwise<copysign_row>, f64, f64, f64>},
    {"add.f64", loop<DoubleLast<add_row>, f64, f64, f64>},
    {"sub.f64", loop<DoubleLast<sub_row>, f64, f64, f64>},
    {"mul.f64", loop<DoubleLast<mul_row>, f64, f64, f64>},
    {"fma.f64", loop<DoubleLast<fma_row>, f64, f64, f64, f64>},
    {"div.f64", loop<Double<div_row>, f64, f64, f64>},
    {"min.f64", loop<Double<min_row>, f64, f64, f64>},
    {"max.f64", loop<Double<max_row>, f64, f64, f64>},
    {"neg.f64", loop<Quiet<neg_row>, f64, f64>},
    {"abs.f64", loop<Quiet<abs_row>, f64, f64>},
    {"rcp.f64", loop<Double<rcp_row>, f64, f64>},
    {"sqrt.f64", loop<Double<sqrt_row>, f64, f64>},
};
#undef SIMT_UNARY
#undef SIMT_BINARY

}  // namespace

HotTable float_loops() { return {kLoops, sizeof kLoops / sizeof *kLoops}; }

}  // namespace simt::ops::SIMT_ISA
