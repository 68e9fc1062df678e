// Chooses handlers for register-only instructions.
#include "simt/ops/select.hpp"

#include "simt/ops/tables.hpp"

namespace simt::ops {
namespace {

exec::Handler find(std::string_view name, exec::Isa level) {
  switch (level) {
#define SIMT_CASE(l) case exec::Isa::l: return l::find(name);
    SIMT_FOR_EACH_ISA(SIMT_CASE)
#undef SIMT_CASE
  }
  return nullptr;
}

}  // namespace

Selection select(const ptx::Instruction& instruction, const ptx::Function&, exec::Isa level) {
  Selection s;
  std::string name;
  for (auto part : instruction.parts) (name += name.empty() ? "" : ".") += part;
  using ptx::Type;
  if (name == "add.s32") {
    s.handler = find(name, level);
    s.slots = {{{Slot::write, Type::s32}, {Slot::read, Type::s32}, {Slot::read, Type::s32}}};
    s.count = 3;
  } else if (name == "setp.lt.f32") {
    s.handler = find(name, level);
    s.slots = {{{Slot::write, Type::pred}, {Slot::read, Type::f32}, {Slot::read, Type::f32}}};
    s.count = 3;
  }
  if (!s.handler) s.error = "the software GPU does not know " + name;
  return s;
}

}  // namespace simt::ops
