// Instructions through which the lanes of a warp see each other: shuffles, votes, matches, reductions.
#include <bit>
#include <string_view>

#include "simt/exec/block.hpp"
#include "simt/exec/handler_tables.hpp"
#include "simt/exec/lanes.hpp"

namespace simt::exec::SIMT_ISA {

using namespace simt::lanes::SIMT_ISA;
using u32 = std::uint32_t;
using s32 = std::int32_t;
using u64 = std::uint64_t;

namespace {

/// Lanes that the active ones name and that are not here.
SIMT_INLINE Mask missing(Warp& warp, std::int32_t members_row, Mask& members) {
  const auto* m = row<u32>(warp, members_row);
  u32 all = 0;
  if (warp.active == kAllLanes) {
    for (int lane = 0; lane < kLanes; ++lane) all |= m[lane];
  } else {
    for (int lane = 0; lane < kLanes; ++lane) all |= (warp.active & kLaneBits<u32>.bit[lane]) != 0 ? m[lane] : 0u;
  }
  members = all;
  return all & ~warp.active & ~warp.dead;
}

/// Waits unless all named lanes are here, or were released although they wait at different places.
#define SIMT_CONVERGE(members_row)                                                       \
  Mask members_;                                                                         \
  if (missing(warp, members_row, members_)) [[unlikely]] {                               \
    if ((warp.pass & warp.active) != warp.active) return wait_for_lanes(warp, instr, members_); \
  }                                                                                      \
  warp.pass &= ~warp.active

enum class Shuffle { up, down, bfly, idx };

template <Shuffle mode>
const Instr* shuffle(Warp& warp, const Instr* instr) {
  SIMT_CONVERGE(instr->op[5]);
  const auto *a = row<u32>(warp, instr->op[2]), *b = row<u32>(warp, instr->op[3]), *c = row<u32>(warp, instr->op[4]);
  alignas(64) u32 value[kLanes];   // the destination may be the source
  alignas(64) s32 from[kLanes];
  u32 inside = 0;
  for (int lane = 0; lane < kLanes; ++lane) {
    value[lane] = a[lane];
    const s32 segment = s32(c[lane] >> 8 & 31), clamp = s32(c[lane] & 31), operand = s32(b[lane] & 31);
    const s32 last = (lane & segment) | (clamp & ~segment);
    const s32 j = mode == Shuffle::up     ? lane - operand
                  : mode == Shuffle::down ? lane + operand
                  : mode == Shuffle::bfly ? lane ^ operand
                                          : (lane & segment) | (operand & ~segment);
    const bool good = mode == Shuffle::up ? j >= last : j <= last;
    from[lane] = good ? j : lane;
    inside |= good ? kLaneBits<u32>.bit[lane] : 0u;
  }
  auto& p = predicate(warp, instr->op[1]);
  const Mask exec = warp.exec;
  p = (p & ~exec) | (inside & exec);
  auto* d = row<u32>(warp, instr->op[0]);
  write(d, exec, [&](int lane) { return value[from[lane]]; });
  return instr + 1;
}

enum class Vote { all, any, uni, ballot };

template <Vote kind>
const Instr* vote(Warp& warp, const Instr* instr) {
  SIMT_CONVERGE(instr->op[2]);
  const auto* m = row<u32>(warp, instr->op[2]);
  const Mask active = warp.active, yes = predicate(warp, instr->op[1]) & active;
  if constexpr (kind == Vote::ballot) {
    write(row<u32>(warp, instr->op[0]), warp.exec, [=](int lane) { return yes & m[lane]; });
  } else {
    write_predicate<4>(warp, instr->op[0], [=](int lane) {
      const u32 in = active & m[lane], said_yes = yes & m[lane];
      const bool all = said_yes == in, any = said_yes != 0;
      return kind == Vote::all ? all : kind == Vote::any ? any : all | !any;
    });
  }
  return instr + 1;
}

template <class T>
const Instr* match_any(Warp& warp, const Instr* instr) {
  SIMT_CONVERGE(instr->op[2]);
  const auto* a = row<T>(warp, instr->op[1]);
  const auto* m = row<u32>(warp, instr->op[2]);
  alignas(64) u32 result[kLanes] = {};
  for (Mask left = warp.active; left;) {
    const T value = a[std::countr_zero(left)];
    const Mask same = gather_mask<sizeof(T)>([=](int lane) { return a[lane] == value; }) & warp.active;
    for (Mask rest = same; rest; rest &= rest - 1) {
      const int lane = std::countr_zero(rest);
      result[lane] = same & m[lane];
    }
    left &= ~same;
  }
  write(row<u32>(warp, instr->op[0]), warp.exec, [&](int lane) { return result[lane]; });
  return instr + 1;
}

template <class T>
const Instr* match_all(Warp& warp, const Instr* instr) {
  SIMT_CONVERGE(instr->op[3]);
  const auto* a = row<T>(warp, instr->op[2]);
  const auto* m = row<u32>(warp, instr->op[3]);
  alignas(64) u32 result[kLanes] = {};
  Mask agreed = 0;
  for (Mask left = warp.active; left; left &= left - 1) {
    const int lane = std::countr_zero(left);
    const Mask in = m[lane] & warp.active;
    bool all = true;
    for (Mask rest = in; rest; rest &= rest - 1) all &= a[std::countr_zero(rest)] == a[lane];
    result[lane] = all ? in : 0;
    agreed |= all ? Mask{1} << lane : 0;
  }
  auto& p = predicate(warp, instr->op[1]);
  p = (p & ~warp.active) | agreed;
  write(row<u32>(warp, instr->op[0]), warp.exec, [&](int lane) { return result[lane]; });
  return instr + 1;
}

struct Add { template <class T> static T apply(T a, T b) { return a + b; } };
struct Min { template <class T> static T apply(T a, T b) { return b < a ? b : a; } };
struct Max { template <class T> static T apply(T a, T b) { return a < b ? b : a; } };
struct And { template <class T> static T apply(T a, T b) { return a & b; } };
struct Or { template <class T> static T apply(T a, T b) { return a | b; } };
struct Xor { template <class T> static T apply(T a, T b) { return a ^ b; } };

/// Minimum or maximum of numbers; a NaN loses, unless `Nan`, which makes it win.
template <bool Max, bool Nan>
struct Extreme {
  static float apply(float a, float b) {
    if (a != a || b != b) {
      if (Nan || (a != a && b != b)) return __builtin_bit_cast(float, 0x7fffffffu);
      return a != a ? b : a;
    }
    if (a == b) return (__builtin_bit_cast(u32, a) >> 31 != 0) == Max ? b : a;   // -0 is below +0
    return (a < b) == Max ? b : a;
  }
};

template <class T, class Op, bool Absolute = false>
const Instr* reduce(Warp& warp, const Instr* instr) {
  SIMT_CONVERGE(instr->op[2]);
  const auto* a = row<T>(warp, instr->op[1]);
  const auto* m = row<u32>(warp, instr->op[2]);
  alignas(64) T result[kLanes] = {};
  auto value = [&](int lane) {
    T v = a[lane];
    if constexpr (Absolute) v = __builtin_fabsf(v);
    return v;
  };
  for (Mask left = warp.active; left;) {
    const u32 members = m[std::countr_zero(left)];
    Mask in = members & warp.active;
    T sum{};
    if (in) sum = value(std::countr_zero(in));
    for (in &= in - 1; in; in &= in - 1) sum = Op::apply(sum, value(std::countr_zero(in)));
    Mask rest = left;
    for (; rest; rest &= rest - 1) {
      const int lane = std::countr_zero(rest);
      if (m[lane] != members) continue;
      result[lane] = sum;
      left &= ~(Mask{1} << lane);
    }
  }
  write(row<T>(warp, instr->op[0]), warp.exec, [&](int lane) { return result[lane]; });
  return instr + 1;
}

const Instr* active_mask(Warp& warp, const Instr* instr) {
  const u32 active = warp.active;
  write(row<u32>(warp, instr->op[0]), warp.exec, [=](int) { return active; });
  return instr + 1;
}

const Instr* elect(Warp& warp, const Instr* instr) {
  SIMT_CONVERGE(instr->op[2]);
  const auto* m = row<u32>(warp, instr->op[2]);
  alignas(64) u32 result[kLanes] = {};
  Mask leaders = 0;
  for (Mask left = warp.active; left; left &= left - 1) {
    const int lane = std::countr_zero(left);
    const Mask in = m[lane] & warp.active;
    result[lane] = in ? u32(std::countr_zero(in)) : u32(lane);
    if (in && std::countr_zero(in) == lane) leaders |= Mask{1} << lane;
  }
  auto& p = predicate(warp, instr->op[1]);
  p = (p & ~warp.active) | leaders;
  write(row<u32>(warp, instr->op[0]), warp.exec, [&](int lane) { return result[lane]; });
  return instr + 1;
}

const Instr* warp_barrier(Warp& warp, const Instr* instr) {
  SIMT_CONVERGE(instr->op[0]);
  return instr + 1;
}

struct Named {
  std::string_view name;
  Handler handler;
};
constexpr Named kCollectives[] = {
    {"shfl.up.b32", shuffle<Shuffle::up>}, {"shfl.down.b32", shuffle<Shuffle::down>},
    {"shfl.bfly.b32", shuffle<Shuffle::bfly>}, {"shfl.idx.b32", shuffle<Shuffle::idx>},
    {"vote.all.pred", vote<Vote::all>}, {"vote.any.pred", vote<Vote::any>}, {"vote.uni.pred", vote<Vote::uni>},
    {"vote.ballot.b32", vote<Vote::ballot>},
    {"match.any.b32", match_any<u32>}, {"match.any.b64", match_any<u64>},
    {"match.all.b32", match_all<u32>}, {"match.all.b64", match_all<u64>},
    {"redux.add.u32", reduce<u32, Add>}, {"redux.add.s32", reduce<u32, Add>},
    {"redux.min.u32", reduce<u32, Min>}, {"redux.min.s32", reduce<s32, Min>},
    {"redux.max.u32", reduce<u32, Max>}, {"redux.max.s32", reduce<s32, Max>},
    {"redux.and.b32", reduce<u32, And>}, {"redux.or.b32", reduce<u32, Or>}, {"redux.xor.b32", reduce<u32, Xor>},
    {"redux.min.f32", reduce<float, Extreme<false, false>>}, {"redux.max.f32", reduce<float, Extreme<true, false>>},
    {"redux.min.NaN.f32", reduce<float, Extreme<false, true>>}, {"redux.max.NaN.f32", reduce<float, Extreme<true, true>>},
    {"redux.min.abs.f32", reduce<float, Extreme<false, false>, true>},
    {"redux.max.abs.f32", reduce<float, Extreme<true, false>, true>},
    {"redux.min.abs.NaN.f32", reduce<float, Extreme<false, true>, true>},
    {"redux.max.abs.NaN.f32", reduce<float, Extreme<true, true>, true>},
    {"activemask.b32", active_mask}, {"elect", elect}, {"bar.warp", warp_barrier},
};

}  // namespace

Handler collective(std::string_view operation) {
  for (const auto& entry : kCollectives)
    if (entry.name == operation) return entry.handler;
  return nullptr;
}

}  // namespace simt::exec::SIMT_ISA
