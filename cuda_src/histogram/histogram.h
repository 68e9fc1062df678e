/* Histograms: the C interface of histogram.cu. Pointers are device pointers, sizes are in elements. */
#pragma once

#include "cuda_src/common/api.h"

/* How an element finds its bin. */
typedef enum {
  PMPP_BINS_DIRECT,  /* it is the bin's number; what is negative or not below `bins` is ignored */
  PMPP_BINS_UNIFORM, /* by its distance from `first`, corrected against the edges, as NumPy does */
  PMPP_BINS_SEARCH,  /* by binary search among edges that need not be evenly spaced */
} PmppBinRule;

/* Numbers are compared as codes, unsigned integers of the same order. Of a float64 that is not -0.0: all bits flipped if it is
   negative, else the sign bit only; of an int64: the sign bit flipped; of a uint64: itself. */
typedef enum { PMPP_CODE_REAL, PMPP_CODE_SIGNED, PMPP_CODE_UNSIGNED } PmppCode;

typedef struct {
  int rule;
  size_t count;
  int edges_code;
  unsigned long long low, high; /* UNIFORM: codes of the first and the last value that counts */
  int range_code;
  /* UNIFORM: NumPy's estimate is (x - first) / width * count, rounded to the first dtype below after the subtraction, and to
     the second after the others */
  double first, width;
  int difference_dtype, quotient_dtype;
} pmpp_bins;

typedef struct {
  const void* in; /* (u)int8 to (u)int64, float16, float32 or float64 */
  size_t n;
  int dtype;
  const void* weights; /* null: elements are counted */
  int weights_dtype;
  void* out; /* [bins.count] of int64, or, with weights, of out_dtype */
  int out_dtype;
  const unsigned long long* edges; /* [bins.count + 1] codes */
  pmpp_bins bins;
} pmpp_histogram_problem;

/* Counts are exact. Weights are added in float64, in any order: their last bits may differ from call to call. The sums are
   converted to out_dtype in the end; integers wrap around.
   The workspace is aligned to 16; nothing of it is kept from call to call. */
PMPP_API int pmpp_histogram(const pmpp_histogram_problem* problem, void* workspace, size_t workspace_bytes, const char* variant,
                            cudaStream_t stream);
PMPP_API size_t pmpp_histogram_workspace(const pmpp_histogram_problem* problem, const char* variant);
PMPP_API const pmpp_variant* pmpp_histogram_variant(int i);
