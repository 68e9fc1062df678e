// The registers of a piece, and the function around its instructions.
#include "simt/jit/piece.hpp"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <new>

#include "simt/exec/block.hpp"
#include "simt/exec/handlers.hpp"
#include "simt/exec/probe.hpp"

namespace simt::jit {

using exec::Gang;
using exec::Instr;
using exec::Warp;

namespace {
constexpr std::size_t kNever = std::numeric_limits<std::size_t>::max();
/// The frame, in lines of the cache: room for the offsets and values of an atomic operation, the guard of the branch behind
/// (whether it holds in some lanes, in all), and the caller's stack pointer.
constexpr std::int32_t kSome = 256, kAll = 260, kCallers = 264, kFrame = 272;
constexpr std::int32_t disp_of(std::int32_t row, int part) { return row + 64 * part; }
}  // namespace

void write_constants(Assembler& assembler) {
  auto& bytes = assembler.bytes;
  bytes.assign(kConstantBytes, 0);
  const auto put = [&](std::int32_t at, auto value) { std::memcpy(&bytes[std::size_t(at)], &value, sizeof value); };
  for (int k = 0; k < 16; ++k) {
    put(kSteps32 + 4 * k, std::uint32_t(4 * k));
    put(kSteps64 + 8 * k, std::uint64_t(4 * k));
    put(kEvenWords + 4 * k, std::uint32_t(2 * k));
    put(kOddWords + 4 * k, std::uint32_t(k % 2 == 0 ? k + 1 : 16 + k));
  }
  for (int k = 0; k < 32; ++k) put(kByteSteps64 + 8 * k, std::uint64_t(k));
  put(kFarWord, ~std::uint32_t{60});
  put(kThree32, std::uint32_t{3});
  put(kFarLong, ~std::uint64_t{60});
  put(kThree64, std::uint64_t{3});
  put(kNan, std::uint32_t{0x7fffffff});
  put(kSign32, std::uint32_t{1} << 31);
  put(kRest32, ~(std::uint32_t{1} << 31));
  put(kFarFromLongs, ~std::uint64_t{56});
  put(kSeven64, std::uint64_t{7});
  put(kSign64, std::uint64_t{1} << 63);
  put(kRest64, ~(std::uint64_t{1} << 63));
  for (int k = 0; k < 8; ++k) put(kSteps64By8 + 8 * k, std::uint64_t(8 * k));
}

bool finish(Warp& warp, const Instr* from, const Instr* end) noexcept {
  try {
    // Its probes have been called.
    const auto* probed = warp.worker->probed;
    if (probed && from != end && probed[from->origin]) from = probed[from->origin]->run(warp, from);
    while (from && from != end) from = from->run(warp, from);
    return from != nullptr;
  } catch (const std::bad_alloc&) {   // the frames of pieces cannot be unwound
    exec::out_of_memory(*warp.worker->grid, 0);
    warp.state = Warp::faulted;
    return false;
  }
}

const void* windows(Gang& gang) noexcept { return gang.warps[0]->worker->windows.data(); }

Piece::Piece(Assembler& assembler, const ir::Code& code, const Rows& rows, std::size_t begin, std::size_t end, bool masked,
             bool apart)
    : a_(assembler), code_(code), rows_(rows), begin_(begin), end_(end), masked_(masked), apart_(apart) {
  owner_.fill(kFree);
  for (auto n = begin; n < end; ++n) {
    const auto& operands = code.operands[n];
    const auto what = form_of(code.instrs[n].run)->what;
    flat_ |= what == Do::load || what == Do::load_byte || what == Do::store || what == Do::load_long || what == Do::store_long;
    for (unsigned k = 0; k < operands.count; ++k)
      if (!(operands.writes >> k & 1)) held_[code.instrs[n].op[k]].reads.push_back(n);
  }
  constexpr Gpr bases[2][2] = {{r8, r9}, {r10, r11}};
  for (std::size_t k = 0; k < windows_.size(); ++k) windows_[k].base = {bases[k][0], bases[k][1]};
}

std::size_t Piece::compile() {
  write_tables();
  const auto entry = a_.bytes.size();
  const auto address = [](const void* p) { return reinterpret_cast<std::uint64_t>(p); };
  constexpr Gpr kept[] = {rbx, rbp, r12, r13, r14, r15};
  for (auto r : kept) a_.push(r);
  a_.move64(rax, rsp);
  a_.sub64_imm(rsp, kFrame);
  a_.and64_imm(rsp, -64);
  a_.store64(rsp, kCallers, rax);
  a_.move64(rbx, rdi);
  if (flat_) {
    a_.move64_imm(rax, address(reinterpret_cast<const void*>(&windows)));
    a_.call(rax);
    a_.move64(r15, rax);
  }
  a_.load64(rax, rbx, offsetof(Gang, warps));
  a_.load64(r14, rax, offsetof(Warp, shared));
  a_.xor32(r12, r12);
  const auto& last = code_.instrs[end_];
  const bool branches = !masked_ && !apart_ && last.run == exec::run_branch;
  if (branches) {
    a_.store32_imm(rsp, kSome, 0);
    a_.store32_imm(rsp, kAll, -1);
  }
  Label loop, out;
  a_.bind(loop);
  a_.load64_indexed(rbp, rbx, r12, 3, offsetof(Gang, regs));
  a_.load64_indexed(r13, rbx, r12, 3, offsetof(Gang, warps));
  if (masked_) {
    constexpr auto active = std::int32_t(offsetof(Warp, active));
    a_.load_mask(r13, active, half(0), 2);
    a_.load_mask(r13, active + 2, half(1), 2);
    a_.load_mask(r13, active + 1, quarter(1), 1);
    a_.load_mask(r13, active + 3, quarter(3), 1);
  }
  for (n_ = begin_; n_ < end_; ++n_) {
    instruction();
    pinned_.clear();
    for (int reg = kScratch; reg < 32; ++reg)
      if (owner_[std::size_t(reg)] == kPinned) release(reg);
    for (auto& [row, held] : held_)
      if (held.held && (!rows_.live(n_ + 1, row) || (!held.dirty && next_read(held) == kNever))) drop(row);
    for (auto& windows : windows_)
      if (windows.valid && windows.loads.back() <= n_) close_windows(windows);
  }
  for (auto& [row, held] : held_)
    if (held.held && held.dirty) store(row, held);
  a_.bind(next_);
  if (branches) {
    a_.load32(rax, rbp, last.guard & ~3);
    a_.or32_to(rsp, kSome, rax);
    a_.and32_to(rsp, kAll, rax);
  }
  a_.add64_imm(r12, 1);
  a_.cmp32_mem(r12, rbx, offsetof(Gang, count));
  a_.jump_if(below, loop);
  // Where all lanes go the same way, the branch is done as well.
  const Instr *on = &last, *target = &last + last.jump.target;
  if (!masked_ && !apart_ && last.run == exec::run_jump) on = target;
  if (!masked_ && !apart_ && last.run == exec::run_join) on = &last + 1;
  if (branches) {
    const Instr *if_none = &last + 1, *if_all = target;
    if (last.guard & 1) std::swap(if_none, if_all);
    a_.load32(rcx, rsp, kSome);
    a_.move64_imm(rax, address(if_none));
    a_.test32_imm(rcx, -1);
    a_.jump_if(zero, out);
    a_.load32(rcx, rsp, kAll);
    a_.move64_imm(rax, address(if_all));
    a_.add32_imm(rcx, 1);
    a_.jump_if(zero, out);
  }
  a_.move64_imm(rax, address(on));
  a_.bind(out);
  a_.vzeroupper();
  a_.load64(rsp, rsp, kCallers);
  for (auto r = std::rbegin(kept); r != std::rend(kept); ++r) a_.pop(*r);
  a_.ret();
  for (std::size_t k = 0; k < asides_.size(); ++k) asides_[k]();
  a_.bind(done_);   // the rest is the handlers'; rsi says from where
  a_.move64(rdi, r13);
  a_.move64_imm(rdx, address(&code_.instrs[end_]));
  a_.move64_imm(rax, address(reinterpret_cast<const void*>(&finish)));
  a_.vzeroupper();
  a_.call(rax);
  a_.test8(rax);
  a_.jump_if(not_zero, next_);
  a_.xor32(rax, rax);
  a_.jump(out);
  return entry;
}

// ---- registers ------------------------------------------------------------------------------------------------------

std::size_t Piece::next_read(const Held& held) const {
  const auto at = std::upper_bound(held.reads.begin(), held.reads.end(), n_);
  return at == held.reads.end() ? kNever : *at;
}

int Piece::take() {
  for (;;) {
    for (int reg = kScratch; reg < 32; ++reg)
      if (owner_[std::size_t(reg)] == kFree) {
        owner_[std::size_t(reg)] = kPinned;
        return reg;
      }
    evict();
  }
}

/// Whoever is needed last makes room.
void Piece::evict() {
  std::size_t latest = 0;
  std::int32_t loser = -1;
  Windows* closing = nullptr;
  for (const auto& [row, held] : held_) {
    if (!held.held || pinned_.contains(row)) continue;
    const auto next = next_read(held);
    if (next >= latest) latest = next, loser = row;
  }
  for (auto& windows : windows_) {
    if (!windows.valid || pinned_.contains(windows.row)) continue;
    const auto next = std::upper_bound(windows.loads.begin(), windows.loads.end(), n_);
    if (next != windows.loads.end() && *next > latest) latest = *next, closing = &windows;
  }
  if (closing) return close_windows(*closing);
  auto& held = held_[loser];
  if (held.dirty) store(loser, held);
  drop(loser);
}

void Piece::drop(std::int32_t row) {
  auto& held = held_[row];
  for (int part = 0; part < held.parts() && held.held; ++part) release(held.reg[std::size_t(part)]);
  held.held = held.dirty = held.any_nan = false;
}

void Piece::close_windows(Windows& windows) {
  if (windows.valid)
    for (int index : windows.index) release(index);
  windows.valid = false;
}

/// `memory`: a place in the register file will do. `nan_matters`: the bits of a NaN do.
Piece::Source Piece::source(std::int32_t row, unsigned lane, bool memory, bool nan_matters) {
  auto& held = held_[row];
  Source s;
  if (!held.held) {
    held.lane = std::uint8_t(lane);
    held.uniform = lane >= 4 && rows_.uniform(row);
    const int parts = held.parts();
    s.uniform = held.uniform;
    const auto place = [&](int part) { return held.uniform ? each(rbp, row) : at(rbp, disp_of(row, part)); };
    if (memory && next_read(held) == kNever) {
      s.memory = true;
      for (int part = 0; part < parts; ++part) s.place[std::size_t(part)] = place(part);
      return s;
    }
    pinned_.insert(row);
    for (int part = 0; part < parts; ++part) {
      const int reg = held.reg[std::size_t(part)] = take();
      if (held.uniform) a_.vector(lane == 8 ? kBroadcast64 : kBroadcast32, reg, 0, at(rbp, row));
      else a_.vector(kMove, reg, 0, place(part));
    }
    for (int part = 0; part < parts; ++part) owner_[std::size_t(held.reg[std::size_t(part)])] = row;
    held.held = true;
    held.dirty = held.any_nan = false;
  }
  pinned_.insert(row);
  if (nan_matters && held.any_nan) {
    settle(held);
    held.any_nan = false;
  }
  s.uniform = held.uniform;
  for (int part = 0; part < held.parts(); ++part) s.place[std::size_t(part)] = in_register(held.reg[std::size_t(part)]);
  return s;
}

Piece::Result Piece::result(unsigned lane, bool uniform) {
  Result r;
  r.uniform = uniform;
  r.parts = uniform ? 1 : int(lane) / 2;
  for (int part = 0; part < r.parts; ++part) r.reg[std::size_t(part)] = take();
  return r;
}

void Piece::bind(std::int32_t row, unsigned lane, const Result& result, bool any_nan) {
  for (auto& windows : windows_)
    if (windows.valid && windows.row == row) close_windows(windows);
  drop(row);
  auto& held = held_[row];
  held.lane = std::uint8_t(lane);
  held.held = held.dirty = true;
  held.uniform = result.uniform;
  held.any_nan = any_nan;
  held.reg = result.reg;
  for (int part = 0; part < result.parts; ++part) owner_[std::size_t(result.reg[std::size_t(part)])] = row;
}

void Piece::settle(const Held& held) {
  for (int part = 0; part < held.parts(); ++part) {
    const int reg = held.reg[std::size_t(part)];
    a_.vector(kCompareSingle, 1, reg, in_register(reg), 0, 3);
    a_.vector(kBroadcast32, reg, 0, constant(kNan, false), 1);
  }
}

void Piece::store(std::int32_t row, const Held& held) {
  if (held.any_nan) settle(held);
  for (int part = 0; part < int(held.lane) / 2; ++part) {
    const int reg = held.reg[held.uniform ? 0 : std::size_t(part)];
    const auto place = at(rbp, disp_of(row, part));
    if (!masked_) {
      a_.vector(kStore, reg, 0, place);
      continue;
    }
    // Blended, and stored as a whole: what reads it soon finds it whole.
    if (held.lane == 2) a_.load_mask(r13, offsetof(Warp, active), 3, 4);
    a_.vector(kMove, 5, 0, place);
    a_.vector(held.lane == 2 ? kMove16 : held.lane == 4 ? kMove32 : kMove, 5, 0, in_register(reg),
              held.lane == 2 ? 3 : held.lane == 4 ? half(part) : quarter(part));
    a_.vector(kStore, 5, 0, place);
  }
}

/// A predicate, in the lanes that execute.
void Piece::store_predicate(std::int32_t row, Gpr value) {
  if (masked_) {
    a_.load32(rcx, r13, offsetof(Warp, active));
    a_.and32(value, rcx);
    a_.not32(rcx);
    a_.and32_mem(rcx, rbp, row);
    a_.or32(value, rcx);
  }
  a_.store32(rbp, row, value);
}

Piece::State Piece::state() const {
  State state;
  for (const auto& [row, held] : held_) {
    if (!held.held || !held.dirty || !rows_.live(n_, row)) continue;
    state.push_back({row, held});
    state.back().held.reads.clear();
  }
  return state;
}

void Piece::aside(Label& from, Label& back, std::function<void(Label&)> body) {
  asides_.push_back([this, from, back, body = std::move(body), n = n_, before = state()]() mutable {
    Label slow;
    n_ = n;
    a_.bind(from);
    body(slow);
    a_.jump(back);
    if (!slow.uses.empty()) leave(slow, n, before);
  });
}

void Piece::leave_to_handlers(Label& from) {
  asides_.push_back([this, from, n = n_, before = state()]() mutable { leave(from, n, before); });
}

void Piece::leave(Label& from, std::size_t n, const State& state) {
  a_.bind(from);
  for (const auto& [row, held] : state) store(row, held);
  a_.move64_imm(rsi, reinterpret_cast<std::uint64_t>(&code_.instrs[n]));
  a_.jump(done_);
}

}  // namespace simt::jit
