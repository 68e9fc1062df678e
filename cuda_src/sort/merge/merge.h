/* Merging and merge sort: the C interface of merge.cu. Pointers are device pointers, sizes are in elements. */
#pragma once

#include "cuda_src/common/api.h"

/* Keys are bool, (u)int8 to (u)int64, float16, float32 or float64. Their order is that of the radix sort: -0.0 equals +0.0, all
   NaN are equal and follow +inf; keys keep their bits, and equal ones their order. Workspaces are aligned to 256; nothing of
   them is kept from call to call. */

/* Merges a[a_count] and b[b_count], both in order; of equal keys those of `a` come first. `out` overlaps neither. If one of them
   is not in order, the result is some of their keys in some order. */
PMPP_API int pmpp_merge(const void* a, size_t a_count, const void* b, size_t b_count, void* out, int dtype, const char* variant,
                        cudaStream_t stream);
PMPP_API const pmpp_variant* pmpp_merge_variant(int i);

/* Sorts stably. `out` may be `keys`. */
PMPP_API int pmpp_merge_sort(const void* keys, void* out, size_t n, int dtype, void* workspace, size_t workspace_bytes,
                             const char* variant, cudaStream_t stream);
PMPP_API size_t pmpp_merge_sort_workspace(size_t n, int dtype, const char* variant);
