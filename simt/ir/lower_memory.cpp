// Lowering of loads, stores, atomics and address conversions.
#include <algorithm>

#include "simt/exec/async.hpp"
#include "simt/exec/handlers.hpp"
#include "simt/ir/lowering.hpp"

namespace simt::ir {

using exec::Elem;
using exec::Reach;
using ptx::Space;
using ptx::Type;

namespace {

/// What the modifiers of a memory instruction say.
struct Form {
  Space space = Space::none;
  Type type = Type::none;
  unsigned lanes = 1;                  ///< elements of a vector
  bool is_volatile = false, relaxed = false, acquire = false, release = false, cluster_shared = false;
  std::string_view scope, operation, unknown;
  bool strong() const { return is_volatile || relaxed || acquire || release; }
};

constexpr std::string_view kOperations[] = {"add", "min", "max", "and", "or", "xor", "inc", "dec", "exch", "cas"};
/// Modifiers that ask for caching or for a stronger order that costs nothing here.
constexpr std::string_view kHints[] = {"nc", "ca", "cg", "cs", "lu", "cv", "wb", "wt", "weak", "noftz", "uni",
                                       "evict_last", "evict_normal", "unified"};

Form form_of(const ptx::Instruction& instruction) {
  Form form;
  for (std::size_t n = 1; n < instruction.parts.size(); ++n) {
    const auto part = instruction.parts[n];
    if (part == "global") form.space = Space::global;
    else if (part == "shared" || part == "shared::cta") form.space = Space::shared;
    else if (part == "shared::cluster") form.space = Space::shared, form.cluster_shared = true;
    else if (part == "local") form.space = Space::local;
    else if (part == "const") form.space = Space::constant;
    else if (part == "param" || part == "param::entry" || part == "param::func") form.space = Space::param;
    else if (part == "v2") form.lanes = 2;
    else if (part == "v4") form.lanes = 4;
    else if (part == "v8") form.lanes = 8;
    else if (part == "volatile" || part == "mmio") form.is_volatile = true;
    else if (part == "relaxed") form.relaxed = true;
    else if (part == "acquire") form.acquire = true;
    else if (part == "release") form.release = true;
    else if (part == "acq_rel") form.acquire = form.release = true;
    else if (part == "cta" || part == "cluster" || part == "gpu" || part == "sys") form.scope = part;
    else if (type_of(part) != Type::none) form.type = type_of(part);
    else if (std::find(std::begin(kOperations), std::end(kOperations), part) != std::end(kOperations))
      form.operation = part;
    else if (std::find(std::begin(kHints), std::end(kHints), part) != std::end(kHints)) continue;
    else if (part == "mbarrier::complete_tx::bytes" && instruction.parts[1] == "async") continue;
    else if (part.find("::") != part.npos && (part.substr(0, 2) == "L1" || part.substr(0, 2) == "L2")) continue;
    else if (form.unknown.empty()) form.unknown = part;
  }
  return form;
}

Elem elem_of(Type type) {
  switch (size_of(type)) {
    case 1: return is_signed(type) ? Elem::s8 : Elem::u8;
    case 2: return Elem::u16;
    case 4: return Elem::u32;
    default: return Elem::u64;
  }
}

const std::vector<ptx::Operand>* items_of(const ptx::Operand& operand) {
  auto* vector = std::get_if<ptx::VectorOperand>(&operand.value);
  return vector ? &vector->items : nullptr;
}

}  // namespace

/// The address of a memory operand: a row and a displacement. Shared and local offsets have 32 bits, all else 64.
FunctionLowering::Address FunctionLowering::address(const ptx::AddressOperand& operand, Space space) {
  Address result;
  const bool narrow = space == Space::shared || space == Space::local;
  const Cls cls = narrow ? Cls::r32 : Cls::r64;
  const Type type = narrow ? Type::u32 : Type::u64;
  std::int64_t offset = operand.offset;
  if (auto* r = std::get_if<ptx::RegOperand>(&operand.base)) {
    ptx::Operand base;
    base.value = *r;
    result.base = resize(read(base, type), cls, false);
  } else {
    // A constant address: fold the displacement into it.
    ptx::Operand base;
    if (auto* s = std::get_if<ptx::SymbolOperand>(&operand.base)) {
      ptx::SymbolOperand folded = *s;
      folded.offset += offset;
      base.value = folded;
    } else {
      ptx::ImmOperand folded = std::get<ptx::ImmOperand>(operand.base);
      folded.bits += std::uint64_t(offset);
      base.value = folded;
    }
    offset = 0;
    result.base = resize(read(base, type), cls, false);
    result.uniform = result.base != kNoValue && unit_.values[result.base].kind == Value::constant;
  }
  if (result.base == kNoValue) return result;
  if (offset != std::int32_t(offset)) {
    const auto sum = unit_.temporary(cls);
    emit(exec::move_handler(unit_.level, narrow ? "add_32" : "add_64"))
        .add(sum, true).add(result.base).add(unit_.constant(cls, std::uint64_t(offset)));
    result.base = sum;
    offset = 0;
  }
  result.offset = std::int32_t(offset);
  result.ok = true;
  return result;
}

bool FunctionLowering::memory(const Instruction& instruction) {
  const auto opcode = instruction.opcode();
  if (opcode == "ld" || opcode == "ldu") return load(instruction);
  if (opcode == "st") return store(instruction);
  if (opcode == "atom" || opcode == "red") return atomic(instruction);
  if (opcode == "prefetch" || opcode == "prefetchu" || opcode == "applypriority" || opcode == "discard") return true;
  if (opcode == "createpolicy") {   // a hint for a cache that is not there: any value will do
    if (instruction.operands.empty()) return fail(instruction, "it needs a destination");
    const auto d = write(instruction.operands[0], Type::b64);
    if (d == kNoValue) return false;
    Node node;
    node.handler = exec::move_handler(unit_.level, "copy_64");
    node.pure = true;
    node.add(d, true).add(unit_.constant(Cls::r64, 0));
    push(std::move(node));
    return true;
  }
  return convert_address(instruction);
}

bool FunctionLowering::load(const Instruction& instruction) {
  const Form form = form_of(instruction);
  if (!form.unknown.empty()) return fail(instruction, "unknown modifier ." + std::string(form.unknown));
  if (form.type == Type::none || form.type == Type::pred) return fail(instruction, "it has no type to load");
  if (instruction.operands.size() < 2) return fail(instruction, "it needs a destination and an address");
  const auto* where = std::get_if<ptx::AddressOperand>(&instruction.operands[1].value);
  if (!where) return fail(instruction, "its second operand is not an address in brackets");
  const auto* items = items_of(instruction.operands[0]);
  if ((items ? items->size() : 1) != form.lanes)
    return fail(instruction, "the number of destinations does not match the vector's length");

  if (form.space == Space::param && !std::holds_alternative<ptx::RegOperand>(where->base))
    return load_param(instruction, form.type, form.lanes);
  const Space space = form.space == Space::param ? Space::none : form.space;

  auto at = address(*where, space);
  if (!at.ok) return false;
  if (form.space == Space::param) {
    // nvcc moves a parameter's address into a register to reach into an array: that is an offset, and loads are generic.
    const auto generic = unit_.temporary(Cls::r64);
    emit(exec::move_handler(unit_.level, "add_64")).add(generic, true).add(at.base).add(unit_.constant(Cls::r64, kParamWindow));
    at.base = generic;
    at.uniform = false;
  }
  const bool wide = size_of(form.type) == 16;    // .b128: two 64-bit halves
  const unsigned elems = wide ? 2 : form.lanes;
  const Elem elem = elem_of(form.type);
  const Cls natural = class_of_bytes(wide ? 8 : size_of(form.type));
  const bool strong = form.strong() && space != Space::shared && space != Space::local && space != Space::constant;
  Reach reach = space == Space::shared ? Reach::shared : space == Space::local ? Reach::local : Reach::flat;
  if (reach == Reach::flat && at.uniform) reach = Reach::uniform;

  Node node;
  node.handler = strong ? exec::strong_load_handler(elem, elems)
                        : exec::load_handler(unit_.level, reach, elem, elems);
  if (!node.handler) return fail(instruction, "the software GPU has no load of this shape");
  std::vector<std::pair<ValueId, ValueId>> widened;
  for (unsigned n = 0; n < (wide ? 1 : elems); ++n) {
    const auto d = write(items ? (*items)[n] : instruction.operands[0], form.type);
    if (d == kNoValue) return false;
    const Cls have = class_of_value(d);
    if (wide) {
      const auto low = unit_.temporary(Cls::r64), high = unit_.temporary(Cls::r64);
      if (have != Cls::r128) return fail(instruction, "the destination is narrower than the type");
      node.add(low, true).add(high, true);
      widened.emplace_back(d, low);
    } else if (have == natural) {
      node.add(d, true);
    } else if (have > natural && have != Cls::pred && have != Cls::r128) {
      const auto part = unit_.temporary(natural);
      node.add(part, true);
      widened.emplace_back(d, part);
    } else {
      return fail(instruction, "the destination is narrower than the type");
    }
  }
  node.add(at.base);
  node.offset = at.offset;
  node.has_site = true;
  node.waits = form.strong();
  node.access = {AccessKind::load, space, std::uint8_t(size_of(form.type) * form.lanes), std::uint8_t(node.count - 1),
                 class_of_value(at.base) == Cls::r64, form.strong()};
  const auto low = node.ops[0], high = node.ops[1];
  push(std::move(node));
  for (const auto& [d, part] : widened) {
    Node widen;
    if (wide) {
      widen.handler = exec::move_handler(unit_.level, "pack_128");
      widen.add(d, true).add(low).add(high);
    } else {
      const auto from = std::to_string(row_bytes(natural) / 4), to = std::to_string(row_bytes(class_of_value(d)) / 4);
      widen.handler = exec::move_handler(unit_.level, (is_signed(form.type) ? "widen_s" : "widen_u") + from + "_" + to);
      widen.add(d, true).add(part);
    }
    widen.pure = true;
    widen.weight = 0;
    push(std::move(widen));
  }
  return true;
}

bool FunctionLowering::store(const Instruction& instruction) {
  const Form form = form_of(instruction);
  const bool tracked = has(instruction, "async");   // st.async: a barrier in memory counts the bytes
  if (!form.unknown.empty() && !(tracked && form.unknown == "async"))
    return fail(instruction, "unknown modifier ." + std::string(form.unknown));
  if (form.type == Type::none || form.type == Type::pred) return fail(instruction, "it has no type to store");
  if (instruction.operands.size() < 2 || (tracked && (instruction.operands.size() != 3 || !form.cluster_shared))) return fail(instruction, "it needs an address and a value");
  const auto* where = std::get_if<ptx::AddressOperand>(&instruction.operands[0].value);
  if (!where) return fail(instruction, "its first operand is not an address in brackets");
  const auto* items = items_of(instruction.operands[1]);
  if ((items ? items->size() : 1) != form.lanes)
    return fail(instruction, "the number of values does not match the vector's length");
  if (form.space == Space::constant) return fail(instruction, "constant memory cannot be written by a kernel");
  if (form.space == Space::param) {
    if (std::holds_alternative<ptx::RegOperand>(where->base))
      return fail(instruction, "parameters can only be written by name");
    return store_param(instruction, form.type, form.lanes);
  }

  const auto at = address(*where, form.space);
  if (!at.ok) return false;
  if (tracked) {
    Node inside;
    inside.handler = exec::run_in_cluster;
    inside.has_site = true;
    inside.weight = 0;
    push(std::move(inside));
  }
  const bool wide = size_of(form.type) == 16;
  const unsigned elems = wide ? 2 : form.lanes;
  const Cls natural = class_of_bytes(wide ? 8 : size_of(form.type));
  const bool strong = form.strong() && form.space != Space::shared && form.space != Space::local;
  const Reach reach = form.space == Space::shared  ? Reach::shared
                      : form.space == Space::local ? Reach::local
                                                   : Reach::flat;
  Elem elem = elem_of(form.type);
  if (elem == Elem::s8) elem = Elem::u8;
  Node node;
  node.handler = strong ? exec::strong_store_handler(elem, elems)
                        : exec::store_handler(unit_.level, reach, elem, elems);
  if (!node.handler) return fail(instruction, "the software GPU has no store of this shape");
  for (unsigned n = 0; n < (wide ? 1 : elems); ++n) {
    auto value = read(items ? (*items)[n] : instruction.operands[1], form.type);
    if (value == kNoValue) return false;
    if (wide) {
      if (class_of_value(value) != Cls::r128) return fail(instruction, "the value is narrower than the type");
      const auto low = unit_.temporary(Cls::r64), high = unit_.temporary(Cls::r64);
      emit(exec::move_handler(unit_.level, "unpack_128")).add(low, true).add(high, true).add(value);
      node.add(low).add(high);
      continue;
    }
    if (class_of_value(value) < natural || class_of_value(value) == Cls::pred)
      return fail(instruction, "the value is narrower than the type");
    value = resize(value, natural, false);
    if (value == kNoValue) return false;
    node.add(value);
  }
  node.add(at.base);
  node.offset = at.offset;
  node.has_site = true;
  node.access = {AccessKind::store, form.space, std::uint8_t(size_of(form.type) * form.lanes),
                 std::uint8_t(node.count - 1), class_of_value(at.base) == Cls::r64, form.strong()};
  push(std::move(node));
  return !tracked || complete_transaction(instruction, instruction.operands[2], unit_.constant(Cls::r32, size_of(form.type) * form.lanes));
}

bool FunctionLowering::atomic(const Instruction& instruction) {
  const Form form = form_of(instruction);
  if (!form.unknown.empty()) return fail(instruction, "unknown modifier ." + std::string(form.unknown));
  if (form.operation.empty() || form.type == Type::none) return fail(instruction, "it lacks an operation or a type");
  const bool reduction = instruction.opcode() == "red";
  const std::size_t wanted = (reduction ? 1 : 2) + (form.operation == "cas" ? 2 : 1);
  if (instruction.operands.size() < wanted || instruction.operands.size() > wanted + 1)   // a cache policy may follow
    return fail(instruction, "it needs " + std::to_string(wanted) + " operands");
  const std::size_t first = reduction ? 0 : 1;
  const auto* where = std::get_if<ptx::AddressOperand>(&instruction.operands[first].value);
  if (!where) return fail(instruction, "the address is not in brackets");
  const bool shared = form.space == Space::shared;
  if (!shared && form.space != Space::global && form.space != Space::none)
    return fail(instruction, "atomics work on global and shared memory");

  // Vector forms (.v2.f32 ...) are that many atomics, one after another.
  const auto* d_items = reduction ? nullptr : items_of(instruction.operands[0]);
  const auto* b_items = items_of(instruction.operands[first + 1]);
  if (form.lanes > 1 && (!b_items || b_items->size() != form.lanes || (!reduction && (!d_items || d_items->size() != form.lanes))))
    return fail(instruction, "the number of values does not match the vector's length");
  std::string type;
  for (auto part : instruction.parts)
    if (type_of(part) == form.type) type = part;
  const auto handler = exec::atomic_handler(std::string(form.operation) + "." + type, shared);
  if (!handler) return fail(instruction, "the software GPU has no such atomic");
  const auto at = address(*where, form.space);
  if (!at.ok) return false;
  for (unsigned n = 0; n < form.lanes; ++n) {
    Node node;
    node.handler = handler;
    const auto d = reduction ? unit_.temporary(class_of(form.type))
                             : write(d_items ? (*d_items)[n] : instruction.operands[0], form.type);
    const auto b = read(b_items ? (*b_items)[n] : instruction.operands[first + 1], form.type);
    if (d == kNoValue || b == kNoValue) return false;
    node.add(d, true).add(at.base).add(b);
    if (form.operation == "cas") {
      const auto c = read(instruction.operands[first + 2], form.type);
      if (c == kNoValue) return false;
      node.add(c);
    }
    for (unsigned k = 0; k < node.count; ++k)
      if (k != 1 && class_of_value(node.ops[k]) != class_of(form.type))
        return fail(instruction, "an operand is of another width than the type asks for");
    node.offset = at.offset + std::int32_t(n * size_of(form.type));
    node.has_site = true;
    node.waits = true;
    node.weight = n == 0;
    node.access = {AccessKind::atomic, form.space, std::uint8_t(size_of(form.type)), 1,
                   class_of_value(at.base) == Cls::r64, true, form.scope == "sys"};
    push(std::move(node));
  }
  return true;
}

/// cvta, isspacep, mapa, getctarank: arithmetic on generic addresses.
bool FunctionLowering::convert_address(const Instruction& instruction) {
  const auto opcode = instruction.opcode();
  if (instruction.operands.size() < 2) return fail(instruction, "it needs a destination and an address");
  std::string space;
  for (auto part : instruction.parts)
    for (auto name : {"global", "shared", "shared::cta", "shared::cluster", "local", "const", "param", "param::entry"})
      if (part == name) space = part;
  if (space == "shared::cta") space = "shared";
  if (space == "param::entry") space = "param";
  const bool narrow = has(instruction, "u32") && opcode != "isspacep";
  const Type type = narrow ? Type::u32 : Type::u64;
  Node node;
  node.pure = true;
  if (opcode == "cvta") {
    if (space.empty()) return fail(instruction, "it names no address space");
    const auto d = write(instruction.operands[0], type);
    const auto a = read_as(instruction.operands[1], type);
    if (d == kNoValue || a == kNoValue) return false;
    if (class_of_value(d) != class_of(type)) return fail(instruction, "the destination has the wrong width");
    std::uint64_t window = 0;
    if (space == "shared" || space == "shared::cluster") window = memory::kSharedWindow;
    if (space == "local") window = memory::kLocalWindow;
    if (space == "param") window = kParamWindow;
    if (narrow && window) return fail(instruction, "generic addresses have 64 bits here");
    if (has(instruction, "to")) window = 0 - window;
    if (window == 0) {
      node.handler = exec::move_handler(unit_.level, narrow ? "copy_32" : "copy_64");
      node.copy = true;
      node.add(d, true).add(a);
    } else if (unit_.values[a].kind == Value::constant) {
      node.handler = exec::move_handler(unit_.level, "copy_64");
      node.copy = true;
      node.add(d, true).add(unit_.constant(Cls::r64, unit_.values[a].bits + window));
    } else {
      node.handler = exec::move_handler(unit_.level, "add_64");
      node.add(d, true).add(a).add(unit_.constant(Cls::r64, window));
    }
  } else if (opcode == "isspacep") {
    const auto d = write(instruction.operands[0], Type::pred);
    const auto a = read_as(instruction.operands[1], Type::u64);
    if (d == kNoValue || a == kNoValue) return false;
    if (class_of_value(d) != Cls::pred) return fail(instruction, "the destination is not a predicate");
    node.handler = exec::move_handler(unit_.level, "isspacep_" + space);
    if (!node.handler) return fail(instruction, "it names no address space");
    node.add(d, true).add(a);
  } else {   // mapa, getctarank: see cluster addresses in exec/cluster
    const bool map = opcode == "mapa";
    const Type d_type = map ? type : Type::u32;
    const Type a_type = type;
    const auto d = write(instruction.operands[0], d_type);
    const auto a = read_as(instruction.operands[1], a_type);
    if (d == kNoValue || a == kNoValue) return false;
    if (class_of_value(d) != class_of(d_type)) return fail(instruction, "the destination has the wrong width");
    node.handler = exec::move_handler(unit_.level, std::string(opcode) + (space.empty() ? "_generic" : "_offset") +
                                                       (narrow ? "_32" : "_64"));
    if (!node.handler) return fail(instruction, "the software GPU does not know this form");
    node.add(d, true).add(a);
    if (map) {
      if (instruction.operands.size() < 3) return fail(instruction, "it needs the rank of a block");
      const auto rank = read_as(instruction.operands[2], Type::u32);
      if (rank == kNoValue) return false;
      node.add(rank);
    }
    node.pure = false;
  }
  push(std::move(node));
  return true;
}

// ---- parameters ---------------------------------------------------------------------------------------------------

/// Finds a .param variable of a function: formal, result, or a call's argument.
bool FunctionLowering::param_words(const ptx::AddressOperand& operand, Function::Words& words, std::int64_t& offset) {
  const auto* s = std::get_if<ptx::SymbolOperand>(&operand.base);
  if (!s) return false;
  const auto at = function_.params.find(s->name);
  if (at == function_.params.end()) return false;
  words = at->second;
  offset = operand.offset + s->offset;
  return true;
}

bool FunctionLowering::load_param(const Instruction& instruction, Type type, unsigned lanes) {
  const auto& where = std::get<ptx::AddressOperand>(instruction.operands[1].value);
  const auto* items = items_of(instruction.operands[0]);
  const std::size_t bytes = size_of(type);
  Function::Words words;
  std::int64_t offset = 0;
  const bool in_words = param_words(where, words, offset);
  if (!in_words) {
    // A parameter of the kernel: its bytes are a row that is filled at launch.
    if (!ptx_.is_entry) return fail(instruction, "there is no such parameter");
    ptx::Operand base;
    const auto* s = std::get_if<ptx::SymbolOperand>(&where.base);
    if (!s) return fail(instruction, "it names no parameter");
    const auto start = read(ptx::Operand{*s}, Type::u64);
    if (start == kNoValue) return false;
    offset = std::int64_t(unit_.values[start].bits) + where.offset;
  }
  const std::int64_t limit = in_words ? std::int64_t(words.count) * 4 : (1 << 16);
  if (offset < 0 || offset + std::int64_t(bytes * lanes) > limit)
    return fail(instruction, "it reads outside of the parameter");
  for (unsigned n = 0; n < lanes; ++n, offset += std::int64_t(bytes)) {
    const auto d = write(items ? (*items)[n] : instruction.operands[0], type);
    if (d == kNoValue) return false;
    const Cls cls = class_of_value(d);
    if (cls == Cls::pred || cls < class_of(type)) return fail(instruction, "the destination is narrower than the type");
    if (offset % std::int64_t(bytes)) return fail(instruction, "the parameter is not aligned");
    Node node;
    node.pure = true;
    node.weight = n == 0;
    const auto width = std::to_string(row_bytes(cls) / 4);
    if (!in_words) {
      if (cls == Cls::r128) return fail(instruction, "the software GPU has no 128-bit parameters");
      node.handler = exec::move_handler(unit_.level, "copy_" + width);
      node.copy = true;
      node.add(d, true).add(unit_.special(Special::param, cls, std::uint32_t(offset), std::uint8_t(bytes), is_signed(type)));
      push(std::move(node));
      continue;
    }
    const auto word = words.first + ValueId(offset / 4);
    if (bytes == 4 && cls == Cls::r32) {
      node.handler = exec::move_handler(unit_.level, "copy_32");
      node.copy = true;
      node.add(d, true).add(word);
    } else if (bytes == 8 && cls == Cls::r64) {
      node.handler = exec::move_handler(unit_.level, "zip");
      node.add(d, true).add(word).add(word + 1);
    } else if (bytes < 4 && cls == Cls::r16) {
      node.handler = exec::move_handler(unit_.level, bytes == 2 ? "extract_16" : is_signed(type) ? "extract_s8" : "extract_u8");
      node.imm = std::uint64_t(offset % 4) * 8;
      node.add(d, true).add(word);
    } else if (bytes <= 4 && cls > class_of(type) && cls != Cls::r128) {   // widened while it is read
      auto part = word;
      if (bytes < 4) {
        part = unit_.temporary(Cls::r16);
        auto& extract = emit(exec::move_handler(
            unit_.level, bytes == 2 ? "extract_16" : is_signed(type) ? "extract_s8" : "extract_u8"));
        extract.imm = std::uint64_t(offset % 4) * 8;
        extract.add(part, true).add(word);
      }
      const auto from = std::to_string(row_bytes(class_of(type)) / 4);
      node.handler = exec::move_handler(unit_.level, (is_signed(type) ? "widen_s" : "widen_u") + from + "_" + width);
      node.add(d, true).add(part);
    } else {
      return fail(instruction, "the software GPU cannot read a parameter with this type");
    }
    push(std::move(node));
  }
  return true;
}

bool FunctionLowering::store_param(const Instruction& instruction, Type type, unsigned lanes) {
  const auto& where = std::get<ptx::AddressOperand>(instruction.operands[0].value);
  const auto* items = items_of(instruction.operands[1]);
  const std::size_t bytes = size_of(type);
  Function::Words words;
  std::int64_t offset = 0;
  if (!param_words(where, words, offset)) return fail(instruction, "there is no such parameter to write");
  if (offset < 0 || offset % std::int64_t(bytes) || offset + std::int64_t(bytes * lanes) > std::int64_t(words.count) * 4)
    return fail(instruction, "it writes outside of the parameter");
  for (unsigned n = 0; n < lanes; ++n, offset += std::int64_t(bytes)) {
    auto value = read_as(items ? (*items)[n] : instruction.operands[1], type);
    if (value == kNoValue) return false;
    const auto word = words.first + ValueId(offset / 4);
    Node node;
    node.pure = true;
    node.weight = n == 0;
    if (bytes == 4) {
      node.handler = exec::move_handler(unit_.level, "copy_32");
      node.copy = true;
      node.add(word, true).add(value);
    } else if (bytes == 8) {
      node.handler = exec::move_handler(unit_.level, "unzip");
      node.add(word, true).add(word + 1, true).add(value);
    } else if (bytes < 4) {
      node.handler = exec::move_handler(unit_.level, bytes == 2 ? "insert_16" : "insert_8");
      node.imm = std::uint64_t(offset % 4) * 8;
      node.updates = 1;
      node.add(word, true).add(value);
    } else {
      return fail(instruction, "the software GPU cannot pass a 128-bit parameter");
    }
    push(std::move(node));
  }
  return true;
}

}  // namespace simt::ir
