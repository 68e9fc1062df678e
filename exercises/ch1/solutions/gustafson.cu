// Gustafson's law: what the old machine would have taken for the new problem.
#include <cuda_runtime.h>

// For each of n programs, parallel[i] is the fraction of the new time that goes into the part which runs in parallel, 0 to 1, and factor[i]
// how many times as fast that part is on the new machine. Writes the speedup of the
// whole program.
extern "C" int gustafson(const float* parallel, const float* factor, float* speedup, int n) {
    for (int i = 0; i < n; ++i) {
        // The fraction is of the new time here, so the parallel part is multiplied where Amdahl divides: more parallel work always pays.
        speedup[i] = (1.0f - parallel[i]) + parallel[i] * factor[i];
    }
    return 0;
}
