// Matrix instructions: when they happen, and tiles from memory and to it. The products are in simt/ops.
#include "simt/exec/matrix.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#include "simt/exec/access.hpp"
#include "simt/exec/block.hpp"
#include "simt/exec/tell.hpp"
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

template <Isa level>
const Instr* run_matrix_multiply(Warp& warp, const Instr* instr) {
  SIMT_WHOLE_WARP;
  ops::matrix_product(level)(ops::matrix_form(instr->list[0]), warp.regs, instr->list + 2, warp.exec);
  return instr + 1;
}

u64 of_first(Warp& warp, std::int32_t offset, bool wide) {
  const int lane = __builtin_ctz(warp.active);
  return wide ? row<u64>(warp, offset)[lane] : row<u32>(warp, offset)[lane];
}

/// A matrix in memory: lines of so many bytes, `stride` bytes apart.
struct Tile {
  u64 address, stride;
  unsigned lines, bytes;
};

/// Copies a tile between memory and `image`, where its lines follow each other. False: a fault.
template <bool loads>
bool transfer(Warp& warp, const Instr* instr, const Tile& tile, std::byte* image) {
  const unsigned step = std::min(16u, tile.bytes);   // what is aligned
  const u32 site = static_cast<u32>(instr->list[1]);
  auto copy = [](std::byte* host, std::byte* here, unsigned bytes) {
    if (loads) std::memcpy(here, host, bytes);
    else std::memcpy(host, here, bytes);
  };
  // The bytes from its first to its last one are mostly in one piece of memory.
  const u64 length = (tile.lines - 1) * tile.stride + tile.bytes;
  const bool aligned = ((tile.address | tile.stride) & (step - 1)) == 0;
  if (std::byte* host = aligned ? reach(warp, instr, site, tile.address, length) : nullptr) {
    if (tile.bytes == 32) {
      for (unsigned line = 0; line < tile.lines; ++line, host += tile.stride, image += 32) copy(host, image, 32);
      return true;
    }
    for (unsigned line = 0; line < tile.lines; ++line, host += tile.stride)
      for (unsigned at = 0; at < tile.bytes; at += step, image += step)
        if (step == 16) copy(host + at, image, 16);
        else copy(host + at, image, step);
    return true;
  }
  const int lane = __builtin_ctz(warp.active);
  for (unsigned line = 0; line < tile.lines; ++line)
    for (unsigned at = 0; at < tile.bytes; at += step, image += step) {
      std::byte* host = host_at(warp, instr, site, tile.address + line * tile.stride + at, step, lane);
      if (!host) return false;
      copy(host, image, step);
    }
  return true;
}

/// wmma.load and wmma.store: rows of registers are the image of the matrix by rows, except that halves may lie 32 apart.
/// Tells observers of it.
void tell_transfer(const Warp& warp, const Instr* instr, const MatrixForm& form, const Tile& tile, unsigned bytes, bool loads) {
  const unsigned per_register = bytes < 4 ? 4 / bytes : 1;
  tell_tile(warp, instr, {tile.address, tile.stride, tile.lines, tile.bytes, loads ? std::min(16u, tile.bytes) : bytes, loads,
                          __builtin_ctz(warp.active), 31 - __builtin_clz(warp.active),
                          form.by_columns ? 1u : form.a.columns, form.by_columns ? form.a.columns : 1u,
                          form.a.order == ops::Order::straight ? per_register : 1u});
}

template <class T, bool loads>
const Instr* run_matrix_access(Warp& warp, const Instr* instr, const MatrixForm& form) {
  const Fragment& f = form.a;
  const std::int32_t* const rows = instr->list + 2;
  constexpr unsigned per_register = sizeof(T) < 4 ? 4 / sizeof(T) : 1, each = kLanes * per_register;
  const unsigned elements = unsigned{f.rows} * f.columns;
  const unsigned lines = form.by_columns ? f.columns : f.rows;
  Tile tile{of_first(warp, rows[f.registers], true), sizeof(T) * of_first(warp, rows[f.registers + 1], false), lines,
            static_cast<unsigned>(sizeof(T)) * (elements / lines)};
  alignas(64) T matrix[ops::kMostElements], other[ops::kMostElements];
  if (observed(warp)) tell_transfer(warp, instr, form, tile, sizeof(T), loads);
  const auto bytes = [](T* of) { return reinterpret_cast<std::byte*>(of); };
  auto turned = [&](unsigned from) { return form.by_columns ? ops::scalar::transposed(matrix, other, elements, std::countr_zero(from)) : matrix; };
  if (!loads) {
    for (unsigned r = 0; r * each < elements; ++r) {
      const std::byte* const from = warp.regs + rows[r];
      if (f.order == ops::Order::straight) std::memcpy(matrix + r * each, from, sizeof(T) * each);
      else
        for (int lane = 0; lane < kLanes; ++lane)
          for (int slot = 0; slot < 2; ++slot) std::memcpy(matrix + r * each + slot * kLanes + lane, from + 4 * lane + 2 * slot, 2);
    }
    return transfer<false>(warp, instr, tile, bytes(turned(f.rows))) ? instr + 1 : nullptr;
  }
  if (!transfer<true>(warp, instr, tile, bytes(matrix))) return nullptr;
  const T* const image = turned(f.columns);
  for (unsigned r = 0; r < f.registers; ++r) {
    const T* from = image + r * each % elements;
    T spread[2 * kLanes];
    if (f.order != ops::Order::straight) {
      for (int lane = 0; lane < kLanes; ++lane)
        for (int slot = 0; slot < 2; ++slot) spread[2 * lane + slot] = from[slot * kLanes + lane];
      from = spread;
    }
    if (warp.exec == kAllLanes) {
      std::memcpy(warp.regs + rows[r], from, sizeof(T) * each);
      continue;
    }
    constexpr unsigned size = sizeof(T) * per_register;
    for (Mask left = warp.exec; left; left &= left - 1) {
      const auto lane = static_cast<unsigned>(__builtin_ctz(left));
      std::memcpy(warp.regs + rows[r] + size * lane, from + per_register * lane, size);
    }
  }
  return instr + 1;
}
template <bool loads>
const Instr* run_matrix_access(Warp& warp, const Instr* instr) {
  SIMT_WHOLE_WARP;
  const MatrixForm& form = ops::matrix_form(instr->list[0]);
  switch (ops::bits_of(form.a.element)) {
    case 8: return run_matrix_access<std::uint8_t, loads>(warp, instr, form);
    case 16: return run_matrix_access<u16, loads>(warp, instr, form);
    case 32: return run_matrix_access<u32, loads>(warp, instr, form);
    default: return run_matrix_access<u64, loads>(warp, instr, form);
  }
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
      if (store && observed(warp)) tell_access(warp, instr, lane, address[lane] + u64(std::int64_t{instr->mem.offset}), 16, ir::AccessKind::store);
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

const Instr* run_matrix_load(Warp& warp, const Instr* instr) { return run_matrix_access<true>(warp, instr); }
const Instr* run_matrix_store(Warp& warp, const Instr* instr) { return run_matrix_access<false>(warp, instr); }

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
