// What machine code is made of: the handlers that pieces know, and what they do.
#pragma once

#include "simt/exec/warp.hpp"
#include "simt/jit/assembler.hpp"

namespace simt::jit {

enum class Do : std::uint8_t {
  copy, binary, negate, complement, shift, multiply, multiply_add, multiply_wide, multiply_add_wide, multiply_high, extend,
  truncate, extend16, multiply_wide16, convert, single, fma, test, test_single, logic3, select, predicate,
  load, load_byte, load_uniform, load_shared, store, store_shared, add_shared,
  load_long, store_long, load_shared_long, store_shared_long, ballot, shuffle, meet, real, real_fma, change_sign, widen_single,
  narrow_real, narrow16, extreme,
};

struct Form {
  Do what = Do::copy;
  std::uint8_t lane = 4;       ///< bytes of a lane: of the operands, and of the result where they have one width
  bool is_signed = false;
  std::uint8_t detail = 0;     ///< of tests: the relation; of predicates: the opcode; of binary ones: whether operands commute
  Opcode op{};
};

/// Null if pieces do not know the handler.
const Form* form_of(exec::Handler handler);

// Opcodes that more than one file uses.
constexpr Opcode kMove{p66, 1, 1, 0x6f}, kStore{p66, 1, 1, 0x7f}, kLoose{pF3, 1, 0, 0x6f}, kStoreLoose{pF3, 1, 0, 0x7f};
constexpr Opcode kBroadcast32{p66, 2, 0, 0x58, 4}, kBroadcast64{p66, 2, 1, 0x59, 8};
constexpr Opcode kBroadcastGpr32{p66, 2, 0, 0x7c}, kBroadcastGpr64{p66, 2, 1, 0x7c};
constexpr Opcode kFirst32{p66, 1, 0, 0x7e}, kFirst64{p66, 1, 1, 0x7e};   // with length 0; the register is the source
constexpr Opcode kAdd32{p66, 1, 0, 0xfe}, kAdd64{p66, 1, 1, 0xd4}, kSub32{p66, 1, 0, 0xfa}, kSub64{p66, 1, 1, 0xfb};
constexpr Opcode kAnd32{p66, 1, 0, 0xdb}, kAnd64{p66, 1, 1, 0xdb}, kOr64{p66, 1, 1, 0xeb}, kXor32{p66, 1, 0, 0xef}, kXor64{p66, 1, 1, 0xef};
constexpr Opcode kTernary32{p66, 3, 0, 0x25}, kTernary64{p66, 3, 1, 0x25};
constexpr Opcode kMul32{p66, 2, 0, 0x40}, kMul64{p66, 2, 1, 0x40}, kMulU{p66, 1, 1, 0xf4}, kMulS{p66, 2, 1, 0x28};
constexpr Opcode kShiftImm32{p66, 1, 0, 0x72}, kShiftImm64{p66, 1, 1, 0x73};   // the register is /2 right, /6 left
constexpr Opcode kTest32{p66, 2, 0, 0x27}, kTest64{p66, 2, 1, 0x27};
constexpr Opcode kCompareU32{p66, 3, 0, 0x1e}, kCompareU64{p66, 3, 1, 0x1e}, kCompare32{p66, 3, 0, 0x1f}, kCompare64{p66, 3, 1, 0x1f};
constexpr Opcode kCompareSingle{none_, 1, 0, 0xc2};
constexpr Opcode kPermute{p66, 2, 0, 0x36}, kPermute2{p66, 2, 0, 0x76};
constexpr Opcode kWidenS32{p66, 2, 0, 0x25, 32}, kWidenU32{p66, 2, 0, 0x35, 32}, kWidenU16{p66, 2, 0, 0x33, 32},
    kWidenS16{p66, 2, 0, 0x23, 32}, kWidenU8{p66, 2, 0, 0x30, 32};
constexpr Opcode kUpperHalf{p66, 3, 1, 0x3b, 32}, kInsertHalf{p66, 3, 1, 0x3a, 32};
constexpr Opcode kGather32{p66, 2, 0, 0x90, 4}, kGather64{p66, 2, 0, 0x91, 4}, kScatter32{p66, 2, 0, 0xa0, 4}, kScatter64{p66, 2, 0, 0xa1, 4};
constexpr Opcode kBlend32{p66, 2, 0, 0x64}, kBlend64{p66, 2, 1, 0x64};
constexpr Opcode kMove32{p66, 1, 0, 0x6f}, kMove16{pF2, 1, 1, 0x6f}, kCompress32{p66, 2, 0, 0x8b, 4}, kCompress64{p66, 2, 1, 0x8b, 8};
constexpr Opcode kBlend16{p66, 2, 1, 0x66}, kCompare16{p66, 3, 1, 0x3f};
constexpr Opcode kPermuteLongs{p66, 2, 1, 0x36}, kStoreLooseLongs{pF3, 1, 1, 0x7f}, kGatherLongs{p66, 2, 1, 0x91, 8}, kScatterLongs{p66, 2, 1, 0xa1, 8};
constexpr Opcode kCompareReal{p66, 1, 1, 0xc2}, kFmaReal231{p66, 2, 1, 0xb8}, kSingleToReal{none_, 1, 0, 0x5a, 32}, kRealToSingle{p66, 1, 1, 0x5a};
constexpr Opcode kWordsToHalves{pF3, 2, 0, 0x33, 32};   // the register is the source
constexpr Opcode kOr32{p66, 1, 0, 0xeb};
constexpr Opcode kFma231{p66, 2, 0, 0xb8};

}  // namespace simt::jit
