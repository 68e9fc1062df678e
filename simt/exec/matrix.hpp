// Handlers of the matrix instructions, as the lowering asks for them.
#pragma once

#include "simt/exec/isa.hpp"
#include "simt/exec/warp.hpp"

namespace simt::exec {

/// mma and wmma.mma. Instr::list: the form's number, nothing, the rows of d, a, b, c.
Handler matrix_multiply_handler(Isa level);
/// wmma.load and wmma.store. Instr::list: the form's number, the site, the rows of the fragment, of the address (64 bits)
/// and of the stride (32 bits).
const Instr* run_matrix_load(Warp&, const Instr*);
const Instr* run_matrix_store(Warp&, const Instr*);
/// ldmatrix and stmatrix of 1, 2 or 4 matrices: the data rows, then the address (64 bits); stores the other
/// way round. Null: there is no such form.
Handler ldmatrix_handler(unsigned count, bool transposed);
Handler stmatrix_handler(unsigned count, bool transposed);
const Instr* run_movmatrix(Warp&, const Instr*);   ///< op: d, a

}  // namespace simt::exec
