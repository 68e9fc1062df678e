// The speedup of a program over an older one, from measured times.
#include <algorithm>
#include <vector>

// Each version ran `runs` times, and took before[0], before[1] ... and after[0], after[1] ... seconds. Some runs were disturbed and took far
// too long, so a mean would say little: take the median of each. `runs` is odd. Writes to speedup[0] how many times as fast the new
// version is.
extern "C" int speedup(const double* before, const double* after, int runs, double* speedup) {
    // TODO (about 5 lines): Sort a copy of the times of each version and take the one in the middle. Divide the old median by the new one.
    return 0;
}
