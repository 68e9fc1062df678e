/* Convolution and correlation in two and three dimensions with small weights. */
#pragma once

#include "cuda_src/common/api.h"

enum { PMPP_BOUNDARY_FILL, PMPP_BOUNDARY_WRAP, PMPP_BOUNDARY_SYMM };
enum { PMPP_CONVOLUTION_LONGEST = 31, PMPP_CONVOLUTION_MAX_WEIGHTS = 31 * 31 }; /* rows or columns of the weights; in all */

/* out[r][c] = sum over i, j of w(i, j) * I(r + row_offset + i, c + col_offset + j), where w(i, j) is weights[i][j], or
   weights[weight_rows - 1 - i][weight_cols - 1 - j] if `flip`, and I is the image, continued beyond its border as
   `boundary` says: by `fill`, periodically, or mirrored with the border pixel repeated. Arrays lie row after row. In three
   dimensions the same goes for planes, all numbers of which are 1 (and the offset 0) in two. */
typedef struct {
  int batches, channels, kernels;
  int image_planes, image_rows, image_cols;
  int weight_planes, weight_rows, weight_cols;
  int out_planes, out_rows, out_cols;
  int plane_offset, row_offset, col_offset;
  int flip;
  int boundary;
  double fill;
} pmpp_slide;

/* image[batches][channels], weights[kernels][channels] and out[batches][kernels] of such: each result is the sum over the
   channels. Weights are host memory, read before the call returns, or, `weights_on_device`, device memory as everything else.
   Weights on the host are of one kernel and one channel, PMPP_CONVOLUTION_MAX_WEIGHTS at most. */
typedef struct {
  const void* image;
  const void* weights;
  int weights_on_device;
  void* out;
  int dtype; /* PMPP_FLOAT32 or PMPP_FLOAT64, of all three arrays */
  pmpp_slide slide;
} pmpp_convolution;

/* PMPP_UNSUITABLE: "separable" or "fused" with weights that are no outer product of a column and a row; these and "constant"
   with weights on the device. */
PMPP_API int pmpp_convolve2d(const pmpp_convolution* task, const char* variant, void* workspace, size_t workspace_bytes,
                             cudaStream_t stream);
/* Bytes that the variant needs beside the arrays: weights in global memory for "basic", the rows between the two passes for
   "separable", 0 for the others. */
PMPP_API size_t pmpp_convolve2d_workspace(const pmpp_convolution* task, const char* variant);
PMPP_API const pmpp_variant* pmpp_convolve2d_variant(int i);
