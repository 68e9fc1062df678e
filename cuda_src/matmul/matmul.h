/* Matrix multiplication: the C interface of this folder. Pointers are device pointers, strides are in elements. */
#pragma once

#include "cuda_src/common/api.h"

enum { PMPP_MATMUL_BATCH_DIMS = 62 };

/* out[..., i, j] = sum over l of a[..., i, l] * b[..., l, j]. float16 and bfloat16 are summed in float32; the result has the
   operands' type. Every variant but "tensor_core" starts at +0 and goes through l in ascending order, with one rounding
   a step (fused multiply-add), and rounds to the type at the end: they all give the same bits. */
typedef struct {
  const void* a; /* m x k */
  const void* b; /* k x n */
  void* out;     /* m x n in C order, batch after batch; overlaps neither operand */
  size_t m, n, k;
  ptrdiff_t a_row, a_col, b_row, b_col; /* any; fast where one of an operand's two is 1 */
  int batch_ndim;
  size_t batch[PMPP_MATMUL_BATCH_DIMS]; /* the batch dimensions of the result, outermost first */
  ptrdiff_t a_batch[PMPP_MATMUL_BATCH_DIMS], b_batch[PMPP_MATMUL_BATCH_DIMS]; /* 0 where an operand is repeated */
  int dtype;
} pmpp_matmul_problem;

/* PMPP_UNSUPPORTED_DTYPE: float32 for "tensor_core". cudaErrorInvalidValue: m, n or k of 2^31 - 128 or more. */
PMPP_API int pmpp_matmul(const pmpp_matmul_problem* problem, const char* variant, cudaStream_t stream);
PMPP_API const pmpp_variant* pmpp_matmul_variant(int i);
