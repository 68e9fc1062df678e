// From a PTX instruction to the handler that executes it: register-only, lane-wise instructions.
//
// What touches memory, control flow, other lanes or special registers is simt/exec's own and never comes here.
// The caller (simt/ir) does the operands: it flattens vectors and pairs, gives each register its row, makes a row of
// every immediate, symbol address and special register, materialises `!%p`, gives `_` a scratch row, and handles the
// guard. So a handler sees row offsets in Instr::op and nothing else.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "simt/exec/gang.hpp"
#include "simt/exec/isa.hpp"
#include "simt/ptx/ast.hpp"

namespace simt::ops {

/// What the handler does with one flattened operand.
struct Slot {
  enum Role : std::uint8_t {
    read,      ///< a row that is read
    write,     ///< a row that is written
    update,    ///< read and written (none of nvcc's needs it, mad with an accumulator in place would)
    literal,   ///< not a row: the handler has it in Instr::imm, the operand is skipped (the table of lop3)
  };
  Role role = read;
  /// How an immediate in this place is converted, and so how wide its row is. A register keeps its own row whatever
  /// this says: where PTX allows a register wider than the type (cvt), choose the handler by Function::registers.
  ptx::Type type = ptx::Type::none;
};

struct Selection {
  exec::Handler handler = nullptr;   ///< null: unknown, see `error`
  std::array<Slot, 8> slots{};       ///< one per flattened operand; skipped literals count as operands here
  unsigned count = 0;
  std::uint64_t imm = 0;             ///< becomes Instr::imm
  bool reads_carry = false, writes_carry = false;   ///< uses exec::kCarryRow
  bool copy = false;                 ///< op[0] = op[1], bit by bit: the lowering may propagate the source and drop it
  std::string error;                 ///< one sentence without the place: "add has no type .b32; it takes .u16, ..."
};

/// Chooses the handler for `instruction` of `function`, at the given level.
Selection select(const ptx::Instruction& instruction, const ptx::Function& function, exec::Isa level);

/// What gangs do instead of calling this handler; empty if there is nothing better.
exec::GangEntry gang_loop(exec::Handler handler);

}  // namespace simt::ops
