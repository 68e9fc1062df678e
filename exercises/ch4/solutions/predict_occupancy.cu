// Predict, then see: how many blocks are at work on one multiprocessor at the same time?
//
// A streaming multiprocessor (SM) takes a block when it has room for all of it: threads, in whole warps of 32; a place for a
// block; and bytes of shared memory, of which every block takes a few more than it asks for. Whichever runs out first
// decides. (Registers count as well; this kernel needs so few that they do not decide.)
//
// GPUs differ, so the answers are formulas of the limits, which the device tells. `pmpp doctor` says which GPU that is.
#include <cuda_runtime.h>

__global__ void some_kernel(float* data) {
    extern __shared__ float part[];
    part[threadIdx.x] = data[threadIdx.x];
    __syncthreads();
    data[threadIdx.x] = part[blockDim.x - 1 - threadIdx.x];
}

extern "C" int ask_occupancy(int threads, int shared_bytes, int* blocks) {
    return cudaOccupancyMaxActiveBlocksPerMultiprocessor(blocks, some_kernel, threads, shared_bytes);
}

struct Limits {
    int threads;   // that an SM has room for
    int blocks;    // that an SM has room for
    int shared;    // bytes of shared memory of an SM
    int reserved;  // bytes of shared memory that each block takes beside its own
};

static Limits limits_of_device() {
    Limits limits = {};
    cudaDeviceGetAttribute(&limits.threads, cudaDevAttrMaxThreadsPerMultiProcessor, 0);
    cudaDeviceGetAttribute(&limits.blocks, cudaDevAttrMaxBlocksPerMultiprocessor, 0);
    cudaDeviceGetAttribute(&limits.shared, cudaDevAttrMaxSharedMemoryPerMultiprocessor, 0);
    cudaDeviceGetAttribute(&limits.reserved, cudaDevAttrReservedSharedMemoryPerBlock, 0);
    return limits;
}

// Each limit alone allows so many blocks, and the least of these numbers is the answer. On an SM with room for 2,048
// threads, 32 blocks and 228 KiB: 8 blocks (2,048 threads, all); 32 (1,024 threads, half: the places for blocks ran out); 2;
// 32 (in warps, they count as 64 threads); and 5 (1,280 threads: shared memory ran out).
extern "C" int predict(long long* answers) {
    const Limits sm = limits_of_device();
    const int by_shared = sm.shared / (40960 + sm.reserved);
    answers[0] = sm.threads / 256;
    answers[1] = sm.threads / 32 < sm.blocks ? sm.threads / 32 : sm.blocks;
    answers[2] = sm.threads / 1024;
    answers[3] = sm.threads / 64 < sm.blocks ? sm.threads / 64 : sm.blocks;
    answers[4] = sm.threads / 256 < by_shared ? sm.threads / 256 : by_shared;
    return 0;
}
