/* Conversion between element types. */
#pragma once

#include "cuda_src/common/api.h"

/* to[i] = from[i] for i < n, as C converts; integers that are too large for a narrow type wrap around. From int32, int64, uint32,
   uint64, float32 or float64 to any of api.h but bfloat16. The arrays do not overlap. */
PMPP_API int pmpp_convert(const void* from, int from_dtype, void* to, int to_dtype, size_t n, cudaStream_t stream);
