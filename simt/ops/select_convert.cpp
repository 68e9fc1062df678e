// cvt and cvt.pack: between any two of the integer and float types, in any rounding.
#include "simt/ops/form.hpp"
#include "simt/ops/rare.hpp"

namespace simt::ops {
namespace {

using ptx::Type;

std::int64_t extended(std::uint64_t x, unsigned bits) { return static_cast<std::int64_t>(x << (64 - bits)) >> (64 - bits); }
std::uint64_t cut(std::uint64_t x, unsigned bits) { return bits == 64 ? x : x & ((1ull << bits) - 1); }

s128 source_integer(std::uint64_t x, const Rare& r) {
  return r.from_signed ? static_cast<s128>(extended(x, r.from_bits)) : static_cast<s128>(cut(x, r.from_bits));
}
/// The low bits of the result, extended to the register by the result type's sign.
std::uint64_t stored(std::uint64_t x, const Rare& r) {
  x = cut(x, r.to_bits);
  return r.to_signed ? cut(static_cast<std::uint64_t>(extended(x, r.to_bits)), r.stored_bits) : x;
}
std::uint64_t clamped(s128 x, unsigned bits, bool is_signed) {
  const s128 most = (static_cast<s128>(1) << (is_signed ? bits - 1 : bits)) - 1, least = is_signed ? -most - 1 : 0;
  return static_cast<std::uint64_t>(x > most ? most : x < least ? least : x);
}

std::uint64_t integer_to_integer(std::uint64_t* in, const Rare& r) {
  const s128 x = source_integer(in[0], r);
  return stored(r.finish.saturate ? clamped(x, r.to_bits, r.to_signed) : static_cast<std::uint64_t>(x), r);
}
std::uint64_t integer_to_float(std::uint64_t* in, const Rare& r) {
  return pack(*r.to, integer(source_integer(in[0], r)), r.finish);
}
std::uint64_t float_to_integer(std::uint64_t* in, const Rare& r) {
  const Exact x = unpack(*r.from, in[0], r.flush_inputs);
  // NaN: zero, but the number with only the top bit if a 64-bit type takes part.
  if (x.kind == Exact::nan) return stored(r.from == &kF64 || r.to_bits == 64 ? 1ull << (r.to_bits - 1) : 0, r);
  return stored(to_integer(x, r.finish.round, r.to_bits, r.to_signed), r);
}
/// A NaN from or to .f64 keeps its sign and what fits of its fraction, quietened.
std::uint64_t moved_nan(const Format& to, const Format& from, std::uint64_t x) {
  const std::uint64_t fraction = x & ((1ull << from.fraction) - 1);
  const int up = to.fraction - from.fraction;
  return (x & from.sign_bit() ? to.sign_bit() : 0) | to.infinity() | 1ull << (to.fraction - 1) |
         (up >= 0 ? fraction << up : fraction >> -up);
}
std::uint64_t float_to_float(std::uint64_t* in, const Rare& r) {
  const Exact x = unpack(*r.from, in[0], r.flush_inputs);
  if (x.kind == Exact::nan && !r.finish.saturate) {
    if (r.finish.round == Round::rna) return in[0] & ~0x1fffull;   // to .tf32, whose lower bits are cut off
    if ((r.from == &kF64 || r.to == &kF64) && r.from != r.to) return moved_nan(*r.to, *r.from, r.flush_inputs ? kF32.nan : in[0]);
  }
  return pack(*r.to, x, r.finish);
}
std::uint64_t float_to_integral(std::uint64_t* in, const Rare& r) {
  return pack(*r.to, integral(unpack(*r.from, in[0], r.flush_inputs), r.finish.round), r.finish);
}
std::uint64_t top_half(std::uint64_t* in, const Rare&) { return in[0] << 16; }

/// Two registers to one of two elements: the first operand becomes the upper one.
std::uint64_t two_to_packed(std::uint64_t* in, const Rare& r) {
  return float_to_float(in, r) << r.element_bits | float_to_float(in + 1, r);
}
/// Packed to packed, element by element.
std::uint64_t packed_to_packed(std::uint64_t* in, const Rare& r) {
  std::uint64_t result = 0;
  for (unsigned e = 0; e < 2; ++e) {
    std::uint64_t x = cut(in[0] >> (e * r.from_bits), r.from_bits);
    result |= float_to_float(&x, r) << (e * r.element_bits);
  }
  return result;
}

/// cvt.pack: two clamped numbers side by side, above them the low bits of the third operand.
std::uint64_t pack_lane(std::uint64_t* in, const Rare& r) {
  const std::uint64_t high = cut(clamped(extended(in[0], 32), r.to_bits, r.to_signed), r.to_bits);
  const std::uint64_t low = cut(clamped(extended(in[1], 32), r.to_bits, r.to_signed), r.to_bits);
  const unsigned both = 2 * r.to_bits;
  return cut(high << r.to_bits | low | (both < 32 ? in[2] << both : 0), 32);
}

bool select_pack(Form& form, Selection& s) {
  const TypeInfo *d = form.type(0), *a = form.type(1);
  if (!form.take("sat") || !a || a->name != "s32" || d->is_float() || d->kind == TypeInfo::bits_ || d->bits > 16) return true;
  const bool third = form.types.size() == 3;
  if (third != (d->bits == 8) || (third && form.type(2)->name != "b32")) return true;
  Rare rare;
  rare.lane = pack_lane;
  rare.to_bits = d->bits;
  rare.to_signed = d->is_signed();
  slot(s, Slot::write, Type::b32);
  for (int i = 0; i < 2 + third; ++i) slot(s, Slot::read, i < 2 ? Type::s32 : Type::b32);
  use(s, rare);
  return true;
}

unsigned row_bits(Type type) { return std::max(16u, bits_of(type)); }

void select_resize(const Form& form, const TypeInfo& d, const TypeInfo& a, Type to, Type from, Selection& s) {
  const unsigned to_row = bits_of(to), from_row = row_bits(from);
  if (to_row < 16 || bits_of(from) < a.bits) return;
  std::string kept;
  unsigned bits;
  if (d.bits <= a.bits) {
    bits = d.bits;
    kept = d.bits == to_row || !d.is_signed() ? "u" : "s";
  } else {
    if (a.is_signed() && !d.is_signed() && d.bits != to_row) return;
    bits = a.bits;
    kept = a.is_signed() ? "s" : "u";
  }
  if (bits == from_row && bits == to_row) {
    s.handler = hot("mov.b" + std::to_string(to_row), form.level);
    s.copy = true;
    return;
  }
  s.handler = hot("resize." + kept + std::to_string(bits) + "." + std::to_string(from_row) + "." + std::to_string(to_row), form.level);
}

}  // namespace

bool select_convert(Form& form, Selection& s) {
  if (form.opcode != "cvt") return false;
  if (form.take("pack")) return select_pack(form, s);
  const TypeInfo *d = form.type(0), *a = form.type(1);
  if (form.types.size() != 2 || d->kind == TypeInfo::pred || a->kind == TypeInfo::pred || d->kind == TypeInfo::bits_ ||
      a->kind == TypeInfo::bits_) {
    s.error = "it takes the result's type and the operand's type, neither of them .b";
    return true;
  }
  Rare rare;
  Round round;
  bool rounded = form.take_round(round);
  std::string mode = rounded ? (round == Round::rn ? "rn" : round == Round::rz ? "rz" : round == Round::rm ? "rm" : "rp") : "";
  if (!rounded && form.take("rna")) {
    mode = "rna";
    rounded = true;
    round = Round::rna;
    if (d->name != "tf32") return true;
  }
  const auto integral_mode = form.take_one({"rni", "rzi", "rmi", "rpi"});
  if (!integral_mode.empty()) {
    if (rounded) return true;
    mode = integral_mode;
    round = integral_mode == "rzi" ? Round::rz : integral_mode == "rmi" ? Round::rm : integral_mode == "rpi" ? Round::rp : Round::rn;
  }
  bool flush = form.take("ftz");
  if (d->name == "f16" && a->name == "f32") flush = false;   // as on GPUs: to .f16 it says nothing
  rare.flush_inputs = flush && a->name == "f32";
  rare.finish.round = round;
  rare.finish.flush = flush && d->name == "f32";
  rare.finish.saturate = form.take("sat");
  rare.finish.finite = form.take("satfinite");
  rare.finish.relu = form.take("relu");
  rare.from = a->format;
  rare.to = d->format;
  rare.from_bits = a->bits;
  rare.to_bits = rare.element_bits = d->bits;
  rare.from_signed = a->is_signed();
  rare.to_signed = d->is_signed();
  if (flush && a->name != "f32" && d->name != "f32") {
    s.error = ".ftz applies to .f32";
    return true;
  }
  if ((rare.finish.finite || rare.finish.relu) && !d->is_float()) {
    s.error = ".satfinite and .relu apply to float results";
    return true;
  }

  // A register may be wider than the type, except for packed formats.
  const bool two = d->count == 2 && a->count == 1;
  const Type to = d->count == 1 ? form.operand_type(0, d->row) : d->row;
  const Type from = a->count == 1 && !two ? form.operand_type(1, a->row) : a->row;
  if (bits_of(to) < bits_of(d->row) || bits_of(from) < bits_of(a->row)) {
    s.error = "a register is narrower than its type";
    return true;
  }
  rare.stored_bits = static_cast<std::uint8_t>(bits_of(to));
  slot(s, Slot::write, to);
  slot(s, Slot::read, from);
  if (two) slot(s, Slot::read, from);
  const bool same_rows = bits_of(to) == d->row_bits() && bits_of(from) == a->row_bits();
  const std::string types = "." + std::string(d->name) + "." + std::string(a->name);

  if (!d->is_float() && !a->is_float()) {
    if (!mode.empty()) {
      s.error = "conversions between integers take no rounding";
      return true;
    }
    if (!rare.finish.saturate) select_resize(form, *d, *a, to, from, s);
    rare.lane = integer_to_integer;
  } else if (!d->is_float()) {
    if (integral_mode.empty() || a->count != 1) {
      s.error = "it needs .rni, .rzi, .rmi or .rpi";
      return true;
    }
    // Flushing matters only where a subnormal would round away from zero; .sat is what happens anyway.
    const bool matters = rare.flush_inputs && (round == Round::rm || round == Round::rp);
    if (same_rows && !matters) s.handler = hot("cvt." + mode + types, form.level);
    rare.lane = float_to_integer;
  } else if (!a->is_float()) {
    if (!rounded || d->count != 1) {
      s.error = "it needs .rn, .rz, .rm or .rp";
      return true;
    }
    if (same_rows && !rare.finish.saturate) s.handler = hot("cvt." + mode + types, form.level);
    rare.lane = integer_to_float;
  } else {
    const bool narrows = d->format->fraction < a->format->fraction || d->format->exponent < a->format->exponent;
    if (!integral_mode.empty() && d != a) {
      s.error = "float to float takes an integer rounding only within one type";
      return true;
    }
    if (narrows && !rounded) {
      s.error = "it needs a rounding";
      return true;
    }
    const bool eight = d->bits < 16;
    if (eight && !rare.finish.finite) {
      s.error = "it needs .satfinite";
      return true;
    }
    if (a->count == 2 && d->count != 2) return true;
    if (same_rows && !rare.finish.finite && !rare.finish.relu) {
      std::string name = "cvt";
      if (!mode.empty() && (narrows || !integral_mode.empty())) name += "." + mode;
      if (rare.finish.saturate) name += ".sat";
      // Subnormals round to zero anyway, except away from it.
      if (flush && integral_mode != "rni" && integral_mode != "rzi") name += ".ftz";
      s.handler = hot(name + types, form.level);
    }
    rare.lane = two ? two_to_packed : d->count == 2 ? packed_to_packed : !integral_mode.empty() ? float_to_integral : float_to_float;
    // The upper half of a float: no NaN is changed on the way.
    if (types == ".f32.bf16" && !rare.finish.saturate && !flush) rare.lane = top_half;
  }
  if (!s.handler) use(s, rare);
  return true;
}

}  // namespace simt::ops
