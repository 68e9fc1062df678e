// The lane-by-lane handler of simt/ops/rare.hpp, and the store of what it is told.
#include "simt/ops/rare.hpp"

#include <deque>
#include <mutex>

namespace simt::ops {
namespace {

using exec::Instr;
using exec::Mask;
using exec::Warp;

template <class T>
struct Cell {
  typedef T type __attribute__((may_alias));
};

std::uint64_t load(const std::byte* row, unsigned bits, int lane) {
  switch (bits) {
    case 1: return *reinterpret_cast<const Cell<Mask>::type*>(row) >> lane & 1;
    case 8: return reinterpret_cast<const Cell<std::uint16_t>::type*>(row)[lane] & 255;
    case 16: return reinterpret_cast<const Cell<std::uint16_t>::type*>(row)[lane];
    case 32: return reinterpret_cast<const Cell<std::uint32_t>::type*>(row)[lane];
    default: return reinterpret_cast<const Cell<std::uint64_t>::type*>(row)[lane];
  }
}

void store(std::byte* row, unsigned bits, int lane, std::uint64_t value) {
  switch (bits) {
    case 1: {
      auto& mask = *reinterpret_cast<Cell<Mask>::type*>(row);
      mask = (mask & ~(Mask{1} << lane)) | static_cast<Mask>(value & 1) << lane;
      break;
    }
    case 8: reinterpret_cast<Cell<std::uint16_t>::type*>(row)[lane] = value & 255; break;
    case 16: reinterpret_cast<Cell<std::uint16_t>::type*>(row)[lane] = static_cast<std::uint16_t>(value); break;
    case 32: reinterpret_cast<Cell<std::uint32_t>::type*>(row)[lane] = static_cast<std::uint32_t>(value); break;
    default: reinterpret_cast<Cell<std::uint64_t>::type*>(row)[lane] = value; break;
  }
}

const Instr* run(Warp& warp, const Instr* instr) {
  const Rare& rare = *reinterpret_cast<const Rare*>(instr->imm);
  for (Mask left = warp.exec; left != 0; left &= left - 1) {
    const int lane = __builtin_ctz(left);
    std::uint64_t in[8] = {};
    for (unsigned i = 0; i < rare.sources; ++i) {
      const unsigned at = rare.destinations + i;
      in[i] = load(warp.regs + instr->op[at], rare.bits[at], lane);
    }
    if (rare.carry_in) in[kCarry] = load(warp.regs + exec::kCarryRow, 1, lane);
    const std::uint64_t result = rare.lane(in, rare);
    store(warp.regs + instr->op[0], rare.bits[0], lane, result);
    if (rare.destinations == 2) store(warp.regs + instr->op[1], rare.bits[1], lane, result >> rare.bits[0]);
    if (rare.carry_out) store(warp.regs + exec::kCarryRow, 1, lane, in[kCarry]);
  }
  return instr + 1;
}

/// Programs are loaded from several host threads; what was interned stays for the life of the process.
const Rare* intern(const Rare& rare) {
  static std::mutex mutex;
  static std::deque<Rare> store;
  std::lock_guard lock(mutex);
  for (const Rare& known : store)
    if (known == rare) return &known;
  return &store.emplace_back(rare);
}

}  // namespace

std::uint64_t packed(std::uint64_t* in, const Rare& rare) {
  const std::uint64_t mask = rare.element_bits == 64 ? ~0ull : (1ull << rare.element_bits) - 1;
  std::uint64_t result = 0;
  for (unsigned e = 0; e < rare.elements; ++e) {
    std::uint64_t part[8] = {};
    for (unsigned i = 0; i < rare.sources; ++i) part[i] = in[i] >> (e * rare.element_bits) & mask;
    result |= (rare.element(part, rare) & mask) << (e * rare.element_bits);
  }
  return result;
}

void use(Selection& s, Rare rare) {
  unsigned n = 0;
  rare.sources = rare.destinations = 0;
  for (unsigned i = 0; i < s.count; ++i) {
    if (s.slots[i].role == Slot::literal) continue;
    rare.bits[n++] = static_cast<std::uint8_t>(bits_of(s.slots[i].type));
    ++(s.slots[i].role == Slot::write ? rare.destinations : rare.sources);
  }
  s.reads_carry = rare.carry_in;
  s.writes_carry = rare.carry_out;
  s.handler = run;
  s.imm = reinterpret_cast<std::uint64_t>(intern(rare));
}

}  // namespace simt::ops
