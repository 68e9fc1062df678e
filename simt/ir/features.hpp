// Features that were switched off, by PMPP_SIM_WITHOUT: what belongs to one is refused as if it did not exist.
#pragma once

#include <string>
#include <string_view>

#include "simt/ptx/ast.hpp"

namespace simt::ir::features {

/// Says what is wrong with the setting; empty if nothing is.
const std::string& complaint();

/// The feature that is off and that a call of the runtime, or an attribute of a launch, belongs to; empty if none.
std::string_view without_call(std::string_view name);

/// The same for the opcode of an instruction with its modifiers.
std::string_view without_instruction(const ptx::Instruction& instruction);

/// The same for other code: "%clock", "vprintf()", "(pointer)".
std::string_view without_code(std::string_view name);

/// What is said of something that belongs to a feature that is off.
std::string sentence(std::string_view feature);

}  // namespace simt::ir::features
