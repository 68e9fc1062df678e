// What a recording has to know of a kernel's instructions before it runs: their lines, and which of them make a value that
// the line's programmer would recognise.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "simt/ir/code.hpp"
#include "simt/observers/source.hpp"

namespace simt::observers {

/// A line that is shown: the innermost one in the kernel's own file, and the one that inlined it.
struct ShownLine {
  std::string file;
  std::uint32_t line = 0, call = 0;      ///< `call` is `line` where nothing was inlined
  auto operator<=>(const ShownLine&) const = default;
};

/// An instruction that makes a value: the last one on its line, in its basic block, of its kind of value.
struct ValueSite {
  std::uint32_t line = 0;                ///< index into Sites::lines
  std::string type;                      ///< "f32", "s32", "b64": how its bits are to be read
  bool stores = false;                   ///< it writes to memory; the value is what it writes
  bool leaves = false;                   ///< another line reads the register
  bool decides = false;                  ///< its block ends with a branch of the same line: it may belong to a condition
  std::string target;                    ///< the register, or empty for what is stored
};

/// An executed instruction, as a recording sees it.
struct SiteOf {
  std::int32_t line = -1;                ///< index into Sites::lines; -1: none, it belongs to what comes before
  std::int32_t value = -1;               ///< index into Sites::values
  std::int32_t row = 0;                  ///< of the value, in the register file
  std::uint8_t width = 0;                ///< bytes of a lane in that row
  bool decides = false;                  ///< a comparison or a branch: its line is worth a step though nothing is written
};

struct Sites {
  std::vector<ShownLine> lines;
  std::vector<ValueSite> values;
  std::vector<SiteOf> by_instruction;    ///< as Code::instrs
};
Sites sites_of(const ir::Code& code);

}  // namespace simt::observers
