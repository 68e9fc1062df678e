// Loads and stores of a piece. Each has a fast way, for lanes that read or write within 64 bytes (loads) or one after
// another (stores) in each half of the warp, and a way aside that takes any addresses in the memory that the instruction
// met last; everything else is for the handlers.
#include <algorithm>
#include <cstddef>

#include "simt/exec/block.hpp"
#include "simt/jit/piece.hpp"
#include "simt/memory/memory.hpp"

namespace simt::jit {

using exec::Warp;
using memory::Window;

namespace {

constexpr int kNotAbove = 6;   // of comparisons that must find nothing: greater

std::int32_t window_field(const exec::Instr& instr, std::size_t field) {
  return std::int32_t(instr.mem.site * sizeof(Window) + field);
}

}  // namespace

const std::byte* constant_place(const Rows& rows, const exec::Instr& instr) {
  const auto base = rows.constant(instr.op[1], 8);
  if (!base) return nullptr;
  const auto address = *base + std::uint64_t(std::int64_t(instr.mem.offset));
  const auto found = memory::AddressSpace::instance().lookup(address);
  if (!found || address % 4 || address + 4 > found->base + found->size) return nullptr;
  if (found->kind != memory::Kind::module_const && found->kind != memory::Kind::module_global) return nullptr;
  return found->host + (address - found->base);
}

void Piece::load_uniform() {
  const auto d = result(4, true);
  a_.move64_imm(rax, reinterpret_cast<std::uint64_t>(constant_place(rows_, now())));
  a_.vector(kBroadcast32, d.reg[0], 0, at(rax, 0));
  bind(now().op[0], 4, d);
}

// ---- global memory --------------------------------------------------------------------------------------------------

/// `at` is an address; makes it that of the host if `bytes` bytes from there lie in the window.
void Piece::find_host(Gpr at, int bytes, Label& slow) {
  const auto& instr = now();
  if (instr.mem.offset) a_.add64_imm(at, instr.mem.offset);
  a_.cmp64_mem(at, r15, window_field(instr, offsetof(Window, lo)));   // an empty window is above its end
  a_.jump_if(less, slow);
  a_.load64(rcx, r15, window_field(instr, offsetof(Window, hi)));
  a_.sub64_imm(rcx, bytes);
  a_.cmp64(at, rcx);
  a_.jump_if(greater, slow);
  a_.add64_mem(at, r15, window_field(instr, offsetof(Window, delta)));
}

void Piece::load() {
  const auto address = source(now().op[1], 8);
  const auto d = result(4, address.uniform);
  Label slow, back;
  if (address.uniform) {
    a_.vector(kFirst64, address.reg(0), 0, in_register(rax), 0, -1, false, 0);
    a_.test32_imm(rax, 3);
    a_.jump_if(not_zero, slow);
    find_host(rax, 4, slow);
    a_.vector(kBroadcast32, d.reg[0], 0, at(rax, 0));
    leave_to_handlers(slow);
    return bind(now().op[0], 4, d);
  }
  for (int half = 0; half < 2; ++half) {
    const int low = address.reg(2 * half), high = address.reg(2 * half + 1), index = d.reg[std::size_t(half)];
    a_.vector(kFirst64, low, 0, in_register(rax), 0, -1, false, 0);
    a_.vector(kBroadcast64, 1, 0, in_register(low));
    a_.vector(kSub64, 2, low, in_register(1));
    a_.vector(kSub64, 3, high, in_register(1));
    a_.vector(kOr64, 1, 2, in_register(3));
    if (half == 0) a_.vector(kAnd64, 0, 1, constant(kFarLong, true));
    else a_.vector(kTernary64, 0, 1, constant(kFarLong, true), 0, 0xf8);   // | (.. & ..)
    a_.vector(kMove, index, 0, constant(kEvenWords, false));
    a_.vector(kPermute2, index, 2, in_register(3));
    a_.vector(kShiftImm32, 2, index, in_register(index), 0, 2);
    a_.test32_imm(rax, 3);
    a_.jump_if(not_zero, slow);
    find_host(rax, 64, slow);
    a_.vector(kPermute, index, index, at(rax, 0));
  }
  a_.vector(kTest64, 1, 0, in_register(0));
  a_.mask(none_, false, 0x98, 1, 0, 1, false);   // kortestw
  a_.jump_if(not_zero, slow);
  a_.bind(back);
  aside(slow, back, [=, this](Label& handlers) { gather(address, d, handlers); });
  bind(now().op[0], 4, d);
}

/// Whether all addresses are in the window and aligned; then rax is where the address 0 would be.
void Piece::check_flat(const Source& address, Label& slow) {
  const auto& instr = now();
  a_.load64(rcx, r15, window_field(instr, offsetof(Window, hi)));
  a_.sub64_mem(rcx, r15, window_field(instr, offsetof(Window, lo)));
  a_.sub64_imm(rcx, 4);
  a_.jump_if(less, slow);
  a_.vector(kBroadcastGpr64, 1, 0, in_register(rcx));
  a_.move64_signed(rax, instr.mem.offset);
  a_.sub64_mem(rax, r15, window_field(instr, offsetof(Window, lo)));
  a_.vector(kBroadcastGpr64, 2, 0, in_register(rax));
  for (int part = 0; part < 4; ++part) {
    a_.vector(kAdd64, 3, address.reg(part), in_register(2));
    a_.vector(kCompareU64, 1, 3, in_register(1), 0, kNotAbove);
    a_.vector(kTest64, 2, address.reg(part), constant(kThree64, true));
    a_.mask(none_, false, 0x98, 1, 0, 2, false);
    a_.jump_if(not_zero, slow);
  }
  a_.move64_signed(rax, instr.mem.offset);
  a_.add64_mem(rax, r15, window_field(instr, offsetof(Window, delta)));
}

void Piece::gather(const Source& address, const Result& d, Label& slow) {
  check_flat(address, slow);
  for (int half = 0; half < 2; ++half) {
    for (int part = 0; part < 2; ++part) {
      a_.mask(none_, false, 0x46, 1, 1, 1, true);   // kxnorw: all ones
      a_.vector(kXor32, part, part, in_register(part));
      a_.vector(kGather64, part, 0, by_lane(rax, address.reg(2 * half + part)), 1);
    }
    a_.vector(kInsertHalf, d.reg[std::size_t(half)], 0, in_register(1), 0, 1);
  }
}

void Piece::load_byte() {
  const auto address = source(now().op[1], 8);
  const auto d = result(2, false);
  Label slow;
  if (address.uniform) {
    a_.jump(slow);
  } else {
    a_.vector(kFirst64, address.reg(0), 0, in_register(rax), 0, -1, false, 0);
    a_.vector(kBroadcast64, 1, 0, address.of(0));
    for (int part = 0; part < 4; ++part) {
      a_.vector(kSub64, 2, address.reg(part), in_register(1));
      if (part == 0) a_.vector(kXor64, 0, 2, constant(kByteSteps64, false));
      else a_.vector(kTernary64, 0, 2, constant(kByteSteps64 + 64 * part, false), 0, 0xf6);   // | (.. ^ ..)
    }
    a_.vector(kTest64, 1, 0, in_register(0));
    a_.mask(none_, false, 0x98, 1, 0, 1, false);
    a_.jump_if(not_zero, slow);
    find_host(rax, 32, slow);
    a_.vector(kWidenU8, d.reg[0], 0, at(rax, 0));
  }
  leave_to_handlers(slow);
  bind(now().op[0], 2, d);
}

void Piece::store_flat() {
  const auto value = source(now().op[0], 4), address = source(now().op[1], 8);
  Label slow, back;
  if (address.uniform) {
    a_.jump(slow);
    return leave_to_handlers(slow);
  }
  for (int half = 0; half < 2; ++half) {
    const int low = address.reg(2 * half), high = address.reg(2 * half + 1);
    a_.vector(kBroadcast64, 1, 0, in_register(low));
    a_.vector(kSub64, 2, low, in_register(1));
    a_.vector(kSub64, 3, high, in_register(1));
    if (half == 0) a_.vector(kXor64, 0, 2, constant(kSteps64, false));
    else a_.vector(kTernary64, 0, 2, constant(kSteps64, false), 0, 0xf6);
    a_.vector(kTernary64, 0, 3, constant(kSteps64 + 64, false), 0, 0xf6);
  }
  a_.vector(kTest64, 1, 0, in_register(0));
  a_.mask(none_, false, 0x98, 1, 0, 1, false);
  a_.jump_if(not_zero, slow);
  a_.move64_imm(rdx, ir::kParamWindow);   // parameters cannot be written
  a_.cmp64_mem(rdx, r15, window_field(now(), offsetof(Window, lo)));
  a_.jump_if(not_above, slow);
  for (int half = 0; half < 2; ++half) {
    a_.vector(kFirst64, address.reg(2 * half), 0, in_register(rax), 0, -1, false, 0);
    a_.test32_imm(rax, 3);
    a_.jump_if(not_zero, slow);
    find_host(rax, 64, slow);
    a_.vector(kStoreLoose, value.reg(half), 0, at(rax, 0));
  }
  a_.bind(back);
  aside(slow, back, [=, this](Label& handlers) {
    a_.move64_imm(rdx, ir::kParamWindow);
    a_.cmp64_mem(rdx, r15, window_field(now(), offsetof(Window, lo)));
    a_.jump_if(not_above, handlers);
    check_flat(address, handlers);
    for (int part = 0; part < 4; ++part) {
      a_.mask(none_, false, 0x46, 1, 1, 1, true);
      int from = value.reg(part / 2);
      if (part % 2) {
        a_.vector(kUpperHalf, from, 0, in_register(0), 0, 1);
        from = 0;
      }
      a_.vector(kScatter64, from, 0, by_lane(rax, address.reg(part)), 1);
    }
  });
}

// ---- shared memory --------------------------------------------------------------------------------------------------

/// The loads from the same addresses, with any displacement, from this instruction on.
std::vector<std::size_t> Piece::loads_from(std::int32_t row) const {
  std::vector<std::size_t> loads;
  for (auto n = n_; n < end_; ++n) {
    const auto& instr = code_.instrs[n];
    const bool here = form_of(instr.run)->what == Do::load_shared && instr.op[1] == row;
    if (here) loads.push_back(n);
    const auto& operands = code_.operands[n];
    for (unsigned k = 0; k < operands.count; ++k)
      if ((operands.writes >> k & 1) && instr.op[k] == row) return loads;
  }
  return loads;
}

/// Where the words of each half warp lie within 64 bytes from the first lane's upwards. Shared memory has 64 bytes to
/// spare, so a window may reach past its end; the words in it may not.
void Piece::find_windows(const Source& address, Windows& windows, int greatest, Label& slow) {
  for (int half = 0; half < 2; ++half) {
    const int words = address.reg(half), index = windows.index[std::size_t(half)];
    const Gpr base = windows.base[std::size_t(half)];
    a_.vector(kFirst32, words, 0, in_register(rax), 0, -1, false, 0);
    a_.vector(kBroadcast32, 1, 0, in_register(words));
    a_.vector(kSub32, 1, words, in_register(1));
    a_.test32_imm(rax, 3);
    a_.jump_if(not_zero, slow);
    a_.lea32(base, rax, windows.least);
    a_.lea32(rax, rax, greatest);
    a_.cmp32(base, rax);
    a_.jump_if(above, slow);
    a_.load32(rcx, r13, offsetof(Warp, shared_bytes));
    a_.sub32_imm(rcx, 4);
    a_.jump_if(below, slow);
    a_.sub32(rcx, rax);
    a_.jump_if(below, slow);
    a_.vector(kBroadcastGpr32, 2, 0, in_register(rcx));
    a_.vector(kCompareU32, 1, 1, in_register(2), 0, kNotAbove);
    a_.vector(kTest32, 2, 1, constant(kFarWord, true));
    a_.mask(none_, false, 0x98, 1, 0, 2, false);
    a_.jump_if(not_zero, slow);
    a_.vector(kShiftImm32, 2, index, in_register(1), 0, 2);
    a_.add64(base, r14);
  }
}

void Piece::load_shared() {
  const auto& instr = now();
  const auto row = instr.op[1];
  // The first of several tells the others what it found. They are told that it does not know, if handlers execute them.
  if (form_of(instr.run)->detail) a_.store32_imm(rbp, instr.op[3], 0);
  const auto loads = loads_from(row);
  // Once the windows are known, the addresses are needed where they are no use only: from the register file, then.
  bool known = false;
  for (const auto& windows : windows_) known |= windows.valid && windows.row == row;
  Source address;
  if (known && !held_[row].held) {
    pinned_.insert(row);
    for (int half = 0; half < 2; ++half) address.place[std::size_t(half)] = simt::jit::at(rbp, row + 64 * half);
  } else {
    address = source(row, 4);
  }
  const auto d = result(4, address.uniform);
  Label slow, back;
  if (address.uniform) {
    a_.vector(kFirst32, address.reg(0), 0, in_register(rax), 0, -1, false, 0);
    a_.lea32(rax, rax, instr.mem.offset);
    a_.test32_imm(rax, 3);
    a_.jump_if(not_zero, slow);
    a_.load32(rcx, r13, offsetof(Warp, shared_bytes));
    a_.sub32_imm(rcx, 4);
    a_.jump_if(below, slow);
    a_.cmp32(rax, rcx);
    a_.jump_if(above, slow);
    a_.add64(rax, r14);
    a_.vector(kBroadcast32, d.reg[0], 0, at(rax, 0));
    leave_to_handlers(slow);
    return bind(instr.op[0], 4, d);
  }
  Windows alone, *found = nullptr;
  for (auto& windows : windows_)
    if (windows.valid && windows.row == row) found = &windows;
  const bool looks = !found, shares = looks && loads.size() > 1;
  if (looks) {
    for (auto& windows : windows_)
      if (shares && !windows.valid) found = &windows;
    if (found) {
      found->index = {take(), take()};
      for (int index : found->index) owner_[std::size_t(index)] = kWindowsOwner;
      found->loads = loads;
      found->valid = true;
    } else {
      found = &alone;
      alone.index = {3, 4};
      alone.base = {rsi, rdi};
      alone.loads = {n_};
    }
    found->row = row;
    found->least = instr.mem.offset;
    int greatest = found->least;
    for (auto n : found->loads) {
      found->least = std::min(found->least, code_.instrs[n].mem.offset);
      greatest = std::max(greatest, code_.instrs[n].mem.offset);
    }
    find_windows(address, *found, greatest, slow);
  } else {
    a_.test64(found->base[0], found->base[0]);
    a_.jump_if(zero, slow);
  }
  for (std::size_t half = 0; half < 2; ++half)
    a_.vector(kPermute, d.reg[half], found->index[half], at(found->base[half], instr.mem.offset - found->least));
  a_.bind(back);
  aside(slow, back, [=, this, tell = looks && found != &alone, base = found->base[0]](Label& handlers) {
    if (tell) a_.xor32(base, base);   // so that the others do not look there
    gather_shared(address, d, handlers);
  });
  bind(instr.op[0], 4, d);
}

void Piece::gather_shared(const Source& address, const Result& d, Label& slow) {
  check_shared(address, slow);
  for (int half = 0; half < 2; ++half) {
    a_.mask(none_, false, 0x46, 1, 1, 1, true);
    a_.vector(kGather32, d.reg[std::size_t(half)], 0, by_lane(r14, 3 + half), 1);
  }
}

/// Whether all offsets are in shared memory and aligned; then registers 3 and 4 hold them.
void Piece::check_shared(const Source& address, Label& slow) {
  a_.load32(rcx, r13, offsetof(Warp, shared_bytes));
  a_.sub32_imm(rcx, 4);
  a_.jump_if(below, slow);
  a_.vector(kBroadcastGpr32, 1, 0, in_register(rcx));
  a_.move64_signed(rax, now().mem.offset);
  a_.vector(kBroadcastGpr32, 2, 0, in_register(rax));
  for (int half = 0; half < 2; ++half) {
    a_.vector(kAdd32, 3 + half, 2, address.of(half));
    a_.vector(kCompareU32, 1, 3 + half, in_register(1), 0, kNotAbove);
    a_.vector(kTest32, 2, 3 + half, constant(kThree32, true));
    a_.mask(none_, false, 0x98, 1, 0, 2, false);
    a_.jump_if(not_zero, slow);
  }
}

void Piece::store_shared() {
  const auto& instr = now();
  const auto value = source(instr.op[0], 4), address = source(instr.op[1], 4);
  Label slow, back;
  if (address.uniform) {
    a_.jump(slow);
    return leave_to_handlers(slow);
  }
  for (int half = 0; half < 2; ++half) {
    a_.vector(kBroadcast32, 1, 0, address.of(half));
    a_.vector(kSub32, 2, address.reg(half), in_register(1));
    if (half == 0) a_.vector(kXor32, 0, 2, constant(kSteps32, false));
    else a_.vector(kTernary32, 0, 2, constant(kSteps32, false), 0, 0xf6);
  }
  a_.vector(kTest32, 1, 0, in_register(0));
  a_.mask(none_, false, 0x98, 1, 0, 1, false);
  a_.jump_if(not_zero, slow);
  for (int half = 0; half < 2; ++half) {
    a_.vector(kFirst32, address.reg(half), 0, in_register(rax), 0, -1, false, 0);
    a_.lea32(rax, rax, instr.mem.offset);
    a_.test32_imm(rax, 3);
    a_.jump_if(not_zero, slow);
    a_.load32(rcx, r13, offsetof(Warp, shared_bytes));
    a_.sub32_imm(rcx, 64);
    a_.jump_if(below, slow);
    a_.cmp32(rax, rcx);
    a_.jump_if(above, slow);
    a_.add64(rax, r14);
    a_.vector(kStoreLoose, value.reg(half), 0, at(rax, 0));
  }
  a_.bind(back);
  aside(slow, back, [=, this](Label& handlers) {
    check_shared(address, handlers);
    for (int half = 0; half < 2; ++half) {
      a_.mask(none_, false, 0x46, 1, 1, 1, true);
      a_.vector(kScatter32, value.reg(half), 0, by_lane(r14, 3 + half), 1);
    }
  });
}

}  // namespace simt::jit
