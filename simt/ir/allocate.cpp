// Rows for the values of a function.
#include "simt/ir/unit.hpp"

namespace simt::ir {

void Unit::allocate(Function& function) {
  std::uint32_t at = function.frame_begin;
  for (Cls cls : {Cls::r16, Cls::r32, Cls::r64, Cls::r128, Cls::pred}) {
    if (cls != Cls::r128) function.zones[cls == Cls::pred ? 3 : int(cls) - 1] = at;
    auto place = [&](ValueId id) {
      auto& value = values[id];
      if (value.kind != Value::local || value.cls != cls || value.row >= 0) return;
      value.row = std::int32_t(at);
      at += row_bytes(cls);
    };
    for (auto b : function.layout)
      for (auto& node : function.blocks[b].nodes) {
        for (unsigned n = 0; n < node.count; ++n) place(node.ops[n]);
        for (auto id : node.list) place(id);
        if (node.guard != kNoValue) place(node.guard);
      }
  }
  function.frame_end = (at + 63) / 64 * 64;
}

}  // namespace simt::ir
