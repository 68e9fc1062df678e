/* Prefix sums (scan): the C interface of scan.cu. Pointers are device pointers, sizes are in elements. */
#pragma once

#include "cuda_src/common/api.h"

typedef enum { PMPP_SCAN_ADD, PMPP_SCAN_MAX, PMPP_SCAN_MIN, PMPP_SCAN_MULTIPLY } PmppScanOp;

/* out[i] = in[0] op ... op in[i], or, exclusive, up to in[i - 1] with out[0] the operator's identity. int32, int64, uint32,
   uint64, float32 or float64; integers wrap around. `out` may be `in`, but not overlap it in part. The workspace holds
   pmpp_scan_workspace bytes, aligned to 16; nothing of it is kept from call to call. */
PMPP_API int pmpp_scan(const void* in, void* out, size_t n, int dtype, int op, int exclusive, void* workspace,
                       size_t workspace_bytes, const char* variant, cudaStream_t stream);
PMPP_API size_t pmpp_scan_workspace(size_t n, int dtype, const char* variant);
PMPP_API const pmpp_variant* pmpp_scan_variant(int i);

/* The same, begun anew at every i with heads[i] != 0. */
PMPP_API int pmpp_segmented_scan(const void* in, const unsigned char* heads, void* out, size_t n, int dtype, int op,
                                 int exclusive, void* workspace, size_t workspace_bytes, const char* variant,
                                 cudaStream_t stream);
PMPP_API size_t pmpp_segmented_scan_workspace(size_t n, int dtype, const char* variant);
PMPP_API const pmpp_variant* pmpp_segmented_scan_variant(int i);
