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

constexpr int kAbove = 6, kDiffers = 4;   // of comparisons, which must find nothing
/// For instructions on masks: kortestw, and the move of a mask of eight or sixteen bits.
constexpr std::uint8_t kOrTest = 0x98, kMoveMask = 0x90;

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

/// The register whose first lane is that of the first lane that executes, or zero if there is none; also in rax.
int Piece::first(int words, int mask, bool wide) {
  if (masked_) {
    a_.vector(wide ? kCompress64 : kCompress32, words, 0, in_register(1), mask, -1, true);
    words = 1;
  }
  a_.vector(wide ? kFirst64 : kFirst32, words, 0, in_register(rax), 0, -1, false, 0);
  return words;
}

/// Mask 1 for a gather or scatter, which uses it up: the lanes of `mask`, or all.
void Piece::all_lanes(int mask) {
  if (mask == 0) a_.mask(none_, false, 0x46, 1, 1, 1, true);   // kxnorw
  else a_.mask(none_, false, kMoveMask, 1, 0, mask, false);
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
    a_.vector(kBroadcast64, 1, 0, in_register(first(low, quarter(2 * half), true)));
    a_.vector(kSub64, 2, low, in_register(1));
    a_.vector(kSub64, 3, high, in_register(1));
    if (masked_) {
      a_.vector(kTest64, 1, 2, constant(kFarLong, true), quarter(2 * half));
      a_.vector(kTest64, 2, 3, constant(kFarLong, true), quarter(2 * half + 1));
      a_.mask(none_, false, kOrTest, 1, 0, 2, false);
      a_.jump_if(not_zero, slow);
    } else {
      a_.vector(kOr64, 1, 2, in_register(3));
      if (half == 0) a_.vector(kAnd64, 0, 1, constant(kFarLong, true));
      else a_.vector(kTernary64, 0, 1, constant(kFarLong, true), 0, 0xf8);   // | (.. & ..)
    }
    a_.vector(kMove, index, 0, constant(kEvenWords, false));
    a_.vector(kPermute2, index, 2, in_register(3));
    a_.vector(kShiftImm32, 2, index, in_register(index), 0, 2);
    a_.test32_imm(rax, 3);
    a_.jump_if(not_zero, slow);
    find_host(rax, 64, slow);
    a_.vector(kPermute, index, index, at(rax, 0));
  }
  if (!masked_) {
    a_.vector(kTest64, 1, 0, in_register(0));
    a_.mask(none_, false, kOrTest, 1, 0, 1, false);
    a_.jump_if(not_zero, slow);
  }
  a_.bind(back);
  aside(slow, back, [=, this](Label& handlers) { gather(address, d, handlers); });
  bind(now().op[0], 4, d);
}

/// Whether all addresses are in the window and aligned; then rax is where the address 0 would be.
void Piece::check_flat(const Source& address, int bytes, Label& slow) {
  const auto& instr = now();
  a_.load64(rcx, r15, window_field(instr, offsetof(Window, hi)));
  a_.sub64_mem(rcx, r15, window_field(instr, offsetof(Window, lo)));
  a_.sub64_imm(rcx, bytes);
  a_.jump_if(less, slow);
  a_.vector(kBroadcastGpr64, 1, 0, in_register(rcx));
  a_.move64_signed(rax, instr.mem.offset);
  a_.sub64_mem(rax, r15, window_field(instr, offsetof(Window, lo)));
  a_.vector(kBroadcastGpr64, 2, 0, in_register(rax));
  for (int part = 0; part < 4; ++part) {
    a_.vector(kAdd64, 3, address.reg(part), in_register(2));
    a_.vector(kCompareU64, 1, 3, in_register(1), quarter(part), kAbove);
    a_.vector(kTest64, 2, address.reg(part), constant(bytes == 8 ? kSeven64 : kThree64, true), quarter(part));
    a_.mask(none_, false, kOrTest, 1, 0, 2, false);
    a_.jump_if(not_zero, slow);
  }
  a_.move64_signed(rax, instr.mem.offset);
  a_.add64_mem(rax, r15, window_field(instr, offsetof(Window, delta)));
}

void Piece::gather(const Source& address, const Result& d, Label& slow) {
  check_flat(address, 4, slow);
  for (int half = 0; half < 2; ++half) {
    for (int part = 0; part < 2; ++part) {
      all_lanes(quarter(2 * half + part));
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
    // From each address what lane 0 would have: the same in all lanes, if the bytes lie one after another.
    a_.vector(kSub64, 2, address.reg(0), constant(kByteSteps64, false));
    a_.vector(kBroadcast64, 0, 0, in_register(first(2, quarter(0), true)));
    for (int part = 0; part < 4; ++part) {
      if (part) a_.vector(kSub64, 2, address.reg(part), constant(kByteSteps64 + 64 * part, false));
      a_.vector(kCompare64, 1, 2, in_register(0), quarter(part), kDiffers);
      a_.mask(none_, false, kOrTest, 1, 0, 1, false);
      a_.jump_if(not_zero, slow);
    }
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
  a_.move64_imm(rdx, ir::kParamWindow);   // parameters cannot be written
  a_.cmp64_mem(rdx, r15, window_field(now(), offsetof(Window, lo)));
  a_.jump_if(not_above, slow);
  for (int half = 0; half < 2; ++half) {
    // From each address what the first lane would have: the same in all lanes, if the words lie one after another.
    a_.vector(kSub64, 2, address.reg(2 * half), constant(kSteps64, false));
    a_.vector(kSub64, 3, address.reg(2 * half + 1), constant(kSteps64 + 64, false));
    a_.vector(kBroadcast64, 0, 0, in_register(first(2, quarter(2 * half), true)));
    a_.vector(kCompare64, 1, 2, in_register(0), quarter(2 * half), kDiffers);
    a_.vector(kCompare64, 2, 3, in_register(0), quarter(2 * half + 1), kDiffers);
    a_.mask(none_, false, kOrTest, 1, 0, 2, false);
    a_.jump_if(not_zero, slow);
    a_.test32_imm(rax, 3);
    a_.jump_if(not_zero, slow);
    find_host(rax, 64, slow);
    a_.vector(kStoreLoose, value.reg(half), 0, at(rax, 0), this->half(half));
  }
  a_.bind(back);
  aside(slow, back, [=, this](Label& handlers) {
    a_.move64_imm(rdx, ir::kParamWindow);
    a_.cmp64_mem(rdx, r15, window_field(now(), offsetof(Window, lo)));
    a_.jump_if(not_above, handlers);
    check_flat(address, 4, handlers);
    for (int part = 0; part < 4; ++part) {
      int from = value.reg(part / 2);
      if (part % 2) {
        a_.vector(kUpperHalf, from, 0, in_register(0), 0, 1);
        from = 0;
      }
      all_lanes(quarter(part));
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
    a_.vector(kBroadcast32, 1, 0, in_register(first(words, this->half(half), false)));
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
    a_.vector(kCompareU32, 3, 1, in_register(2), this->half(half), kAbove);
    a_.vector(kTest32, 2, 1, constant(kFarWord, true), this->half(half));
    a_.mask(none_, false, kOrTest, 3, 0, 2, false);
    a_.jump_if(not_zero, slow);
    a_.vector(kShiftImm32, 2, index, in_register(1), 0, 2);
    a_.add64(base, r14);
  }
}

void Piece::load_shared() {
  const auto& instr = now();
  const auto row = instr.op[1];
  // The first of several tells the others what it found. They are told that it does not know, if handlers execute them.
  // The row may be another one's in the lanes that do not execute.
  if (form_of(instr.run)->detail) {
    a_.xor32(rax, rax);
    store_predicate(instr.op[3], rax);
  }
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
    all_lanes(this->half(half));
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
    a_.vector(kCompareU32, 1, 3 + half, in_register(1), this->half(half), kAbove);
    a_.vector(kTest32, 2, 3 + half, constant(kThree32, true), this->half(half));
    a_.mask(none_, false, kOrTest, 1, 0, 2, false);
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
    a_.vector(kSub32, 2, address.reg(half), constant(kSteps32, false));
    a_.vector(kBroadcast32, 0, 0, in_register(first(2, this->half(half), false)));
    a_.vector(kCompare32, 1, 2, in_register(0), this->half(half), kDiffers);
    a_.mask(none_, false, kOrTest, 1, 0, 1, false);
    a_.jump_if(not_zero, slow);
    a_.lea32(rax, rax, instr.mem.offset);
    a_.test32_imm(rax, 3);
    a_.jump_if(not_zero, slow);
    a_.load32(rcx, r13, offsetof(Warp, shared_bytes));
    a_.sub32_imm(rcx, 64);
    a_.jump_if(below, slow);
    a_.cmp32(rax, rcx);
    a_.jump_if(above, slow);
    a_.add64(rax, r14);
    a_.vector(kStoreLoose, value.reg(half), 0, at(rax, 0), this->half(half));
  }
  a_.bind(back);
  aside(slow, back, [=, this](Label& handlers) {
    check_shared(address, handlers);
    for (int half = 0; half < 2; ++half) {
      all_lanes(this->half(half));
      a_.vector(kScatter32, value.reg(half), 0, by_lane(r14, 3 + half), 1);
    }
  });
}

/// Sums in shared memory whose old values nobody reads, lane by lane. Lanes that do not execute add to what lies behind it.
void Piece::add_shared() {
  const auto& instr = now();
  const auto address = source(instr.op[1], 4), value = source(instr.op[2], 4);
  const auto constant_value = rows_.constant(instr.op[2], 4);
  constexpr std::int32_t offsets = 0, values = 128;
  Label slow;
  if (address.uniform) {
    a_.jump(slow);
    return leave_to_handlers(slow);
  }
  check_shared(address, slow);
  if (masked_) {
    a_.load32(rax, r13, offsetof(Warp, shared_bytes));
    a_.add32_imm(rax, 3);
    a_.and32_imm(rax, ~3);
    a_.vector(kBroadcastGpr32, 1, 0, in_register(rax));
  }
  for (int half = 0; half < 2; ++half) {
    if (masked_) a_.vector(kBlend32, 3 + half, 1, in_register(3 + half), this->half(half));
    a_.vector(kStoreLoose, 3 + half, 0, at(rsp, offsets + 64 * half));
    if (!constant_value) a_.vector(kStoreLoose, value.reg(half), 0, at(rsp, values + 64 * half));
  }
  for (int lane = 0; lane < exec::kLanes; ++lane) {
    a_.load32(rax, rsp, offsets + 4 * lane);
    if (constant_value) {
      a_.add32_imm_to(r14, rax, std::int32_t(*constant_value));
    } else {
      a_.load32(rcx, rsp, values + 4 * lane);
      a_.add32_to(r14, rax, rcx);
    }
  }
  leave_to_handlers(slow);
}

// ---- 64-bit elements, a quarter of a warp at a time -------------------------------------------------------------------

/// The register with the addresses of a quarter as 64-bit numbers; those in shared memory with the displacement, if asked.
int Piece::longs(const Source& address, int part, bool shared, bool displaced) {
  if (!shared) return address.reg(part);
  int from = address.reg(part / 2);
  if (displaced) {
    a_.move64_signed(rax, now().mem.offset);
    a_.vector(kBroadcastGpr32, 3, 0, in_register(rax));
    a_.vector(kAdd32, 3, from, in_register(3));
    from = 3;
  }
  if (part % 2) {
    a_.vector(kUpperHalf, from, 0, in_register(3), 0, 1);
    from = 3;
  }
  a_.vector(kWidenU32, 3, 0, in_register(from));
  return 3;
}

/// rax is the first address of a quarter; makes it that of the host, if 64 bytes from there can be reached.
void Piece::find_long(bool shared, Label& slow) {
  a_.test32_imm(rax, 7);
  a_.jump_if(not_zero, slow);
  if (!shared) return find_host(rax, 64, slow);
  a_.lea32(rax, rax, now().mem.offset);
  a_.load32(rcx, r13, offsetof(Warp, shared_bytes));
  a_.sub32_imm(rcx, 64);
  a_.jump_if(below, slow);
  a_.cmp32(rax, rcx);
  a_.jump_if(above, slow);
  a_.add64(rax, r14);
}

/// Whether all addresses of a quarter are in shared memory and aligned; then register 3 holds their offsets.
void Piece::check_long(const Source& address, int part, Label& slow) {
  longs(address, part, true, true);
  a_.load32(rcx, r13, offsetof(Warp, shared_bytes));
  a_.sub32_imm(rcx, 8);
  a_.jump_if(below, slow);
  a_.vector(kBroadcastGpr64, 1, 0, in_register(rcx));
  a_.vector(kCompareU64, 1, 3, in_register(1), quarter(part), kAbove);
  a_.vector(kTest64, 2, 3, constant(kSeven64, true), quarter(part));
  a_.mask(none_, false, kOrTest, 1, 0, 2, false);
  a_.jump_if(not_zero, slow);
}

void Piece::load_long(bool shared) {
  const auto address = source(now().op[1], shared ? 4 : 8);
  const auto d = result(8, false);
  Label slow, back;
  if (address.uniform) {
    a_.jump(slow);
    leave_to_handlers(slow);
    return bind(now().op[0], 8, d);
  }
  for (int part = 0; part < 4; ++part) {
    const int from = longs(address, part, shared, false), reg = d.reg[std::size_t(part)];
    a_.vector(kBroadcast64, 0, 0, in_register(first(from, quarter(part), true)));
    a_.vector(kSub64, reg, from, in_register(0));
    a_.vector(kTest64, 1, reg, constant(kFarFromLongs, true), quarter(part));
    a_.mask(none_, false, kOrTest, 1, 0, 1, false);
    a_.jump_if(not_zero, slow);
    find_long(shared, slow);
    a_.vector(kShiftImm64, 2, reg, in_register(reg), 0, 3);
    a_.vector(kPermuteLongs, reg, reg, at(rax, 0));
  }
  a_.bind(back);
  aside(slow, back, [=, this](Label& handlers) {
    if (!shared) check_flat(address, 8, handlers);
    for (int part = 0; part < 4; ++part) {
      if (shared) check_long(address, part, handlers);
      all_lanes(quarter(part));
      a_.vector(kGatherLongs, d.reg[std::size_t(part)], 0, by_lane(shared ? r14 : rax, shared ? 3 : address.reg(part)), 1);
    }
  });
  bind(now().op[0], 8, d);
}

void Piece::store_long(bool shared) {
  const auto value = source(now().op[0], 8), address = source(now().op[1], shared ? 4 : 8);
  Label slow, back;
  if (address.uniform) {
    a_.jump(slow);
    return leave_to_handlers(slow);
  }
  if (!shared) {
    a_.move64_imm(rdx, ir::kParamWindow);
    a_.cmp64_mem(rdx, r15, window_field(now(), offsetof(Window, lo)));
    a_.jump_if(not_above, slow);
  }
  for (int part = 0; part < 4; ++part) {
    a_.vector(kSub64, 2, longs(address, part, shared, false), constant(kSteps64By8, false));
    a_.vector(kBroadcast64, 0, 0, in_register(first(2, quarter(part), true)));
    a_.vector(kCompare64, 1, 2, in_register(0), quarter(part), kDiffers);
    a_.mask(none_, false, kOrTest, 1, 0, 1, false);
    a_.jump_if(not_zero, slow);
    find_long(shared, slow);
    a_.vector(kStoreLooseLongs, value.reg(part), 0, at(rax, 0), quarter(part));
  }
  a_.bind(back);
  aside(slow, back, [=, this](Label& handlers) {
    if (!shared) {
      a_.move64_imm(rdx, ir::kParamWindow);
      a_.cmp64_mem(rdx, r15, window_field(now(), offsetof(Window, lo)));
      a_.jump_if(not_above, handlers);
      check_flat(address, 8, handlers);
    }
    for (int part = 0; part < 4; ++part) {
      if (shared) check_long(address, part, handlers);
      all_lanes(quarter(part));
      a_.vector(kScatterLongs, value.reg(part), 0, by_lane(shared ? r14 : rax, shared ? 3 : address.reg(part)), 1);
    }
  });
}

}  // namespace simt::jit
