// Floating-point arithmetic: from names to the rows of float.def, with their wrappers.
#include "simt/ops/float_rows.hpp"
#include "simt/ops/form.hpp"
#include "simt/ops/half_math.hpp"
#include "simt/ops/rare.hpp"
#include "simt/ops/value.hpp"

namespace simt::ops {
namespace {

using namespace scalar;

struct Operands {
  Exact a, b, c;
  Operands(const std::uint64_t* in, const Rare& r) {
    Exact* each[] = {&a, &b, &c};
    for (unsigned i = 0; i < r.sources && i < 3; ++i) *each[i] = unpack(r.last && i + 1 == r.sources ? *r.last : *r.from, in[i], r.flush_inputs);
  }
};
double to_double(std::uint64_t bits, const Rare& r) { return value_of(*r.from, bits, r.flush_inputs); }

/// The image of a value that the format holds, or of the NaN that it knows.
std::uint64_t image_of(double value, const Rare& r) {
  if (value != value) return r.to == &kF64 ? bits_of(value) | 0x0008000000000000ull : r.to->nan;
  if (r.to == &kF64) return bits_of(value);
  const float x = static_cast<float>(value);
  const std::uint32_t whole = bits_of(r.finish.flush && r.to == &kF32 ? flushed(x) : x);
  return r.to == &kF32 ? whole : r.to == &kBf16 ? whole >> 16 : F16::narrow(x);
}

// One lane function a row. What rounds does so in Exact; the others compute in double or float and convert.
#define SIMT_FLOAT(name, arity, types, native, exact, documentation)                              \
  std::uint64_t name##_lane(std::uint64_t* in, const Rare& r) {                                   \
    [[maybe_unused]] const Round mode = r.finish.round;                                           \
    const Operands operands(in, r);                                                               \
    [[maybe_unused]] const Exact &a = operands.a, &b = operands.b, &c = operands.c;               \
    return pack(*r.to, exact, r.finish);                                                          \
  }
#define SIMT_VALUE(name, arity, types, semantics, documentation)                                  \
  std::uint64_t name##_lane(std::uint64_t* in, const Rare& r) {                                   \
    const double value = name##_row::of<double>(to_double(in[0], r), arity > 1 ? to_double(in[1], r) : 0.0); \
    return image_of(value, r);                                                                    \
  }
#define SIMT_APPROXIMATE(name, arity, types, semantics, documentation)                            \
  std::uint64_t name##_lane(std::uint64_t* in, const Rare& r) {                                   \
    const double a = to_double(in[0], r);                                                         \
    if (r.from == &kF64) return pack(kF64, unpack(kF64, bits_of(name##_row::of<double>(a))), r.finish); \
    const float x = static_cast<float>(a), y = arity > 1 ? static_cast<float>(to_double(in[1], r)) : 0.0f; \
    return pack(*r.to, unpack(kF32, bits_of(name##_row::of<float>(x, y))), r.finish);             \
  }
#include "simt/ops/float.def"
#undef SIMT_FLOAT
#undef SIMT_VALUE
#undef SIMT_APPROXIMATE

struct Entry {
  const char* name;   ///< `_` stands for the dot
  int arity;
  const char* types;
  enum Kind { rounds, exact, approximate } kind;
  LaneFunction lane;
};
constexpr Entry kEntries[] = {
#define SIMT_FLOAT(name, arity, types, native, exact, documentation) {#name, arity, types, Entry::rounds, name##_lane},
#define SIMT_VALUE(name, arity, types, semantics, documentation) {#name, arity, types, Entry::exact, name##_lane},
#define SIMT_APPROXIMATE(name, arity, types, semantics, documentation) {#name, arity, types, Entry::approximate, name##_lane},
#include "simt/ops/float.def"
#undef SIMT_FLOAT
#undef SIMT_VALUE
#undef SIMT_APPROXIMATE
};

const Entry* find(std::string_view name) {
  for (const Entry& e : kEntries) {
    std::size_t i = 0;
    while (i < name.size() && (e.name[i] == name[i] || (e.name[i] == '_' && name[i] == '.'))) ++i;
    if (i == name.size() && e.name[i] == 0) return &e;
  }
  return nullptr;
}

/// min and max with .NaN, .xorsign.abs, or three operands.
enum Extreme : std::uint8_t { greatest = 1, keep_nan = 2, xor_sign = 4, three = 8 };
std::uint64_t extreme_lane(std::uint64_t* in, const Rare& r) {
  double x = to_double(in[0], r);
  for (unsigned i = 1; i < r.sources; ++i) {
    double y = to_double(in[i], r);
    const bool negative = ((in[0] ^ in[1]) & r.from->sign_bit()) != 0;  // of NaN as well; three operands have no .xorsign
    if ((r.mode & keep_nan) && (x != x || y != y)) return r.to->nan;
    if (r.mode & xor_sign) x = magnitude(x), y = magnitude(y);
    x = r.mode & greatest ? greater(x, y) : smaller(x, y);
    if ((r.mode & xor_sign) && x == x) x = with_sign(x, negative ? -1.0 : 1.0);
  }
  return image_of(x, r);
}

bool lists(std::string_view list, std::string_view word) {
  for (std::size_t at = list.find(word); at != std::string_view::npos; at = list.find(word, at + 1))
    if ((at == 0 || list[at - 1] == ' ') && (at + word.size() == list.size() || list[at + word.size()] == ' ')) return true;
  return false;
}

}  // namespace

bool select_float(Form& form, Selection& s) {
  const TypeInfo* t = form.type();
  std::string name(form.opcode == "mad" ? "fma" : form.opcode);
  if (!t || !t->is_float()) return false;
  if (form.take("approx")) name += ".approx";
  else if (form.take("full")) name += ".full";
  Rare rare;
  rare.flush_inputs = rare.finish.flush = form.take("ftz");
  // The two seeds in double precision are instructions of their own.
  if (t->name == "f64" && rare.flush_inputs && find(name + ".ftz")) name += ".ftz";
  const Entry* e = find(name);
  if (!e) return find(form.opcode) != nullptr || name != form.opcode;
  // add, sub and fma of .f32 may take half-precision operands before the last one.
  const TypeInfo* narrow = form.type(1);
  const bool mixed = narrow && t->name == "f32" && (narrow->name == "f16" || narrow->name == "bf16") &&
                     (name == "add" || name == "sub" || name == "fma") && !rare.flush_inputs;
  if (form.types.size() != 1u + mixed || !lists(e->types, t->name)) {
    s.error = "it takes one type of " + std::string(e->types);
    return true;
  }
  const bool rounded = e->kind == Entry::rounds && form.take_round(rare.finish.round);
  if (!rounded && (name == "fma" || name == "div" || name == "rcp" || name == "sqrt")) {
    s.error = "it needs a rounding";
    return true;
  }
  if (t->bits == 16 && rare.finish.round != Round::rn) {
    s.error = "half precision rounds to nearest only";
    return true;
  }
  if (e->kind == Entry::rounds && e->arity > 1) {
    rare.finish.saturate = form.take("sat");
    rare.finish.relu = name == "fma" && t->bits == 16 && form.take("relu");
  }
  int arity = e->arity;
  if (name == "min" || name == "max") {
    if (form.take("NaN")) rare.mode |= keep_nan;
    if (form.take("xorsign")) rare.mode |= form.take("abs") ? xor_sign : 0;
    if (form.instruction.operands.size() == 4 && t->name == "f32") rare.mode |= three, arity = 3;
  }
  slot(s, Slot::write, t->row);
  for (int i = 0; i < arity; ++i) slot(s, Slot::read, mixed && i + 1 < arity ? narrow->row : t->row);

  if (rare.mode == 0 && !rare.finish.relu && !mixed) {
    std::string loop = name;
    if (loop == "rcp.approx") loop = "rcp";
    if (loop == "sqrt.approx") loop = "sqrt";
    if (loop == "div.full") loop = "div";
    const Round round = rare.finish.round;
    if (round != Round::rn) loop += round == Round::rz ? ".rz" : round == Round::rm ? ".rm" : ".rp";
    // Loops of approximations take .ftz as a constant; the others come with and without.
    const bool constant = e->kind == Entry::approximate && e->arity == 1 && loop != "rcp" && loop != "sqrt";
    if (constant) s.imm = rare.finish.flush ? ~0ull : 0;
    else if (rare.finish.flush) loop += ".ftz";
    if (rare.finish.saturate) loop += ".sat";
    s.handler = hot(loop + "." + std::string(t->name), form.level);
    if (s.handler) return true;
  }
  rare.from = rare.to = t->format;
  if (mixed) {
    rare.from = narrow->format;
    rare.last = t->format;
  }
  rare.lane = e->lane;
  if (rare.mode != 0) {
    if (name == "max") rare.mode |= greatest;
    rare.lane = extreme_lane;
  }
  if (t->count > 1) {
    rare.element = rare.lane;
    rare.lane = packed;
    rare.elements = t->count;
    rare.element_bits = t->bits;
  }
  use(s, rare);
  return true;
}

}  // namespace simt::ops
