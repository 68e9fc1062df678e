// setp, set and testp: relations of compare.def, the boolean with a predicate, and the second result.
#include <deque>
#include <mutex>

#include "simt/ops/compare_rows.hpp"
#include "simt/ops/float_rows.hpp"
#include "simt/ops/form.hpp"
#include "simt/ops/rare.hpp"
#include "simt/ops/value.hpp"

namespace simt::ops {
namespace {

using namespace scalar;
using ptx::Type;

enum Combine : std::uint8_t { none, and_, or_, xor_ };

/// One relation on the three kinds of numbers that it may compare.
struct Relation {
  const char* name;
  const char* types;
  bool (*on_unsigned)(std::uint64_t, std::uint64_t);
  bool (*on_signed)(std::int64_t, std::int64_t);
  bool (*on_float)(double, double);
};
constexpr Relation kRelations[] = {
#define SIMT_COMPARE(name, types, semantics, documentation)                                                       \
  {#name, types, name##_relation::apply<std::uint64_t>, name##_relation::apply<std::int64_t>, name##_relation::apply<double>},
#include "simt/ops/compare.def"
#undef SIMT_COMPARE
};

std::int64_t extended(std::uint64_t x, unsigned bits) { return static_cast<std::int64_t>(x << (64 - bits)) >> (64 - bits); }

bool related(std::uint64_t a, std::uint64_t b, const Rare& r) {
  const Relation& relation = kRelations[r.relation];
  if (r.from) return relation.on_float(value_of(*r.from, a, r.flush_inputs), value_of(*r.from, b, r.flush_inputs));
  if (r.from_signed) return relation.on_signed(extended(a, r.from_bits), extended(b, r.from_bits));
  return relation.on_unsigned(a, b);
}
bool combined(bool t, bool c, const Rare& r) {
  switch (r.combine) {
    case and_: return t && c;
    case or_: return t || c;
    case xor_: return t != c;
    default: return t;
  }
}

/// Bit 0 is the first result; bit 1 the second: of the complement, or of the upper half of packed operands.
std::uint64_t setp_lane(std::uint64_t* in, const Rare& r) {
  const bool t = related(in[0] & (r.elements == 2 ? 0xffff : ~0ull), in[1] & (r.elements == 2 ? 0xffff : ~0ull), r);
  const bool second = r.elements == 2 ? related(in[0] >> 16, in[1] >> 16, r) : !t;
  return combined(t, in[2], r) | static_cast<std::uint64_t>(combined(second, in[2], r)) << 1;
}

/// setp with a boolean, a second result, or both, around the fast loop of the relation.
struct Combined {
  exec::Handler relation;
  std::uint64_t complement;
  std::uint8_t combine;
  bool pair;
  bool operator==(const Combined&) const = default;
};
const exec::Instr* combined_loop(exec::Warp& warp, const exec::Instr* instr) {
  const Combined& how = *reinterpret_cast<const Combined*>(instr->imm);
  auto predicate = [&](int i) -> exec::Mask& { return *reinterpret_cast<exec::Mask*>(warp.regs + instr->op[i]); };
  const int sources = how.pair ? 2 : 1;
  const exec::Mask mask = warp.exec, c = how.combine != none ? predicate(sources + 2) : 0;
  const exec::Mask old = predicate(0);
  exec::Instr plain;
  plain.op[0] = instr->op[0];
  plain.op[1] = instr->op[sources];
  plain.op[2] = instr->op[sources + 1];
  plain.imm = how.complement;
  how.relation(warp, &plain);
  const exec::Mask t = predicate(0);
  auto combined = [&](exec::Mask x) { return how.combine == and_ ? x & c : how.combine == or_ ? x | c : how.combine == xor_ ? x ^ c : x; };
  predicate(0) = (old & ~mask) | (combined(t) & mask);
  if (how.pair) predicate(1) = (predicate(1) & ~mask) | (combined(~t) & mask);
  return instr + 1;
}
const Combined* intern(const Combined& how) {
  static std::mutex mutex;
  static std::deque<Combined> store;
  std::lock_guard lock(mutex);
  for (const Combined& known : store)
    if (known == how) return &known;
  return &store.emplace_back(how);
}

/// All ones or 1.0 where the relation holds, element by element.
std::uint64_t set_lane(std::uint64_t* in, const Rare& r) {
  std::uint64_t result = 0;
  for (unsigned e = 0; e < r.elements; ++e) {
    const std::uint64_t mask = r.elements == 2 ? 0xffff : ~0ull;
    if (!combined(related(in[0] >> (16 * e) & mask, in[1] >> (16 * e) & mask, r), in[2], r)) continue;
    const std::uint64_t hold = r.to ? pack(*r.to, integer(1), {}) : r.to_bits == 64 ? ~0ull : (1ull << r.to_bits) - 1;
    result |= hold << (16 * e);
  }
  return result;
}

enum Class : std::uint8_t { finite, infinite, number, notanumber, normal, subnormal };
std::uint64_t testp_lane(std::uint64_t* in, const Rare& r) {
  const Exact x = unpack(*r.from, in[0]);
  const bool small = x.kind == Exact::finite && bit_length(x.significand) <= r.from->fraction;
  switch (r.mode) {
    case finite: return x.kind == Exact::zero || x.kind == Exact::finite;
    case infinite: return x.kind == Exact::infinite;
    case number: return x.kind != Exact::nan;
    case notanumber: return x.kind == Exact::nan;
    case normal: return x.kind == Exact::zero || (x.kind == Exact::finite && !small);
    default: return small;
  }
}

bool allows(std::string_view types, const TypeInfo& t) {
  auto has = [&](std::string_view word) { return types.find(word) != std::string_view::npos; };
  if (t.is_float()) return has("float");
  return (types.starts_with("int") || (has("unsigned") && t.kind == TypeInfo::unsigned_)) && t.count == 1 && t.bits >= 16;
}

/// The relation that has a fast loop, and whether this one is its complement.
std::pair<std::string_view, bool> loop_of(std::string_view name, const TypeInfo& t) {
  struct Alias { std::string_view name, loop; };
  constexpr Alias integers[] = {{"ne", "eq"}, {"ge", "lt"}, {"le", "gt"}, {"hs", "lt"}, {"ls", "gt"}};
  constexpr Alias floats[] = {{"equ", "ne"}, {"neu", "eq"}, {"ltu", "ge"}, {"leu", "gt"}, {"gtu", "le"}, {"geu", "lt"}, {"nan", "num"}};
  if (name == "lo") return {"lt", false};
  if (name == "hi") return {"gt", false};
  if (t.is_float()) {
    for (const Alias& a : floats)
      if (a.name == name) return {a.loop, true};
  } else {
    for (const Alias& a : integers)
      if (a.name == name) return {a.loop, true};
  }
  return {name, false};
}

}  // namespace

bool select_compare(Form& form, Selection& s) {
  Rare rare;
  if (form.opcode == "testp") {
    const TypeInfo* t = form.type();
    if (!t || (t->name != "f32" && t->name != "f64")) return true;
    const char* names[] = {"finite", "infinite", "number", "notanumber", "normal", "subnormal"};
    int mode = -1;
    for (int i = 0; i < 6; ++i)
      if (form.take(names[i])) mode = i;
    if (mode < 0) return true;
    rare.mode = static_cast<std::uint8_t>(mode);
    rare.from = t->format;
    rare.lane = testp_lane;
    slot(s, Slot::write, Type::pred);
    slot(s, Slot::read, t->row);
    use(s, rare);
    return true;
  }
  if (form.opcode != "setp" && form.opcode != "set") return false;
  const bool to_predicate = form.opcode == "setp";
  const std::size_t type_count = to_predicate ? 1 : 2;
  if (form.types.size() != type_count) {
    s.error = to_predicate ? "it takes one type" : "it takes the result's type and the operands' type";
    return true;
  }
  const TypeInfo& t = *form.types.back();
  // `and`, `or` and `xor` are the boolean; what is left of the modifiers is the relation.
  auto boolean = form.take_one({"and", "or", "xor"});
  rare.combine = boolean == "and" ? and_ : boolean == "or" ? or_ : boolean == "xor" ? xor_ : none;
  rare.flush_inputs = form.take("ftz");
  int relation = -1;
  for (std::size_t i = 0; i < std::size(kRelations) && relation < 0; ++i)
    if (form.take(kRelations[i].name)) relation = static_cast<int>(i);
  if (relation < 0 || !allows(kRelations[relation].types, t)) {
    s.error = relation < 0 ? "no relation is named" : "the relation is not one of ." + std::string(t.name);
    return true;
  }
  if (t.kind == TypeInfo::bits_ && relation > 1) {
    s.error = "types without sign are compared with eq and ne only";
    return true;
  }
  rare.relation = static_cast<std::uint8_t>(relation);
  rare.from = t.format;
  rare.from_bits = t.bits;
  rare.from_signed = t.is_signed();
  rare.elements = t.count;
  if (to_predicate) {
    const auto& operands = form.instruction.operands;
    const bool pair = !operands.empty() && std::holds_alternative<ptx::PairOperand>(operands[0].value);
    slot(s, Slot::write, Type::pred);
    if (pair) slot(s, Slot::write, Type::pred);
    slot(s, Slot::read, t.row);
    slot(s, Slot::read, t.row);
    if (rare.combine != none) slot(s, Slot::read, Type::pred);
    if (t.count == 1) {
      const auto [name, complement] = loop_of(kRelations[relation].name, t);
      s.handler = hot("setp." + std::string(name) + (rare.flush_inputs ? ".ftz." : ".") + std::string(t.name), form.level);
      if (!s.handler && !t.format) s.handler = hot("setp." + std::string(name) + ".b" + std::to_string(t.bits), form.level);
      s.imm = complement ? ~0ull : 0;
      if (s.handler && (pair || rare.combine != none)) {
        s.imm = reinterpret_cast<std::uint64_t>(intern({s.handler, s.imm, rare.combine, pair}));
        s.handler = combined_loop;
      }
      if (s.handler) return true;
    }
    rare.lane = setp_lane;
  } else {
    const TypeInfo& d = *form.types[0];
    const bool packed_result = d.count == 2;
    if ((packed_result && t.count != 2) || (t.count == 2 && d.bits * d.count != 32) || d.row_bits() < 16 || d.row_bits() > 32) return true;
    slot(s, Slot::write, d.row);
    slot(s, Slot::read, t.row);
    slot(s, Slot::read, t.row);
    if (rare.combine != none) slot(s, Slot::read, Type::pred);
    rare.to = d.format;
    rare.to_bits = t.count == 2 ? 16 : d.bits;
    rare.lane = set_lane;
  }
  use(s, rare);
  return true;
}

}  // namespace simt::ops
