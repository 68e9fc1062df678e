// Takes instruction names apart.
#include "simt/ops/form.hpp"

#include <algorithm>

namespace simt::ops {
namespace {

using ptx::Type;
constexpr auto kB = TypeInfo::bits_, kU = TypeInfo::unsigned_, kS = TypeInfo::signed_, kF = TypeInfo::floating;

constexpr TypeInfo kTypes[] = {
    {"pred", TypeInfo::pred, 1, 1, nullptr, Type::pred},
    {"b8", kB, 8, 1, nullptr, Type::b8},
    {"b16", kB, 16, 1, nullptr, Type::b16},
    {"b32", kB, 32, 1, nullptr, Type::b32},
    {"b64", kB, 64, 1, nullptr, Type::b64},
    {"b128", kB, 128, 1, nullptr, Type::b128},
    {"u8", kU, 8, 1, nullptr, Type::u8},
    {"u16", kU, 16, 1, nullptr, Type::u16},
    {"u32", kU, 32, 1, nullptr, Type::u32},
    {"u64", kU, 64, 1, nullptr, Type::u64},
    {"s8", kS, 8, 1, nullptr, Type::s8},
    {"s16", kS, 16, 1, nullptr, Type::s16},
    {"s32", kS, 32, 1, nullptr, Type::s32},
    {"s64", kS, 64, 1, nullptr, Type::s64},
    {"u16x2", kU, 16, 2, nullptr, Type::b32},
    {"s16x2", kS, 16, 2, nullptr, Type::b32},
    {"f16", kF, 16, 1, &kF16, Type::f16},
    {"f16x2", kF, 16, 2, &kF16, Type::b32},
    {"bf16", kF, 16, 1, &kBf16, Type::bf16},
    {"bf16x2", kF, 16, 2, &kBf16, Type::b32},
    {"tf32", kF, 32, 1, &kTf32, Type::b32},
    {"f32", kF, 32, 1, &kF32, Type::f32},
    {"f32x2", kF, 32, 2, &kF32, Type::b64},
    {"f64", kF, 64, 1, &kF64, Type::f64},
    {"e4m3x2", kF, 8, 2, &kE4m3, Type::b16},
    {"e5m2x2", kF, 8, 2, &kE5m2, Type::b16},
    {"e2m3x2", kF, 8, 2, &kE2m3, Type::b16},
    {"e3m2x2", kF, 8, 2, &kE3m2, Type::b16},
    {"e2m1x2", kF, 4, 2, &kE2m1, Type::b8},
};

}  // namespace

const TypeInfo* type_info(std::string_view name) {
  for (const TypeInfo& t : kTypes)
    if (t.name == name) return &t;
  return nullptr;
}

unsigned bits_of(Type type) {
  switch (type) {
    case Type::pred: return 1;
    case Type::b8: case Type::u8: case Type::s8: return 8;
    case Type::b16: case Type::u16: case Type::s16: case Type::f16: case Type::bf16: return 16;
    case Type::b32: case Type::u32: case Type::s32: case Type::f16x2: case Type::bf16x2: case Type::tf32: case Type::f32:
      return 32;
    case Type::b64: case Type::u64: case Type::s64: case Type::f32x2: case Type::f64: return 64;
    case Type::b128: return 128;
    default: return 0;  // references to textures and the like are not registers
  }
  return 0;
}

Form::Form(const ptx::Instruction& i, const ptx::Function& f, exec::Isa l)
    : opcode(i.opcode()), instruction(i), function(f), level(l) {
  for (std::size_t n = 1; n < i.parts.size(); ++n) {
    if (const TypeInfo* t = type_info(i.parts[n])) types.push_back(t);
    else modifiers_.push_back(i.parts[n]);
  }
  left_ = static_cast<unsigned>(modifiers_.size());
}

bool Form::take(std::string_view modifier) {
  auto at = std::find(modifiers_.begin(), modifiers_.end(), modifier);
  if (at == modifiers_.end()) return false;
  modifiers_.erase(at);
  --left_;
  return true;
}

std::string_view Form::take_one(std::initializer_list<std::string_view> modifiers) {
  for (auto m : modifiers)
    if (take(m)) return m;
  return {};
}

std::string Form::leftover() const { return modifiers_.empty() ? std::string{} : std::string(modifiers_.front()); }

bool Form::take_round(Round& round) {
  auto m = take_one({"rn", "rz", "rm", "rp"});
  round = m == "rz" ? Round::rz : m == "rm" ? Round::rm : m == "rp" ? Round::rp : Round::rn;
  return !m.empty();
}

ptx::Type Form::operand_type(unsigned i, ptx::Type otherwise) const {
  if (i < instruction.operands.size())
    if (auto* r = std::get_if<ptx::RegOperand>(&instruction.operands[i].value))
      if (r->index < function.registers.size()) return function.registers[r->index].type;
  return otherwise;
}

}  // namespace simt::ops
