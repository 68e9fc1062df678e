// Matrix instructions: which element of a matrix lies in which register of which lane, and the product of two matrices.
//
// mma.sync and ldmatrix have the layouts that PTX documents. PTX leaves the layout of wmma fragments open: here the
// register rows, one after the other, hold the matrix in row order, and small matrices are held several times. So a
// fragment is read and written as it lies. Element i of an accumulator's lane has the same place in f16 and in f32.
// Products are summed in the order of k on top of the accumulator, in float (double for f64, exact for integers), each
// step rounded to nearest; hardware may group and round otherwise within what PTX allows. The half-precision
// accumulator is rounded once, at the end.
#pragma once

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "simt/exec/isa.hpp"
#include "simt/ops/lane_math.hpp"
#include "simt/ptx/ast.hpp"

namespace simt::ops {

enum class Element : std::uint8_t { f16, bf16, tf32, f32, f64, s8, u8, s32, e4m3, e5m2 };
unsigned bits_of(Element);

/// Where the elements of a fragment are. Register r of lane l holds elements number (32 r + l) * per_register and on:
enum class Order : std::uint8_t {
  straight,   ///< of the matrix, by rows, again from the start where registers are left over
  spread,     ///< no: slot s of lane l is element 32 * (r * per_register + s) + l
  left,       ///< of blocks of 8 rows and 4 registers' elements, which follow each other downwards, then to the right
  right,      ///< of such blocks of the transposed matrix
  pairs,      ///< of the matrix, where registers 2h and 2h + 1 take turns
};

/// One operand: `registers` of every lane hold `rows` x `columns` elements.
struct Fragment {
  Element element = Element::f32;
  std::uint8_t rows = 0, columns = 0, registers = 0, per_register = 1;
  bool wide = false;                       ///< 64-bit registers
  Order order = Order::straight;
};
constexpr unsigned kMostElements = 512;    ///< of a matrix

struct MatrixForm {
  enum Kind : std::uint8_t { multiply, load, store } kind = multiply;
  Fragment a, b, c, d;                     ///< a load or store has `a` only
  std::uint8_t m = 0, n = 0, k = 0;
  bool clamps = false;                     ///< .satfinite: integer sums do not wrap
  bool by_columns = false;                 ///< memory layout of a load or store
  ptx::Space space = ptx::Space::none;
};

/// The number of mma's or wmma's form in a table that lives as long as the process; -1 and an error if there is none.
int find_matrix_form(const ptx::Instruction& instruction, std::string& error);
const MatrixForm& matrix_form(int number);

/// d = a * b + c on the registers of a warp: `rows` are those of d, a, b and c, and `lanes` those that get results.
using MatrixProduct = void (*)(const MatrixForm& form, std::byte* registers, const std::int32_t* rows, std::uint32_t lanes);
MatrixProduct matrix_product(exec::Isa level);

/// What the 256 images of e4m3 or e5m2 stand for.
const float* values_of_bytes(Element element);

}  // namespace simt::ops

namespace simt::ops::SIMT_OPS_NAMESPACE {

/// `to` gets the elements of 16 bytes from `low` and `high` in turn.
template <class T>
SIMT_LANE void interleave(const T* low, const T* high, T* to) {
#if defined(__SSE2__)
  const auto a = _mm_loadu_si128(reinterpret_cast<const __m128i*>(low)), b = _mm_loadu_si128(reinterpret_cast<const __m128i*>(high));
  __m128i first, second;
  if constexpr (sizeof(T) == 1) first = _mm_unpacklo_epi8(a, b), second = _mm_unpackhi_epi8(a, b);
  else if constexpr (sizeof(T) == 2) first = _mm_unpacklo_epi16(a, b), second = _mm_unpackhi_epi16(a, b);
  else if constexpr (sizeof(T) == 4) first = _mm_unpacklo_epi32(a, b), second = _mm_unpackhi_epi32(a, b);
  else first = _mm_unpacklo_epi64(a, b), second = _mm_unpackhi_epi64(a, b);
  _mm_storeu_si128(reinterpret_cast<__m128i*>(to), first);
  _mm_storeu_si128(reinterpret_cast<__m128i*>(to) + 1, second);
#else
  for (unsigned i = 0; i < 16 / sizeof(T); ++i) {
    to[2 * i] = low[i];
    to[2 * i + 1] = high[i];
  }
#endif
}

/// Exchanges rows and columns of a matrix of `1 << bits` rows that has `elements`, a multiple of 32, by way of `other`.
/// Gives where it is then.
template <class T>
SIMT_LANE T* transposed(T* matrix, T* other, unsigned elements, unsigned bits) {
  // Interleaving the halves moves the highest bit of an element's number to the lowest place.
  for (; bits > 0; --bits) {
    for (unsigned i = 0; i < elements / 2; i += 16 / sizeof(T)) interleave(matrix + i, matrix + elements / 2 + i, other + 2 * i);
    T* const made = other;
    other = matrix;
    matrix = made;
  }
  return matrix;
}

}  // namespace simt::ops::SIMT_OPS_NAMESPACE
