/* The private interface of the software GPU, beside the CUDA runtime's own: what pmpp and its tests ask it.
   Plain C, loaded through ctypes or dlsym. All functions are thread-safe. */
#ifndef PMPP_SIMT_H
#define PMPP_SIMT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The sentence that explains the last failed call of this thread; "" if there was none. Valid until the next call. */
const char* pmpp_simt_last_message(void);

/* Version of this interface; grows when a function is added. */
int pmpp_simt_version(void);

/* The device that the software GPU models: "Software GPU (H200)". */
const char* pmpp_simt_device_name(void);

/* The level of instructions that was chosen for this machine: "v2", "v3", "v4", "generic". */
const char* pmpp_simt_isa(void);

/* Worker threads (0: one for each core), seed of the schedule, and the number of warp instructions after which a launch
   is stopped as endless (0: never). They count from the next launch on. */
void pmpp_simt_set_threads(unsigned threads);
unsigned pmpp_simt_threads(void);
void pmpp_simt_set_seed(uint64_t seed);
uint64_t pmpp_simt_seed(void);
void pmpp_simt_set_budget(uint64_t warp_instructions);
uint64_t pmpp_simt_budget(void);

/* What the process has done since it started or since the last reset. */
struct pmpp_simt_counters {
  uint64_t launches;
  uint64_t h2d_copies, h2d_bytes;   /* host to device, symbols included */
  uint64_t d2h_copies, d2h_bytes;
  uint64_t d2d_copies, d2d_bytes;
};
void pmpp_simt_read_counters(struct pmpp_simt_counters* out);
void pmpp_simt_reset_counters(void);

/* Whether the names of the runtime's functions that are called are kept, from now on, and what was kept until now is forgotten;
   and those names, one a line, until the next call in this thread. */
void pmpp_simt_record_calls(int on);
const char* pmpp_simt_recorded_calls(void);

#ifdef __cplusplus
}
#endif
#endif
