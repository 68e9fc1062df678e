// Amdahl's law: what one faster part does for the whole.
#include <cuda_runtime.h>

// For each of n programs, parallel[i] is the fraction of the old time that goes into the part which runs in parallel, 0 to 1, and factor[i]
// how many times as fast that part is on the new machine. It may be infinite. Writes the speedup of the
// whole program.
extern "C" int amdahl(const float* parallel, const float* factor, float* speedup, int n) {
    for (int i = 0; i < n; ++i) {
        // What does not run in parallel takes as long as ever. It decides as soon as the rest is fast: then the sum is about 1 - parallel.
        speedup[i] = 1.0f / ((1.0f - parallel[i]) + parallel[i] / factor[i]);
    }
    return 0;
}
