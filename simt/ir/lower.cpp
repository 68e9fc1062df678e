// Lowering: basic blocks, operands and register-only instructions.
#include <algorithm>

#include "simt/exec/handlers.hpp"
#include "simt/ir/features.hpp"
#include "simt/ir/lowering.hpp"

namespace simt::ir {

using ptx::Type;

namespace {

constexpr std::pair<std::string_view, Type> kTypes[] = {
    {"pred", Type::pred}, {"b8", Type::b8},     {"b16", Type::b16},     {"b32", Type::b32},   {"b64", Type::b64},
    {"b128", Type::b128}, {"u8", Type::u8},     {"u16", Type::u16},     {"u32", Type::u32},   {"u64", Type::u64},
    {"s8", Type::s8},     {"s16", Type::s16},   {"s32", Type::s32},     {"s64", Type::s64},   {"f16", Type::f16},
    {"f16x2", Type::f16x2}, {"bf16", Type::bf16}, {"bf16x2", Type::bf16x2}, {"tf32", Type::tf32}, {"f32", Type::f32},
    {"f32x2", Type::f32x2}, {"f64", Type::f64},
};

struct SpecialName { std::string_view name; Special which; };
constexpr SpecialName kSpecials[] = {
    {"%tid.x", Special::tid_x}, {"%tid.y", Special::tid_y}, {"%tid.z", Special::tid_z},
    {"%ntid.x", Special::ntid_x}, {"%ntid.y", Special::ntid_y}, {"%ntid.z", Special::ntid_z},
    {"%ctaid.x", Special::ctaid_x}, {"%ctaid.y", Special::ctaid_y}, {"%ctaid.z", Special::ctaid_z},
    {"%nctaid.x", Special::nctaid_x}, {"%nctaid.y", Special::nctaid_y}, {"%nctaid.z", Special::nctaid_z},
    {"%laneid", Special::laneid}, {"%warpid", Special::warpid}, {"%nwarpid", Special::nwarpid},
    {"%smid", Special::smid}, {"%nsmid", Special::nsmid}, {"%gridid", Special::gridid},
    {"%lanemask_eq", Special::lanemask_eq}, {"%lanemask_le", Special::lanemask_le},
    {"%lanemask_lt", Special::lanemask_lt}, {"%lanemask_ge", Special::lanemask_ge},
    {"%lanemask_gt", Special::lanemask_gt},
    {"%dynamic_smem_size", Special::dynamic_smem_size}, {"%total_smem_size", Special::total_smem_size},
    {"%aggr_smem_size", Special::aggr_smem_size},
    {"%reserved_smem_offset_begin", Special::reserved_smem_begin},
    {"%reserved_smem_offset_end", Special::reserved_smem_end},
    {"%reserved_smem_offset_cap", Special::reserved_smem_cap},
    {"%is_explicit_cluster", Special::is_explicit_cluster},
    {"%clusterid.x", Special::clusterid_x}, {"%clusterid.y", Special::clusterid_y},
    {"%clusterid.z", Special::clusterid_z}, {"%nclusterid.x", Special::nclusterid_x},
    {"%nclusterid.y", Special::nclusterid_y}, {"%nclusterid.z", Special::nclusterid_z},
    {"%cluster_ctaid.x", Special::cluster_ctaid_x}, {"%cluster_ctaid.y", Special::cluster_ctaid_y},
    {"%cluster_ctaid.z", Special::cluster_ctaid_z}, {"%cluster_nctaid.x", Special::cluster_nctaid_x},
    {"%cluster_nctaid.y", Special::cluster_nctaid_y}, {"%cluster_nctaid.z", Special::cluster_nctaid_z},
    {"%cluster_ctarank", Special::cluster_ctarank}, {"%cluster_nctarank", Special::cluster_nctarank},
};

/// Registers that change while the kernel runs: which clock, and the width of its row.
struct ClockName { std::string_view name; std::uint64_t which; Cls cls; };
constexpr ClockName kClocks[] = {
    {"%clock", 0, Cls::r32}, {"%clock_hi", 1, Cls::r32}, {"%clock64", 2, Cls::r64},
    {"%globaltimer_lo", 3, Cls::r32}, {"%globaltimer_hi", 4, Cls::r32}, {"%globaltimer", 5, Cls::r64},
};

void flatten(const ptx::Operand& operand, std::vector<const ptx::Operand*>& out) {
  if (auto* vector = std::get_if<ptx::VectorOperand>(&operand.value)) {
    for (const auto& item : vector->items) flatten(item, out);
  } else if (auto* pair = std::get_if<ptx::PairOperand>(&operand.value)) {
    for (const auto& item : pair->items) flatten(item, out);
  } else {
    out.push_back(&operand);
  }
}

std::uint64_t immediate_bits(const ptx::ImmOperand& imm, Type type) {
  auto as_double = [&]() -> double {
    if (imm.kind == ptx::ImmOperand::f64) return __builtin_bit_cast(double, imm.bits);
    return __builtin_bit_cast(float, std::uint32_t(imm.bits));
  };
  if (imm.kind == ptx::ImmOperand::integer) {
    if (type == Type::pred) return imm.bits ? ~0ull : 0;
    return imm.bits;
  }
  switch (type) {
    case Type::f64: return __builtin_bit_cast(std::uint64_t, as_double());
    case Type::f32: return __builtin_bit_cast(std::uint32_t, float(as_double()));
    default: return imm.bits;   // the bits as they are written
  }
}

std::uint64_t truncate(std::uint64_t bits, Cls cls) {
  switch (cls) {
    case Cls::r16: return bits & 0xffff;
    case Cls::pred: case Cls::r32: return bits & 0xffffffff;
    default: return bits;
  }
}

}  // namespace

Type type_of(std::string_view part) {
  for (const auto& [name, type] : kTypes)
    if (name == part) return type;
  return Type::none;
}

bool is_signed(Type type) { return type == Type::s8 || type == Type::s16 || type == Type::s32 || type == Type::s64; }

bool has(const ptx::Instruction& instruction, std::string_view part) {
  return std::find(instruction.parts.begin(), instruction.parts.end(), part) != instruction.parts.end();
}

std::string unknown_part(const ptx::Instruction& instruction, std::size_t from, std::initializer_list<std::string_view> known) {
  for (std::size_t n = from; n < instruction.parts.size(); ++n) {
    const auto part = instruction.parts[n];
    if (std::find(known.begin(), known.end(), part) == known.end()) return std::string(part);
  }
  return {};
}

Cls class_of(Type type) { return type == Type::pred ? Cls::pred : class_of_bytes(size_of(type)); }

bool FunctionLowering::fail(const Instruction& instruction, std::string why) {
  if (!unit_.fault) {
    unit_.fault.code = 218;  // cudaErrorInvalidPtx
    unit_.fault.message = full_name(instruction) + " at PTX line " + std::to_string(instruction.line) + " (" +
                          place_of(*function_.module, instruction) + ", function " + ptx_.name + "): " + why;
  }
  return false;
}

bool FunctionLowering::is_off(std::string_view code, std::string_view shown) {
  const auto feature = features::without_code(code);
  if (feature.empty()) return false;
  fail(*current_, (shown.empty() ? std::string(code) : std::string(shown)) + ": " + features::sentence(feature));
  return true;
}

void FunctionLowering::split_blocks() {
  block_at_.assign(ptx_.body.size() + 1, -1);
  function_.blocks.emplace_back();
  for (const auto& [name, index] : ptx_.labels) {
    const std::size_t at = std::min<std::size_t>(index, ptx_.body.size());
    if (block_at_[at] < 0) {
      block_at_[at] = std::int32_t(function_.blocks.size());
      function_.blocks.emplace_back();
    }
    function_.label_blocks[name] = block_at_[at];
  }
}

/// Opens a block that the current one does not reach by itself.
void FunctionLowering::start_block() {
  block_ = std::int32_t(function_.blocks.size());
  function_.blocks.emplace_back();
}

Node& FunctionLowering::push(Node node) {
  node.instruction = current_;
  if (current_ && node.guard == kNoValue && current_->guard >= 0 && skip_block_ < 0) {
    node.guard = reg(std::uint32_t(current_->guard));
    node.negated = current_->guard_negated;
  }
  auto& nodes = function_.blocks[block_].nodes;
  nodes.push_back(std::move(node));
  return nodes.back();
}

/// A helper node: writes temporaries only, so the guard does not matter.
Node& FunctionLowering::emit(exec::Handler handler, bool pure) {
  Node node;
  node.handler = handler;
  node.pure = pure;
  node.instruction = current_;
  node.weight = 0;
  auto& nodes = function_.blocks[block_].nodes;
  nodes.push_back(std::move(node));
  return nodes.back();
}

void FunctionLowering::begin_skip() {
  if (current_->guard < 0) return;
  Node branch;
  branch.kind = Node::branch;
  branch.handler = exec::run_branch;
  branch.guard = reg(std::uint32_t(current_->guard));
  branch.negated = !current_->guard_negated;
  branch.instruction = current_;
  branch.weight = 0;
  skip_block_ = std::int32_t(function_.blocks.size());
  function_.blocks.emplace_back();
  branch.target = skip_block_;
  function_.blocks[block_].nodes.push_back(std::move(branch));
  const auto before = block_;
  start_block();
  function_.blocks[before].fall = block_;
}

void FunctionLowering::end_skip() {
  if (skip_block_ < 0) return;
  function_.blocks[block_].fall = skip_block_;
  block_ = skip_block_;
  skip_block_ = -1;
}

ValueId FunctionLowering::special(std::string_view name, Type type) {
  if (is_off(name)) return kNoValue;
  for (const auto& clock : kClocks) {
    if (clock.name != name) continue;
    const auto value = unit_.temporary(clock.cls);
    auto& node = emit(exec::run_clock, false);
    node.imm = clock.which;
    node.add(value, true);
    return resize(value, class_of(type), false);
  }
  for (const auto& s : kSpecials)
    if (s.name == name && (type == Type::pred) == (s.which == Special::is_explicit_cluster))
      return unit_.special(s.which, class_of(type));
  if (name.substr(0, 7) == "%envreg") {
    unsigned number = 0;
    for (char c : name.substr(7)) number = number * 10 + unsigned(c - '0');
    if (number < 32) return unit_.special(Special::envreg, class_of(type), number);
  }
  if (name == kReservedFirst) return unit_.constant(class_of(type), unit_.reserved_at);
  if (name == kReservedSecond) return unit_.constant(class_of(type), unit_.reserved_at + kReservedShared / 2);
  if (name == "WARP_SZ" || name == "%WARP_SZ") return unit_.constant(class_of(type), 32);
  fail(*current_, "the software GPU does not have the special register " + std::string(name) + " with this type");
  return kNoValue;
}

ValueId FunctionLowering::symbol(const ptx::SymbolOperand& operand, Type type) {
  const Cls cls = class_of(type);
  const std::string_view name = operand.name;
  const auto offset = std::uint64_t(operand.offset);
  if (auto at = function_.locals.find(name); at != function_.locals.end()) {
    // The frame's place is known in the kernel itself; in a function it depends on who called.
    if (function_.ptx->is_entry) return unit_.constant(cls, at->second + offset);
    const auto value = unit_.temporary(Cls::r64);
    auto& node = emit(exec::run_local_base);
    node.imm = at->second + offset;
    node.add(value, true);
    return resize(value, cls, false);
  }
  for (const auto* variables : {&ptx_.variables, &function_.module->variables}) {
    for (const auto& v : *variables) {
      if (v.name != name || v.space != ptx::Space::shared) continue;
      return unit_.constant(cls, truncate(unit_.shared_offsets[&v] + offset, cls));
    }
  }
  if (ptx_.is_entry) {
    std::size_t at = 0;
    for (const auto& p : ptx_.params) {
      const std::size_t align = std::max<std::size_t>(p.align, 1);
      at = (at + align - 1) / align * align;
      if (p.name == name) return unit_.constant(cls, at + offset);   // cvta.param adds the window
      at += size_of(p);
    }
  }
  if (const auto* placed = unit_.image.variable(function_.module, name)) {
    if (placed->variable->managed && is_off("(managed)", "managed variable " + placed->variable->name)) return kNoValue;
    if (placed->module != function_.module && is_off("(linked)", placed->variable->name + " of another module")) return kNoValue;
    return unit_.constant(cls, truncate(placed->address + offset, cls));
  }
  if (const auto* f = unit_.image.function(function_.module, name)) {
    if (f->module != function_.module && is_off("(linked)", f->function->name + " of another module")) return kNoValue;
    if (f->function->is_declaration) {
      undefined(*current_, "function", f->function->name, *f->module, f->function->line);
      return kNoValue;
    }
    return unit_.constant(cls, f->address);
  }
  std::uint32_t line = 0;
  for (const auto& v : function_.module->variables)
    if (v.name == name) line = v.line;
  undefined(*current_, "variable", std::string(name), *function_.module, line);
  return kNoValue;
}

bool FunctionLowering::undefined(const Instruction& instruction, const char* what, const std::string& name, const ptx::Module& module,
                                 std::uint32_t line) {
  return fail(instruction, std::string(what) + " " + name + " is declared in " + unit_.image.place_of(module, line) +
                               ", but no unit of the program defines it");
}

ValueId FunctionLowering::resize(ValueId value, Cls cls, bool sign) {
  if (value == kNoValue || class_of_value(value) == cls) return value;
  const Cls from = class_of_value(value);
  if (from == Cls::pred || cls == Cls::pred || from == Cls::r128 || cls == Cls::r128) {
    fail(*current_, "an operand has the wrong width");
    return kNoValue;
  }
  auto bits = [](Cls c) { return std::to_string(row_bytes(c) / 4); };   // 32 lanes of 1/8 byte
  const std::string name = cls > from ? std::string(sign ? "widen_s" : "widen_u") + bits(from) + "_" + bits(cls)
                                      : "narrow_" + bits(from) + "_" + bits(cls);
  const auto result = unit_.temporary(cls);
  emit(exec::move_handler(unit_.level, name)).add(result, true).add(value);
  return result;
}

ValueId FunctionLowering::read(const Operand& operand, Type type) {
  if (auto* r = std::get_if<ptx::RegOperand>(&operand.value)) {
    if (r->index >= ptx_.registers.size()) {
      fail(*current_, "an operand names no register");
      return kNoValue;
    }
    const auto value = reg(r->index);
    if (!r->negated) return value;
    if (class_of_value(value) != Cls::pred) {
      fail(*current_, "only predicates can be negated with '!'");
      return kNoValue;
    }
    const auto result = unit_.temporary(Cls::pred);
    emit(exec::move_handler(unit_.level, "not_pred")).add(result, true).add(value);
    return result;
  }
  if (auto* imm = std::get_if<ptx::ImmOperand>(&operand.value)) {
    const Cls cls = class_of(type);
    const auto bits = immediate_bits(*imm, type);
    return unit_.constant(cls, truncate(bits, cls), cls == Cls::r128 && std::int64_t(bits) < 0 ? ~0ull : 0);
  }
  if (auto* s = std::get_if<ptx::SpecialOperand>(&operand.value)) return special(s->name, type);
  if (auto* s = std::get_if<ptx::SymbolOperand>(&operand.value)) return symbol(*s, type);
  fail(*current_, "an operand is of a kind that this instruction does not take");
  return kNoValue;
}

ValueId FunctionLowering::write(const Operand& operand, Type type) {
  if (auto* r = std::get_if<ptx::RegOperand>(&operand.value)) {
    if (r->index < ptx_.registers.size() && !r->negated) return reg(r->index);
  } else if (std::holds_alternative<ptx::SinkOperand>(operand.value)) {
    return unit_.temporary(class_of(type));
  }
  fail(*current_, "the destination is not a register");
  return kNoValue;
}

ValueId FunctionLowering::read_as(const Operand& operand, Type type) {
  const auto value = read(operand, type);
  return resize(value, class_of(type), is_signed(type));
}

bool FunctionLowering::lane_wise(const Instruction& instruction) {
  const auto selection = ops::select(instruction, ptx_, unit_.level);
  if (!selection.handler)
    return fail(instruction, selection.error.empty() ? "the software GPU does not know this instruction"
                                                     : selection.error);
  std::vector<const Operand*> operands;
  for (const auto& operand : instruction.operands) flatten(operand, operands);
  if (operands.size() != selection.count)
    return fail(instruction, "it has " + std::to_string(operands.size()) + " operands where " +
                                 std::to_string(selection.count) + " are expected");
  Node node;
  node.handler = selection.handler;
  node.imm = selection.imm;
  node.copy = selection.copy;
  node.pure = true;
  node.uses_carry = selection.reads_carry || selection.writes_carry;
  for (unsigned n = 0; n < selection.count; ++n) {
    const auto& slot = selection.slots[n];
    if (slot.role == ops::Slot::literal) continue;
    const bool written = slot.role != ops::Slot::read;
    const auto value = written ? write(*operands[n], slot.type) : read(*operands[n], slot.type);
    if (value == kNoValue) return false;
    const Cls have = class_of_value(value), want = class_of(slot.type);
    if ((have == Cls::pred) != (want == Cls::pred) || have < want)
      return fail(instruction, "operand " + std::to_string(n + 1) + " is of another width than the type asks for");
    if (slot.role == ops::Slot::update) node.updates |= std::uint8_t(1u << node.count);
    node.add(value, written);
  }
  push(std::move(node));
  return true;
}

bool FunctionLowering::instruction(const Instruction& instruction) {
  current_ = &instruction;
  if (instruction.parts.empty()) return fail(instruction, "an instruction without an opcode");
  if (instruction.guard >= 0 && (std::size_t(instruction.guard) >= ptx_.registers.size() ||
                                 class_of_value(reg(std::uint32_t(instruction.guard))) != Cls::pred))
    return fail(instruction, "its guard is not a predicate register");
  const auto opcode = instruction.opcode();
  if (const auto feature = features::without_instruction(instruction); !feature.empty())
    return fail(instruction, features::sentence(feature));
  static const std::unordered_map<std::string_view, bool (FunctionLowering::*)(const Instruction&)> owners = [] {
    std::unordered_map<std::string_view, bool (FunctionLowering::*)(const Instruction&)> map;
    for (auto name : {"ld", "ldu", "st", "atom", "red", "cvta", "isspacep", "mapa", "getctarank", "prefetch",
                      "prefetchu", "createpolicy", "applypriority", "discard"})
      map[name] = &FunctionLowering::memory;
    for (auto name : {"bra", "brx", "call", "ret", "exit", "trap", "brkpt", "pmevent"})
      map[name] = &FunctionLowering::control;
    for (auto name : {"bar", "barrier", "membar", "fence", "shfl", "vote", "match", "redux", "activemask", "elect",
                      "nanosleep", "griddepcontrol", "setmaxnreg"})
      map[name] = &FunctionLowering::synchronisation;
    for (auto name : {"mma", "wmma", "ldmatrix", "stmatrix", "movmatrix"}) map[name] = &FunctionLowering::matrix;
    for (auto name : {"alloca", "stacksave", "stackrestore"}) map[name] = &FunctionLowering::stack;
    for (auto name : {"tex", "tld4", "suld", "sust", "sured"}) map[name] = &FunctionLowering::texture;
    for (auto name : {"cp", "mbarrier"}) map[name] = &FunctionLowering::asynchronous;
    return map;
  }();
  const auto owner = owners.find(opcode);
  const bool good = owner != owners.end() ? (this->*owner->second)(instruction) : lane_wise(instruction);
  return good && !unit_.fault;
}

bool FunctionLowering::run() {
  split_blocks();
  block_ = 0;
  prologue();
  for (std::size_t n = 0; n <= ptx_.body.size(); ++n) {
    if (const auto next = block_at_[n]; next >= 0) {
      function_.blocks[block_].fall = next;
      block_ = next;
    }
    if (n == ptx_.body.size()) break;
    if (!instruction(ptx_.body[n])) return false;
    const auto& nodes = function_.blocks[block_].nodes;
    if (nodes.empty() || nodes.back().kind == Node::plain || nodes.back().kind == Node::call) continue;
    const auto kind = nodes.back().kind;
    const bool conditional = kind == Node::branch ||
                             ((kind == Node::leave || kind == Node::ret) && nodes.back().guard != kNoValue);
    const auto before = block_;
    start_block();   // after an unconditional end it is unreachable, and dropped when blocks are ordered
    if (conditional) function_.blocks[before].fall = block_;
  }
  current_ = nullptr;
  Node end;
  end.kind = ptx_.is_entry ? Node::leave : Node::ret;
  end.handler = ptx_.is_entry ? exec::run_exit : exec::run_return;
  end.instruction = ptx_.body.empty() ? nullptr : &ptx_.body.back();
  end.weight = 0;
  function_.blocks[block_].nodes.push_back(std::move(end));
  return !unit_.fault;
}

}  // namespace simt::ir
