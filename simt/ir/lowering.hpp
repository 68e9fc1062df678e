// Turns the instructions of one function into nodes.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "simt/ir/unit.hpp"

namespace simt::ops {
struct Fragment;
}

namespace simt::ir {

class FunctionLowering {
 public:
  FunctionLowering(Unit& unit, Function& function) : unit_(unit), function_(function), ptx_(*function.ptx) {}
  /// False if the unit has a fault now.
  bool run();

 private:
  using Operand = ptx::Operand;
  using Instruction = ptx::Instruction;

  // lower.cpp: blocks, operands, register-only instructions
  void split_blocks();
  void start_block();
  bool instruction(const Instruction& instruction);
  bool lane_wise(const Instruction& instruction);
  bool fail(const Instruction& instruction, std::string why);
  bool undefined(const Instruction& instruction, const char* what, const std::string& name, const ptx::Module& module, std::uint32_t line);
  /// Fails if `code` belongs to a feature that is off; see features.def. It is shown as what the program wrote.
  bool is_off(std::string_view code, std::string_view shown = {});
  Node& push(Node node);
  Node& emit(exec::Handler handler, bool pure = true);
  void begin_skip();   ///< a guarded instruction that must not run under a mask: branch around it
  void end_skip();
  ValueId read(const Operand& operand, ptx::Type type);
  ValueId write(const Operand& operand, ptx::Type type);
  ValueId read_as(const Operand& operand, ptx::Type type);   ///< as read, then widened or narrowed to the type's class
  ValueId reg(std::uint32_t index) const { return function_.first_register + ValueId(index); }
  Cls class_of_value(ValueId value) const { return unit_.values[value].cls; }
  ValueId special(std::string_view name, ptx::Type type);
  ValueId symbol(const ptx::SymbolOperand& operand, ptx::Type type);
  ValueId resize(ValueId value, Cls cls, bool is_signed);
  bool fits(std::size_t operands) { return current_->operands.size() == operands; }

  // lower_memory.cpp
  bool memory(const Instruction& instruction);
  bool load(const Instruction& instruction);
  bool store(const Instruction& instruction);
  bool atomic(const Instruction& instruction);
  bool convert_address(const Instruction& instruction);
  struct Address { ValueId base = kNoValue; std::int32_t offset = 0; bool uniform = false; bool ok = false; };
  Address address(const ptx::AddressOperand& operand, ptx::Space space);
  bool load_param(const Instruction& instruction, ptx::Type type, unsigned lanes);
  bool store_param(const Instruction& instruction, ptx::Type type, unsigned lanes);
  bool param_words(const ptx::AddressOperand& operand, Function::Words& words, std::int64_t& offset);

  // lower_control.cpp
  bool control(const Instruction& instruction);
  bool call(const Instruction& instruction);
  bool stack(const Instruction& instruction);
  bool calls_own_code() const;
  bool external(const Instruction& instruction, const LinkedFunction& callee, const std::vector<std::string>& results,
                const std::vector<std::string>& arguments);
  std::int32_t block_of(std::string_view label) const;
  void prologue();

  // lower_sync.cpp
  bool synchronisation(const Instruction& instruction);
  bool barrier(const Instruction& instruction);
  bool shuffle(const Instruction& instruction);

  // lower_matrix.cpp
  bool matrix(const Instruction& instruction);
  bool matrix_tiles(const Instruction& instruction, bool stores);
  bool fragment(const Instruction& instruction, const Operand& operand, const ops::Fragment& fragment, bool written,
                std::vector<ValueId>& list);
  /// The address as a generic one of 64 bits.
  ValueId generic_address(const Instruction& instruction, const Operand& operand, ptx::Space space,
                         std::int32_t* displacement);

  // lower_texture.cpp
  bool texture(const Instruction& instruction);
  bool surface(const Instruction& instruction);
  bool object_place(const Instruction& instruction, const Operand& operand, bool layered, unsigned dimensions, ptx::Type type,
                    std::vector<ValueId>& list);
  bool floats_or_indices(const Instruction& instruction, const Operand& operand, std::size_t wanted, ptx::Type type,
                         std::vector<ValueId>& list);

  // lower_async.cpp
  bool asynchronous(const Instruction& instruction);
  bool copy_async(const Instruction& instruction);
  bool copy_bulk(const Instruction& instruction);
  bool track_copies(const Instruction& instruction);
  bool complete_transaction(const Instruction& instruction, const Operand& barrier, ValueId bytes);
  bool memory_barrier(const Instruction& instruction);

  Unit& unit_;
  Function& function_;
  const ptx::Function& ptx_;
  const Instruction* current_ = nullptr;
  std::int32_t block_ = -1;
  std::int32_t skip_block_ = -1;
  std::vector<std::int32_t> block_at_;   ///< block that starts at this body index, or -1
};

/// The type that a modifier names (`.f32` without the dot); Type::none if it names none.
ptx::Type type_of(std::string_view part);
bool is_signed(ptx::Type type);
bool has(const ptx::Instruction& instruction, std::string_view part);
/// The first part from number `from` on that is none of `known`, else an empty string.
std::string unknown_part(const ptx::Instruction& instruction, std::size_t from, std::initializer_list<std::string_view> known);

}  // namespace simt::ir
