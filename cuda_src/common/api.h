/* What every module's C interface shares: statuses, element types, tables of variants. */
#pragma once

#include <cuda_runtime_api.h>
#include <stddef.h>

#ifdef __cplusplus
#define PMPP_API extern "C" __attribute__((visibility("default")))
#else
#define PMPP_API
#endif

/* A function returns 0, a cudaError_t, or one of these. */
enum {
  PMPP_UNKNOWN_VARIANT = -1,   /* no variant of that name */
  PMPP_UNSUPPORTED_DTYPE = -2, /* the variant does not take these elements */
  PMPP_UNSUITABLE = -3,        /* the variant cannot do this input: the module's documentation says when */
  PMPP_SMALL_WORKSPACE = -4,
};

enum {
  PMPP_BOOL, PMPP_INT8, PMPP_UINT8, PMPP_INT16, PMPP_UINT16, PMPP_INT32, PMPP_UINT32, PMPP_INT64, PMPP_UINT64,
  PMPP_FLOAT16, PMPP_BFLOAT16, PMPP_FLOAT32, PMPP_FLOAT64,
};

/* One rung of a ladder, as the outside sees it. */
typedef struct {
  const char* name;    /* the idea in a word: "grid_stride" */
  const char* title;   /* what the textbook calls it */
  int capability;      /* lowest compute capability that it runs on: 75 for 7.5 */
} pmpp_variant;
