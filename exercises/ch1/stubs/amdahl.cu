// Amdahl's law: what one faster part does for the whole.
#include <cuda_runtime.h>

// For each of n programs, parallel[i] is the fraction of the old time that goes into the part which runs in parallel, 0 to 1, and factor[i]
// how many times as fast that part is on the new machine. It may be infinite. Writes the speedup of the
// whole program.
extern "C" int amdahl(const float* parallel, const float* factor, float* speedup, int n) {
    // TODO (about 3 lines): For each program: how long does the whole take now, if it took 1 before? Write 1 over that.
    return 0;
}
