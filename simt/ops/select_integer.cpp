// Integer arithmetic and bits: from names to the rows of integer.def, with their wrappers.
#include <cstring>
#include <utility>

#include "simt/ops/form.hpp"
#include "simt/ops/integer_rows.hpp"
#include "simt/ops/rare.hpp"

namespace simt::ops {
namespace {

using namespace scalar;

/// Whether the space-separated list has the word.
constexpr bool lists(std::string_view list, std::string_view word) {
  for (std::size_t at = 0; at < list.size();) {
    std::size_t end = list.find(' ', at);
    if (end == std::string_view::npos) end = list.size();
    if (list.substr(at, end - at) == word) return true;
    at = end + 1;
  }
  return false;
}

/// A row, or a row in a wrapper, with what to call for each type.
struct Entry {
  const char* name;      ///< of a row: `_` stands for the dot
  const char* signature;
  const char* types;
  LaneFunction lane[6];  ///< u16 s16 u32 s32 u64 s64; null where the row has no such type
};

template <class Op, class T, const char* Signature, std::size_t... I>
std::uint64_t call(std::uint64_t* in, std::index_sequence<I...>) {
  using D = Lane<T, Signature[0]>;
  auto result = static_cast<D>(Op::template of<T>(static_cast<Lane<T, Signature[I + 1]>>(in[I])...));
  return static_cast<std::uint64_t>(static_cast<typename LaneType<D>::Unsigned>(result));
}
template <class Op, class T, const char* Signature>
std::uint64_t thunk(std::uint64_t* in, const Rare&) {
  return call<Op, T, Signature>(in, std::make_index_sequence<std::string_view(Signature).size() - 1>{});
}

/// Whether the list of types has one that runs as T: bit types and packed ones run as unsigned numbers.
template <class T>
constexpr bool runs_as(std::string_view types) {
  constexpr char size = sizeof(T) == 2 ? '1' : sizeof(T) == 4 ? '3' : '6';
  for (std::size_t at = 0; at < types.size(); ++at)
    if ((at == 0 || types[at - 1] == ' ') && types[at + 1] == size && (types[at] == 's') == kSigned<T>) return true;
  return false;
}
template <class Op, const char* Signature, const char* Types, class T>
constexpr LaneFunction thunk_if() {
  if constexpr (runs_as<T>(Types)) return thunk<Op, T, Signature>;
  else return nullptr;
}
template <class Op, const char* Signature, const char* Types>
constexpr Entry entry(const char* name) {
  return {name, Signature, Types,
          {thunk_if<Op, Signature, Types, std::uint16_t>(), thunk_if<Op, Signature, Types, std::int16_t>(),
           thunk_if<Op, Signature, Types, std::uint32_t>(), thunk_if<Op, Signature, Types, std::int32_t>(),
           thunk_if<Op, Signature, Types, std::uint64_t>(), thunk_if<Op, Signature, Types, std::int64_t>()}};
}

/// Sums with a carry. `Product` gives what is added to the last operand: the first operand, or a half of the product.
struct First {
  template <class T> static T of(T a, T) { return a; }
};
template <class Product, class T, bool Subtract, int Operands>
std::uint64_t carry_thunk(std::uint64_t* in, const Rare& rare) {
  using W = typename LaneType<typename LaneType<T>::Unsigned>::Wide;
  using U = typename LaneType<T>::Unsigned;
  const W a = static_cast<U>(Product::template of<T>(static_cast<T>(in[0]), static_cast<T>(in[1])));
  // As on a GPU, a difference is the sum of a, the bits of b reversed, and a one: it carries where it does not borrow.
  const U last = static_cast<U>(in[Operands - 1]);
  const W b = Subtract ? static_cast<U>(~last) : last, carry = Subtract && !rare.carry_in ? 1 : in[kCarry];
  const W r = a + b + carry;
  in[kCarry] = static_cast<std::uint64_t>(r >> kBits<T>) & 1;
  return static_cast<U>(r);
}
struct LowProduct {
  template <class T> static T of(T a, T b) { return static_cast<T>(mul_row::of<T>(a, b)); }
};

constexpr char kTtt[] = "ttt", kTttt[] = "tttt", kWtt[] = "wtt", kWttw[] = "wttw";
constexpr char kSmall[] = "u16 s16 u32 s32", kAll[] = "u16 s16 u32 s32 u64 s64", kS32[] = "s32", kClip[] = "s32 s16x2",
               kCarries[] = "u32 s32 u64 s64";

template <class Product, bool Subtract, int Operands>
constexpr Entry carry_entry(const char* name, const char* signature) {
  return {name, signature, kCarries,
          {nullptr, nullptr, carry_thunk<Product, std::uint32_t, Subtract, Operands>,
           carry_thunk<Product, std::int32_t, Subtract, Operands>, carry_thunk<Product, std::uint64_t, Subtract, Operands>,
           carry_thunk<Product, std::int64_t, Subtract, Operands>}};
}

constexpr Entry kEntries[] = {
#define SIMT_INTEGER(name, signature, types, semantics, documentation) \
    entry<name##_row, name##_row::kSignature, name##_row::kTypes>(#name),
#include "simt/ops/integer.def"
#undef SIMT_INTEGER
    entry<mul_row, kTtt, kAll>("mul.lo"),
    entry<High<mul_row>, kTtt, kAll>("mul.hi"),
    entry<Wide<mul_row>, kWtt, kSmall>("mul.wide"),
    entry<mad_row, kTttt, kAll>("mad.lo"),
    entry<High<mad_row>, kTttt, kAll>("mad.hi"),
    entry<Wide<mad_row>, kWttw, kSmall>("mad.wide"),
    entry<Saturated<add_row>, kTtt, kS32>("add.sat"),
    entry<Saturated<sub_row>, kTtt, kS32>("sub.sat"),
    entry<SaturatedSum<High<mul_row>>, kTttt, kS32>("mad.hi.sat"),
    entry<SaturatedSum<mul24_hi_row>, kTttt, kS32>("mad24.hi.sat"),
    entry<Clipped<min_row>, kTtt, kClip>("min.relu"),
    entry<Clipped<max_row>, kTtt, kClip>("max.relu"),
    carry_entry<First, false, 2>("add.cc", "ttt"),
    carry_entry<First, true, 2>("sub.cc", "ttt"),
    carry_entry<LowProduct, false, 3>("mad.lo.cc", "tttt"),
    carry_entry<High<mul_row>, false, 3>("mad.hi.cc", "tttt"),
};

const Entry* find(std::string_view name) {
  for (const Entry& e : kEntries) {
    std::size_t i = 0;
    while (i < name.size() && (e.name[i] == name[i] || (e.name[i] == '_' && name[i] == '.'))) ++i;
    if (i == name.size() && e.name[i] == 0) return &e;
  }
  return nullptr;
}

ptx::Type widened(const TypeInfo& t) {
  return type_info((t.is_signed() ? "s" : "u") + std::to_string(2 * t.bits))->row;
}

/// lop3's table is a constant. With a boolean there is a second result: (result != 0) op the last operand.
std::uint64_t logic3_lane(std::uint64_t* in, const Rare& r) {
  const std::uint32_t x = logic3(static_cast<std::uint32_t>(in[0]), static_cast<std::uint32_t>(in[1]), static_cast<std::uint32_t>(in[2]), r.literal);
  const std::uint64_t p = r.combine == 1 ? (x != 0) & in[3] : (x != 0) | in[3];
  return x | p << 32;
}

void select_logic3(Form& form, Selection& s) {
  Rare rare;
  auto boolean = form.take_one({"and", "or"});
  rare.combine = boolean == "and" ? 1 : boolean == "or" ? 2 : 0;
  if (form.types.size() != 1 || form.type()->name != "b32") return;
  const auto& operands = form.instruction.operands;
  const std::size_t count = rare.combine ? 6 : 5;
  const auto* table = operands.size() == count ? std::get_if<ptx::ImmOperand>(&operands[4].value) : nullptr;
  if (!table) {
    s.error = "its fifth operand must be a constant";
    return;
  }
  slot(s, Slot::write, ptx::Type::b32);
  if (rare.combine) slot(s, Slot::write, ptx::Type::pred);
  for (int i = 0; i < 3; ++i) slot(s, Slot::read, ptx::Type::b32);
  slot(s, Slot::literal, ptx::Type::b32);
  if (!rare.combine) {
    s.imm = table->bits & 255;
    s.handler = hot("lop3.b32", form.level);
    return;
  }
  slot(s, Slot::read, ptx::Type::pred);
  rare.literal = static_cast<std::uint32_t>(table->bits & 255);
  rare.lane = logic3_lane;
  use(s, rare);
}

}  // namespace

bool select_integer(Form& form, Selection& s) {
  std::string name(form.opcode);
  if (name == "lop3") {
    select_logic3(form, s);
    return true;
  }
  Rare rare;
  // addc, subc, madc read the carry; .cc writes it.
  if (name == "addc" || name == "subc" || name == "madc") {
    rare.carry_in = true;
    name.pop_back();
  }
  rare.carry_out = form.take("cc");
  auto append = [&](std::string_view part) {
    if (!part.empty()) (name += '.') += part;
  };
  const TypeInfo* t = form.type();
  if (name == "mul" || name == "mad" || name == "mul24" || name == "mad24" || name == "dp2a") {
    auto half = form.take_one({"lo", "hi", "wide"});
    if (half.empty()) {
      s.error = "it needs .lo" + std::string(name == "mul" || name == "mad" ? ", .hi or .wide" : " or .hi");
      return true;
    }
    append(half);
  } else if (name == "shf") {
    append(form.take_one({"l", "r"}));
  } else if (name == "prmt") {
    append(form.take_one({"f4e", "b4e", "rc8", "ecl", "ecr", "rc16"}));
  }
  if (name.starts_with("shf") || name == "bmsk" || name == "szext") append(form.take_one({"clamp", "wrap"}));
  if (name == "bfind" && form.take("shiftamt")) append("shiftamt");
  if (name.starts_with("dp4a") || name.starts_with("dp2a")) {
    if (form.types.size() != 2) return true;
    append(form.types[0]->name);
    t = form.types[1];
  }
  if (form.take("sat")) append("sat");
  if (form.take("relu")) append("relu");
  if (rare.carry_in || rare.carry_out) append("cc");

  const Entry* e = find(name);
  if (!e) return name != form.opcode;   // a known opcode with modifiers that are not its own
  const std::size_t wanted = name.starts_with("dp") ? 2 : 1;
  if (!t || form.types.size() != wanted) {
    s.error = "it takes one type";
    return true;
  }
  if (!lists(e->types, t->name)) {
    s.error = "it has no type ." + std::string(t->name) + "; it takes " + e->types;
    return true;
  }
  for (unsigned i = 0; e->signature[i]; ++i) {
    const char letter = e->signature[i];
    const ptx::Type type = letter == 'u' ? ptx::Type::u32 : letter == 's' ? ptx::Type::s32 : letter == 'w' ? widened(*t) : t->row;
    slot(s, i == 0 ? Slot::write : Slot::read, type);
  }
  const unsigned size = t->bits == 16 ? 0 : t->bits == 32 ? 2 : 4;
  rare.lane = e->lane[size + t->is_signed()];
  if (t->count == 2) {
    rare.element = rare.lane;
    rare.lane = packed;
    rare.elements = 2;
    rare.element_bits = 16;
  }
  if (!rare.carry_in && !rare.carry_out) {
    s.handler = hot(name + "." + std::string(t->name), form.level);
    if (!s.handler && t->count == 1) s.handler = hot(name + ".b" + std::to_string(t->bits), form.level);
    if (s.handler) return true;
  }
  use(s, rare);
  return true;
}

}  // namespace simt::ops
