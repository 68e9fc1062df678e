// From executed instructions back to what the programmer wrote: PTX instructions and source lines.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "simt/ir/code.hpp"

namespace simt::observers {

struct SourceLine {
  std::string file;        ///< "" if the compiler gave no line information
  std::uint32_t line = 0;
  auto operator<=>(const SourceLine&) const = default;
};

/// The line of an instruction; of inlined functions the line that inlined the outermost one.
SourceLine source_line(const ptx::Module& module, const ptx::Function& function, std::size_t index);

/// The line that the programmer would look at: the innermost one in the file of the outermost.
SourceLine own_line(const ptx::Module& module, const ptx::Function& function, std::size_t index);

/// The file in which it is written, in a function that may be inlined elsewhere; "" if the compiler gave no line information.
std::string written_in(const ptx::Module& module, const ptx::Function& function, std::size_t index);

/// A PTX instruction that a kernel can reach, and the executed instruction that is executed as often as it is.
///
/// Lowering drops copies and merges instructions, so most PTX instructions have none of their own. Between two places
/// where lanes part or meet, however, all instructions are executed equally often.
struct Reached {
  const ptx::Module* module = nullptr;
  const ptx::Function* function = nullptr;
  std::uint32_t index = 0;        ///< into Function::body
  std::uint32_t carrier = 0;      ///< into Code::instrs
  const ptx::Instruction& instruction() const { return function->body[index]; }
};
std::vector<Reached> reached(const ir::Code& code);

/// Whether it is one of the instruction's modifiers.
bool says(const ptx::Instruction& instruction, std::string_view part);

/// "saxpy" of "_Z5saxpyifPKfPf".
std::string readable_name(const std::string& mangled);

}  // namespace simt::observers
