// Fast loops of the approximate functions of single precision, and of directed rounding, which exponentials use.
#include "simt/exec/lanes.hpp"
#include "simt/ops/float_rows.hpp"
#include "simt/ops/tables.hpp"

namespace simt::ops::SIMT_ISA {

using namespace simt::lanes::SIMT_ISA;

namespace {

template <class Row, bool Flush>
constexpr exec::Handler unary = LaneWise<Single<Row, Flush>, float, float>::run;
template <class Op>
constexpr exec::Handler binary = LaneWise<Op, float, float, float>::run;
template <class Op>
constexpr exec::Handler ternary = LaneWise<Op, float, float, float, float>::run;

#define SIMT_BOTH(name, row) {name ".f32", unary<row, false>}, {name ".ftz.f32", unary<row, true>}

constexpr HotEntry kLoops[] = {
    {"div.approx.f32", binary<Single<div_approx_row, false>>},
    {"div.approx.ftz.f32", binary<Single<div_approx_row, true>>},
    SIMT_BOTH("rsqrt.approx", rsqrt_approx_row),
    SIMT_BOTH("ex2.approx", ex2_approx_row),
    SIMT_BOTH("lg2.approx", lg2_approx_row),
    SIMT_BOTH("sin.approx", sin_approx_row),
    SIMT_BOTH("cos.approx", cos_approx_row),
    SIMT_BOTH("tanh.approx", tanh_approx_row),
    {"add.rz.f32", binary<DirectedAdd<'z', false>>},
    {"add.rm.f32", binary<DirectedAdd<'m', false>>},
    {"add.rp.f32", binary<DirectedAdd<'p', false>>},
    {"mul.rz.f32", binary<DirectedMul<'z', false>>},
    {"mul.rm.f32", binary<DirectedMul<'m', false>>},
    {"mul.rp.f32", binary<DirectedMul<'p', false>>},
    {"fma.rz.f32", ternary<DirectedFma<'z', false>>},
    {"fma.rm.f32", ternary<DirectedFma<'m', false>>},
    {"fma.rp.f32", ternary<DirectedFma<'p', false>>},
    {"fma.rm.ftz.f32", ternary<DirectedFma<'m', true>>},
};
#undef SIMT_BOTH

}  // namespace

HotTable approximate_loops() { return {kLoops, sizeof kLoops / sizeof *kLoops}; }

}  // namespace simt::ops::SIMT_ISA
