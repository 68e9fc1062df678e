// Synchronisation and API use, each with a twin that is right.
#include "planted.cuh"

template <bool Good>
__global__ void early_return(int* out, int n) {
    int i = threadIdx.x;
    if (!Good && i >= n) return;
    if (i < n) out[i] = i;
    __syncthreads();   // BUG(early_return, barrier-divergence)
    if (i < n) out[i] += 1;
}
CASE(early_return) { early_return<false><<<1, 128>>>(Device<int>(128), 100); }
CASE(early_return_ok) { early_return<true><<<1, 128>>>(Device<int>(128), 100); }

template <bool Good>
__global__ void in_a_branch(int* out) {
    __shared__ int s[64];
    s[threadIdx.x] = out[threadIdx.x];
    if (Good || threadIdx.x < 32) {
        __syncthreads();   // BUG(in_a_branch, barrier-divergence)
        out[threadIdx.x] = s[threadIdx.x ^ 1] + 1;
    }
}
CASE(in_a_branch) { in_a_branch<false><<<1, 64>>>(Device<int>(64)); }
CASE(in_a_branch_ok) { in_a_branch<true><<<1, 64>>>(Device<int>(64)); }

template <bool Good>
__global__ void two_barriers(int* out) {
    __shared__ volatile int s[64];
    bool even = Good ? blockIdx.x % 2 == 0 : threadIdx.x / 32 == 0;
    if (even) {
        s[threadIdx.x] = 1;
        __syncthreads();
        out[threadIdx.x] = s[threadIdx.x ^ 32];
    } else {
        s[threadIdx.x] = 2;
        __syncthreads();   // BUG(two_barriers, barrier-divergence)
        out[threadIdx.x + 64] = s[threadIdx.x ^ 32];
    }
}
CASE(two_barriers) { two_barriers<false><<<1, 64>>>(Device<int>(128)); }
CASE(two_barriers_ok) { two_barriers<true><<<2, 64>>>(Device<int>(128)); }

template <bool Good>
__global__ void turns(int* out) {   // threads make different numbers of turns
    int n = Good ? 4 : threadIdx.x < 64 ? 4 : 3;
    for (int i = 0; i < n; ++i) {
        out[threadIdx.x] += i;
        __syncthreads();   // BUG(turns, barrier-divergence)
    }
}
CASE(turns) { turns<false><<<1, 128>>>(Device<int>(128)); }
CASE(turns_ok) { turns<true><<<1, 128>>>(Device<int>(128)); }

template <bool Good>
__global__ void named(int* out) {   // a barrier for more threads than come
    out[threadIdx.x] = 1;
    if (threadIdx.x < 32) asm volatile("bar.sync 1, %0;" ::"r"(Good ? 32 : 64) : "memory");   // BUG(named, barrier-divergence)
}
CASE(named) { named<false><<<1, 64>>>(Device<int>(64)); }
CASE(named_ok) { named<true><<<1, 64>>>(Device<int>(64)); }

template <bool Good>
__global__ void stranger(int* out) {
    int t = threadIdx.x;
    if (t < 16) out[t] = __shfl_down_sync(Good ? 0xffffu : 0xff00u, t, 1, 16);   // BUG(stranger, sync-mask)
}
CASE(stranger) { stranger<false><<<1, 32>>>(Device<int>(32)); }
CASE(stranger_ok) { stranger<true><<<1, 32>>>(Device<int>(32)); }

template <bool Good>
__global__ void gone(int* out, int n) {
    int t = threadIdx.x;
    unsigned mask = Good ? __ballot_sync(~0u, t < n) : ~0u;
    if (t >= n) return;
    out[t] = __any_sync(mask, out[t]);   // BUG(gone, sync-mask)
}
CASE(gone) { gone<false><<<1, 32>>>(Device<int>(32), 20); }
CASE(gone_ok) { gone<true><<<1, 32>>>(Device<int>(32), 20); }

template <bool Good>
__global__ void gone_reduce(int* out, int n) {
    int t = threadIdx.x;
    if (!Good && t >= n) return;
    int x = t < n ? out[t] : 0;
    for (int d = 16; d > 0; d /= 2)
        x += __shfl_down_sync(~0u, x, d);   // BUG(gone_reduce, sync-mask)
    if (t == 0) out[0] = x;
}
CASE(gone_reduce) { gone_reduce<false><<<1, 32>>>(Device<int>(32), 24); }
CASE(gone_reduce_ok) { gone_reduce<true><<<1, 32>>>(Device<int>(32), 24); }

template <bool Good>
__global__ void inactive(int* out) {
    int t = threadIdx.x;
    if (t < 16) out[t] = __shfl_sync(0xffffu, t, Good ? 15 : 20);   // BUG(inactive, sync-mask)
}
CASE(inactive) { inactive<false><<<1, 32>>>(Device<int>(32)); }
CASE(inactive_ok) { inactive<true><<<1, 32>>>(Device<int>(32)); }

template <bool Good>
__global__ void warp_barrier_gone(int* out, int n) {
    int t = threadIdx.x;
    if (!Good && t >= n) return;
    if (t < n) out[t] = t;
    __syncwarp();   // BUG(warp_barrier_gone, sync-mask)
    if (t < n) out[t] += 1;
}
CASE(warp_barrier_gone) { warp_barrier_gone<false><<<1, 32>>>(Device<int>(32), 9); }

template <bool Good>
__global__ void vote_stranger(int* out) {
    int t = threadIdx.x;
    if (t % 2 == 0) out[t] = __popc(__ballot_sync(Good ? 0x55555555u : 0xaaaaaaaau, t > 4));   // BUG(vote_stranger, sync-mask)
}
CASE(vote_stranger) { vote_stranger<false><<<1, 32>>>(Device<int>(32)); }
CASE(vote_stranger_ok) { vote_stranger<true><<<1, 32>>>(Device<int>(32)); }

// ---- API use ------------------------------------------------------------------------------------------------------
__global__ void fill(int* a) { a[threadIdx.x] = 1; }
__global__ void dynamic(int* a) {
    extern __shared__ int s[];
    s[threadIdx.x] = a[threadIdx.x];
    a[threadIdx.x] = s[threadIdx.x];
}

CASE(too_many_threads) {
    Device<int> a(2048);
    fill<<<1, 2048>>>(a);   // BUG(too_many_threads, api)
}
CASE(too_many_threads_ok) {
    Device<int> a(1024);
    fill<<<1, 1024>>>(a);
}
CASE(no_blocks) {
    Device<int> a(32);
    int n = 31;
    fill<<<n / 32, 32>>>(a);   // BUG(no_blocks, api)
}
CASE(no_blocks_ok) {
    Device<int> a(32);
    int n = 31;
    fill<<<(n + 31) / 32, 32>>>(a);
}
CASE(too_much_shared) {
    Device<int> a(32);
    dynamic<<<1, 32, 100000>>>(a);   // BUG(too_much_shared, api)
}
CASE(too_much_shared_ok) {
    Device<int> a(32);
    cudaFuncSetAttribute(dynamic, cudaFuncAttributeMaxDynamicSharedMemorySize, 100000);
    dynamic<<<1, 32, 100000>>>(a);
}
CASE(wrong_direction) {
    Device<int> a(32);
    int b[32] = {};
    cudaMemcpy(b, a, sizeof b, cudaMemcpyHostToDevice);   // BUG(wrong_direction, api)
}
CASE(wrong_direction_ok) {
    Device<int> a(32);
    int b[32] = {};
    cudaMemcpy(b, a, sizeof b, cudaMemcpyDeviceToHost);
    cudaMemcpy(a, b, sizeof b, cudaMemcpyDefault);
}
CASE(too_long) {
    Device<int> a(32);
    int b[64] = {};
    cudaMemcpy(a, b, sizeof b, cudaMemcpyHostToDevice);   // BUG(too_long, api)
}
CASE(too_long_ok) {
    Device<int> a(64);
    int b[64] = {};
    cudaMemcpy(a, b, sizeof b, cudaMemcpyHostToDevice);
}
CASE(symbol_too_long) {
    static int b[64];
    extern __constant__ int coefficients[16];
    cudaMemcpyToSymbol(coefficients, b, sizeof b);   // BUG(symbol_too_long, api)
}
CASE(error_is_handled_ok) {   // a program that looks at its errors has dealt with them
    Device<int> a(32);
    fill<<<1, 4096>>>(a);
    if (cudaGetLastError() != cudaSuccess) fill<<<1, 32>>>(a);
}
CASE(set_too_long) {
    int* a;
    cudaMalloc(&a, 100);
    cudaMemset(a, 0, 101);   // BUG(set_too_long, api)
    cudaFree(a);
}
__constant__ int coefficients[16];
