/* Convolution and correlation in two and three dimensions with small weights. */
#pragma once

#include "cuda_src/common/api.h"

enum { PMPP_BOUNDARY_FILL, PMPP_BOUNDARY_WRAP, PMPP_BOUNDARY_SYMM };
enum { PMPP_CONVOLUTION_LONGEST = 31, PMPP_CONVOLUTION_MAX_WEIGHTS = 31 * 31 }; /* rows or columns of the weights; in all */

/* out[r][c] = sum over i, j of w(i, j) * I(r + row_offset + i, c + col_offset + j), where w(i, j) is weights[i][j], or
   weights[weight_rows - 1 - i][weight_cols - 1 - j] if `flip`, and I is the image, continued beyond its border as
   `boundary` says: by `fill`, periodically, or mirrored with the border pixel repeated. Arrays lie row after row. In three
   dimensions the same goes for planes, all numbers of which are 1 (and the offset 0) in two. `batches` images, or stacks of
   planes, lie one after the other, and so do their results. `weights` is host memory, read before the call returns; everything
   else is device memory. */
typedef struct {
  const void* image;
  int image_planes, image_rows, image_cols;
  const void* weights;
  int weight_planes, weight_rows, weight_cols;
  void* out;
  int out_planes, out_rows, out_cols;
  int plane_offset, row_offset, col_offset;
  int batches;
  int flip;
  int boundary;
  double fill;
  int dtype; /* PMPP_FLOAT32 or PMPP_FLOAT64, of all three arrays */
} pmpp_convolution;

/* PMPP_UNSUITABLE: "separable" or "fused" with weights that are no outer product of a column and a row. */
PMPP_API int pmpp_convolve2d(const pmpp_convolution* task, const char* variant, void* workspace, size_t workspace_bytes,
                             cudaStream_t stream);
/* Bytes that the variant needs beside the arrays: weights in global memory for "basic", the rows between the two passes for
   "separable", 0 for the others. */
PMPP_API size_t pmpp_convolve2d_workspace(const pmpp_convolution* task, const char* variant);
PMPP_API const pmpp_variant* pmpp_convolve2d_variant(int i);
