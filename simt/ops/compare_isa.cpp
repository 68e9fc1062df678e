// Fast loops of setp with one result, and of selp. A relation and its complement share a loop.
#include "simt/exec/lanes.hpp"
#include "simt/ops/compare_rows.hpp"
#include "simt/ops/float_rows.hpp"
#include "simt/ops/tables.hpp"

namespace simt::ops::SIMT_ISA {

using namespace simt::lanes::SIMT_ISA;

namespace {

/// setp: Instr::imm is all ones for the complement of the relation, which is a relation of its own (`geu` of `lt`).
template <class Relation, class T, bool Flush>
struct Test {
  SIMT_INLINE static void apply(std::byte* regs, Mask mask, const Instr& instr) {
    const auto *a = row<T>(regs, instr.op[1]), *b = row<T>(regs, instr.op[2]);
    const Mask held = gather_mask<sizeof(T)>([=](int lane) __attribute__((always_inline)) {
      const T x = a[lane], y = b[lane];
      if constexpr (Flush) return Relation::apply(flushed(x), flushed(y));
      else return Relation::apply(x, y);
    });
    write_mask(regs, instr.op[0], mask, held ^ static_cast<Mask>(instr.imm));
  }
};
template <class Relation, class T, bool Flush = false>
constexpr Loop test = RowWise<Test<Relation, T, Flush>>::run;

template <class T>
struct Select {
  SIMT_INLINE static void apply(std::byte* regs, Mask mask, const Instr& instr) {
    using U = Bits<sizeof(T)>;
    auto* d = row<U>(regs, instr.op[0]);
    const auto *a = row<U>(regs, instr.op[1]), *b = row<U>(regs, instr.op[2]);
    const Mask p = predicate(regs, instr.op[3]);
    if (sizeof(T) == 2) {
      const U halves[2] = {static_cast<U>(p), static_cast<U>(p >> 16)};
      write(d, mask, [=](int lane) {
        const U x = a[lane], y = b[lane];
        return (halves[lane >> 4] & kLaneBits<U>.bit[lane]) != 0 ? x : y;
      });
    } else {
      const U bits = p;
      write(d, mask, [=](int lane) {
        const U x = a[lane], y = b[lane];
        return (bits & kLaneBits<U>.bit[lane]) != 0 ? x : y;
      });
    }
  }
};
template <class T>
constexpr Loop select_lanes = RowWise<Select<T>>::run;

#define SIMT_INTEGERS(r)                                                                                         \
  {"setp." #r ".s32", test<r##_relation, std::int32_t>}, {"setp." #r ".u32", test<r##_relation, std::uint32_t>}, \
  {"setp." #r ".s64", test<r##_relation, std::int64_t>}, {"setp." #r ".u64", test<r##_relation, std::uint64_t>}
#define SIMT_FLOATS(r)                                                                                           \
  {"setp." #r ".f32", test<r##_relation, float>}, {"setp." #r ".ftz.f32", test<r##_relation, float, true>},      \
  {"setp." #r ".f64", test<r##_relation, double>}

constexpr HotEntry kLoops[] = {
    {"setp.eq.b16", test<eq_relation, std::uint16_t>},
    {"setp.eq.b32", test<eq_relation, std::uint32_t>},
    {"setp.eq.b64", test<eq_relation, std::uint64_t>},
    SIMT_INTEGERS(lt), SIMT_INTEGERS(gt),
    SIMT_FLOATS(eq), SIMT_FLOATS(ne), SIMT_FLOATS(lt), SIMT_FLOATS(le), SIMT_FLOATS(gt), SIMT_FLOATS(ge), SIMT_FLOATS(num),
    {"selp.b16", select_lanes<std::uint16_t>},
    {"selp.b32", select_lanes<std::uint32_t>},
    {"selp.b64", select_lanes<std::uint64_t>},
};
#undef SIMT_INTEGERS
#undef SIMT_FLOATS

}  // namespace

HotTable compare_loops() { return {kLoops, sizeof kLoops / sizeof *kLoops}; }

}  // namespace simt::ops::SIMT_ISA
