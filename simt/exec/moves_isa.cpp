// Lane-wise helpers of the lowering: copies, changes of width, parameter words, generic addresses.
#include <span>

#include "simt/exec/block.hpp"
#include "simt/exec/handler_tables.hpp"
#include "simt/exec/lanes.hpp"

namespace simt::exec::SIMT_ISA {

using namespace simt::lanes::SIMT_ISA;
using u8 = std::uint8_t;
using u16 = std::uint16_t;
using u32 = std::uint32_t;
using u64 = std::uint64_t;
using s16 = std::int16_t;
using s32 = std::int32_t;
using s64 = std::int64_t;

namespace {

struct Same {
  template <class T>
  SIMT_INLINE static T apply(T a) { return a; }
};
struct Sum {
  template <class T>
  SIMT_INLINE static T apply(T a, T b) { return a + b; }
};

const Instr* copy_pred(Warp& warp, const Instr* instr) {
  auto& d = predicate(warp, instr->op[0]);
  d = (d & ~warp.exec) | (predicate(warp, instr->op[1]) & warp.exec);
  return instr + 1;
}
const Instr* not_pred(Warp& warp, const Instr* instr) {
  auto& d = predicate(warp, instr->op[0]);
  d = (d & ~warp.exec) | (~predicate(warp, instr->op[1]) & warp.exec);
  return instr + 1;
}

/// Two words to 64 bits and back.
const Instr* zip(Warp& warp, const Instr* instr) {
  const auto *low = row<u32>(warp, instr->op[1]), *high = row<u32>(warp, instr->op[2]);
  write(row<u64>(warp, instr->op[0]), warp.exec, [=](int lane) { return u64(low[lane]) | u64(high[lane]) << 32; });
  return instr + 1;
}
const Instr* unzip(Warp& warp, const Instr* instr) {
  const auto* from = row<u64>(warp, instr->op[2]);
  write(row<u32>(warp, instr->op[0]), warp.exec, [=](int lane) { return u32(from[lane]); });
  write(row<u32>(warp, instr->op[1]), warp.exec, [=](int lane) { return u32(from[lane] >> 32); });
  return instr + 1;
}
/// Two 64-bit rows to 128 bits, which are two rows as well.
const Instr* pack_128(Warp& warp, const Instr* instr) {
  const auto *low = row<u64>(warp, instr->op[1]), *high = row<u64>(warp, instr->op[2]);
  write(row<u64>(warp, instr->op[0]), warp.exec, [=](int lane) { return low[lane]; });
  write(row<u64>(warp, instr->op[0] + 256), warp.exec, [=](int lane) { return high[lane]; });
  return instr + 1;
}
const Instr* unpack_128(Warp& warp, const Instr* instr) {
  const auto *low = row<u64>(warp, instr->op[2]), *high = row<u64>(warp, instr->op[2] + 256);
  write(row<u64>(warp, instr->op[0]), warp.exec, [=](int lane) { return low[lane]; });
  write(row<u64>(warp, instr->op[1]), warp.exec, [=](int lane) { return high[lane]; });
  return instr + 1;
}
const Instr* copy_128(Warp& warp, const Instr* instr) {
  for (int half = 0; half < 512; half += 256) {
    const auto* from = row<u64>(warp, instr->op[1] + half);
    write(row<u64>(warp, instr->op[0] + half), warp.exec, [=](int lane) { return from[lane]; });
  }
  return instr + 1;
}

/// A part of a word, `imm` bits up.
template <class T>
const Instr* extract(Warp& warp, const Instr* instr) {
  const auto* from = row<u32>(warp, instr->op[1]);
  const u32 shift = u32(instr->imm);
  write(row<u16>(warp, instr->op[0]), warp.exec, [=](int lane) { return u16(s16(T(from[lane] >> shift))); });
  return instr + 1;
}
template <class T>
const Instr* insert(Warp& warp, const Instr* instr) {
  const auto* from = row<u16>(warp, instr->op[1]);
  auto* d = row<u32>(warp, instr->op[0]);
  const u32 shift = u32(instr->imm), keep = ~(u32(T(~T{0})) << shift);
  write(d, warp.exec, [=](int lane) { return (d[lane] & keep) | u32(T(from[lane])) << shift; });
  return instr + 1;
}

template <u64 Window>
const Instr* isspacep(Warp& warp, const Instr* instr) {
  const auto* a = row<u64>(warp, instr->op[1]);
  write_predicate<8>(warp, instr->op[0], [=](int lane) { return (a[lane] >> 32) == (Window >> 32); });
  return instr + 1;
}
const Instr* isspacep_global(Warp& warp, const Instr* instr) {
  const auto* a = row<u64>(warp, instr->op[1]);
  write_predicate<8>(warp, instr->op[0], [=](int lane) { return a[lane] < memory::kSharedWindow; });
  return instr + 1;
}
const Instr* isspacep_never(Warp& warp, const Instr* instr) {
  write_predicate<4>(warp, instr->op[0], [=](int) { return false; });
  return instr + 1;
}

/// Shared memory of the cluster's block number `rank`: see shared_of.
template <class A, bool Generic>
const Instr* mapa(Warp& warp, const Instr* instr) {
  const auto* a = row<A>(warp, instr->op[1]);
  const auto* rank = row<u32>(warp, instr->op[2]);
  write(row<A>(warp, instr->op[0]), warp.exec, [=](int lane) {
    return A((a[lane] & ~A(0xff000000u)) | (A(rank[lane] + 1) << 24));
  });
  return instr + 1;
}
template <class A>
const Instr* getctarank(Warp& warp, const Instr* instr) {
  const auto* a = row<A>(warp, instr->op[1]);
  const u32 own = warp.block->rank;
  write(row<u32>(warp, instr->op[0]), warp.exec, [=](int lane) {
    const u32 rank = u32(a[lane] >> 24) & 0xff;
    return rank ? rank - 1 : own;
  });
  return instr + 1;
}

constexpr NamedLoop kMoves[] = {
    {"copy_pred", copy_pred}, {"not_pred", not_pred},
    {"copy_16", LaneWise<Same, u16, u16>::run}, {"copy_32", LaneWise<Same, u32, u32>::run},
    {"copy_64", LaneWise<Same, u64, u64>::run}, {"copy_128", copy_128},
    {"widen_u16_32", LaneWise<Same, u32, u16>::run}, {"widen_s16_32", LaneWise<Same, s32, s16>::run},
    {"widen_u16_64", LaneWise<Same, u64, u16>::run}, {"widen_s16_64", LaneWise<Same, s64, s16>::run},
    {"widen_u32_64", LaneWise<Same, u64, u32>::run}, {"widen_s32_64", LaneWise<Same, s64, s32>::run},
    {"narrow_32_16", LaneWise<Same, u16, u32>::run}, {"narrow_64_16", LaneWise<Same, u16, u64>::run},
    {"narrow_64_32", LaneWise<Same, u32, u64>::run},
    {"add_32", LaneWise<Sum, u32, u32, u32>::run}, {"add_64", LaneWise<Sum, u64, u64, u64>::run},
    {"zip", zip}, {"unzip", unzip}, {"pack_128", pack_128}, {"unpack_128", unpack_128},
    {"extract_16", extract<u16>}, {"extract_u8", extract<u8>}, {"extract_s8", extract<std::int8_t>},
    {"insert_16", insert<u16>}, {"insert_8", insert<u8>},
    {"isspacep_global", isspacep_global}, {"isspacep_const", isspacep_never},
    {"isspacep_shared", isspacep<memory::kSharedWindow>}, {"isspacep_shared::cluster", isspacep<memory::kSharedWindow>},
    {"isspacep_local", isspacep<memory::kLocalWindow>}, {"isspacep_param", isspacep<ir::kParamWindow>},
    {"mapa_generic_64", mapa<u64, true>}, {"mapa_offset_64", mapa<u64, false>}, {"mapa_offset_32", mapa<u32, false>},
    {"getctarank_generic_64", getctarank<u64>}, {"getctarank_offset_64", getctarank<u64>},
    {"getctarank_offset_32", getctarank<u32>},
};

}  // namespace

std::span<const NamedLoop> moves() { return kMoves; }

}  // namespace simt::exec::SIMT_ISA
