// Races, each with a twin that has none.
#include "planted.cuh"

// ---- a plain write, then an atomic one -----------------------------------------------------------------------------
template <bool Good>
__global__ void zeroed_by_one(int* out) {   // whoever is fast adds to what is not zero yet
    __shared__ int count;
    if (threadIdx.x == 0) count = 0;
    if (Good) __syncthreads();
    atomicAdd(&count, 1);   // BUG(zeroed_by_one, race)
    __syncthreads();
    if (threadIdx.x == 0) *out = count;
}
CASE(zeroed_by_one) { zeroed_by_one<false><<<1, 64>>>(Device<int>(1)); }
CASE(zeroed_by_one_ok) { zeroed_by_one<true><<<1, 64>>>(Device<int>(1)); }

// ---- shared memory, between warps ---------------------------------------------------------------------------------
template <bool Good>
__global__ void neighbour(int* out) {
    __shared__ int s[128];
    int t = threadIdx.x;
    s[t] = t;
    if (Good) __syncthreads();
    out[t] = s[(t + 32) % 128];   // BUG(neighbour, race)
}
CASE(neighbour) { neighbour<false><<<1, 128>>>(Device<int>(128)); }
CASE(neighbour_ok) { neighbour<true><<<1, 128>>>(Device<int>(128)); }

template <bool Good>
__global__ void tree(float* out) {
    __shared__ float s[256];
    int t = threadIdx.x;
    s[t] = t;
    __syncthreads();
    for (int d = 128; d > 0; d /= 2) {
        if (t < d) s[t] += s[t + d];   // BUG(tree, race)
        if (Good) __syncthreads();
    }
    if (t == 0) *out = s[0];
}
CASE(tree) { tree<false><<<1, 256>>>(Device<float>(1)); }
CASE(tree_ok) { tree<true><<<1, 256>>>(Device<float>(1)); }

template <bool Good>
__global__ void scan(int* data) {   // Kogge-Stone: the second barrier keeps readers before writers
    __shared__ int s[128];
    int t = threadIdx.x;
    s[t] = data[t];
    for (int d = 1; d < 128; d *= 2) {
        __syncthreads();
        int v = t >= d ? s[t - d] : 0;   // BUG(scan, race)
        if (Good) __syncthreads();
        s[t] += v;
    }
    data[t] = s[t];
}
CASE(scan) { scan<false><<<1, 128>>>(Device<int>(128)); }
CASE(scan_ok) { scan<true><<<1, 128>>>(Device<int>(128)); }

template <bool Good>
__global__ void tile(const float* a, float* out, int n) {   // the barrier at the end of the turn is missing
    __shared__ float s[64];
    int t = threadIdx.x;
    float sum = 0;
    for (int begin = 0; begin < n; begin += 64) {
        s[t] = a[begin + t];
        __syncthreads();
        for (int k = 0; k < 64; ++k) sum += s[k];   // BUG(tile, race)
        if (Good) __syncthreads();
    }
    out[t] = sum;
}
CASE(tile) { tile<false><<<1, 64>>>(Device<float>(256), Device<float>(64), 256); }
CASE(tile_ok) { tile<true><<<1, 64>>>(Device<float>(256), Device<float>(64), 256); }

template <bool Good>
__global__ void bins(const int* in, int* out) {
    __shared__ int h[16];
    if (threadIdx.x < 16) h[threadIdx.x] = 0;
    __syncthreads();
    if (Good) atomicAdd(&h[in[threadIdx.x]], 1);
    else h[in[threadIdx.x]] += 1;   // BUG(bins, race)
    __syncthreads();
    if (threadIdx.x < 16) out[threadIdx.x] = h[threadIdx.x];
}
CASE(bins) { bins<false><<<1, 128>>>(Device<int>(128), Device<int>(16)); }
CASE(bins_ok) { bins<true><<<1, 128>>>(Device<int>(128), Device<int>(16)); }

template <bool Good>
__global__ void zeroed_late(int* out) {   // who zeroes the bins is not waited for
    __shared__ int h[64];
    if (threadIdx.x < 64) h[threadIdx.x] = 0;
    if (Good) __syncthreads();
    atomicAdd(&h[(threadIdx.x + 32) % 64], 1);
    __syncthreads();
    if (threadIdx.x < 64) out[threadIdx.x] = h[threadIdx.x];
}
CASE(zeroed_late_ok) { zeroed_late<true><<<1, 128>>>(Device<int>(64)); }

template <bool Good>
__global__ void bytes(unsigned char* out) {   // neighbours in a word do not share a byte
    __shared__ unsigned char s[64];
    s[Good ? threadIdx.x : threadIdx.x / 2] = threadIdx.x;   // BUG(bytes, race)
    __syncthreads();
    out[threadIdx.x] = s[Good ? threadIdx.x : threadIdx.x / 2];
}
CASE(bytes) { bytes<false><<<1, 64>>>(Device<unsigned char>(64)); }
CASE(bytes_ok) { bytes<true><<<1, 64>>>(Device<unsigned char>(64)); }

template <bool Good>
__global__ void broadcast(int* out, int value) {
    __shared__ int s;
    if (threadIdx.x == 0) s = value;
    if (Good) __syncthreads();
    out[threadIdx.x] = s;   // BUG(broadcast, race)
}
CASE(broadcast) { broadcast<false><<<1, 64>>>(Device<int>(64), 3); }
CASE(broadcast_ok) { broadcast<true><<<1, 64>>>(Device<int>(64), 3); }

template <bool Good>
__global__ void through_a_pointer(int* out) {   // generic addresses
    __shared__ int a[64], b[64];
    int* p = out[0] ? a : b;
    p[threadIdx.x] = threadIdx.x;
    if (Good) __syncthreads();
    out[threadIdx.x + 1] = p[63 - threadIdx.x];   // BUG(through_a_pointer, race)
}
CASE(through_a_pointer) { through_a_pointer<false><<<1, 64>>>(Device<int>(65)); }
CASE(through_a_pointer_ok) { through_a_pointer<true><<<1, 64>>>(Device<int>(65)); }

template <bool Good>
__global__ void wide(float4* out) {   // a word of a vector
    __shared__ float4 s[32];
    float* f = (float*)s;
    f[threadIdx.x] = 1;
    if (Good) __syncthreads();
    if (threadIdx.x < 32) out[threadIdx.x] = s[threadIdx.x];   // BUG(wide, race)
}
CASE(wide) { wide<false><<<1, 128>>>(Device<float4>(32)); }
CASE(wide_ok) { wide<true><<<1, 128>>>(Device<float4>(32)); }

// ---- within a warp ------------------------------------------------------------------------------------------------
template <bool Good>
__global__ void warp_swap(int* out) {
    __shared__ int s[32];
    s[threadIdx.x] = threadIdx.x;
    if (Good) __syncwarp();
    out[threadIdx.x] = s[threadIdx.x ^ 1];   // BUG(warp_swap, race)
}
CASE(warp_swap) { warp_swap<false><<<1, 32>>>(Device<int>(32)); }
CASE(warp_swap_ok) { warp_swap<true><<<1, 32>>>(Device<int>(32)); }

template <bool Good>
__global__ void warp_sum(int* out) {   // the unrolled last warp of older textbooks
    __shared__ int s[64];
    int t = threadIdx.x;
    s[t] = t;
    s[t + 32] = t;
    __syncwarp();
    for (int d = 16; d > 0; d /= 2) {
        int v = s[t + d];   // BUG(warp_sum, race)
        if (Good) __syncwarp();
        s[t] += v;
        if (Good) __syncwarp();
    }
    out[t] = s[t];
}
CASE(warp_sum) { warp_sum<false><<<1, 32>>>(Device<int>(32)); }
CASE(warp_sum_ok) { warp_sum<true><<<1, 32>>>(Device<int>(32)); }

template <bool Good>
__global__ void half_mask(int* out) {   // orders the lanes that it names only
    __shared__ int s[32];
    int t = threadIdx.x;
    if (t < 16) {
        s[t] = t;
        __syncwarp(0xffff);
        out[t] = s[15 - t];
    } else if (!Good) {
        out[t] = s[t - 16];   // BUG(half_mask, race)
    }
}
CASE(half_mask) { half_mask<false><<<1, 32>>>(Device<int>(32)); }
CASE(half_mask_ok) { half_mask<true><<<1, 32>>>(Device<int>(32)); }

template <bool Good>
__global__ void shuffles_order_nothing(int* out) {
    __shared__ int s[32];
    s[threadIdx.x] = threadIdx.x;
    int x = __shfl_xor_sync(~0u, (int)threadIdx.x, 1);
    if (Good) __syncwarp();
    out[threadIdx.x] = s[x];   // BUG(shuffles_order_nothing, race)
}
CASE(shuffles_order_nothing) { shuffles_order_nothing<false><<<1, 32>>>(Device<int>(32)); }
CASE(shuffles_order_nothing_ok) { shuffles_order_nothing<true><<<1, 32>>>(Device<int>(32)); }

template <bool Good>
__global__ void one_place(int* out) {   // different values to one address
    out[Good ? threadIdx.x : 0] = threadIdx.x;   // BUG(one_place, race)
}
CASE(one_place) { one_place<false><<<1, 32>>>(Device<int>(32)); }
CASE(one_place_ok) { one_place<true><<<1, 32>>>(Device<int>(32)); }

// ---- global memory, between blocks --------------------------------------------------------------------------------
template <bool Good>
__global__ void sum(const int* in, int* out) {
    if (Good) atomicAdd(out, in[blockIdx.x]);
    else *out += in[blockIdx.x];   // BUG(sum, race)
}
CASE(sum) { sum<false><<<4, 1>>>(Device<int>(4), Device<int>(1)); }
CASE(sum_ok) { sum<true><<<4, 1>>>(Device<int>(4), Device<int>(1)); }

template <bool Good>
__global__ void stencil(const int* in, int* out, int n) {   // in place
    int i = blockIdx.x * 32 + threadIdx.x;
    if (i > 0 && i < n - 1) out[i] = in[i - 1] + in[i + 1];   // BUG(stencil, race)
}
CASE(stencil) {
    Device<int> a(128);
    stencil<false><<<4, 32>>>(a, a, 128);
}
CASE(stencil_ok) {
    Device<int> a(128), b(128);
    stencil<true><<<4, 32>>>(a, b, 128);
    stencil<true><<<4, 32>>>(b, a, 128);   // the next launch is ordered after the first
}

template <bool Good>
__global__ void overlap(int* out) {   // a block writes one element too many, but within the array
    int i = blockIdx.x * 32 + threadIdx.x;
    out[i] = i;
    if (threadIdx.x == 0 && blockIdx.x < 3) out[i + (Good ? 31 : 32)] = -1;   // BUG(overlap, race)
}
CASE(overlap) { overlap<false><<<4, 32>>>(Device<int>(128)); }

template <bool Good>
__global__ void flag_without_fence(int* data, int* flag, int* out) {
    if (blockIdx.x == 0) {
        *data = 42;
        if (Good) __threadfence();
        atomicExch(flag, 1);
    } else {
        while (atomicAdd(flag, 0) == 0) {}
        if (Good) __threadfence();
        *out = *data;   // BUG(flag_without_fence, race)
    }
}
CASE(flag_without_fence) { flag_without_fence<false><<<2, 1>>>(Device<int>(1), Device<int>(1), Device<int>(1)); }
CASE(flag_without_fence_ok) { flag_without_fence<true><<<2, 1>>>(Device<int>(1), Device<int>(1), Device<int>(1)); }

template <bool Good>
__global__ void last_block(const int* in, int* partial, unsigned* done, int* out) {
    __shared__ bool last;
    if (threadIdx.x == 0) {
        partial[blockIdx.x] = in[blockIdx.x];
        if (Good) __threadfence();
        last = atomicInc(done, gridDim.x - 1) == gridDim.x - 1;
        if (Good) __threadfence();
    }
    __syncthreads();
    if (last && threadIdx.x < gridDim.x) atomicAdd(out, partial[threadIdx.x]);   // BUG(last_block, race)
}
CASE(last_block) { last_block<false><<<8, 32>>>(Device<int>(8), Device<int>(8), Device<unsigned>(1), Device<int>(1)); }
CASE(last_block_ok) { last_block<true><<<8, 32>>>(Device<int>(8), Device<int>(8), Device<unsigned>(1), Device<int>(1)); }

template <bool Good>
__global__ void lock(int* mutex, int* total) {
    if (threadIdx.x == 0) {
        while (atomicCAS(mutex, 0, 1) != 0) {}
        if (Good) __threadfence();
        *total += 1;   // BUG(lock, race)
        if (Good) __threadfence();
        atomicExch(mutex, 0);
    }
}
CASE(lock) { lock<false><<<4, 32>>>(Device<int>(1), Device<int>(1)); }
CASE(lock_ok) { lock<true><<<4, 32>>>(Device<int>(1), Device<int>(1)); }

template <bool Good>
__global__ void block_scope(int* counter) {   // an atomic of one block is not one for the other
    if (Good) atomicAdd(counter, 1);
    else atomicAdd_block(counter, 1);   // BUG(block_scope, race)
}
CASE(block_scope) { block_scope<false><<<2, 32>>>(Device<int>(1)); }
CASE(block_scope_ok) { block_scope<true><<<2, 32>>>(Device<int>(1)); }

template <bool Good>
__global__ void atomic_and_plain(int* counter, int* out) {
    atomicAdd(counter, 1);
    if (Good) __syncthreads();
    if (threadIdx.x == 0) *out = *counter;   // BUG(atomic_and_plain, race)
}
CASE(atomic_and_plain) { atomic_and_plain<false><<<1, 64>>>(Device<int>(1), Device<int>(1)); }
CASE(atomic_and_plain_ok) { atomic_and_plain<true><<<1, 64>>>(Device<int>(1), Device<int>(1)); }

template <bool Good>
__global__ void barrier_is_of_one_block(int* data, int* out) {
    if (blockIdx.x == 0) data[threadIdx.x] = 1;
    __syncthreads();
    if (blockIdx.x == (Good ? 0 : 1)) out[threadIdx.x] = data[31 - threadIdx.x];   // BUG(barrier_is_of_one_block, race)
}
CASE(barrier_is_of_one_block) { barrier_is_of_one_block<false><<<2, 32>>>(Device<int>(32), Device<int>(32)); }
CASE(barrier_is_of_one_block_ok) { barrier_is_of_one_block<true><<<2, 32>>>(Device<int>(32), Device<int>(32)); }

template <bool Good>
__global__ void transpose(float* a, int n) {   // in place, each pair by both of its threads
    int i = threadIdx.x, j = blockIdx.x;
    if (Good && i >= j) return;
    float x = a[i * n + j], y = a[j * n + i];   // BUG(transpose, race)
    a[i * n + j] = y;
    a[j * n + i] = x;
}
CASE(transpose) { transpose<false><<<16, 16>>>(Device<float>(256), 16); }
CASE(transpose_ok) { transpose<true><<<16, 16>>>(Device<float>(256), 16); }

// ---- no race, but a note ------------------------------------------------------------------------------------------
__global__ void found(const int* in, int* flag) {
    if (in[threadIdx.x] == 0) *flag = 1;
}
CASE(same_value_ok) { found<<<1, 64>>>(Device<int>(64), Device<int>(1)); }

template <bool Good>
__global__ void fence_behind_the_barrier(const int* in, int* partial, unsigned* done, int* out) {
    __shared__ bool last;
    partial[blockIdx.x * 32 + threadIdx.x] = in[threadIdx.x];
    __threadfence();
    __syncthreads();
    if (threadIdx.x == 0) last = atomicAdd(done, 1u) == gridDim.x - 1;
    __syncthreads();
    if (Good) __threadfence();
    if (last) out[threadIdx.x] = partial[threadIdx.x];   // BUG(fence_behind_the_barrier, race)
}
CASE(fence_behind_the_barrier) { fence_behind_the_barrier<false><<<4, 32>>>(Device<int>(32), Device<int>(128), Device<unsigned>(1), Device<int>(32)); }
CASE(fence_behind_the_barrier_ok) { fence_behind_the_barrier<true><<<4, 32>>>(Device<int>(32), Device<int>(128), Device<unsigned>(1), Device<int>(32)); }
