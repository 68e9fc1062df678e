// An instruction's name taken apart: opcode, types and modifiers. What select.cpp and its families work on.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "simt/ops/exact.hpp"
#include "simt/ops/select.hpp"
#include "simt/ptx/ast.hpp"

namespace simt::ops {

/// A type suffix of PTX, packed ones included.
struct TypeInfo {
  enum Kind : std::uint8_t { pred, bits_, unsigned_, signed_, floating };
  std::string_view name;
  Kind kind;
  std::uint8_t bits;          ///< of one element
  std::uint8_t count;         ///< elements in a register
  const Format* format;       ///< of a floating type
  ptx::Type row;              ///< how operands of this type are declared
  bool is_float() const { return kind == floating; }
  bool is_signed() const { return kind == signed_; }
  unsigned row_bits() const { return bits * count; }
};

const TypeInfo* type_info(std::string_view name);   ///< null if it names no type
unsigned bits_of(ptx::Type);                        ///< size of a register of that type; 1 for a predicate

class Form {
 public:
  Form(const ptx::Instruction& instruction, const ptx::Function& function, exec::Isa level);

  std::string_view opcode;
  std::vector<const TypeInfo*> types;
  const ptx::Instruction& instruction;
  const ptx::Function& function;
  exec::Isa level;

  const TypeInfo* type(unsigned i = 0) const { return i < types.size() ? types[i] : nullptr; }
  /// Whether the modifier is there; each may be taken once, and what nobody takes makes the form unknown.
  bool take(std::string_view modifier);
  /// The first of these that is there, else an empty string.
  std::string_view take_one(std::initializer_list<std::string_view> modifiers);
  bool exhausted() const { return left_ == 0; }
  std::string leftover() const;

  /// .rn .rz .rm .rp, if one is written.
  bool take_round(Round& round);
  /// Registers keep their own width: that of operand `i`, or `otherwise` for immediates and the rest.
  ptx::Type operand_type(unsigned i, ptx::Type otherwise) const;

 private:
  std::vector<std::string_view> modifiers_;
  unsigned left_ = 0;
};

/// Adds slots: one written, then reads.
inline void slot(Selection& s, Slot::Role role, ptx::Type type) { s.slots[s.count++] = {role, type}; }

// The families. Each returns false if the opcode is not its own; if it is, `s` holds a handler or an error.
bool select_integer(Form&, Selection& s);
bool select_logic(Form&, Selection& s);      // predicates, selp, mov
bool select_float(Form&, Selection& s);
bool select_compare(Form&, Selection& s);
bool select_convert(Form&, Selection& s);
bool select_video(Form&, Selection& s);

/// The fast loop of that name at that level; null if there is none.
exec::Handler hot(std::string_view name, exec::Isa level);

}  // namespace simt::ops
