// The table of handlers that pieces know, by the names that simt/ops and simt/exec give them.
#include "simt/jit/forms.hpp"

#include <string>
#include <string_view>
#include <unordered_map>

#include "simt/exec/handlers.hpp"
#include "simt/jit/jit.hpp"
#include "simt/ops/form.hpp"

namespace simt::jit {

#ifdef SIMT_JIT

namespace {

struct Named {
  std::string_view name;
  Form form;
};

constexpr Opcode i32(unsigned code, unsigned map = 1) { return {p66, std::uint8_t(map), 0, std::uint8_t(code)}; }
constexpr Opcode i64(unsigned code, unsigned map = 1) { return {p66, std::uint8_t(map), 1, std::uint8_t(code)}; }
constexpr Opcode f64(unsigned code) { return {p66, 1, 1, std::uint8_t(code)}; }
constexpr Opcode f32(unsigned code) { return {none_, 1, 0, std::uint8_t(code)}; }
constexpr std::uint8_t kCommutes = 1;

/// Names of simt/ops: see its *_isa.cpp.
constexpr Named kArithmetic[] = {
    {"mov.b32", {Do::copy, 4}}, {"mov.b64", {Do::copy, 8}},
    {"add.b32", {Do::binary, 4, false, kCommutes, kAdd32}}, {"add.b64", {Do::binary, 8, false, kCommutes, kAdd64}},
    {"sub.b32", {Do::binary, 4, false, 0, kSub32}}, {"sub.b64", {Do::binary, 8, false, 0, kSub64}},
    {"and.b32", {Do::binary, 4, false, kCommutes, i32(0xdb)}}, {"and.b64", {Do::binary, 8, false, kCommutes, i64(0xdb)}},
    {"or.b32", {Do::binary, 4, false, kCommutes, i32(0xeb)}}, {"or.b64", {Do::binary, 8, false, kCommutes, i64(0xeb)}},
    {"xor.b32", {Do::binary, 4, false, kCommutes, i32(0xef)}}, {"xor.b64", {Do::binary, 8, false, kCommutes, i64(0xef)}},
    {"min.s32", {Do::binary, 4, true, kCommutes, i32(0x39, 2)}}, {"min.s64", {Do::binary, 8, true, kCommutes, i64(0x39, 2)}},
    {"min.u32", {Do::binary, 4, false, kCommutes, i32(0x3b, 2)}},
    {"max.s32", {Do::binary, 4, true, kCommutes, i32(0x3d, 2)}}, {"max.s64", {Do::binary, 8, true, kCommutes, i64(0x3d, 2)}},
    {"max.u32", {Do::binary, 4, false, kCommutes, i32(0x3f, 2)}},
    {"neg.b32", {Do::negate, 4, false, 0, kSub32}}, {"neg.b64", {Do::negate, 8, false, 0, kSub64}},
    {"not.b32", {Do::complement, 4, false, 0, kTernary32}}, {"not.b64", {Do::complement, 8, false, 0, kTernary64}},
    {"lop3.b32", {Do::logic3, 4, false, 0, kTernary32}},
    // detail: the extension of the form with a constant count; the opcode is that of the form with a row of counts
    {"shl.b32", {Do::shift, 4, false, 6, i32(0x47, 2)}}, {"shl.b64", {Do::shift, 8, false, 6, i64(0x47, 2)}},
    {"shr.u32", {Do::shift, 4, false, 2, i32(0x45, 2)}}, {"shr.u64", {Do::shift, 8, false, 2, i64(0x45, 2)}},
    {"shr.s32", {Do::shift, 4, true, 4, i32(0x46, 2)}}, {"shr.s64", {Do::shift, 8, true, 4, i64(0x46, 2)}},
    {"mul.lo.b32", {Do::multiply, 4}}, {"mul.lo.b64", {Do::multiply, 8}}, {"mad.lo.b32", {Do::multiply_add, 4}},
    {"mad.lo.b64", {Do::multiply_add, 8}},
    {"mul.wide.u32", {Do::multiply_wide, 4, false}}, {"mul.wide.s32", {Do::multiply_wide, 4, true}},
    {"mad.wide.u32", {Do::multiply_add_wide, 4, false}}, {"mad.wide.s32", {Do::multiply_add_wide, 4, true}},
    {"mul.hi.u32", {Do::multiply_high, 4, false}}, {"mul.hi.s32", {Do::multiply_high, 4, true}},
    {"mul.wide.u16", {Do::multiply_wide16, 2}},
    {"mov.b16", {Do::copy, 2}},
    {"and.b16", {Do::binary, 2, false, kCommutes, i32(0xdb)}}, {"or.b16", {Do::binary, 2, false, kCommutes, i32(0xeb)}},
    {"xor.b16", {Do::binary, 2, false, kCommutes, i32(0xef)}}, {"add.b16", {Do::binary, 2, false, kCommutes, i32(0xfd)}},
    {"sub.b16", {Do::binary, 2, false, 0, i32(0xf9)}}, {"mul.lo.b16", {Do::binary, 2, false, kCommutes, i32(0xd5)}},
    {"selp.b16", {Do::select, 2, false, 0, kBlend16}}, {"setp.eq.b16", {Do::test, 2, false, 0, kCompare16}},
    {"resize.u16.32.16", {Do::narrow16, 4}},
    // detail: operands of real ones; of the others: the bits that are flipped (1) or kept (2)
    {"add.f64", {Do::real, 8, false, 2, f64(0x58)}}, {"sub.f64", {Do::real, 8, false, 2, f64(0x5c)}},
    {"mul.f64", {Do::real, 8, false, 2, f64(0x59)}}, {"div.f64", {Do::real, 8, false, 2, f64(0x5e)}},
    {"sqrt.f64", {Do::real, 8, false, 1, f64(0x51)}}, {"fma.f64", {Do::real_fma, 8}},
    {"neg.f32", {Do::change_sign, 4, false, 1, kXor32}}, {"abs.f32", {Do::change_sign, 4, false, 2, kAnd32}},
    {"neg.f64", {Do::change_sign, 8, false, 1, kXor64}}, {"abs.f64", {Do::change_sign, 8, false, 2, kAnd64}},
    {"cvt.f64.f32", {Do::widen_single, 4}}, {"cvt.rn.f32.f64", {Do::narrow_real, 8}},
    {"resize.u32.32.64", {Do::extend, 4, false}}, {"resize.s32.32.64", {Do::extend, 4, true}},
    {"resize.u32.64.32", {Do::truncate, 8}},
    {"resize.u16.16.32", {Do::extend16, 2, false}}, {"resize.s16.16.32", {Do::extend16, 2, true}},
    {"add.f32", {Do::single, 4, false, 2, f32(0x58)}}, {"sub.f32", {Do::single, 4, false, 2, f32(0x5c)}},
    {"mul.f32", {Do::single, 4, false, 2, f32(0x59)}}, {"div.f32", {Do::single, 4, false, 2, f32(0x5e)}},
    {"sqrt.f32", {Do::single, 4, false, 1, f32(0x51)}}, {"fma.f32", {Do::fma, 4}},
    {"min.f32", {Do::extreme, 4, false, 0, f32(0x5d)}}, {"max.f32", {Do::extreme, 4, false, 1, f32(0x5f)}},
    {"abs.s32", {Do::convert, 4, true, 0, i32(0x1e, 2)}}, {"clz.b32", {Do::convert, 4, false, 0, i32(0x44, 2)}},
    {"cvt.rn.f32.s32", {Do::convert, 4, true, 0, f32(0x5b)}}, {"cvt.rn.f32.u32", {Do::convert, 4, false, 0, {pF2, 1, 0, 0x7a}}},
    {"selp.b32", {Do::select, 4, false, 0, kBlend32}}, {"selp.b64", {Do::select, 8, false, 0, kBlend64}},
    // detail: the processor's number of the relation
    {"setp.eq.b32", {Do::test, 4, false, 0, kCompare32}}, {"setp.eq.b64", {Do::test, 8, false, 0, kCompare64}},
    {"setp.lt.s32", {Do::test, 4, true, 1, kCompare32}}, {"setp.lt.s64", {Do::test, 8, true, 1, kCompare64}},
    {"setp.gt.s32", {Do::test, 4, true, 6, kCompare32}}, {"setp.gt.s64", {Do::test, 8, true, 6, kCompare64}},
    {"setp.lt.u32", {Do::test, 4, false, 1, kCompareU32}}, {"setp.lt.u64", {Do::test, 8, false, 1, kCompareU64}},
    {"setp.gt.u32", {Do::test, 4, false, 6, kCompareU32}}, {"setp.gt.u64", {Do::test, 8, false, 6, kCompareU64}},
    {"setp.eq.f32", {Do::test_single, 4, false, 0x00}}, {"setp.ne.f32", {Do::test_single, 4, false, 0x0c}},
    {"setp.lt.f32", {Do::test_single, 4, false, 0x11}}, {"setp.le.f32", {Do::test_single, 4, false, 0x12}},
    {"setp.gt.f32", {Do::test_single, 4, false, 0x1e}}, {"setp.ge.f32", {Do::test_single, 4, false, 0x1d}},
    {"setp.num.f32", {Do::test_single, 4, false, 0x07}},
    {"mov.pred", {Do::predicate, 4, false, 'm'}}, {"not.pred", {Do::predicate, 4, false, 'n'}},
    {"and.pred", {Do::predicate, 4, false, '&'}}, {"or.pred", {Do::predicate, 4, false, '|'}},
    {"xor.pred", {Do::predicate, 4, false, '^'}},
};

/// Names of simt/exec/moves_isa.cpp.
constexpr Named kMoves[] = {
    {"copy_32", {Do::copy, 4}}, {"copy_64", {Do::copy, 8}},
    {"add_32", {Do::binary, 4, false, kCommutes, kAdd32}}, {"add_64", {Do::binary, 8, false, kCommutes, kAdd64}},
    {"widen_u32_64", {Do::extend, 4, false}}, {"widen_s32_64", {Do::extend, 4, true}}, {"narrow_64_32", {Do::truncate, 8}},
    {"narrow_32_16", {Do::narrow16, 4}}, {"copy_16", {Do::copy, 2}},
    {"widen_u16_32", {Do::extend16, 2, false}}, {"widen_s16_32", {Do::extend16, 2, true}},
    {"copy_pred", {Do::predicate, 4, false, 'm'}}, {"not_pred", {Do::predicate, 4, false, 'n'}},
};

}  // namespace

const Form* form_of(exec::Handler handler) {
  using exec::Elem;
  using exec::Reach;
  static const std::unordered_map<exec::Handler, Form> known = [] {
    constexpr auto level = exec::Isa::v4;
    std::unordered_map<exec::Handler, Form> map;
    for (const auto& entry : kArithmetic) map.emplace(ops::hot(entry.name, level), entry.form);
    for (const auto& entry : kMoves) map.emplace(exec::move_handler(level, entry.name), entry.form);
    map.emplace(exec::load_handler(level, Reach::flat, Elem::u32, 1), Form{Do::load});
    map.emplace(exec::load_handler(level, Reach::flat, Elem::u8, 1), Form{Do::load_byte, 2});
    map.emplace(exec::load_handler(level, Reach::uniform, Elem::u32, 1), Form{Do::load_uniform});
    map.emplace(exec::load_handler(level, Reach::shared, Elem::u32, 1), Form{Do::load_shared});
    for (bool first : {true, false})
      map.emplace(exec::load_several_handler(level, first), Form{Do::load_shared, 4, false, first});
    map.emplace(exec::store_handler(level, Reach::flat, Elem::u32, 1), Form{Do::store});
    map.emplace(exec::store_handler(level, Reach::shared, Elem::u32, 1), Form{Do::store_shared});
    map.emplace(exec::unread_handler(exec::atomic_handler("add.u32", true)), Form{Do::add_shared});
    map.emplace(exec::collective_handler(level, "vote.ballot.b32"), Form{Do::ballot});
    map.emplace(exec::load_handler(level, Reach::flat, Elem::u64, 1), Form{Do::load_long, 8});
    map.emplace(exec::load_handler(level, Reach::shared, Elem::u64, 1), Form{Do::load_shared_long, 8});
    map.emplace(exec::store_handler(level, Reach::flat, Elem::u64, 1), Form{Do::store_long, 8});
    map.emplace(exec::store_handler(level, Reach::shared, Elem::u64, 1), Form{Do::store_shared_long, 8});
    for (std::string_view mode : {"up", "down", "bfly", "idx"})
      map.emplace(exec::collective_handler(level, "shfl." + std::string(mode) + ".b32"), Form{Do::shuffle, 4, false, std::uint8_t(mode[0])});
    map.emplace(exec::collective_handler(level, "bar.warp"), Form{Do::meet});
    if (__builtin_cpu_supports("avx512vpopcntdq"))
      map.emplace(ops::hot("popc.b32", level), Form{Do::convert, 4, false, 0, i32(0x55, 2)});
    map.erase(nullptr);
    return map;
  }();
  const auto found = known.find(handler);
  return found == known.end() ? nullptr : &found->second;
}

#else

const Form* form_of(exec::Handler) { return nullptr; }

#endif

}  // namespace simt::jit
