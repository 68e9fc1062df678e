/* Memory, copies and streams of the device, for the Python side. Statuses are cudaError_t. */
#pragma once

#include "cuda_src/common/api.h"

/* Memory in the order of a stream: what is queued after the call may use it, and what was queued before the release too. */
PMPP_API int pmpp_allocate(void** pointer, size_t bytes, cudaStream_t stream);
PMPP_API int pmpp_release(void* pointer, cudaStream_t stream);
/* The release of memory that any stream may still read: waits for all of them. */
PMPP_API int pmpp_release_shared(void* pointer);
/* A stream without work: memory that is allocated in it is there for every stream once it is synchronized. */
PMPP_API int pmpp_idle_stream(cudaStream_t* stream);
/* Memory that was used in a stream of which nobody knows how long it lives is given back in the order of `home`, a stream of
   ours that waits, on the device, for what is in `stream` now. `home` is null while `stream` is being captured: then only
   pmpp_release_shared is right. */
PMPP_API int pmpp_leave(cudaStream_t stream, cudaStream_t* home);
/* What is queued in `stream` from now on waits, on the device, for what is in `before` now. */
PMPP_API int pmpp_stream_wait(cudaStream_t stream, cudaStream_t before);
/* Ordered on the stream; back when the host may touch `host` again. */
PMPP_API int pmpp_copy_to_device(void* device, const void* host, size_t bytes, cudaStream_t stream);
PMPP_API int pmpp_copy_to_host(void* host, const void* device, size_t bytes, cudaStream_t stream);
PMPP_API int pmpp_copy_on_device(void* to, const void* from, size_t bytes, cudaStream_t stream);
PMPP_API int pmpp_stream_create(cudaStream_t* stream);
PMPP_API int pmpp_stream_destroy(cudaStream_t stream);
PMPP_API int pmpp_stream_synchronize(cudaStream_t stream);
/* Reports what went wrong since the last call, and clears it. */
PMPP_API int pmpp_last_error(void);
/* 75 for compute capability 7.5. */
PMPP_API int pmpp_capability(int* capability);
PMPP_API int pmpp_current_device(int* device);
/* Launches a kernel that does nothing: what a call costs at least. */
PMPP_API int pmpp_null_kernel(cudaStream_t stream);
