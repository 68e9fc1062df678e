// The handler for forms without a fast loop: lane by lane through a function pointer.
//
// A Rare says how to read the operands and what to call. It is made at load, interned, and reached through Instr::imm,
// so one handler, compiled once, serves some thousand forms.
#pragma once

#include <cstdint>
#include <string>

#include "simt/ops/exact.hpp"
#include "simt/ops/form.hpp"

namespace simt::ops {

struct Rare;
constexpr int kCarry = 7;
/// Operands and result are register images, zero-extended; a predicate is 0 or 1. The carry goes in and out at [kCarry].
using LaneFunction = std::uint64_t (*)(std::uint64_t* operands, const Rare&);

struct Rare {
  LaneFunction lane = nullptr;
  LaneFunction element = nullptr;     ///< of a packed form: what `packed` calls for each element
  std::uint8_t destinations = 1;      ///< 2: the second one's bits lie above the first one's in the result
  std::uint8_t sources = 0;
  std::uint8_t bits[8] = {};          ///< row width of every operand, destinations first; 1: predicate; 128: two halves
  std::uint8_t element_bits = 0, elements = 1;
  bool carry_in = false, carry_out = false;
  const Format* from = nullptr;       ///< format of the sources
  const Format* last = nullptr;       ///< of the last source, if it is another one
  const Format* to = nullptr;         ///< format of the result
  std::uint8_t from_bits = 0, to_bits = 0, stored_bits = 0;  ///< conversions: integer widths
  bool from_signed = false, to_signed = false, flush_inputs = false;
  std::uint8_t relation = 0, combine = 0, mode = 0;
  std::uint32_t literal = 0;
  Finish finish;
  bool operator==(const Rare&) const = default;
};

/// Applies `element` to each element of packed registers.
std::uint64_t packed(std::uint64_t* operands, const Rare&);

/// Completes a selection whose slots are set: widths from the slots, handler and imm from the rare form.
void use(Selection& s, Rare rare);

}  // namespace simt::ops
