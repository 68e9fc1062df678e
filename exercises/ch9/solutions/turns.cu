// Predict: how many atomic operations, and how long do they wait for one another?
//
// Work the numbers out before the machine says them; pencil and paper are enough. All questions are about n = 4,096 elements
// and the call of `histograms` below with way = 0, 1 or 2. A warp issues one atomic operation for all of its lanes that take
// part. If k lanes of a warp want the same address, the operation takes k turns, that is k - 1 turns of waiting; if they want
// several addresses, the one that most lanes want decides.
#include <cuda_runtime.h>

constexpr int kBins = 256;
constexpr int kThreads = 256;
constexpr int kBlocks = 4;

// way 0: every element goes to its bin in global memory.
__global__ void global_kernel(const unsigned char* data, int n, unsigned* bins) {
    for (int i = blockIdx.x * kThreads + threadIdx.x; i < n; i += gridDim.x * kThreads) atomicAdd(&bins[data[i]], 1u);
}

// way 1: a copy for each block in shared memory; all bins are added up.
__global__ void shared_kernel(const unsigned char* data, int n, unsigned* bins) {
    __shared__ unsigned mine[kBins];
    mine[threadIdx.x] = 0;
    __syncthreads();
    for (int i = blockIdx.x * kThreads + threadIdx.x; i < n; i += gridDim.x * kThreads) atomicAdd(&mine[data[i]], 1u);
    __syncthreads();
    atomicAdd(&bins[threadIdx.x], mine[threadIdx.x]);
}

// way 2: a thread counts a run of equal values in a register first.
__global__ void aggregated_kernel(const unsigned char* data, int n, unsigned* bins) {
    int value = -1;
    unsigned length = 0;
    for (int i = blockIdx.x * kThreads + threadIdx.x; i < n; i += gridDim.x * kThreads) {
        if (data[i] != value) {
            if (length > 0) atomicAdd(&bins[value], length);
            value = data[i];
            length = 0;
        }
        ++length;
    }
    if (length > 0) atomicAdd(&bins[value], length);
}

extern "C" int histograms(const unsigned char* data, int n, int way, unsigned* bins) {
    if (way == 0) global_kernel<<<kBlocks, kThreads>>>(data, n, bins);
    if (way == 1) shared_kernel<<<kBlocks, kThreads>>>(data, n, bins);
    if (way == 2) aggregated_kernel<<<kBlocks, kThreads>>>(data, n, bins);
    return cudaGetLastError();
}

// way 0: 4,096 elements are 128 times 32, so 128 operations. If all lanes want one bin, each waits 31 turns; if data[i] is i
// modulo 256, lanes want 32 bins and none waits. data[i] = i / 2 modulo 256 gives each bin two lanes, one turn of waiting. way
// 1: the same 128, and 4 blocks of 8 warps add up 256 bins, 32 more. way 2: a thread has 16 elements, all alike: one operation
// a thread, 4 * 8 warps.
extern "C" int predict(long long* answers) {
    answers[0] = 4096 / 32;           // way 0, all elements are 7: atomic operations of warps
    answers[1] = 4096 / 32 * 31;      // way 0, all elements are 7: turns of waiting, all operations together
    answers[2] = 0;                   // way 0, element i is i modulo 256: turns of waiting
    answers[3] = 4096 / 32 * 1;       // way 0, element i is i / 2 modulo 256: turns of waiting
    answers[4] = 4096 / 32 + 4 * 8;   // way 1, all elements are 7: atomic operations of warps, shared and global memory together
    answers[5] = 4 * 8;               // way 2, all elements are 7: atomic operations of warps
    return 0;
}
