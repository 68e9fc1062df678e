// Lowering of texture reads: tex of texture objects in one to three dimensions, with layers, at the finest level.
#include "simt/exec/texture.hpp"
#include "simt/ir/lowering.hpp"

namespace simt::ir {

using ptx::Type;

bool FunctionLowering::texture(const Instruction& instruction) {
  exec::TextureForm form;
  bool shaped = false, vector = false, level = false;
  std::vector<Type> types;
  for (std::size_t n = 1; n < instruction.parts.size(); ++n) {
    const auto part = instruction.parts[n];
    if (part == "1d" || part == "2d" || part == "3d" || part == "a1d" || part == "a2d") {
      form.layered = part[0] == 'a';
      form.dimensions = std::uint8_t(part[form.layered] - '0');
      shaped = true;
    } else if (part == "v4") {
      vector = true;
    } else if (part == "level" || part == "base") {
      level = part == "level";
    } else if (type_of(part) != Type::none) {
      types.push_back(type_of(part));
    } else {
      return fail(instruction, "the software GPU does not know ." + std::string(part) + " here");
    }
  }
  if (!shaped || !vector || types.size() != 2) return fail(instruction, "it needs a geometry, .v4 and two types");
  form.integer = types[1] == Type::s32;
  if (!form.integer && types[1] != Type::f32) return fail(instruction, "coordinates are .s32 or .f32");
  if (types[0] != Type::f32 && types[0] != Type::u32 && types[0] != Type::s32) return fail(instruction, "texels are .f32, .u32 or .s32");
  const auto& operands = instruction.operands;
  const auto* results = operands.size() == (level ? 3u : 2u) ? std::get_if<ptx::VectorOperand>(&operands[0].value) : nullptr;
  const auto* where = results ? std::get_if<ptx::TupleOperand>(&operands[1].value) : nullptr;
  if (!where || where->items.size() != 2 || results->items.size() != 4)
    return fail(instruction, "it takes four destinations, and an object with its coordinates in brackets");
  Node node;
  node.handler = exec::run_texture;
  node.imm = std::uint64_t(form.code());
  node.has_site = true;
  for (const auto& item : results->items) {
    const auto d = write(item, types[0]);
    if (d == kNoValue) return false;
    if (class_of_value(d) != Cls::r32) return fail(instruction, "a destination has the wrong width");
    node.list.push_back(d);
  }
  node.list_writes = 4;
  const auto object = read(where->items[0], Type::u64);
  if (object == kNoValue) return false;
  if (class_of_value(object) != Cls::r64) return fail(instruction, "the texture is no object of 64 bits");
  node.list.push_back(object);
  // Coordinates beyond the dimensions are padding. Level 0 is the only one that an object has here.
  const auto* coordinates = std::get_if<ptx::VectorOperand>(&where->items[1].value);
  const std::size_t wanted = form.dimensions + form.layered, given = coordinates ? coordinates->items.size() : 1;
  if (given < wanted) return fail(instruction, "it has too few coordinates");
  for (std::size_t n = 0; n < wanted; ++n) {
    const auto value = read(coordinates ? coordinates->items[n] : where->items[1], form.integer ? Type::s32 : Type::f32);
    if (value == kNoValue) return false;
    if (class_of_value(value) != Cls::r32) return fail(instruction, "a coordinate has the wrong width");
    node.list.push_back(value);
  }
  push(std::move(node));
  return true;
}

}  // namespace simt::ir
