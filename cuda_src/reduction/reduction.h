/* Reduction: the C interface of reduction.cu. Pointers are device pointers, sizes are in elements. */
#pragma once

#include "cuda_src/common/api.h"

typedef enum {
  PMPP_REDUCE_SUM,
  PMPP_REDUCE_MEAN,
  PMPP_REDUCE_MIN,
  PMPP_REDUCE_MAX,
  PMPP_REDUCE_ARGMIN,
  PMPP_REDUCE_ARGMAX,
  PMPP_REDUCE_ANY,
  PMPP_REDUCE_ALL,
} PmppReduceOp;

/* An array [outer, length, inner] is reduced to [outer, inner]; a whole array is [1, n, 1]. */
typedef struct {
  const void* in;
  void* out;
  size_t outer, length, inner;
  int dtype; /* bool, (u)int8 to (u)int64, float16, float32 or float64 */
  int op;    /* PmppReduceOp */
} pmpp_reduce_problem;

/* The result's dtype is NumPy's. Sum: that of floats, int64 of bool and signed integers, uint64 of unsigned ones. Mean: that
   of floats, float64 of others. Min and max: the input's. Argmin and argmax: int64, the first of equals. Any and all: bool.
   A NaN is the minimum, the maximum and true. Nothing has a sum of 0, a mean of NaN, no any and every all; min, max, argmin
   and argmax of nothing are PMPP_UNSUITABLE. Float sums have the same bits in every call.
   The workspace is aligned to 16; nothing of it is kept from call to call. */
PMPP_API int pmpp_reduce(const pmpp_reduce_problem* problem, void* workspace, size_t workspace_bytes, const char* variant,
                         cudaStream_t stream);
PMPP_API size_t pmpp_reduce_workspace(const pmpp_reduce_problem* problem, const char* variant);
PMPP_API const pmpp_variant* pmpp_reduce_variant(int i);
