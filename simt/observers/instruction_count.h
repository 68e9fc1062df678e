/* How many PTX instructions kernels execute. Plain C, loaded through ctypes or dlsym. */
#ifndef PMPP_SIMT_INSTRUCTION_COUNT_H
#define PMPP_SIMT_INSTRUCTION_COUNT_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Starts counting from zero with the next launch, or stops. Kernels run slower meanwhile. */
void pmpp_simt_count_instructions(int on);
/* Since counting started: instructions of warps, and of threads (a warp instruction times its active lanes). */
void pmpp_simt_counted_instructions(uint64_t* warp_instructions, uint64_t* thread_instructions);

#ifdef __cplusplus
}
#endif
#endif
