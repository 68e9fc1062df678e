/* What kernels do, counted by launch and by source line: docs/counters.md defines every counter. Plain C, loaded through
   ctypes or dlsym. */
#ifndef PMPP_SIMT_COUNTERS_H
#define PMPP_SIMT_COUNTERS_H

#ifdef __cplusplus
extern "C" {
#endif

/* PMPP_SIM_COUNTERS names a file for a process that is started: each launch appends its entry, a line of JSON. */
/* Counts every launch that begins from now on, until told to stop; what was counted before is forgotten. */
void pmpp_simt_count(int on);
/* {"kernels": [{"name", "grid", "block", "counters": {...}, "lines": [{"file", "line", "counters"}]}]}, one entry a launch
   that has ended, in the order in which they ran. Valid until the next call. Bytes of file names that are not ASCII are
   written as the characters of that number. */
const char* pmpp_simt_counted(void);

#ifdef __cplusplus
}
#endif
#endif
