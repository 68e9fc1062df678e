// The speedup of a program over an older one, from measured times.
#include <algorithm>
#include <vector>

// Each version ran `runs` times, and took before[0], before[1] ... and after[0], after[1] ... seconds. Some runs were disturbed and took far
// too long, so a mean would say little: take the median of each. `runs` is odd. Writes to speedup[0] how many times as fast the new
// version is.
extern "C" int speedup(const double* before, const double* after, int runs, double* speedup) {
    // Sorting is the simplest way to a median; std::nth_element would save some work. The copies leave the inputs as they are.
    std::vector<double> old_times(before, before + runs);
    std::vector<double> new_times(after, after + runs);
    std::sort(old_times.begin(), old_times.end());
    std::sort(new_times.begin(), new_times.end());
    speedup[0] = old_times[runs / 2] / new_times[runs / 2];
    return 0;
}
