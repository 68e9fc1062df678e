// Inclusive scan of a vector of any length in one kernel: a block waits for the one before it.
//
// Each block scans its section, waits until the block before has published the sum of everything up to there, adds its own and publishes
// that in turn. Blocks take their numbers from a counter, not from blockIdx: so the one that waits was always started later than the one
// it waits for. `counter` is one int and `published` one long long a section, all 0 at the start.
#include <cuda_runtime.h>

constexpr int kSection = 256;

constexpr unsigned long long kReady = 1ull << 32;

__global__ void single_pass_kernel(const int* in, int* out, int n, int* counter, long long* published) {
    __shared__ int sums[kSection];
    __shared__ int section, before;
    // TODO (about 26 lines): Take a number. Scan the section. Let one thread wait for the block before, whose word holds the sum in its lower
    // half and kReady above it; let it publish this block's word. Add what came before, and store.
}

extern "C" int scan_single_pass(const int* in, int* out, int n, int* counter, long long* published) {
    if (n == 0) return 0;
    single_pass_kernel<<<(n + kSection - 1) / kSection, kSection>>>(in, out, n, counter, published);
    return cudaGetLastError();
}
