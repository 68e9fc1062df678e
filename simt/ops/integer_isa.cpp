// Fast loops of integer arithmetic and logic.
#include "simt/exec/lanes.hpp"
#include "simt/ops/integer_rows.hpp"
#include "simt/ops/tables.hpp"

namespace simt::ops::SIMT_ISA {

using namespace simt::lanes::SIMT_ISA;
using u16 = std::uint16_t;
using u32 = std::uint32_t;
using s32 = std::int32_t;
using u64 = std::uint64_t;
using s64 = std::int64_t;

namespace {

template <class Op, class T>
struct Lanes {
  template <class... S> SIMT_INLINE static auto apply(S... s) { return Op::template of<T>(s...); }
};
/// The loop of Op on type T, its lanes typed by the signature.
template <class Op, class T, char D, char... S>
constexpr Loop loop = LaneWise<Lanes<Op, T>, Lane<T, D>, Lane<T, S>...>::run;

/// 32-bit division in double, which holds every quotient of such numbers well enough to truncate it right. Masks, not
/// conditions: a select that the compiler turns into a branch would leave the loop scalar.
SIMT_INLINE u32 quotient(u32 a, u32 b) {
  constexpr double shift = 4503599627370496.0;  // 2^52: the integer is in the low bits
  const double x = __builtin_bit_cast(double, 0x4330000000000000ull | a) - shift;
  const double y = __builtin_bit_cast(double, 0x4330000000000000ull | b) - shift;
  const double q = x / y, n = q + shift;
  const u64 excess = n - shift > q ? ~u64{0} : u64{0};
  return static_cast<u32>(__builtin_bit_cast(u64, n) + excess);
}
SIMT_INLINE u32 if_zero(u32 b) { return 0u - static_cast<u32>(b == 0); }
SIMT_INLINE u32 magnitude(s32 a) {
  const u32 sign = static_cast<u32>(a >> 31);
  return (static_cast<u32>(a) ^ sign) - sign;
}
SIMT_INLINE u32 signed_quotient(s32 a, s32 b) {
  const u32 sign = static_cast<u32>((a ^ b) >> 31), q = quotient(magnitude(a), magnitude(b));
  return (q ^ sign) - sign;
}
struct Quotient {
  SIMT_INLINE static u32 apply(u32 a, u32 b) { return quotient(a, b) | if_zero(b); }
};
struct Remainder {
  SIMT_INLINE static u32 apply(u32 a, u32 b) { return (a - quotient(a, b) * b) | if_zero(b); }
};
struct SignedQuotient {
  SIMT_INLINE static s32 apply(s32 a, s32 b) { return static_cast<s32>(signed_quotient(a, b) | if_zero(b)); }
};
struct SignedRemainder {
  SIMT_INLINE static s32 apply(s32 a, s32 b) {
    const u32 y = static_cast<u32>(b);
    return static_cast<s32>((static_cast<u32>(a) - signed_quotient(a, b) * y) | if_zero(y));
  }
};

/// lop3: the truth table as eight masks.
struct Logic3 {
  SIMT_INLINE static void apply(std::byte* regs, Mask mask, const Instr& instr) {
    u32 t[8];
    for (int i = 0; i < 8; ++i) t[i] = instr.imm >> i & 1 ? ~0u : 0u;
    const u32 t0 = t[0], t1 = t[1], t2 = t[2], t3 = t[3], t4 = t[4], t5 = t[5], t6 = t[6], t7 = t[7];
    auto* d = row<u32>(regs, instr.op[0]);
    const auto *x = row<u32>(regs, instr.op[1]), *y = row<u32>(regs, instr.op[2]), *z = row<u32>(regs, instr.op[3]);
    write(d, mask, [=](int lane) {
      const u32 a = x[lane], b = y[lane], c = z[lane];
      const u32 zero = (~b & ((~c & t0) | (c & t1))) | (b & ((~c & t2) | (c & t3)));
      const u32 one = (~b & ((~c & t4) | (c & t5))) | (b & ((~c & t6) | (c & t7)));
      return (~a & zero) | (a & one);
    });
  }
};

constexpr HotEntry kLoops[] = {
    {"add.b16", loop<add_row, u16, 't', 't', 't'>},
    {"add.b32", loop<add_row, u32, 't', 't', 't'>},
    {"add.b64", loop<add_row, u64, 't', 't', 't'>},
    {"sub.b16", loop<sub_row, u16, 't', 't', 't'>},
    {"sub.b32", loop<sub_row, u32, 't', 't', 't'>},
    {"sub.b64", loop<sub_row, u64, 't', 't', 't'>},
    {"mul.lo.b16", loop<mul_row, u16, 't', 't', 't'>},
    {"mul.lo.b32", loop<mul_row, u32, 't', 't', 't'>},
    {"mul.lo.b64", loop<mul_row, u64, 't', 't', 't'>},
    {"mul.hi.u32", loop<High<mul_row>, u32, 't', 't', 't'>},
    {"mul.hi.s32", loop<High<mul_row>, s32, 't', 't', 't'>},
    {"mul.hi.u64", loop<High<mul_row>, u64, 't', 't', 't'>},
    {"mul.wide.u16", loop<Wide<mul_row>, u16, 'w', 't', 't'>},
    {"mul.wide.u32", loop<Wide<mul_row>, u32, 'w', 't', 't'>},
    {"mul.wide.s32", loop<Wide<mul_row>, s32, 'w', 't', 't'>},
    {"mad.lo.b16", loop<mad_row, u16, 't', 't', 't', 't'>},
    {"mad.lo.b32", loop<mad_row, u32, 't', 't', 't', 't'>},
    {"mad.lo.b64", loop<mad_row, u64, 't', 't', 't', 't'>},
    {"mad.wide.u32", loop<Wide<mad_row>, u32, 'w', 't', 't', 'w'>},
    {"mad.wide.s32", loop<Wide<mad_row>, s32, 'w', 't', 't', 'w'>},
    {"div.u32", LaneWise<Quotient, u32, u32, u32>::warp},
    {"rem.u32", LaneWise<Remainder, u32, u32, u32>::warp},
    {"div.s32", LaneWise<SignedQuotient, s32, s32, s32>::warp},
    {"rem.s32", LaneWise<SignedRemainder, s32, s32, s32>::warp},
    {"abs.s32", loop<abs_row, s32, 't', 't'>},
    {"neg.b32", loop<neg_row, u32, 't', 't'>},
    {"neg.b64", loop<neg_row, u64, 't', 't'>},
    {"min.u32", loop<min_row, u32, 't', 't', 't'>},
    {"min.s32", loop<min_row, s32, 't', 't', 't'>},
    {"max.u32", loop<max_row, u32, 't', 't', 't'>},
    {"max.s32", loop<max_row, s32, 't', 't', 't'>},
    {"min.s64", loop<min_row, s64, 't', 't', 't'>},
    {"max.s64", loop<max_row, s64, 't', 't', 't'>},
    {"and.b16", loop<and_row, u16, 't', 't', 't'>},
    {"and.b32", loop<and_row, u32, 't', 't', 't'>},
    {"and.b64", loop<and_row, u64, 't', 't', 't'>},
    {"or.b16", loop<or_row, u16, 't', 't', 't'>},
    {"or.b32", loop<or_row, u32, 't', 't', 't'>},
    {"or.b64", loop<or_row, u64, 't', 't', 't'>},
    {"xor.b16", loop<xor_row, u16, 't', 't', 't'>},
    {"xor.b32", loop<xor_row, u32, 't', 't', 't'>},
    {"xor.b64", loop<xor_row, u64, 't', 't', 't'>},
    {"not.b32", loop<not_row, u32, 't', 't'>},
    {"not.b64", loop<not_row, u64, 't', 't'>},
    {"lop3.b32", RowWise<Logic3>::run},
    {"shl.b32", loop<shl_row, u32, 't', 't', 'u'>},
    {"shl.b64", loop<shl_row, u64, 't', 't', 'u'>},
    {"shr.u32", loop<shr_row, u32, 't', 't', 'u'>},
    {"shr.s32", loop<shr_row, s32, 't', 't', 'u'>},
    {"shr.u64", loop<shr_row, u64, 't', 't', 'u'>},
    {"shr.s64", loop<shr_row, s64, 't', 't', 'u'>},
    {"shf.l.wrap.b32", loop<shf_l_wrap_row, u32, 't', 't', 't', 'u'>},
    {"shf.r.wrap.b32", loop<shf_r_wrap_row, u32, 't', 't', 't', 'u'>},
    {"popc.b32", loop<popc_row, u32, 'u', 't'>},
    {"clz.b32", loop<clz_row, u32, 'u', 't'>},
    {"brev.b32", loop<brev_row, u32, 't', 't'>},
    {"bfe.u32", loop<bfe_row, u32, 't', 't', 'u', 'u'>},
    {"bfi.b32", loop<bfi_row, u32, 't', 't', 't', 'u', 'u'>},
    {"prmt.b32", loop<prmt_row, u32, 't', 't', 't', 'u'>},
    {"dp4a.s32.s32", loop<dp4a_s32_row, s32, 't', 't', 't', 't'>},
};

}  // namespace

HotTable integer_loops() { return {kLoops, sizeof kLoops / sizeof *kLoops}; }

}  // namespace simt::ops::SIMT_ISA
