// Copies that are under way, barriers in memory, clusters, matrices, textures and surfaces, each with a twin without a race.
// pmpp: arch=90
#include <cooperative_groups.h>
#include <cuda/barrier>
#include <cuda_pipeline.h>
#include <mma.h>

#include "planted.cuh"

namespace cg = cooperative_groups;
using Barrier = cuda::barrier<cuda::thread_scope_block>;

// ---- cp.async -----------------------------------------------------------------------------------------------------
template <bool Good>
__global__ void no_wait(const float* in, float* out) {   // a barrier does not wait for copies
    __shared__ float tile[128];
    int t = threadIdx.x;
    __pipeline_memcpy_async(&tile[t], &in[t], 4);
    __pipeline_commit();
    if (Good) __pipeline_wait_prior(0);
    __syncthreads();
    out[t] = tile[127 - t];   // BUG(no_wait, race)
    __pipeline_wait_prior(0);
}
CASE(no_wait) { no_wait<false><<<1, 128>>>(Device<float>(128), Device<float>(128)); }
CASE(no_wait_ok) { no_wait<true><<<1, 128>>>(Device<float>(128), Device<float>(128)); }

template <bool Good>
__global__ void own_copy(const float* in, float* out) {   // what a thread has copied itself, too early
    __shared__ float tile[128];
    int t = threadIdx.x;
    __pipeline_memcpy_async(&tile[t], &in[t], 4);
    __pipeline_commit();
    if (Good) __pipeline_wait_prior(0);
    out[t] = tile[t];   // BUG(own_copy, race)
    if (!Good) __pipeline_wait_prior(0);
}
CASE(own_copy) { own_copy<false><<<1, 128>>>(Device<float>(128), Device<float>(128)); }
CASE(own_copy_ok) { own_copy<true><<<1, 128>>>(Device<float>(128), Device<float>(128)); }

template <bool Good>
__global__ void others_copy(const float* in, float* out) {   // waiting is for a thread's own copies
    __shared__ float tile[128];
    int t = threadIdx.x;
    __pipeline_memcpy_async(&tile[t], &in[t], 4);
    __pipeline_commit();
    __pipeline_wait_prior(0);
    if (Good) __syncthreads();
    out[t] = tile[127 - t];   // BUG(others_copy, race)
}
CASE(others_copy) { others_copy<false><<<1, 128>>>(Device<float>(128), Device<float>(128)); }
CASE(others_copy_ok) { others_copy<true><<<1, 128>>>(Device<float>(128), Device<float>(128)); }

template <bool Good>
__global__ void two_buffers(const float* in, float* out, int turns) {   // the next copy goes where others still read
    __shared__ float tile[2][64];
    int t = threadIdx.x;
    float sum = 0;
    __pipeline_memcpy_async(&tile[0][t], &in[t], 4);
    __pipeline_commit();
    for (int k = 0; k < turns; ++k) {
        if (k + 1 < turns) __pipeline_memcpy_async(&tile[(k + 1) % 2][t], &in[(k + 1) * 64 + t], 4);
        __pipeline_commit();
        __pipeline_wait_prior(1);
        __syncthreads();
        for (int i = 0; i < 64; ++i) sum += tile[k % 2][i];   // BUG(two_buffers, race)
        if (Good) __syncthreads();
    }
    out[t] = sum;
}
CASE(two_buffers) { two_buffers<false><<<1, 64>>>(Device<float>(256), Device<float>(64), 4); }
CASE(two_buffers_ok) { two_buffers<true><<<1, 64>>>(Device<float>(256), Device<float>(64), 4); }

// ---- barriers in memory -------------------------------------------------------------------------------------------
template <bool Good>
__global__ void late_arrival(int* out) {   // who arrives before it writes promises too much
    __shared__ int data[32];
    __shared__ Barrier ready;
    int t = threadIdx.x;
    if (t == 0) init(&ready, 64);
    __syncthreads();
    if (t < 32) {
        if (Good) data[t] = t;
        auto token = ready.arrive();
        if (!Good) data[t] = t;
        ready.wait(std::move(token));
    } else {
        ready.arrive_and_wait();
        out[t - 32] = data[63 - t];   // BUG(late_arrival, race)
    }
}
CASE(late_arrival) { late_arrival<false><<<1, 64>>>(Device<int>(32)); }
CASE(late_arrival_ok) { late_arrival<true><<<1, 64>>>(Device<int>(32)); }

template <bool Good>
__global__ void no_barrier_wait(int* out) {
    __shared__ int data[32];
    __shared__ Barrier ready;
    int t = threadIdx.x;
    if (t == 0) init(&ready, 64);
    __syncthreads();
    if (t < 32) data[t] = t;
    auto token = ready.arrive();
    if (Good) ready.wait(std::move(token));
    if (t >= 32) out[t - 32] = data[63 - t];   // BUG(no_barrier_wait, race)
    if (!Good) ready.wait(std::move(token));
}
CASE(no_barrier_wait) { no_barrier_wait<false><<<1, 64>>>(Device<int>(32)); }
CASE(no_barrier_wait_ok) { no_barrier_wait<true><<<1, 64>>>(Device<int>(32)); }

template <bool Good>
__global__ void use_before_init(int* out) {   // the barrier is not there yet
    __shared__ Barrier ready;
    if (threadIdx.x == 0) init(&ready, 64);
    if (Good) __syncthreads();
    ready.arrive_and_wait();   // BUG(use_before_init, race)
    out[threadIdx.x] = 1;
}
CASE(use_before_init) { use_before_init<false><<<1, 64>>>(Device<int>(64)); }
CASE(use_before_init_ok) { use_before_init<true><<<1, 64>>>(Device<int>(64)); }

template <bool Good>
__global__ void tracked(const int* in, int* out) {   // the copies arrive at the barrier
    __shared__ alignas(16) int data[64];
    __shared__ Barrier ready;
    int t = threadIdx.x;
    if (t == 0) init(&ready, 64);
    __syncthreads();
    cuda::memcpy_async(&data[t], &in[t], cuda::aligned_size_t<4>(4), ready);
    auto token = ready.arrive();
    if (Good) ready.wait(std::move(token));
    out[t] = data[63 - t];   // BUG(tracked, race)
    if (!Good) ready.wait(std::move(token));
}
CASE(tracked) { tracked<false><<<1, 64>>>(Device<int>(64), Device<int>(64)); }
CASE(tracked_ok) { tracked<true><<<1, 64>>>(Device<int>(64), Device<int>(64)); }

template <bool Good>
__global__ void bulk(const int* in, int* out) {   // one thread has all of it copied
    __shared__ alignas(16) int data[64];
    __shared__ Barrier ready;
    int t = threadIdx.x;
    if (t == 0) init(&ready, 64);
    __syncthreads();
    Barrier::arrival_token token;
    if (t == 0) {
        cuda::device::memcpy_async_tx(data, in, cuda::aligned_size_t<16>(sizeof data), ready);
        token = cuda::device::barrier_arrive_tx(ready, 1, sizeof data);
    } else {
        token = ready.arrive();
    }
    if (Good) ready.wait(std::move(token));
    out[t] = data[t];   // BUG(bulk, race)
    if (!Good) ready.wait(std::move(token));
}
CASE(bulk) { bulk<false><<<1, 64>>>(Device<int>(64), Device<int>(64)); }
CASE(bulk_ok) { bulk<true><<<1, 64>>>(Device<int>(64), Device<int>(64)); }

// ---- clusters -----------------------------------------------------------------------------------------------------
template <bool Good>
__global__ void __cluster_dims__(2) give(int* out) {   // each block writes to the other one's shared memory
    __shared__ int got[32];
    auto cluster = cg::this_cluster();
    int t = threadIdx.x;
    cluster.sync();
    cluster.map_shared_rank(got, 1 - cluster.block_rank())[t] = t;
    if (Good) cluster.sync();
    else __syncthreads();
    out[blockIdx.x * 32 + t] = got[t];   // BUG(give, race)
    cluster.sync();
}
CASE(give) { give<false><<<2, 32>>>(Device<int>(64)); }
CASE(give_ok) { give<true><<<2, 32>>>(Device<int>(64)); }

template <bool Good>
__global__ void __cluster_dims__(2) take(int* out) {
    __shared__ int mine[32];
    auto cluster = cg::this_cluster();
    int t = threadIdx.x;
    mine[t] = t;
    if (Good) cluster.sync();
    else __syncthreads();
    out[blockIdx.x * 32 + t] = cluster.map_shared_rank(mine, 1 - cluster.block_rank())[31 - t];   // BUG(take, race)
    cluster.sync();
}
CASE(take) { take<false><<<2, 32>>>(Device<int>(64)); }
CASE(take_ok) { take<true><<<2, 32>>>(Device<int>(64)); }

template <bool Good>
__global__ void __cluster_dims__(2) through_global(int* data, int* out) {   // a cluster's blocks are not ordered by being one
    auto cluster = cg::this_cluster();
    data[blockIdx.x] = blockIdx.x;
    if (Good) cluster.sync();
    out[blockIdx.x] = data[1 - blockIdx.x];   // BUG(through_global, race)
}
CASE(through_global) { through_global<false><<<2, 1>>>(Device<int>(2), Device<int>(2)); }
CASE(through_global_ok) { through_global<true><<<2, 1>>>(Device<int>(2), Device<int>(2)); }

// ---- matrices -----------------------------------------------------------------------------------------------------
template <bool Good>
__global__ void tiles(const half* in, float* out) {   // the tile is not all there
    using namespace nvcuda::wmma;
    __shared__ alignas(32) half tile[256];
    for (int i = threadIdx.x; i < 256; i += 32) tile[i] = in[i];
    if (Good) __syncwarp();
    fragment<matrix_a, 16, 16, 16, half, row_major> a;
    fragment<matrix_b, 16, 16, 16, half, row_major> b;
    fragment<accumulator, 16, 16, 16, float> c;
    fill_fragment(c, 0.0f);
    load_matrix_sync(a, tile, 16);   // BUG(tiles, race)
    load_matrix_sync(b, in, 16);
    mma_sync(c, a, b, c);
    store_matrix_sync(out, c, 16, mem_row_major);
}
CASE(tiles) { tiles<false><<<1, 32>>>(Device<half>(256), Device<float>(256)); }
CASE(tiles_ok) { tiles<true><<<1, 32>>>(Device<half>(256), Device<float>(256)); }

template <bool Good>
__global__ void epilogue(float* out) {   // results are read while they are stored
    using namespace nvcuda::wmma;
    __shared__ alignas(32) float sums[256];
    fragment<accumulator, 16, 16, 16, float> c;
    fill_fragment(c, 1.0f);
    if (threadIdx.x < 32) store_matrix_sync(sums, c, 16, mem_row_major);
    if (Good) __syncthreads();
    for (int i = threadIdx.x; i < 256; i += 64) out[i] = sums[i] + 1;   // BUG(epilogue, race)
}
CASE(epilogue) { epilogue<false><<<1, 64>>>(Device<float>(256)); }
CASE(epilogue_ok) { epilogue<true><<<1, 64>>>(Device<float>(256)); }

template <bool Good>
__global__ void rows(unsigned* out) {
    __shared__ alignas(16) unsigned tile[32];
    tile[threadIdx.x] = threadIdx.x;
    if (Good) __syncwarp();
    unsigned r, at = unsigned(__cvta_generic_to_shared(&tile[threadIdx.x % 8 * 4]));
    asm volatile("ldmatrix.sync.aligned.m8n8.x1.shared.b16 {%0}, [%1];" : "=r"(r) : "r"(at) : "memory");   // BUG(rows, race)
    out[threadIdx.x] = r;
}
CASE(rows) { rows<false><<<1, 32>>>(Device<unsigned>(32)); }
CASE(rows_ok) { rows<true><<<1, 32>>>(Device<unsigned>(32)); }

// ---- textures and surfaces ----------------------------------------------------------------------------------------
struct Image {
    cudaArray_t array;
    cudaSurfaceObject_t surface;
    Image() {
        auto desc = cudaCreateChannelDesc<int>();
        cudaMallocArray(&array, &desc, 64, 0, cudaArraySurfaceLoadStore);
        int zeros[64] = {};
        cudaMemcpy2DToArray(array, 0, 0, zeros, sizeof zeros, sizeof zeros, 1, cudaMemcpyHostToDevice);
        cudaResourceDesc what = {};
        what.resType = cudaResourceTypeArray;
        what.res.array.array = array;
        cudaCreateSurfaceObject(&surface, &what);
    }
    ~Image() {
        cudaDestroySurfaceObject(surface);
        cudaFreeArray(array);
    }
};
template <bool Good>
__global__ void smooth(cudaSurfaceObject_t image) {   // in place: the neighbour may be new already
    int t = threadIdx.x;
    int right = surf1Dread<int>(image, (t + 1) % 64 * 4);   // BUG(smooth, race)
    if (Good) __syncthreads();
    surf1Dwrite(right, image, t * 4);
}
CASE(smooth) { Image i; smooth<false><<<1, 64>>>(i.surface); cudaDeviceSynchronize(); }
CASE(smooth_ok) { Image i; smooth<true><<<1, 64>>>(i.surface); cudaDeviceSynchronize(); }

template <bool Good>
__global__ void through_texture(cudaTextureObject_t in, int* data, int* out) {   // a texture of what the kernel writes
    int t = threadIdx.x;
    data[t] = t;
    if (Good) out[t] = data[t];
    else out[t] = tex1Dfetch<int>(in, 31 - t);   // BUG(through_texture, race)
}
template <bool Good>
void fetch() {
    Device<int> data(32), out(32);
    cudaResourceDesc what = {};
    what.resType = cudaResourceTypeLinear;
    what.res.linear = {data.data, cudaCreateChannelDesc<int>(), 128};
    cudaTextureDesc how = {};
    cudaTextureObject_t texture;
    cudaCreateTextureObject(&texture, &what, &how, nullptr);
    through_texture<Good><<<1, 32>>>(texture, data, out);
    cudaDeviceSynchronize();
    cudaDestroyTextureObject(texture);
}
CASE(through_texture) { fetch<false>(); }
CASE(through_texture_ok) { fetch<true>(); }
