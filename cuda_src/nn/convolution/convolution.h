/* The convolution layer: the C interface of this folder. Pointers are device pointers to arrays in C order. */
#pragma once

#include "cuda_src/common/api.h"

/* As the book has it the weights slide as they are, over the pixels where they fit:
   out[n, k, p, q] = bias[k] + sum over c, r, s of weights[k, c, r, s] * images[n, c, p + r, q + s]. */
typedef struct {
  int images, channels, rows, cols;
  int filters, weight_rows, weight_cols;
  int dtype; /* float32 or float64 */
} pmpp_nn_convolution;

enum { PMPP_NN_FORWARD, PMPP_NN_WEIGHTS_GRADIENT, PMPP_NN_IMAGES_GRADIENT };

/* PMPP_UNSUITABLE: an array of 2^31 - 2^16 elements or more. The same call gives the same bits every time: no atomics. */
PMPP_API int pmpp_nn_convolve(const pmpp_nn_convolution* layer, const void* images, const void* weights, const void* bias,
                              void* out, const char* variant, void* workspace, size_t workspace_bytes, cudaStream_t stream);
/* `gradient` is that of the loss by `out`, and has its shape. */
PMPP_API int pmpp_nn_convolve_weights_gradient(const pmpp_nn_convolution* layer, const void* images, const void* gradient,
                                               void* weights_gradient, void* bias_gradient, const char* variant, void* workspace,
                                               size_t workspace_bytes, cudaStream_t stream);
PMPP_API int pmpp_nn_convolve_images_gradient(const pmpp_nn_convolution* layer, const void* gradient, const void* weights,
                                              void* images_gradient, const char* variant, void* workspace, size_t workspace_bytes,
                                              cudaStream_t stream);
/* For one of the three functions above, by its number. */
PMPP_API size_t pmpp_nn_convolve_workspace(const pmpp_nn_convolution* layer, int function, const char* variant);
PMPP_API const pmpp_variant* pmpp_nn_convolve_variant(int i);
