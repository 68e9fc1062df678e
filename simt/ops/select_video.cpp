// Video instructions: byte and half arithmetic inside a 32-bit register, and the scalar forms.
#include "simt/ops/form.hpp"
#include "simt/ops/rare.hpp"

namespace simt::ops {
namespace {

using ptx::Type;

// One row an instruction: SIMT_VIDEO(name, semantics, documentation), on numbers wide enough for every result.
#define SIMT_VIDEO(name, semantics, documentation) \
  std::int64_t name##_of([[maybe_unused]] std::int64_t a, [[maybe_unused]] std::int64_t b) { return semantics; }
#include "simt/ops/video.def"
#undef SIMT_VIDEO

using Number = std::int64_t (*)(std::int64_t, std::int64_t);
struct Entry {
  const char* name;
  Number of;
};
constexpr Entry kEntries[] = {
#define SIMT_VIDEO(name, semantics, documentation) {#name, name##_of},
#include "simt/ops/video.def"
#undef SIMT_VIDEO
};

enum Second : std::uint8_t { none, add, smaller, greater };

std::int64_t element(std::uint64_t x, unsigned index, unsigned bits, bool is_signed) {
  x = x >> (index * bits) & ((1ull << bits) - 1);
  return is_signed ? static_cast<std::int64_t>(x << (64 - bits)) >> (64 - bits) : static_cast<std::int64_t>(x);
}

/// Rare::relation is the row, mode the signs of a and b, combine the second operation.
std::uint64_t video_lane(std::uint64_t* in, const Rare& r) {
  const unsigned bits = r.element_bits;
  std::uint64_t result = 0;
  std::int64_t total = 0;
  for (unsigned e = 0; e < r.elements; ++e) {
    const std::int64_t a = element(in[0], e, bits, r.mode & 1), b = element(in[1], e, bits, r.mode & 2);
    std::int64_t x = kEntries[r.relation].of(a, b);
    if (r.finish.saturate) {
      // NVIDIA makes other instructions of it, which clamp a .u32 only from below: what is too great wraps.
      const bool wraps = bits == 32 && !r.to_signed;
      const std::int64_t most = (1ll << (r.to_signed ? bits - 1 : bits)) - 1, least = r.to_signed ? -most - 1 : 0;
      x = x > most && !wraps ? most : x < least ? least : x;
    }
    total += x;
    result |= (static_cast<std::uint64_t>(x) & ((1ull << bits) - 1)) << (e * bits);
  }
  const std::uint32_t c = static_cast<std::uint32_t>(in[2]);
  if (r.combine == none) return result;
  if (r.combine == add) return (r.elements == 1 ? static_cast<std::uint32_t>(result) : static_cast<std::uint32_t>(total)) + c;
  const std::int64_t x = element(result, 0, 32, r.to_signed), y = element(c, 0, 32, r.to_signed);
  return static_cast<std::uint32_t>((x < y) == (r.combine == smaller) ? x : y);
}

/// vshl, vshr: the amount is clamped to 32 or taken modulo 32.
std::uint64_t shift_lane(std::uint64_t* in, const Rare& r) {
  std::uint64_t n = static_cast<std::uint32_t>(in[1]);
  n = r.from_signed ? n & 31 : n > 32 ? 32 : n;
  const std::int64_t a = element(in[0], 0, 32, r.mode & 1);
  std::int64_t x = r.relation == 0 ? (n == 32 ? a << 32 : a * (1ll << n)) : a >> n;
  if (r.finish.saturate) {
    const std::int64_t most = (1ll << (r.to_signed ? 31 : 32)) - 1, least = r.to_signed ? -most - 1 : 0;
    x = x > most ? most : x < least ? least : x;
  }
  const std::uint32_t result = static_cast<std::uint32_t>(x), c = static_cast<std::uint32_t>(in[2]);
  if (r.combine == none) return result;
  if (r.combine == add) return result + c;
  const std::int64_t u = element(result, 0, 32, r.to_signed), v = element(c, 0, 32, r.to_signed);
  return static_cast<std::uint32_t>((u < v) == (r.combine == smaller) ? u : v);
}

}  // namespace

bool select_video(Form& form, Selection& s) {
  std::string_view op = form.opcode;
  if (op.size() < 4 || op[0] != 'v' || op == "vote") return false;
  unsigned elements = 1;
  if (op.back() == '2' || op.back() == '4') {
    elements = static_cast<unsigned>(op.back() - '0');
    op.remove_suffix(1);
  }
  Rare rare;
  rare.elements = static_cast<std::uint8_t>(elements);
  rare.element_bits = static_cast<std::uint8_t>(32 / elements);
  const bool shift = elements == 1 && (op == "vshl" || op == "vshr");
  std::string name(op);
  if (op == "vset") {
    auto relation = form.take_one({"eq", "ne", "lt", "le", "gt", "ge"});
    if (relation.empty()) return true;
    name += "_" + std::string(relation);
  }
  int row = -1;
  for (std::size_t i = 0; i < std::size(kEntries); ++i)
    if (name == kEntries[i].name) row = static_cast<int>(i);
  if (row < 0 && !shift) return false;
  if (elements == 1 && op == "vavrg") return false;
  const std::size_t count = op == "vset" ? 2 : 3;
  if (form.types.size() != count) {
    s.error = "it takes " + std::to_string(count) + " types";
    return true;
  }
  for (const TypeInfo* t : form.types)
    if (t->name != "u32" && t->name != "s32") {
      s.error = "its types are .u32 and .s32";
      return true;
    }
  rare.to_signed = count == 3 && form.types[0]->is_signed();
  rare.mode = static_cast<std::uint8_t>(form.types[count - 2]->is_signed() | form.types[count - 1]->is_signed() << 1);
  rare.finish.saturate = op != "vset" && form.take("sat");
  auto second = elements == 1 ? form.take_one({"add", "min", "max"}) : form.take_one({"add"});
  rare.combine = second == "add" ? add : second == "min" ? smaller : second == "max" ? greater : none;
  if (shift) {
    auto amount = form.take_one({"clamp", "wrap"});
    if (amount.empty() || form.types[2]->is_signed()) return true;
    rare.from_signed = amount == "wrap";
    rare.relation = op == "vshr";
    rare.lane = shift_lane;
  } else {
    rare.relation = static_cast<std::uint8_t>(row);
    rare.lane = video_lane;
  }
  // The packed forms always have a third operand, which counts only with .add.
  const bool third = elements > 1 || rare.combine != none;
  slot(s, Slot::write, Type::u32);
  for (int i = 0; i < 2 + third; ++i) slot(s, Slot::read, Type::u32);
  use(s, rare);
  return true;
}

}  // namespace simt::ops
