// The instructions of a piece that do not touch memory.
#include <bit>
#include <cstddef>

#include "simt/jit/piece.hpp"

namespace simt::jit {

bool Piece::knows(const ir::Code& code, const Rows& rows, std::size_t n, bool masked) {
  const auto& instr = code.instrs[n];
  const auto* form = form_of(instr.run);
  if (!form) return false;
  switch (form->what) {
    case Do::shift: return form->lane == 4 || rows.constant(instr.op[2], 4);
    case Do::multiply_wide16: return rows.constant(instr.op[2], 2).has_value() || rows.constant(instr.op[1], 2).has_value();
    case Do::ballot: return !masked && rows.constant(instr.op[2], 4) == 0xffffffffu;   // nobody to wait for
    case Do::load_uniform: return constant_place(rows, instr) != nullptr;
    case Do::meet: return !masked && rows.constant(instr.op[0], 4) == 0xffffffffu;
    case Do::shuffle:
      return !masked && rows.constant(instr.op[3], 4) && rows.constant(instr.op[4], 4) && rows.constant(instr.op[5], 4) == 0xffffffffu;
    case Do::load_long: case Do::store_long: case Do::load_shared_long: case Do::store_shared_long: return instr.mem.offset % 8 == 0;
    case Do::load: case Do::store: case Do::load_shared: case Do::store_shared: return instr.mem.offset % 4 == 0;
    default: return true;
  }
}

void Piece::instruction() {
  const Form& form = *form_of(now().run);
  switch (form.what) {
    case Do::copy: return copy(form);
    case Do::binary: return binary(form);
    case Do::negate: case Do::complement: case Do::convert: return one_operand(form);
    case Do::shift: return shift(form);
    case Do::multiply: return multiply(form, false);
    case Do::multiply_add: return multiply(form, true);
    case Do::multiply_wide: return multiply_wide(form, false);
    case Do::multiply_add_wide: return multiply_wide(form, true);
    case Do::multiply_high: return multiply_high(form);
    case Do::multiply_wide16: return multiply_wide16();
    case Do::extend: return extend(form);
    case Do::extend16: return extend16(form);
    case Do::truncate: return truncate();
    case Do::single: return single(form);
    case Do::extreme: return extreme(form);
    case Do::fma: return fma();
    case Do::test: case Do::test_single: return test(form);
    case Do::logic3: return logic3();
    case Do::select: return select(form);
    case Do::predicate: return predicate(form);
    case Do::load: return load();
    case Do::load_byte: return load_byte();
    case Do::load_uniform: return load_uniform();
    case Do::load_shared: return load_shared();
    case Do::store: return store_flat();
    case Do::store_shared: return store_shared();
    case Do::add_shared: return add_shared();
    case Do::load_long: return load_long(false);
    case Do::load_shared_long: return load_long(true);
    case Do::store_long: return store_long(false);
    case Do::store_shared_long: return store_long(true);
    case Do::ballot: return ballot();
    case Do::shuffle: return shuffle(form);
    case Do::meet: return a_.store32_imm(r13, offsetof(exec::Warp, pass), 0);
    case Do::real: case Do::real_fma: return real(form);
    case Do::change_sign: return change_sign(form);
    case Do::widen_single: return widen_single();
    case Do::narrow_real: return narrow_real();
    case Do::narrow16: return narrow16();
  }
}

void Piece::copy(const Form& form) {
  const auto s = source(now().op[1], form.lane);
  const auto d = result(form.lane, s.uniform);
  for (int part = 0; part < d.parts; ++part) a_.vector(kMove, d.reg[part], 0, s.of(part));
  bind(now().op[0], form.lane, d);
}

void Piece::binary(const Form& form) {
  auto first = now().op[1], second = now().op[2];
  if (form.detail && !held_[first].held && held_[second].held) std::swap(first, second);   // memory can only be the last
  const auto a = source(first, form.lane), b = source(second, form.lane, true);
  const auto d = result(form.lane, a.uniform && b.uniform);
  for (int part = 0; part < d.parts; ++part) a_.vector(form.op, d.reg[part], a.reg(part), b.of(part));
  bind(now().op[0], form.lane, d);
}

void Piece::one_operand(const Form& form) {
  const auto s = source(now().op[1], form.lane, form.what != Do::complement);
  const auto d = result(form.lane, s.uniform);
  for (int part = 0; part < d.parts; ++part) {
    const int reg = d.reg[part];
    switch (form.what) {
      case Do::negate:
        a_.vector(kXor32, 0, 0, in_register(0));
        a_.vector(form.op, reg, 0, s.of(part));
        break;
      case Do::complement: a_.vector(form.op, reg, s.reg(part), s.of(part), 0, 0x55); break;
      default: a_.vector(form.op, reg, 0, s.of(part));
    }
  }
  bind(now().op[0], form.lane, d);
}

void Piece::shift(const Form& form) {
  const auto count = rows_.constant(now().op[2], 4);
  const bool wide = form.lane == 8;
  const auto a = source(now().op[1], form.lane);
  if (count) {
    const auto d = result(form.lane, a.uniform);
    const int by = int(*count < 255 ? *count : 255);
    // Arithmetic shifts of 64 bits have the opcode of those of 32.
    Opcode op = wide && form.detail != 4 ? kShiftImm64 : kShiftImm32;
    op.wide = wide;
    for (int part = 0; part < d.parts; ++part) a_.vector(op, form.detail, d.reg[part], a.of(part), 0, by);
    return bind(now().op[0], form.lane, d);
  }
  const auto b = source(now().op[2], 4, true);
  const auto d = result(form.lane, a.uniform && b.uniform);
  for (int part = 0; part < d.parts; ++part) a_.vector(form.op, d.reg[part], a.reg(part), b.of(part));
  bind(now().op[0], form.lane, d);
}

/// A product with a constant that is a power of two is a shift.
void Piece::multiply(const Form& form, bool add) {
  const auto& op = now().op;
  const bool wide = form.lane == 8;
  auto first = op[1], second = op[2];
  if (rows_.constant(first, form.lane)) std::swap(first, second);
  const auto factor = rows_.constant(second, form.lane);
  const bool shifts = factor && std::has_single_bit(*factor);
  const auto a = source(first, form.lane), b = shifts ? Source{} : source(second, form.lane, true);
  const auto c = add ? source(op[3], form.lane, true) : Source{};
  const bool uniform = a.uniform && (shifts || b.uniform);
  const auto d = result(form.lane, uniform && (!add || c.uniform));
  for (int part = 0; part < d.parts; ++part) {
    if (shifts) a_.vector(wide ? kShiftImm64 : kShiftImm32, 6, d.reg[part], a.of(part), 0, std::countr_zero(*factor));
    else a_.vector(wide ? kMul64 : kMul32, d.reg[part], a.reg(part), b.of(part));
    if (add) a_.vector(wide ? kAdd64 : kAdd32, d.reg[part], d.reg[part], c.of(part));
  }
  bind(op[0], form.lane, d);
}

/// A part of a row of words, eight lanes to a register. The upper half of a register takes an extra step.
void Piece::widen(int d, const Source& s, int part, Opcode op) {
  if (s.uniform) return a_.vector(op, d, 0, s.place[0]);
  int from = s.place[std::size_t(part / 2)].reg;
  if (part % 2) {
    a_.vector(kUpperHalf, from, 0, in_register(0), 0, 1);
    from = 0;
  }
  a_.vector(op, d, 0, in_register(from));
}

void Piece::extend(const Form& form) {
  const auto s = source(now().op[1], 4);
  const auto d = result(8, s.uniform);
  for (int part = 0; part < d.parts; ++part) widen(d.reg[part], s, part, form.is_signed ? kWidenS32 : kWidenU32);
  bind(now().op[0], 8, d);
}

void Piece::multiply_wide(const Form& form, bool add) {
  const auto& op = now().op;
  auto first = op[1], second = op[2];
  if (rows_.uniform(first)) std::swap(first, second);
  const auto factor = rows_.constant(second, 4);
  const bool shifts = factor && *factor >> 31 == 0 && std::has_single_bit(*factor);
  const auto a = source(first, 4), b = shifts ? Source{} : source(second, 4);
  const auto c = add ? source(op[3], 8, true) : Source{};
  const auto d = result(8, a.uniform && (shifts || b.uniform) && (!add || c.uniform));
  const Opcode product = form.is_signed ? kMulS : kMulU;
  for (int part = 0; part < d.parts; ++part) {
    const int reg = d.reg[part];
    widen(reg, a, part, form.is_signed ? kWidenS32 : kWidenU32);
    if (shifts) {
      a_.vector(kShiftImm64, 6, reg, in_register(reg), 0, std::countr_zero(*factor));
    } else if (b.uniform) {   // its words are in every place
      a_.vector(product, reg, reg, b.place[0]);
    } else {
      widen(1, b, part, form.is_signed ? kWidenS32 : kWidenU32);
      a_.vector(product, reg, reg, in_register(1));
    }
    if (add) a_.vector(kAdd64, reg, reg, c.of(part));
  }
  bind(op[0], 8, d);
}

void Piece::multiply_high(const Form& form) {
  const auto a = source(now().op[1], 4), b = source(now().op[2], 4);
  const auto d = result(4, a.uniform && b.uniform);
  const Opcode product = form.is_signed ? kMulS : kMulU;
  for (int part = 0; part < d.parts; ++part) {
    a_.vector(product, 0, a.reg(part), b.of(part));   // of words with even numbers
    a_.vector(kShiftImm64, 2, 1, a.of(part), 0, 32);
    a_.vector(kShiftImm64, 2, 2, b.of(part), 0, 32);
    a_.vector(product, 1, 1, in_register(2));
    a_.vector(kMove, d.reg[part], 0, constant(kOddWords, false));
    a_.vector(kPermute2, d.reg[part], 0, in_register(1));
  }
  bind(now().op[0], 4, d);
}

void Piece::truncate() {
  const auto s = source(now().op[1], 8);
  const auto d = result(4, s.uniform);
  for (int part = 0; part < d.parts; ++part) {
    if (s.uniform) {
      a_.vector(kBroadcast32, d.reg[part], 0, s.of(0));
      continue;
    }
    a_.vector(kMove, d.reg[part], 0, constant(kEvenWords, false));
    a_.vector(kPermute2, d.reg[part], s.reg(2 * part), s.of(2 * part + 1));
  }
  bind(now().op[0], 4, d);
}

void Piece::extend16(const Form& form) {
  const auto s = source(now().op[1], 2);
  const auto d = result(4, false);
  const Opcode op = form.is_signed ? kWidenS16 : kWidenU16;
  a_.vector(op, d.reg[0], 0, s.of(0));
  a_.vector(kUpperHalf, s.reg(0), 0, in_register(0), 0, 1);
  a_.vector(op, d.reg[1], 0, in_register(0));
  bind(now().op[0], 4, d);
}

void Piece::multiply_wide16() {
  auto first = now().op[1], second = now().op[2];
  if (!rows_.constant(second, 2)) std::swap(first, second);
  const auto factor = *rows_.constant(second, 2);
  const auto s = source(first, 2);
  const auto d = result(4, false);
  a_.vector(kWidenU16, d.reg[0], 0, s.of(0));
  a_.vector(kUpperHalf, s.reg(0), 0, in_register(0), 0, 1);
  a_.vector(kWidenU16, d.reg[1], 0, in_register(0));
  if (!std::has_single_bit(factor)) {
    a_.move64_imm(rax, factor);
    a_.vector(kBroadcastGpr32, 0, 0, in_register(rax));
  }
  for (int part = 0; part < 2; ++part) {
    const int reg = d.reg[part];
    if (std::has_single_bit(factor)) a_.vector(kShiftImm32, 6, reg, in_register(reg), 0, std::countr_zero(factor));
    else a_.vector(kMul32, reg, reg, in_register(0));
  }
  bind(now().op[0], 4, d);
}

/// Single precision knows one NaN. Which one a NaN is matters as soon as somebody looks at its bits; sums and products
/// only see that it is one.
void Piece::single(const Form& form) {
  const auto& op = now().op;
  const bool two = form.detail == 2;
  const auto a = source(op[1], 4, false, false), b = two ? source(op[2], 4, true, false) : Source{};
  const auto d = result(4, a.uniform && (!two || b.uniform));
  for (int part = 0; part < d.parts; ++part) {
    if (two) a_.vector(form.op, d.reg[part], a.reg(part), b.of(part));
    else a_.vector(form.op, d.reg[part], 0, a.of(part));
  }
  bind(op[0], 4, d, true);
}

/// The processor's minimum takes the second operand if they are equal or one is NaN. Zeros have an order here, and a NaN
/// yields the other operand.
void Piece::extreme(const Form& form) {
  const auto& op = now().op;
  const auto a = source(op[1], 4, false, false), b = source(op[2], 4, false, false);
  const auto d = result(4, a.uniform && b.uniform);
  for (int part = 0; part < d.parts; ++part) {
    const int reg = d.reg[part], x = a.reg(part), y = b.reg(part);
    a_.vector(form.op, reg, x, in_register(y));
    a_.vector(kCompareSingle, 1, x, in_register(y), 0, 0);
    a_.vector(form.detail ? kAnd32 : kOr32, reg, x, in_register(y), 1);
    a_.vector(kCompareSingle, 1, y, in_register(y), 0, 3);
    a_.vector(kMove32, reg, 0, in_register(x), 1);
  }
  bind(op[0], 4, d, true);
}

void Piece::fma() {
  const auto& op = now().op;
  auto first = op[1], second = op[2];
  if (!held_[first].held && held_[second].held) std::swap(first, second);
  const auto c = source(op[3], 4, false, false), a = source(first, 4, false, false), b = source(second, 4, true, false);
  const bool uniform = a.uniform && b.uniform && c.uniform;
  Result d;
  auto& summand = held_[op[3]];
  if (c.uniform == uniform && (op[3] == op[0] || !rows_.live(n_ + 1, op[3]))) {   // nobody needs it any more
    d.uniform = uniform;
    d.parts = summand.parts();
    d.reg = summand.reg;
    summand.held = false;
  } else {
    d = result(4, uniform);
    for (int part = 0; part < d.parts; ++part) a_.vector(kMove, d.reg[part], 0, c.of(part));
  }
  for (int part = 0; part < d.parts; ++part) a_.vector(kFma231, d.reg[part], a.reg(part), b.of(part));
  bind(op[0], 4, d, true);
}

void Piece::test(const Form& form) {
  const auto& instr = now();
  const bool single = form.what == Do::test_single;
  const auto a = source(instr.op[1], form.lane, false, !single), b = source(instr.op[2], form.lane, true, !single);
  int relation = form.detail;
  if (instr.imm && single) relation = relation == 0x07 ? 0x03 : relation == 0x00 ? 0x04 : relation == 0x0c ? 0x08
                                     : relation == 0x11 ? 0x15 : relation == 0x12 ? 0x16 : relation == 0x1e ? 0x1a : 0x19;
  else if (instr.imm) relation ^= 4;
  const bool uniform = a.uniform && b.uniform;
  const Opcode op = single ? kCompareSingle : form.op;
  const auto compare = [&](int d, int part) {
    a_.vector(op, d, a.reg(uniform ? 0 : part), b.of(uniform ? 0 : part), 0, relation);
  };
  // Masks of eight bits to masks of sixteen, and those to one of 32.
  if (form.lane == 8) {
    for (int half = 0; half < 2; ++half) {
      compare(3, 2 * half);
      compare(2, 2 * half + 1);
      a_.mask(p66, false, 0x4b, 1 + half, 2, 3, true);
    }
    a_.mask(none_, false, 0x4b, 1, 2, 1, true);
  } else if (form.lane == 2) {
    compare(1, 0);
  } else {
    compare(1, 0);
    compare(2, 1);
    a_.mask(none_, false, 0x4b, 1, 2, 1, true);
  }
  if (!masked_) return a_.store_mask32(rbp, instr.op[0], 1);
  a_.mask(pF2, false, 0x93, rax, 0, 1, false);   // kmovd
  store_predicate(instr.op[0], rax);
}

void Piece::logic3() {
  const auto& op = now().op;
  const auto a = source(op[1], 4), b = source(op[2], 4), c = source(op[3], 4, true);
  const auto d = result(4, a.uniform && b.uniform && c.uniform);
  for (int part = 0; part < d.parts; ++part) {
    a_.vector(kMove, d.reg[part], 0, a.of(part));
    a_.vector(kTernary32, d.reg[part], b.reg(part), c.of(part), 0, int(now().imm & 255));
  }
  bind(op[0], 4, d);
}

void Piece::select(const Form& form) {
  const auto& op = now().op;
  const auto a = source(op[1], form.lane, true), b = source(op[2], form.lane);
  const auto d = result(form.lane, false);
  for (int part = 0; part < d.parts; ++part) {
    const unsigned bytes = 8u / form.lane;   // of the predicate
    a_.load_mask(rbp, op[3] + int(bytes) * part, 1, bytes);
    a_.vector(form.op, d.reg[part], b.reg(part), a.of(part), 1);
  }
  bind(op[0], form.lane, d);
}

void Piece::predicate(const Form& form) {
  const auto& op = now().op;
  a_.load32(rax, rbp, op[1]);
  switch (form.detail) {
    case 'n': a_.not32(rax); break;
    case '&': a_.and32_mem(rax, rbp, op[2]); break;
    case '|': a_.or32_mem(rax, rbp, op[2]); break;
    case '^': a_.xor32_mem(rax, rbp, op[2]); break;
    default: break;
  }
  store_predicate(op[0], rax);
}

/// All lanes are here, and all are asked.
void Piece::ballot() {
  const auto d = result(4, true);
  a_.store32_imm(r13, offsetof(exec::Warp, pass), 0);
  a_.load32(rax, rbp, now().op[1]);
  a_.vector(kBroadcastGpr32, d.reg[0], 0, in_register(rax));
  bind(now().op[0], 4, d);
}

/// Lanes are known when the code is made: a table says where each of them looks.
void Piece::write_tables() {
  for (auto n = begin_; n < end_; ++n) {
    const auto& instr = code_.instrs[n];
    const auto* form = form_of(instr.run);
    if (form->what != Do::shuffle) continue;
    const auto b = std::int32_t(*rows_.constant(instr.op[3], 4) & 31), c = std::int32_t(*rows_.constant(instr.op[4], 4));
    const std::int32_t segment = c >> 8 & 31, clamp = c & 31;
    tables_[n] = std::int32_t(a_.bytes.size());
    std::uint32_t inside = 0;
    for (std::int32_t lane = 0; lane < exec::kLanes; ++lane) {
      const std::int32_t last = (lane & segment) | (clamp & ~segment);
      const std::int32_t from = form->detail == 'u'   ? lane - b
                                : form->detail == 'd' ? lane + b
                                : form->detail == 'b' ? lane ^ b
                                                      : (lane & segment) | (b & ~segment);
      const bool good = form->detail == 'u' ? from >= last : from <= last;
      inside |= std::uint32_t(good) << lane;
      a_.data(std::uint32_t(good ? from : lane));
    }
    a_.data(inside);
    while (a_.bytes.size() % 64) a_.bytes.push_back(0xcc);
  }
}

void Piece::shuffle(const Form&) {
  const auto& op = now().op;
  const auto s = source(op[2], 4);
  const auto d = result(4, s.uniform);
  const auto table = tables_[n_];
  a_.store32_imm(r13, offsetof(exec::Warp, pass), 0);
  for (int part = 0; part < d.parts; ++part) {
    a_.vector(kMove, d.reg[part], 0, s.uniform ? s.of(0) : constant(table + 64 * part, false));
    if (!s.uniform) a_.vector(kPermute2, d.reg[part], s.reg(0), s.of(1));
  }
  std::int32_t inside;
  std::memcpy(&inside, &a_.bytes[std::size_t(table) + 128], 4);
  a_.store32_imm(rbp, op[1], inside);
  bind(op[0], 4, d);
}

/// Double precision passes NaN operands on, in an order of its own: what makes one is for the handlers.
void Piece::no_nan(const Result& result, Label& slow) {
  for (int part = 0; part < result.parts; ++part) {
    const int reg = result.reg[std::size_t(part)];
    a_.vector(kCompareReal, 1 + part % 2, reg, in_register(reg), result.uniform ? 0 : quarter(part), 3);
    if (part % 2 == 0 && part + 1 < result.parts) continue;
    a_.mask(none_, false, 0x98, 1, 0, 1 + part % 2, false);
    a_.jump_if(not_zero, slow);
  }
}

void Piece::real(const Form& form) {
  const auto& op = now().op;
  const bool fma = form.what == Do::real_fma, two = fma || form.detail == 2;
  const auto a = source(op[1], 8), b = two ? source(op[2], 8, true) : Source{}, c = fma ? source(op[3], 8) : Source{};
  const auto d = result(8, a.uniform && (!two || b.uniform) && (!fma || c.uniform));
  for (int part = 0; part < d.parts; ++part) {
    if (fma) {
      a_.vector(kMove, d.reg[part], 0, c.of(part));
      a_.vector(kFmaReal231, d.reg[part], a.reg(part), b.of(part));
    } else {
      a_.vector(form.op, d.reg[part], two ? a.reg(part) : 0, two ? b.of(part) : a.of(part));
    }
  }
  Label slow;
  no_nan(d, slow);
  leave_to_handlers(slow);
  bind(op[0], 8, d);
}

void Piece::change_sign(const Form& form) {
  const bool wide = form.lane == 8;
  const auto s = source(now().op[1], form.lane, false, false);
  const auto d = result(form.lane, s.uniform);
  const auto bits = constant(form.detail == 1 ? (wide ? kSign64 : kSign32) : (wide ? kRest64 : kRest32), true);
  for (int part = 0; part < d.parts; ++part) a_.vector(form.op, d.reg[part], s.reg(part), bits);
  if (wide) {
    Label slow;
    no_nan(d, slow);
    leave_to_handlers(slow);
  }
  bind(now().op[0], form.lane, d, !wide);
}

void Piece::widen_single() {
  const auto s = source(now().op[1], 4);
  const auto d = result(8, s.uniform);
  for (int part = 0; part < d.parts; ++part) widen(d.reg[part], s, part, kSingleToReal);
  bind(now().op[0], 8, d);
}

void Piece::narrow_real() {
  const auto s = source(now().op[1], 8);
  const auto d = result(4, s.uniform);
  for (int part = 0; part < d.parts; ++part) {
    a_.vector(kRealToSingle, d.reg[part], 0, s.of(2 * part));
    a_.vector(kRealToSingle, 0, 0, s.of(s.uniform ? 0 : 2 * part + 1));
    a_.vector(kInsertHalf, d.reg[part], d.reg[part], in_register(0), 0, 1);
  }
  bind(now().op[0], 4, d);
}

void Piece::narrow16() {
  const auto s = source(now().op[1], 4);
  const auto d = result(2, false);
  a_.vector(kWordsToHalves, s.reg(0), 0, in_register(d.reg[0]));
  a_.vector(kWordsToHalves, s.reg(1), 0, in_register(0));
  a_.vector(kInsertHalf, d.reg[0], d.reg[0], in_register(0), 0, 1);
  bind(now().op[0], 2, d);
}

}  // namespace simt::jit
