// Matrix instructions: fragments gathered from all lanes' registers, multiplied, and given back; tiles to and from memory.
#include "simt/exec/matrix.hpp"

#include <algorithm>
#include <cstring>

#include "simt/exec/access.hpp"
#include "simt/exec/block.hpp"
#include "simt/ops/matrix.hpp"

namespace simt::exec {
namespace {

using u16 = std::uint16_t;
using u32 = std::uint32_t;
using u64 = std::uint64_t;
using ops::Fragment;
using ops::MatrixForm;

template <class T>
struct Cell {
  typedef T type __attribute__((may_alias));
};
template <class T>
typename Cell<T>::type* row(Warp& warp, std::int32_t offset) {
  return reinterpret_cast<typename Cell<T>::type*>(warp.regs + offset);
}

constexpr int kMost = 512;

/// These instructions are for whole warps. True: the handler must return `next`.
bool waits(Warp& warp, const Instr* instr, const Instr*& next) {
  if ((~warp.active & ~warp.dead) != 0 && (warp.pass & warp.active) != warp.active) {
    next = wait_for_lanes(warp, instr, kAllLanes);
    return true;
  }
  warp.pass &= ~warp.active;
  return false;
}
#define SIMT_WHOLE_WARP                              \
  const Instr* next_ = nullptr;                      \
  if (waits(warp, instr, next_)) return next_

void gather(Warp& warp, const Fragment& f, const std::int32_t* rows, u64* matrix) {
  const unsigned bits = f.wide ? 64 : 32 / f.per_register;
  const u64 mask = bits == 64 ? ~u64{0} : (u64{1} << bits) - 1;
  const u16* place = f.place.data();
  for (unsigned r = 0; r < f.registers; ++r)
    for (unsigned slot = 0; slot < f.per_register; ++slot, place += kLanes) {
      if (f.wide) {
        const auto* x = row<u64>(warp, rows[r]);
        for (int lane = 0; lane < kLanes; ++lane) matrix[place[lane]] = x[lane];
      } else {
        const auto* x = row<u32>(warp, rows[r]);
        for (int lane = 0; lane < kLanes; ++lane) matrix[place[lane]] = x[lane] >> (slot * bits) & mask;
      }
    }
}

void scatter(Warp& warp, const Fragment& f, const std::int32_t* rows, const u64* matrix) {
  const unsigned bits = f.wide ? 64 : 32 / f.per_register;
  for (unsigned r = 0; r < f.registers; ++r) {
    const u16* place = f.place.data() + r * f.per_register * kLanes;
    for (Mask left = warp.exec; left; left &= left - 1) {
      const int lane = __builtin_ctz(left);
      u64 value = 0;
      for (unsigned slot = 0; slot < f.per_register; ++slot) value |= matrix[place[slot * kLanes + lane]] << (slot * bits);
      if (f.wide) row<u64>(warp, rows[r])[lane] = value;
      else row<u32>(warp, rows[r])[lane] = static_cast<u32>(value);
    }
  }
}

template <Isa level>
const Instr* run_matrix_multiply(Warp& warp, const Instr* instr) {
  SIMT_WHOLE_WARP;
  const MatrixForm& form = ops::matrix_form(instr->list[0]);
  const std::int32_t* const d = instr->list + 2;
  const std::int32_t* const a = d + form.d.registers;
  const std::int32_t* const b = a + form.a.registers;
  const std::int32_t* const c = b + form.b.registers;
  u64 x[kMost], y[kMost], z[kMost], result[kMost];
  gather(warp, form.a, a, x);
  gather(warp, form.b, b, y);
  gather(warp, form.c, c, z);
  ops::multiply(form, ops::matrix_product(level), result, x, y, z);
  scatter(warp, form.d, d, result);
  return instr + 1;
}

/// Copies a matrix from or to memory, line by line of its memory layout; `image` has one element a place. False: a fault.
bool transfer(Warp& warp, const Instr* instr, const MatrixForm& form, u64 address, u32 stride, u64* image) {
  const Fragment& f = form.a;
  const unsigned bytes = ops::bits_of(f.element) / 8;
  const unsigned lines = form.by_columns ? f.columns : f.rows, length = form.by_columns ? f.rows : f.columns;
  const unsigned step = std::min(16u, length * bytes);   // what is checked and aligned at once
  const u32 site = static_cast<u32>(instr->list[1]);
  const int lane = __builtin_ctz(warp.active);
  for (unsigned line = 0; line < lines; ++line)
    for (unsigned at = 0; at < length * bytes; at += step) {
      const u64 where = address + u64{line} * stride * bytes + at;
      std::byte* host = host_at(warp, instr, site, where, step, lane);
      if (!host) return false;
      for (unsigned i = 0; i < step / bytes; ++i) {
        const unsigned along = at / bytes + i;
        u64& element = image[form.by_columns ? along * f.columns + line : line * f.columns + along];
        if (form.kind == MatrixForm::load) {
          element = 0;
          std::memcpy(&element, host + i * bytes, bytes);
        } else {
          std::memcpy(host + i * bytes, &element, bytes);
        }
      }
    }
  return true;
}

u64 of_first(Warp& warp, std::int32_t offset, bool wide) {
  const int lane = __builtin_ctz(warp.active);
  return wide ? row<u64>(warp, offset)[lane] : row<u32>(warp, offset)[lane];
}

/// 8x8 matrices of 16 bits: the row that a lane's address names, or the register that holds its two elements.
template <unsigned count, bool transposed, bool store>
const Instr* run_tiles(Warp& warp, const Instr* instr) {
  SIMT_WHOLE_WARP;
  alignas(16) u16 tile[count][8][8];
  const auto* address = row<u64>(warp, instr->op[store ? 0 : count]);
  const std::int32_t* data = instr->op + (store ? 1 : 0);
  auto element = [&](unsigned t, int lane, int half) -> u16& {
    const int along = lane % 4 * 2 + half, group = lane / 4;
    return transposed ? tile[t][along][group] : tile[t][group][along];
  };
  if (store)
    for (unsigned t = 0; t < count; ++t)
      for (int lane = 0; lane < kLanes; ++lane)
        for (int half = 0; half < 2; ++half) element(t, lane, half) = static_cast<u16>(row<u32>(warp, data[t])[lane] >> (16 * half));
  for (unsigned t = 0; t < count; ++t)
    for (int r = 0; r < 8; ++r) {
      const int lane = static_cast<int>(8 * t) + r;
      if ((warp.active >> lane & 1) == 0) {   // a lane that does not exist names no row
        std::memset(tile[t][r], 0, 16);
        continue;
      }
      std::byte* host = host_of(warp, instr, address[lane] + u64(std::int64_t{instr->mem.offset}), 16, lane);
      if (!host) return nullptr;
      if (store) std::memcpy(host, tile[t][r], 16);
      else std::memcpy(tile[t][r], host, 16);
    }
  if (!store)
    for (unsigned t = 0; t < count; ++t)
      for (Mask left = warp.exec; left; left &= left - 1) {
        const int lane = __builtin_ctz(left);
        row<u32>(warp, data[t])[lane] = element(t, lane, 0) | u32{element(t, lane, 1)} << 16;
      }
  return instr + 1;
}

template <bool store>
Handler tiles(unsigned count, bool transposed) {
  switch (count) {
    case 1: return transposed ? run_tiles<1, true, store> : run_tiles<1, false, store>;
    case 2: return transposed ? run_tiles<2, true, store> : run_tiles<2, false, store>;
    case 4: return transposed ? run_tiles<4, true, store> : run_tiles<4, false, store>;
    default: return nullptr;
  }
}

}  // namespace

Handler matrix_multiply_handler(Isa level) {
  switch (level) {
#define SIMT_CASE(l) case Isa::l: return run_matrix_multiply<Isa::l>;
    SIMT_FOR_EACH_ISA(SIMT_CASE)
#undef SIMT_CASE
  }
  return nullptr;
}
Handler ldmatrix_handler(unsigned count, bool transposed) { return tiles<false>(count, transposed); }
Handler stmatrix_handler(unsigned count, bool transposed) { return tiles<true>(count, transposed); }

const Instr* run_matrix_load(Warp& warp, const Instr* instr) {
  SIMT_WHOLE_WARP;
  const MatrixForm& form = ops::matrix_form(instr->list[0]);
  const std::int32_t* const d = instr->list + 2;
  u64 image[kMost];
  const u64 address = of_first(warp, d[form.a.registers], true);
  const u32 stride = static_cast<u32>(of_first(warp, d[form.a.registers + 1], false));
  if (!transfer(warp, instr, form, address, stride, image)) return nullptr;
  scatter(warp, form.a, d, image);
  return instr + 1;
}

const Instr* run_matrix_store(Warp& warp, const Instr* instr) {
  SIMT_WHOLE_WARP;
  const MatrixForm& form = ops::matrix_form(instr->list[0]);
  const std::int32_t* const rows = instr->list + 2; 
  u64 image[kMost];
  gather(warp, form.a, rows, image);
  const u64 address = of_first(warp, rows[form.a.registers], true);
  const u32 stride = static_cast<u32>(of_first(warp, rows[form.a.registers + 1], false));
  if (!transfer(warp, instr, form, address, stride, image)) return nullptr;
  return instr + 1;
}

/// movmatrix: the transpose of an 8x8 matrix of 16 bits.
const Instr* run_movmatrix(Warp& warp, const Instr* instr) {
  SIMT_WHOLE_WARP;
  u16 tile[8][8];
  const auto* a = row<u32>(warp, instr->op[1]);
  for (int lane = 0; lane < kLanes; ++lane)
    for (int half = 0; half < 2; ++half) tile[lane / 4][lane % 4 * 2 + half] = static_cast<u16>(a[lane] >> (16 * half));
  for (Mask left = warp.exec; left; left &= left - 1) {
    const int lane = __builtin_ctz(left);
    row<u32>(warp, instr->op[0])[lane] = tile[lane % 4 * 2][lane / 4] | u32{tile[lane % 4 * 2 + 1][lane / 4]} << 16;
  }
  return instr + 1;
}

}  // namespace simt::exec
