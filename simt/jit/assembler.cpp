// The encodings of the instructions in assembler.hpp.
#include "simt/jit/assembler.hpp"

namespace simt::jit {

/// ModRM, SIB and displacement. `unit`: what a displacement of one byte counts in; `index` -1: none, else a register.
void Assembler::address(unsigned reg, Gpr base, std::int32_t disp, int unit, int index) {
  const bool small = disp % unit == 0 && disp / unit >= -128 && disp / unit <= 127;
  const bool sib = index >= 0 || (base & 7) == rsp;
  byte((small ? 0x40u : 0x80u) | (reg & 7) << 3 | (sib ? 4u : unsigned(base & 7)));
  if (sib) byte((index >= 0 ? unsigned(index & 7) << 3 : 4u << 3) | unsigned(base & 7));
  if (small) byte(unsigned(disp / unit) & 0xff);
  else word(disp);
}

void Assembler::vector(Opcode op, int reg, int second, Place last, int mask, int imm, bool zeroes, unsigned length) {
  const unsigned r = unsigned(reg), v = unsigned(second);
  unsigned x = 0, b = 0, upper = v >> 4 & 1;
  switch (last.kind) {
    case Place::in_register: b = last.reg >> 3 & 1, x = last.reg >> 4 & 1; break;
    case Place::in_memory: b = last.base >> 3 & 1; break;
    case Place::in_constants: break;
    case Place::by_lane: b = last.base >> 3 & 1, x = last.reg >> 3 & 1, upper = last.reg >> 4 & 1; break;
  }
  byte(0x62);
  byte((~r >> 3 & 1) << 7 | (~x & 1) << 6 | (~b & 1) << 5 | (~r >> 4 & 1) << 4 | op.map);
  byte(unsigned(op.wide) << 7 | (~v & 15) << 3 | 4 | op.prefix);
  byte(unsigned(zeroes) << 7 | length << 5 | unsigned(last.broadcast) << 4 | (~upper & 1) << 3 | unsigned(mask));
  byte(op.code);
  const int unit = last.broadcast ? (op.wide ? 8 : 4) : op.unit;
  switch (last.kind) {
    case Place::in_register: byte(0xc0 | (r & 7) << 3 | (last.reg & 7)); break;
    case Place::in_memory: address(r, last.base, last.disp, unit, -1); break;
    case Place::in_constants:
      byte((r & 7) << 3 | 5);
      word(last.disp - std::int32_t(bytes.size() + 4 + (imm >= 0 ? 1 : 0)));
      break;
    case Place::by_lane: address(r, last.base, last.disp, unit, last.reg); break;
  }
  if (imm >= 0) byte(unsigned(imm));
}

void Assembler::mask(std::uint8_t prefix, bool wide, std::uint8_t code, int reg, int second, int last, bool three) {
  byte(0xc4);
  byte((reg & 8 ? 0u : 0x80u) | 0x40u | (last & 8 ? 0u : 0x20u) | 1);
  byte(unsigned(wide) << 7 | (~unsigned(second) & 15) << 3 | unsigned(three) << 2 | prefix);
  byte(code);
  byte(0xc0u | unsigned(reg & 7) << 3 | unsigned(last & 7));
}
void Assembler::store_mask32(Gpr base, std::int32_t disp, int mask) {
  byte(0xc4), byte(0xc0u | (base & 8 ? 0u : 0x20u) | 1), byte(0x80 | 0x78 | p66), byte(0x91);
  address(unsigned(mask), base, disp, 1, -1);
}
void Assembler::load_mask(Gpr base, std::int32_t disp, int mask, unsigned size) {
  byte(0xc4), byte(0xc0u | (base & 8 ? 0u : 0x20u) | 1), byte((size == 4 ? 0xf8u : 0x78u) | (size == 2 ? none_ : p66)), byte(0x90);
  address(unsigned(mask), base, disp, 1, -1);
}

void Assembler::rex(bool wide, unsigned reg, unsigned index, unsigned base) {
  const unsigned value = 0x40u | unsigned(wide) << 3 | (reg >> 3 & 1) << 2 | (index >> 3 & 1) << 1 | (base >> 3 & 1);
  if (value != 0x40) byte(value);
}
void Assembler::memory(bool wide, unsigned code, Gpr reg, Gpr base, std::int32_t disp) {
  rex(wide, reg, 0, base);
  byte(code);
  address(reg, base, disp, 1, -1);
}
void Assembler::registers(bool wide, unsigned code, Gpr reg, Gpr rm) {
  rex(wide, reg, 0, rm);
  byte(code);
  byte(0xc0u | unsigned(reg & 7) << 3 | unsigned(rm & 7));
}
void Assembler::immediate(bool wide, unsigned code, unsigned extension, Gpr rm, std::int32_t value) {
  rex(wide, 0, 0, rm);
  byte(code);
  byte(0xc0u | extension << 3 | unsigned(rm & 7));
  word(value);
}
void Assembler::load64_indexed(Gpr d, Gpr base, Gpr index, unsigned scale, std::int32_t disp) {
  rex(true, d, index, base);
  byte(0x8b);
  byte(0x80u | unsigned(d & 7) << 3 | 4);
  byte(scale << 6 | unsigned(index & 7) << 3 | unsigned(base & 7));
  word(disp);
}
void Assembler::add32_to(Gpr base, Gpr index, Gpr s) {
  rex(false, s, index, base);
  byte(0x01);
  byte(unsigned(s & 7) << 3 | 4);   // no displacement: `base` is none of rbp and r13
  byte(unsigned(index & 7) << 3 | unsigned(base & 7));
}
void Assembler::add32_imm_to(Gpr base, Gpr index, std::int32_t value) {
  rex(false, 0, index, base);
  byte(0x81);
  byte(4);
  byte(unsigned(index & 7) << 3 | unsigned(base & 7));
  word(value);
}
void Assembler::move64_imm(Gpr d, std::uint64_t value) {
  rex(true, 0, 0, d);
  byte(0xb8u | unsigned(d & 7));
  word(std::int32_t(value));
  word(std::int32_t(value >> 32));
}
void Assembler::not32(Gpr d) {
  rex(false, 0, 0, d);
  byte(0xf7);
  byte(0xd0u | unsigned(d & 7));
}
void Assembler::push(Gpr r) {
  rex(false, 0, 0, r);
  byte(0x50u | unsigned(r & 7));
}
void Assembler::pop(Gpr r) {
  rex(false, 0, 0, r);
  byte(0x58u | unsigned(r & 7));
}
void Assembler::call(Gpr r) {
  rex(false, 0, 0, r);
  byte(0xff);
  byte(0xd0u | unsigned(r & 7));
}
void Assembler::use(Label& label) {
  label.uses.push_back(bytes.size());
  word(label.at < 0 ? 0 : std::int32_t(label.at - std::int64_t(bytes.size()) - 4));
}
void Assembler::jump(Label& to) {
  byte(0xe9);
  use(to);
}
void Assembler::jump_if(Condition condition, Label& to) {
  byte(0x0f);
  byte(0x80u | condition);
  use(to);
}
void Assembler::bind(Label& label) {
  label.at = std::int64_t(bytes.size());
  for (auto at : label.uses) {
    const auto distance = std::int32_t(label.at - std::int64_t(at) - 4);
    std::memcpy(&bytes[at], &distance, 4);
  }
}

}  // namespace simt::jit
