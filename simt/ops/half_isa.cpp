// Fast loops of half-precision arithmetic, single and in pairs.
#include "simt/exec/lanes.hpp"
#include "simt/ops/half_math.hpp"
#include "simt/ops/tables.hpp"

namespace simt::ops::SIMT_ISA {

using namespace simt::lanes::SIMT_ISA;

namespace {

using u16 = std::uint16_t;
using u32 = std::uint32_t;

#define SIMT_HALF(name)                                                                            \
  template <class H>                                                                               \
  struct name##_half {                                                                             \
    template <class... S> SIMT_INLINE static u32 apply(S... s) { return H::name(u32{s}...); }      \
  };                                                                                               \
  template <class H>                                                                               \
  struct name##_pair {                                                                             \
    template <class... S> SIMT_INLINE static u32 apply(S... s) {                                   \
      return H::name((s & 0xffffu)...) | H::name((s >> 16)...) << 16;                              \
    }                                                                                              \
  };
SIMT_HALF(add)
SIMT_HALF(sub)
SIMT_HALF(mul)
SIMT_HALF(fma)
#undef SIMT_HALF

#define SIMT_BINARY(name)                                            \
  {#name ".f16", LaneWise<name##_half<F16>, u16, u16, u16>::warp},    \
  {#name ".f16x2", LaneWise<name##_pair<F16>, u32, u32, u32>::warp},  \
  {#name ".bf16", LaneWise<name##_half<Bf16>, u16, u16, u16>::warp},  \
  {#name ".bf16x2", LaneWise<name##_pair<Bf16>, u32, u32, u32>::warp}

constexpr HotEntry kLoops[] = {
    SIMT_BINARY(add), SIMT_BINARY(sub), SIMT_BINARY(mul),
    {"fma.f16", LaneWise<fma_half<F16>, u16, u16, u16, u16>::warp},
    {"fma.f16x2", LaneWise<fma_pair<F16>, u32, u32, u32, u32>::warp},
    {"fma.bf16", LaneWise<fma_half<Bf16>, u16, u16, u16, u16>::warp},
    {"fma.bf16x2", LaneWise<fma_pair<Bf16>, u32, u32, u32, u32>::warp},
};
#undef SIMT_BINARY

}  // namespace

HotTable half_loops() { return {kLoops, sizeof kLoops / sizeof *kLoops}; }

}  // namespace simt::ops::SIMT_ISA
