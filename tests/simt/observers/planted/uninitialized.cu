// Values that were never written, each with a twin whose values were, or where they decide nothing.
#include "planted.cuh"

template <class T>
struct Fresh {   // device memory that nobody has written
    T* data = nullptr;
    explicit Fresh(size_t count) { cudaMalloc(&data, count * sizeof(T)); }
    ~Fresh() { cudaFree(data); }
    operator T*() const { return data; }
};

__global__ void increment(int* a) {
    a[threadIdx.x] += 1;   // BUG(accumulate, uninitialized)
}
CASE(accumulate) { increment<<<1, 32>>>(Fresh<int>(32)); }
CASE(accumulate_ok) { increment<<<1, 32>>>(Device<int>(32)); }

__global__ void branch(const int* flags, int* out) {
    if (flags[threadIdx.x] > 3) atomicAdd(out, 1);   // BUG(decides, uninitialized)
}
CASE(decides) { branch<<<1, 32>>>(Fresh<int>(32), Device<int>(1)); }
CASE(decides_ok) { branch<<<1, 32>>>(Device<int>(32), Device<int>(1)); }

__global__ void gather(const int* index, const float* in, float* out) {
    out[threadIdx.x] = in[index[threadIdx.x] & 31];   // BUG(address, uninitialized)
}
CASE(address) { gather<<<1, 32>>>(Fresh<int>(32), Device<float>(32), Device<float>(32)); }
CASE(address_ok) { gather<<<1, 32>>>(Device<int>(32), Device<float>(32), Device<float>(32)); }

__global__ void copy(const int* in, int* out) { out[threadIdx.x] = in[threadIdx.x]; }
CASE(copied_along_ok) { copy<<<1, 32>>>(Fresh<int>(32), Fresh<int>(32)); }

__global__ void twice(const int* in, int* out) {
    out[threadIdx.x] = 2 * in[threadIdx.x];   // BUG(copied_then_used, uninitialized)
}
CASE(copied_then_used) {
    Fresh<int> a(32), b(32);
    copy<<<1, 32>>>(a, b);
    twice<<<1, 32>>>(b, Device<int>(32));
}
CASE(half_copied_ok) {
    Fresh<int> a(64);
    int b[32] = {};
    cudaMemcpy(a + 32, b, sizeof b, cudaMemcpyHostToDevice);
    twice<<<1, 32>>>(a + 32, Device<int>(32));
}

template <bool Good>
__global__ void bins(int* out) {
    __shared__ int h[32];
    if (Good) {
        h[threadIdx.x] = 0;
        __syncthreads();
    }
    atomicAdd(&h[threadIdx.x % 8], 1);   // BUG(bins, uninitialized)
    __syncthreads();
    out[threadIdx.x] = h[threadIdx.x % 8];
}
CASE(bins) { bins<false><<<1, 32>>>(Device<int>(32)); }
CASE(bins_ok) { bins<true><<<1, 32>>>(Device<int>(32)); }

template <bool Good>
__global__ void halo(const int* in, int* out) {   // nobody loads the halo
    __shared__ int s[34];
    s[threadIdx.x + 1] = in[threadIdx.x];
    if (Good && threadIdx.x == 0) s[0] = s[33] = 0;
    __syncthreads();
    out[threadIdx.x] = s[threadIdx.x] + s[threadIdx.x + 2];   // BUG(halo, uninitialized)
}
CASE(halo) { halo<false><<<1, 32>>>(Device<int>(32), Device<int>(32)); }
CASE(halo_ok) { halo<true><<<1, 32>>>(Device<int>(32), Device<int>(32)); }

template <bool Good>
__global__ void last_element(int* out) {   // a result that is only handed on, but out of shared memory
    __shared__ int s[32];
    if (Good || threadIdx.x < 31) s[threadIdx.x] = threadIdx.x;
    __syncthreads();
    out[threadIdx.x] = s[31 - threadIdx.x];   // BUG(last_element, uninitialized)
}
CASE(last_element) { last_element<false><<<1, 32>>>(Device<int>(32)); }
CASE(last_element_ok) { last_element<true><<<1, 32>>>(Device<int>(32)); }

template <bool Good>
__global__ void local_array(const int* index, int* out) {
    int a[16];
    for (int k = Good ? 0 : 1; k < 16; ++k) a[index[k]] = k;
    out[threadIdx.x] = a[index[threadIdx.x]] * 2;   // BUG(local_array, uninitialized)
}
static void with_indices(void (*kernel)(const int*, int*)) {
    Device<int> index(32);
    int n[32];
    for (int k = 0; k < 32; ++k) n[k] = k % 16;
    cudaMemcpy(index, n, sizeof n, cudaMemcpyHostToDevice);
    kernel<<<1, 16>>>(index, Device<int>(32));
}
CASE(local_array) { with_indices(local_array<false>); }
CASE(local_array_ok) { with_indices(local_array<true>); }

__global__ void shuffled(const int* in, int* out, int n) {   // lanes past the end hold what was never written
    int x = in[threadIdx.x];
    int y = __shfl_down_sync(~0u, x, 1);
    if (threadIdx.x < n) out[threadIdx.x] = x + y;   // BUG(shuffled, uninitialized)
}
static void sixteen_of_32(int n) {
    Fresh<int> a(32);
    cudaMemset(a, 0, 16 * sizeof(int));
    shuffled<<<1, 32>>>(a, Device<int>(32), n);
}
CASE(shuffled) { sixteen_of_32(16); }
CASE(shuffled_ok) { sixteen_of_32(15); }

__device__ __noinline__ int through_a_call(int x) { return x + 1; }
__global__ void called(const int* in, int* out) {
    out[threadIdx.x] = through_a_call(in[threadIdx.x]);   // BUG(called, uninitialized)
}
CASE(called) { called<<<1, 32>>>(Fresh<int>(32), Device<int>(32)); }
CASE(called_ok) { called<<<1, 32>>>(Device<int>(32), Device<int>(32)); }
