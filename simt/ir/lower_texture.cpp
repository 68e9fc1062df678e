// Lowering of texture and surface instructions: tex and tld4 of texture objects, suld, sust and sured of surface objects.
#include "simt/exec/surface.hpp"
#include "simt/exec/texture.hpp"
#include "simt/ir/lowering.hpp"

namespace simt::ir {

using ptx::Type;

namespace {

struct Geometry {
  std::string_view name;
  std::uint8_t dimensions;
  bool layered, cube;
};
constexpr Geometry kGeometries[] = {{"1d", 1, false, false}, {"2d", 2, false, false},   {"3d", 3, false, false}, {"a1d", 1, true, false},
                                    {"a2d", 2, true, false}, {"cube", 3, false, true}, {"acube", 3, true, true}};

const Geometry* geometry_of(std::string_view part) {
  for (const Geometry& g : kGeometries)
    if (g.name == part) return &g;
  return nullptr;
}

}  // namespace

/// `[object, {coordinates}]`: adds the object, and as many coordinates as are wanted. Further ones are padding.
bool FunctionLowering::object_place(const Instruction& instruction, const Operand& operand, bool layered, unsigned dimensions,
                                    Type type, std::vector<ValueId>& list) {
  const auto* where = std::get_if<ptx::TupleOperand>(&operand.value);
  if (!where || where->items.size() != 2) return fail(instruction, "it takes an object with its coordinates in brackets");
  const auto object = read(where->items[0], Type::u64);
  if (object == kNoValue) return false;
  if (class_of_value(object) != Cls::r64) return fail(instruction, "the object has not 64 bits");
  list.push_back(object);
  if (layered && !std::holds_alternative<ptx::VectorOperand>(where->items[1].value)) return fail(instruction, "it has too few coordinates");
  return floats_or_indices(instruction, where->items[1], dimensions + layered, type, list);
}

/// The first `wanted` elements of a vector, or a scalar, of 32 bits each.
bool FunctionLowering::floats_or_indices(const Instruction& instruction, const Operand& operand, std::size_t wanted, Type type,
                                         std::vector<ValueId>& list) {
  const auto* elements = std::get_if<ptx::VectorOperand>(&operand.value);
  if ((elements ? elements->items.size() : 1) < wanted) return fail(instruction, "it has too few coordinates");
  for (std::size_t n = 0; n < wanted; ++n) {
    const auto value = read(elements ? elements->items[n] : operand, type);
    if (value == kNoValue) return false;
    if (class_of_value(value) != Cls::r32) return fail(instruction, "a coordinate has the wrong width");
    list.push_back(value);
  }
  return true;
}

bool FunctionLowering::texture(const Instruction& instruction) {
  if (instruction.opcode() != "tex" && instruction.opcode() != "tld4") return surface(instruction);
  exec::TextureForm form;
  using Form = exec::TextureForm;
  const bool gather = instruction.opcode() == "tld4";
  bool shaped = false, vector = false, chosen = false;
  std::vector<Type> types;
  for (std::size_t n = 1; n < instruction.parts.size(); ++n) {
    const auto part = instruction.parts[n];
    if (const Geometry* g = geometry_of(part)) {
      form.dimensions = g->dimensions;
      form.layered = g->layered;
      form.cube = g->cube;
      shaped = true;
    } else if (part == "v4") {
      vector = true;
    } else if (gather && part.size() == 1 && std::string_view("rgba").find(part) != std::string_view::npos) {
      form.mode = Form::gather;
      form.channel = std::uint8_t(std::string_view("rgba").find(part));
      chosen = true;
    } else if (!gather && (part == "level" || part == "base" || part == "grad")) {
      form.mode = part == "level" ? Form::level : part == "grad" ? Form::gradient : Form::base;
    } else if (type_of(part) != Type::none) {
      types.push_back(type_of(part));
    } else {
      return fail(instruction, "the software GPU does not know ." + std::string(part) + " here");
    }
  }
  if (!shaped || !vector || types.size() != 2 || chosen != gather) return fail(instruction, "it needs a geometry, .v4 and two types");
  form.integer = types[1] == Type::s32;
  if (!form.integer && types[1] != Type::f32) return fail(instruction, "coordinates are .s32 or .f32");
  if (types[0] != Type::f32 && types[0] != Type::u32 && types[0] != Type::s32)
    return fail(instruction, "texels are .f32, .u32 or .s32");
  if (form.integer && (form.mode == Form::gradient || gather || form.cube)) return fail(instruction, "coordinates are .f32 here");
  if (gather && (form.cube || form.dimensions != 2)) return fail(instruction, "the software GPU gathers from .2d and .a2d");

  const auto& operands = instruction.operands;
  const std::size_t more = form.mode == Form::level ? 1 : form.mode == Form::gradient ? 2 : 0;
  const auto* pair = operands.size() == 2 + more ? std::get_if<ptx::PairOperand>(&operands[0].value) : nullptr;
  form.resident = pair && pair->items.size() == 2;
  const auto* results = operands.size() != 2 + more ? nullptr : std::get_if<ptx::VectorOperand>(form.resident ? &pair->items[0].value : &operands[0].value);
  if (!results || results->items.size() != 4)
    return fail(instruction, "it takes four destinations, an object with its coordinates, and what its mode asks for");
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
  if (form.resident) {
    const auto p = write(pair->items[1], Type::pred);
    if (p == kNoValue) return false;
    if (class_of_value(p) != Cls::pred) return fail(instruction, "the second result is no predicate");
    node.list.push_back(p);
  }
  node.list_writes = std::uint32_t(node.list.size());
  if (!object_place(instruction, operands[1], form.layered, form.dimensions, form.integer ? Type::s32 : Type::f32, node.list)) return false;
  for (std::size_t n = 2; n < operands.size(); ++n)
    if (!floats_or_indices(instruction, operands[n], form.mode == Form::level ? 1 : form.dimensions, form.integer ? Type::s32 : Type::f32, node.list)) return false;
  push(std::move(node));
  return true;
}

bool FunctionLowering::surface(const Instruction& instruction) {
  exec::SurfaceForm form;
  using Form = exec::SurfaceForm;
  const auto opcode = instruction.opcode();
  const bool reduces = opcode == "sured";
  form.operation = opcode == "sust" ? Form::store : Form::load;
  Type type = Type::none;
  bool shaped = false, raw = false, bounded = false, works = !reduces;
  for (std::size_t n = 1; n < instruction.parts.size(); ++n) {
    const auto part = instruction.parts[n];
    const Geometry* g = geometry_of(part);
    if (g && !g->cube) {
      form.dimensions = g->dimensions;
      form.layered = g->layered;
      shaped = true;
    } else if (part == "b") {
      raw = true;
    } else if (part == "trap" || part == "clamp" || part == "zero") {
      form.boundary = part == "trap" ? Form::trap : part == "clamp" ? Form::clamp : Form::zero;
      bounded = true;
    } else if (!reduces && (part == "v2" || part == "v4")) {
      form.count = part == "v2" ? 2 : 4;
    } else if (reduces && (part == "add" || part == "min" || part == "max" || part == "and" || part == "or")) {
      form.operation = part == "add" ? Form::add : part == "min" ? Form::least : part == "max" ? Form::greatest : part == "and" ? Form::bit_and : Form::bit_or;
      works = true;
    } else if (!reduces && (part == "ca" || part == "cg" || part == "cs" || part == "cv" || part == "wb" || part == "wt")) {
      // caches
    } else if (type == Type::none && type_of(part) != Type::none) {
      type = type_of(part);
    } else {
      return fail(instruction, "the software GPU does not know ." + std::string(part) + " here");
    }
  }
  if (!shaped || !raw || !bounded || !works || type == Type::none)
    return fail(instruction, "it needs .b, a geometry, a type and .trap, .clamp or .zero");
  form.bytes = std::uint8_t(ptx::size_of(type));
  form.is_signed = is_signed(type);
  const bool bits = type == Type::b8 || type == Type::b16 || type == Type::b32 || type == Type::b64;
  const bool logic = form.operation == Form::bit_and || form.operation == Form::bit_or;
  const bool reducible = logic ? type == Type::b32
                               : type == Type::u32 || type == Type::s32 || type == Type::u64 || (type == Type::s64 && form.operation != Form::add);
  if (reduces && form.layered) return fail(instruction, "sured has no layers");
  if (reduces ? !reducible : !bits || form.bytes * form.count > 16)
    return fail(instruction, "the software GPU does not know this type here");

  const auto& operands = instruction.operands;
  if (operands.size() != 2) return fail(instruction, "it takes values, and an object with its coordinates in brackets");
  const bool loads = form.operation == Form::load;
  const Operand& values = operands[loads ? 0 : 1];
  const auto* elements = std::get_if<ptx::VectorOperand>(&values.value);
  if ((elements ? elements->items.size() : 1) != form.count) return fail(instruction, "it has another number of values than its vector");
  Node node;
  node.handler = exec::run_surface;
  node.imm = std::uint64_t(form.code());
  node.has_site = true;
  for (unsigned k = 0; k < form.count; ++k) {
    const Operand& item = elements ? elements->items[k] : values;
    const auto value = loads ? write(item, type) : read(item, type);
    if (value == kNoValue) return false;
    if (class_of_value(value) != class_of_bytes(form.bytes)) return fail(instruction, "a value has the wrong width");
    node.list.push_back(value);
  }
  node.list_writes = loads ? form.count : 0;
  if (!object_place(instruction, operands[loads ? 1 : 0], form.layered, form.dimensions, Type::s32, node.list)) return false;
  push(std::move(node));
  return true;
}

}  // namespace simt::ir
