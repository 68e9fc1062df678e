/* Checkers: what kernels and host code do wrong, on the line where they do it. docs/checkers.md says what is found. Plain C,
   loaded through ctypes or dlsym; PMPP_SIM_CHECK and PMPP_SIM_FINDINGS switch the same on for a process that is started. */
#ifndef PMPP_SIMT_CHECKERS_H
#define PMPP_SIMT_CHECKERS_H

#ifdef __cplusplus
extern "C" {
#endif

/* Switches on exactly these checkers from the next launch on: "all", or some of "memory race uninitialized sync api", "" for none.
   Returns 0, or -1 if a name is unknown. */
int pmpp_simt_check(const char* checkers);
/* A list of findings as JSON; valid until the next call. Bytes of file names that are not ASCII are written as the
   characters of that number. */
const char* pmpp_simt_findings(void);
void pmpp_simt_forget_findings(void);

#ifdef __cplusplus
}
#endif
#endif
