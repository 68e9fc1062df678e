// Fast loops of the approximate functions of single precision, and of directed rounding, which exponentials use.
#include "simt/exec/lanes.hpp"
#include "simt/ops/float_rows.hpp"
#include "simt/ops/tables.hpp"

namespace simt::ops::SIMT_ISA {

using namespace simt::lanes::SIMT_ISA;

namespace {

/// A subnormal becomes zero of its sign if `flush` is all ones.
SIMT_INLINE float flushed_if(float x, std::uint32_t flush) {
  const std::uint32_t u = bits_of(x);
  return as_float(u & ~(((u & 0x7f800000u) == 0 ? 0x7fffffffu : 0u) & flush));
}
/// .ftz or not is in Instr::imm: two more operations are little beside a polynomial.
template <class Row>
const Instr* unary(Warp& warp, const Instr* instr) {
  const std::uint32_t flush = static_cast<std::uint32_t>(instr->imm);
  auto* d = row<float>(warp, instr->op[0]);
  const auto* a = row<float>(warp, instr->op[1]);
  write(d, warp.exec, [=](int lane) __attribute__((always_inline)) {
    const float x = a[lane];
    return flushed_if(canonical(Row::template of<float>(flushed_if(x, flush))), flush);
  });
  return instr + 1;
}
template <class Op>
constexpr exec::Handler binary = LaneWise<Op, float, float, float>::warp;
template <class Op>
constexpr exec::Handler ternary = LaneWise<Op, float, float, float, float>::warp;

constexpr HotEntry kLoops[] = {
    {"div.approx.f32", binary<Single<div_approx_row, false>>},
    {"div.approx.ftz.f32", binary<Single<div_approx_row, true>>},
    {"rsqrt.approx.f32", unary<rsqrt_approx_row>},
    {"ex2.approx.f32", unary<ex2_approx_row>},
    {"lg2.approx.f32", unary<lg2_approx_row>},
    {"sin.approx.f32", unary<sin_approx_row>},
    {"cos.approx.f32", unary<cos_approx_row>},
    {"tanh.approx.f32", unary<tanh_approx_row>},
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

}  // namespace

HotTable approximate_loops() { return {kLoops, sizeof kLoops / sizeof *kLoops}; }

}  // namespace simt::ops::SIMT_ISA
