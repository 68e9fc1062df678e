// Matrix instructions: which element of a matrix lies in which register of which lane, and the product of two matrices.
//
// mma.sync and ldmatrix have the layouts that PTX documents. PTX leaves the layout of wmma fragments open: here lane
// after lane holds consecutive elements of the matrix in row order, and small matrices are held several times.
// Products are summed in the order of k on top of the accumulator, in float (double for f64, exact for integers), each
// step rounded to nearest; hardware may group and round otherwise within what PTX allows. The half-precision
// accumulator is rounded once, at the end.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "simt/exec/isa.hpp"
#include "simt/ptx/ast.hpp"

namespace simt::ops {

enum class Element : std::uint8_t { f16, bf16, tf32, f32, f64, s8, u8, s32, e4m3, e5m2 };
unsigned bits_of(Element);

/// One operand: `registers` of every lane hold `rows` x `columns` elements.
struct Fragment {
  Element element = Element::f32;
  std::uint8_t rows = 0, columns = 0, registers = 0, per_register = 1;
  bool wide = false;                       ///< 64-bit registers
  std::vector<std::uint16_t> place;        ///< [(register * per_register + slot) * 32 + lane] -> row * columns + column
};

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

/// c += a * b, row by row.
using MatrixProduct = void (*)(float* c, const float* a, const float* b, int m, int n, int k);
MatrixProduct matrix_product(exec::Isa level);

/// d = a * b + c on register images: each array holds a matrix in row order, one element a place.
void multiply(const MatrixForm& form, MatrixProduct product, std::uint64_t* d, const std::uint64_t* a,
              const std::uint64_t* b, const std::uint64_t* c);

}  // namespace simt::ops
