// An assembler for what pieces are made of: AVX-512 on whole registers, masks, and a handful of integer instructions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

namespace simt::jit {

enum Gpr : std::uint8_t { rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15 };

/// Conditions of jumps, as the processor numbers them.
enum Condition : std::uint8_t { below = 2, not_below = 3, zero = 4, not_zero = 5, not_above = 6, above = 7, less = 12, greater = 15 };

/// A place in the code that is jumped to, perhaps before it is known.
struct Label {
  std::int64_t at = -1;
  std::vector<std::size_t> uses;
};

/// The last operand of a vector instruction: a register or memory.
struct Place {
  enum Kind : std::uint8_t { in_register, in_memory, in_constants, by_lane } kind = in_register;
  std::uint8_t reg = 0;         ///< the register; by_lane: the register of the indices
  Gpr base = rax;
  std::int32_t disp = 0;        ///< in_constants: from the start of the code
  bool broadcast = false;       ///< one element for all lanes
};
inline Place in_register(int reg) { return {Place::in_register, std::uint8_t(reg), rax, 0, false}; }
inline Place at(Gpr base, std::int32_t disp) { return {Place::in_memory, 0, base, disp, false}; }
inline Place each(Gpr base, std::int32_t disp) { return {Place::in_memory, 0, base, disp, true}; }
inline Place constant(std::int32_t offset, bool broadcast) { return {Place::in_constants, 0, rax, offset, broadcast}; }
inline Place by_lane(Gpr base, int indices) { return {Place::by_lane, std::uint8_t(indices), base, 0, false}; }

/// A vector instruction in the EVEX encoding: prefix, map, W, opcode, and what a short displacement counts in.
struct Opcode {
  std::uint8_t prefix = 0, map = 1, wide = 0, code = 0, unit = 64;
};
enum : std::uint8_t { none_ = 0, p66 = 1, pF3 = 2, pF2 = 3 };

class Assembler {
 public:
  std::vector<std::uint8_t> bytes;

  // ---- vectors: 512 bits, all lanes or those of a mask ----
  void vector(Opcode op, int reg, int second, Place last, int mask = 0, int imm = -1, bool zeroes = false, unsigned length = 2);
  /// Instructions on masks, which have the VEX encoding. `extra`: 1 for those with three operands.
  void mask(std::uint8_t prefix, bool wide, std::uint8_t code, int reg, int second, int last, bool three);
  void store_mask32(Gpr base, std::int32_t disp, int mask);       ///< kmovd
  void load_mask(Gpr base, std::int32_t disp, int mask, unsigned bytes);   ///< kmovb, kmovw, kmovd

  // ---- integers ----
  void load64(Gpr d, Gpr base, std::int32_t disp) { memory(true, 0x8b, d, base, disp); }
  void load32(Gpr d, Gpr base, std::int32_t disp) { memory(false, 0x8b, d, base, disp); }
  void store64(Gpr base, std::int32_t disp, Gpr s) { memory(true, 0x89, s, base, disp); }
  void store32(Gpr base, std::int32_t disp, Gpr s) { memory(false, 0x89, s, base, disp); }
  void store32_imm(Gpr base, std::int32_t disp, std::int32_t value) {
    memory(false, 0xc7, Gpr(0), base, disp);
    word(value);
  }
  void lea64(Gpr d, Gpr base, std::int32_t disp) { memory(true, 0x8d, d, base, disp); }
  void lea32(Gpr d, Gpr base, std::int32_t disp) { memory(false, 0x8d, d, base, disp); }
  void load64_indexed(Gpr d, Gpr base, Gpr index, unsigned scale, std::int32_t disp);   ///< [base + index * 2^scale + disp]
  void or32_to(Gpr base, std::int32_t disp, Gpr s) { memory(false, 0x09, s, base, disp); }
  void and32_to(Gpr base, std::int32_t disp, Gpr s) { memory(false, 0x21, s, base, disp); }
  void add32_to(Gpr base, Gpr index, Gpr s);                           ///< [base + index] += s
  void add32_imm_to(Gpr base, Gpr index, std::int32_t value);
  void add64_mem(Gpr d, Gpr base, std::int32_t disp) { memory(true, 0x03, d, base, disp); }
  void sub64_mem(Gpr d, Gpr base, std::int32_t disp) { memory(true, 0x2b, d, base, disp); }
  void cmp64_mem(Gpr a, Gpr base, std::int32_t disp) { memory(true, 0x3b, a, base, disp); }
  void cmp32_mem(Gpr a, Gpr base, std::int32_t disp) { memory(false, 0x3b, a, base, disp); }
  void and32(Gpr d, Gpr s) { registers(false, 0x23, d, s); }
  void or32(Gpr d, Gpr s) { registers(false, 0x0b, d, s); }
  void and32_mem(Gpr d, Gpr base, std::int32_t disp) { memory(false, 0x23, d, base, disp); }
  void or32_mem(Gpr d, Gpr base, std::int32_t disp) { memory(false, 0x0b, d, base, disp); }
  void xor32_mem(Gpr d, Gpr base, std::int32_t disp) { memory(false, 0x33, d, base, disp); }
  void move64(Gpr d, Gpr s) { registers(true, 0x8b, d, s); }
  void add64(Gpr d, Gpr s) { registers(true, 0x03, d, s); }
  void sub32(Gpr d, Gpr s) { registers(false, 0x2b, d, s); }
  void xor32(Gpr d, Gpr s) { registers(false, 0x33, d, s); }
  void cmp64(Gpr a, Gpr b) { registers(true, 0x3b, a, b); }
  void cmp32(Gpr a, Gpr b) { registers(false, 0x3b, a, b); }
  void test64(Gpr a, Gpr b) { registers(true, 0x85, b, a); }
  void test8(Gpr a) { test32_imm(a, 0xff); }
  void test32_imm(Gpr a, std::int32_t value) { immediate(false, 0xf7, 0, a, value); }
  void add64_imm(Gpr d, std::int32_t value) { immediate(true, 0x81, 0, d, value); }
  void sub64_imm(Gpr d, std::int32_t value) { immediate(true, 0x81, 5, d, value); }
  void sub32_imm(Gpr d, std::int32_t value) { immediate(false, 0x81, 5, d, value); }
  void add32_imm(Gpr d, std::int32_t value) { immediate(false, 0x81, 0, d, value); }
  void and64_imm(Gpr d, std::int32_t value) { immediate(true, 0x81, 4, d, value); }
  void and32_imm(Gpr d, std::int32_t value) { immediate(false, 0x81, 4, d, value); }
  void xor32_imm(Gpr d, std::int32_t value) { immediate(false, 0x81, 6, d, value); }
  void move64_imm(Gpr d, std::uint64_t value);
  void move64_signed(Gpr d, std::int32_t value) { immediate(true, 0xc7, 0, d, value); }
  void not32(Gpr d);
  void push(Gpr r);
  void pop(Gpr r);
  void call(Gpr r);
  void ret() { byte(0xc3); }
  void vzeroupper() { byte(0xc5), byte(0xf8), byte(0x77); }
  void jump(Label& to);
  void jump_if(Condition condition, Label& to);
  void bind(Label& label);
  void data(std::uint32_t value) { word(std::int32_t(value)); }

 private:
  void byte(unsigned value) { bytes.push_back(std::uint8_t(value)); }
  void word(std::int32_t value) {
    const auto n = bytes.size();
    bytes.resize(n + 4);
    std::memcpy(&bytes[n], &value, 4);
  }
  void rex(bool wide, unsigned reg, unsigned index, unsigned base);
  void address(unsigned reg, Gpr base, std::int32_t disp, int unit, int index);
  void memory(bool wide, unsigned code, Gpr reg, Gpr base, std::int32_t disp);
  void registers(bool wide, unsigned code, Gpr reg, Gpr rm);
  void immediate(bool wide, unsigned code, unsigned extension, Gpr rm, std::int32_t value);
  void use(Label& label);
};

}  // namespace simt::jit
