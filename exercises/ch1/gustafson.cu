// Gustafson's law: what the old machine would have taken for the new problem.
#include <cuda_runtime.h>

// For each of n programs, parallel[i] is the fraction of the new time that goes into the part which runs in parallel, 0 to 1, and factor[i]
// how many times as fast that part is on the new machine. Writes the speedup of the
// whole program.
extern "C" int gustafson(const float* parallel, const float* factor, float* speedup, int n) {
    // TODO (about 3 lines): For each program: what takes 1 now, how long would the old machine take for it? Write that.
    return 0;
}
