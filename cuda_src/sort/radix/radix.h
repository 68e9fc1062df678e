/* Radix sort: the C interface of radix.cu. Pointers are device pointers, sizes are in elements. */
#pragma once

#include "cuda_src/common/api.h"

typedef struct {
  const void* keys;   /* bool, (u)int8 to (u)int64, float16, float32 or float64 */
  void* keys_out;     /* may be `keys`; null if the sorted keys are not wanted */
  const void* values; /* null: the positions 0, 1, 2 ..., as int64 */
  void* values_out;   /* may be `values` */
  size_t n;
  int dtype;          /* of the keys */
  size_t value_bytes; /* 1, 2, 4 or 8; 0: there are no values */
  int descending;     /* the reverse order; equal keys still keep theirs */
  int begin_bit, end_bit; /* only these bits of the encoded key count; 0 and the key's width for all */
  size_t most_per_launch; /* of the last rung, which counts in 30 bits: 0 for the most that this allows */
} pmpp_radix_problem;

/* Sorts stably. Floats: -0.0 equals +0.0, all NaN are equal and follow +inf. The encoded key is the unsigned integer whose
   order is that of the keys: for signed integers the sign bit is flipped, for floats also the other bits of negative ones.
   The workspace is aligned to 256; nothing of it is kept from call to call. */
PMPP_API int pmpp_radix_sort(const pmpp_radix_problem* problem, void* workspace, size_t workspace_bytes, const char* variant,
                             cudaStream_t stream);
PMPP_API size_t pmpp_radix_sort_workspace(const pmpp_radix_problem* problem, const char* variant);
PMPP_API const pmpp_variant* pmpp_radix_sort_variant(int i);
