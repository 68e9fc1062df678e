/* Layers without weights, and the bias of dense ones: the C interface of layers.cu. Pointers are device pointers to arrays in C
   order of float32 or float64, n is a number of elements. */
#pragma once

#include "cuda_src/common/api.h"

/* out = max(in, 0); they may be the same. */
PMPP_API int pmpp_nn_relu(const void* in, void* out, size_t n, int dtype, cudaStream_t stream);
/* Where `out` of the forward pass is positive, the gradient by the input is that by the output; elsewhere it is 0. */
PMPP_API int pmpp_nn_relu_gradient(const void* out, const void* gradient, void* in_gradient, size_t n, int dtype,
                                   cudaStream_t stream);

/* Planes of rows x cols; windows of size x size that do not overlap. Rows and columns that fill no window count for nothing. */
typedef struct {
  size_t planes;
  int rows, cols, size, dtype;
} pmpp_nn_pooling;

/* The largest of each window, the first of equals, and its place in its plane as int32. A NaN is the largest. */
PMPP_API int pmpp_nn_max_pool(const pmpp_nn_pooling* layer, const void* in, void* out, void* winners, cudaStream_t stream);
/* The gradient of an output goes to its winner, all other pixels have none. */
PMPP_API int pmpp_nn_max_pool_gradient(const pmpp_nn_pooling* layer, const void* gradient, const void* winners, void* in_gradient,
                                       cudaStream_t stream);

/* out[i, j] += bias[j]. */
PMPP_API int pmpp_nn_add_bias(void* out, const void* bias, size_t rows, size_t cols, int dtype, cudaStream_t stream);
