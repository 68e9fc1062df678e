/* Vector addition. Pointers are device pointers, sizes are in elements. */
#pragma once

#include "cuda_src/common/api.h"

/* out[i] = a[i] + b[i] for i < n; any integer or float type. Integers wrap around. `out` may be `a` or `b`, but not overlap them in part. */
PMPP_API int pmpp_vector_add(const void* a, const void* b, void* out, size_t n, int dtype, const char* variant,
                             cudaStream_t stream);
PMPP_API const pmpp_variant* pmpp_vector_add_variant(int i);
