/* A copy of an array that does not lie in C order. */
#pragma once

#include "cuda_src/common/api.h"

enum { PMPP_MAX_DIMENSIONS = 32 };

/* to[i] = the i-th element, in C order, of the array at `from`. `strides` are in bytes, of either sign. More dimensions than
   PMPP_MAX_DIMENSIONS: PMPP_UNSUITABLE. `shape` and `strides` are host memory, read before the call returns. */
PMPP_API int pmpp_copy_strided(const void* from, void* to, int ndim, const ptrdiff_t* shape, const ptrdiff_t* strides,
                               size_t itemsize, cudaStream_t stream);
