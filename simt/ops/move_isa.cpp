// Fast loops of mov: whole rows, and vectors packed into and taken out of wider registers; and predicate logic.
#include "simt/exec/lanes.hpp"
#include "simt/ops/lane_math.hpp"
#include "simt/ops/tables.hpp"

namespace simt::ops::SIMT_ISA {

using namespace simt::lanes::SIMT_ISA;

namespace {

using u16 = std::uint16_t;
using u32 = std::uint32_t;
using u64 = std::uint64_t;

struct Copy {
  template <class T> SIMT_INLINE static T apply(T a) { return a; }
};

/// A 128-bit row is 32 low halves and then 32 high halves.
constexpr std::int32_t kUpperHalf = 256;

const Instr* copy128(Warp& warp, const Instr* instr) {
  for (std::int32_t half : {0, kUpperHalf}) {
    const auto* a = row<u64>(warp, instr->op[1] + half);
    write(row<u64>(warp, instr->op[0] + half), warp.exec, [=](int lane) { return a[lane]; });
  }
  return instr + 1;
}
const Instr* pack128(Warp& warp, const Instr* instr) {
  // The sources may be halves of nothing else: rows of different widths never overlap.
  for (int i = 0; i < 2; ++i) {
    const auto* a = row<u64>(warp, instr->op[1 + i]);
    write(row<u64>(warp, instr->op[0] + i * kUpperHalf), warp.exec, [=](int lane) { return a[lane]; });
  }
  return instr + 1;
}
const Instr* unpack128(Warp& warp, const Instr* instr) {
  for (int i = 0; i < 2; ++i) {
    const auto* a = row<u64>(warp, instr->op[2] + i * kUpperHalf);
    write(row<u64>(warp, instr->op[i]), warp.exec, [=](int lane) { return a[lane]; });
  }
  return instr + 1;
}

template <class Wide, class Part>
struct Join2 {
  SIMT_INLINE static Wide apply(Part a, Part b) { return static_cast<Wide>(Wide{a} | Wide{b} << (8 * sizeof(Part))); }
};
struct Join4 {
  SIMT_INLINE static u64 apply(u16 a, u16 b, u16 c, u16 d) { return u64{a} | u64{b} << 16 | u64{c} << 32 | u64{d} << 48; }
};

template <int Count, class Wide, class Part>
const Instr* split(Warp& warp, const Instr* instr) {
  const auto* a = row<Wide>(warp, instr->op[Count]);
  for (int i = 0; i < Count; ++i) {
    const int down = 8 * sizeof(Wide) / Count * i;
    write(row<Part>(warp, instr->op[i]), warp.exec, [=](int lane) { return static_cast<Part>(a[lane] >> down); });
  }
  return instr + 1;
}
/// Four bytes, each in a 16-bit row.
const Instr* split_bytes(Warp& warp, const Instr* instr) {
  const auto* a = row<u32>(warp, instr->op[4]);
  for (int i = 0; i < 4; ++i)
    write(row<u16>(warp, instr->op[i]), warp.exec, [=](int lane) { return static_cast<u16>(a[lane] >> (8 * i) & 255); });
  return instr + 1;
}
struct JoinBytes {
  SIMT_INLINE static u32 apply(u16 a, u16 b, u16 c, u16 d) {
    return (a & 255u) | (b & 255u) << 8 | (c & 255u) << 16 | (d & 255u) << 24;
  }
};

template <Mask (*Op)(Mask, Mask)>
struct PredicateLogic {
  SIMT_INLINE static void apply(std::byte* regs, Mask mask, const Instr& instr) {
    write_mask(regs, instr.op[0], mask, Op(predicate(regs, instr.op[1]), predicate(regs, instr.op[2])));
  }
};
template <Mask (*Op)(Mask, Mask)>
constexpr Loop predicate_logic = RowWise<PredicateLogic<Op>>::run;
constexpr Mask move_mask(Mask a, Mask) { return a; }
constexpr Mask not_mask(Mask a, Mask) { return ~a; }
constexpr Mask and_mask(Mask a, Mask b) { return a & b; }
constexpr Mask or_mask(Mask a, Mask b) { return a | b; }
constexpr Mask xor_mask(Mask a, Mask b) { return a ^ b; }

constexpr HotEntry kLoops[] = {
    {"mov.b16", LaneWise<Copy, u16, u16>::run},
    {"mov.b32", LaneWise<Copy, u32, u32>::run},
    {"mov.b64", LaneWise<Copy, u64, u64>::run},
    {"mov.b128", copy128},
    {"pack.2.b32", LaneWise<Join2<u32, u16>, u32, u16, u16>::run},
    {"pack.2.b64", LaneWise<Join2<u64, u32>, u64, u32, u32>::run},
    {"pack.4.b64", LaneWise<Join4, u64, u16, u16, u16, u16>::run},
    {"pack.4.b32", LaneWise<JoinBytes, u32, u16, u16, u16, u16>::run},
    {"pack.2.b128", pack128},
    {"unpack.2.b32", split<2, u32, u16>},
    {"unpack.2.b64", split<2, u64, u32>},
    {"unpack.4.b64", split<4, u64, u16>},
    {"unpack.4.b32", split_bytes},
    {"unpack.2.b128", unpack128},
    {"mov.pred", predicate_logic<move_mask>},
    {"not.pred", predicate_logic<not_mask>},
    {"and.pred", predicate_logic<and_mask>},
    {"or.pred", predicate_logic<or_mask>},
    {"xor.pred", predicate_logic<xor_mask>},
};

}  // namespace

HotTable move_loops() { return {kLoops, sizeof kLoops / sizeof *kLoops}; }

}  // namespace simt::ops::SIMT_ISA
