// Radix sort on one CPU core, eight bits a pass.
#include <utility>

extern "C" int sort_sequential(unsigned* keys, int n, unsigned* scratch, unsigned*) {
    for (int shift = 0; shift < 32; shift += 8) {
        unsigned next[257] = {};
        for (int i = 0; i < n; ++i) ++next[(keys[i] >> shift & 255) + 1];
        for (int digit = 0; digit < 256; ++digit) next[digit + 1] += next[digit];
        for (int i = 0; i < n; ++i) scratch[next[keys[i] >> shift & 255]++] = keys[i];
        std::swap(keys, scratch);
    }
    return 0;
}
