// Inclusive scan of a vector of any length in one kernel: a block waits for the one before it.
//
// Each block scans its section, waits until the block before has published the sum of everything up to there, adds its own and publishes
// that in turn. Blocks take their numbers from a counter, not from blockIdx: so the one that waits was always started later than the one
// it waits for. `counter` is one int and `published` one long long a section, all 0 at the start.
#include <cuda_runtime.h>

constexpr int kSection = 256;

// What is published is a word of 64 bits: the sum, and above it a bit that says "ready". One atomic operation writes both, so nobody can see
// the flag without the sum. With a flag of its own two fences would be needed: the writer's between sum and flag, and the reader's
// between flag and sum, for without it the reader might have fetched the sum before it saw the flag.
constexpr unsigned long long kReady = 1ull << 32;

__global__ void single_pass_kernel(const int* in, int* out, int n, int* counter, long long* published) {
    __shared__ int sums[kSection];
    __shared__ int section, before;
    if (threadIdx.x == 0) section = atomicAdd(counter, 1);
    __syncthreads();
    const int i = section * kSection + threadIdx.x;
    sums[threadIdx.x] = i < n ? in[i] : 0;
    for (int stride = 1; stride < kSection; stride *= 2) {
        __syncthreads();
        int sum = sums[threadIdx.x];
        if (threadIdx.x >= stride) sum += sums[threadIdx.x - stride];
        __syncthreads();
        sums[threadIdx.x] = sum;
    }
    if (threadIdx.x == kSection - 1) {
        unsigned long long* words = reinterpret_cast<unsigned long long*>(published);
        unsigned long long word = kReady;
        if (section > 0) {
            do word = atomicAdd(&words[section - 1], 0ull);
            while (!(word & kReady));
        }
        before = static_cast<int>(word);
        atomicExch(&words[section], kReady | static_cast<unsigned>(before + sums[threadIdx.x]));
    }
    __syncthreads();
    if (i < n) out[i] = before + sums[threadIdx.x];
}

extern "C" int scan_single_pass(const int* in, int* out, int n, int* counter, long long* published) {
    if (n == 0) return 0;
    single_pass_kernel<<<(n + kSection - 1) / kSection, kSection>>>(in, out, n, counter, published);
    return cudaGetLastError();
}
