// Memory errors, each with a twin that has none.
#include "planted.cuh"

__constant__ int table[16];

__global__ void write(int* out, int n) { out[blockIdx.x * blockDim.x + threadIdx.x] = 1; }   // BUG(no_guard, out-of-bounds)
CASE(no_guard) { write<<<4, 32>>>(Device<int>(100), 100); }
CASE(no_guard_ok) { write<<<4, 32>>>(Device<int>(128), 128); }

__global__ void stencil(const int* in, int* out, int n) {
    int i = threadIdx.x;
    if (i < n) out[i] = in[i + 1];   // BUG(off_by_one, out-of-bounds)
}
CASE(off_by_one) { stencil<<<1, 64>>>(Device<int>(64), Device<int>(64), 64); }
CASE(off_by_one_ok) { stencil<<<1, 64>>>(Device<int>(64), Device<int>(64), 63); }

__global__ void before(const int* in, int* out, int radius) {
    out[threadIdx.x] = in[(int)threadIdx.x - radius];   // BUG(below, out-of-bounds)
}
CASE(below) { before<<<1, 32>>>(Device<int>(32), Device<int>(32), 1); }
CASE(below_ok) { before<<<1, 32>>>(Device<int>(32), Device<int>(32), 0); }

__global__ void past_shared(int* out, int n) {
    __shared__ int s[32];
    for (int i = threadIdx.x; i < n; i += 32) s[i] = i;   // BUG(shared, out-of-bounds)
    __syncthreads();
    out[threadIdx.x] = s[threadIdx.x];
}
CASE(shared) { past_shared<<<1, 32>>>(Device<int>(32), 64); }
CASE(shared_ok) { past_shared<<<1, 32>>>(Device<int>(32), 32); }

__global__ void dynamic(int* out) {
    extern __shared__ int s[];
    s[threadIdx.x] = threadIdx.x;   // BUG(dynamic_shared, out-of-bounds)
    __syncthreads();
    out[threadIdx.x] = s[threadIdx.x ^ 1];
}
CASE(dynamic_shared) { dynamic<<<1, 64, 64>>>(Device<int>(64)); }
CASE(dynamic_shared_ok) { dynamic<<<1, 64, 256>>>(Device<int>(64)); }

__global__ void local_array(const int* index, int* out) {
    int a[8];
    for (int k = 0; k < 8; ++k) a[k] = out[k];
    a[index[0]] = 5;   // BUG(local, out-of-bounds)
    out[threadIdx.x] = a[index[1]];
}
CASE(local) {
    Device<int> index(2);
    int far[2] = {4000, 1};
    cudaMemcpy(index, far, sizeof far, cudaMemcpyHostToDevice);
    local_array<<<1, 1>>>(index, Device<int>(8));
}
CASE(local_ok) { local_array<<<1, 1>>>(Device<int>(2), Device<int>(8)); }

__global__ void constants(int* out, int shift) {
    out[threadIdx.x] = table[threadIdx.x + shift];   // BUG(constant, out-of-bounds)
}
CASE(constant) { constants<<<1, 16>>>(Device<int>(16), 1 << 20); }
CASE(constant_ok) { constants<<<1, 16>>>(Device<int>(16), 0); }

__global__ void rows(float* a, int pitch) {
    a[threadIdx.y * pitch + threadIdx.x] = 1;   // BUG(matrix, out-of-bounds)
}
CASE(matrix) { rows<<<1, dim3(16, 16)>>>(Device<float>(15 * 16), 16); }
CASE(matrix_ok) { rows<<<1, dim3(16, 16)>>>(Device<float>(16 * 16), 16); }

__global__ void counters(int* a) {
    atomicAdd(a + threadIdx.x, 1);   // BUG(atomic, out-of-bounds)
}
CASE(atomic) { counters<<<1, 33>>>(Device<int>(32)); }
CASE(atomic_ok) { counters<<<1, 32>>>(Device<int>(32)); }

__global__ void null_pointer(int* a) {
    if (threadIdx.x == 0) a[3] = 1;   // BUG(null, out-of-bounds)
}
CASE(null) { null_pointer<<<1, 32>>>(nullptr); }
CASE(null_ok) { null_pointer<<<1, 32>>>(Device<int>(4)); }

__global__ void vectors(const float* in, float4* out, int offset) {
    out[threadIdx.x] = *(const float4*)(in + offset + 4 * threadIdx.x);   // BUG(vector, misaligned)
}
CASE(vector) { vectors<<<1, 8>>>(Device<float>(64), Device<float4>(8), 1); }
CASE(vector_ok) { vectors<<<1, 8>>>(Device<float>(64), Device<float4>(8), 4); }

__global__ void words(unsigned char* in, int* out, int offset) {
    out[threadIdx.x] = *(int*)(in + offset);   // BUG(word, misaligned)
}
CASE(word) { words<<<1, 1>>>(Device<unsigned char>(64), Device<int>(1), 2); }
CASE(word_ok) { words<<<1, 1>>>(Device<unsigned char>(64), Device<int>(1), 8); }

__global__ void shared_words(int* out, int offset) {
    __shared__ __align__(16) char s[64];
    for (int i = threadIdx.x; i < 64; i += 32) s[i] = i;
    __syncthreads();
    out[threadIdx.x] = *(volatile int*)(s + offset);   // BUG(shared_word, misaligned)
}
CASE(shared_word) { shared_words<<<1, 32>>>(Device<int>(32), 5); }
CASE(shared_word_ok) { shared_words<<<1, 32>>>(Device<int>(32), 8); }

__global__ void use(int* a, int* out) {
    out[threadIdx.x] = a[threadIdx.x];   // BUG(freed, use-after-free)
}
CASE(freed) {
    int* a;
    cudaMalloc(&a, 128);
    cudaMemset(a, 0, 128);
    Device<int> out(32);
    cudaFree(a);
    use<<<1, 32>>>(a, out);
}
CASE(freed_ok) {
    int* a;
    cudaMalloc(&a, 128);
    cudaMemset(a, 0, 128);
    Device<int> out(32);
    use<<<1, 32>>>(a, out);
    cudaFree(a);
}

__global__ void read(const int* a, int* out) {
    out[threadIdx.x] = a[threadIdx.x];   // BUG(stack_pointer, host-pointer) BUG(heap_pointer, host-pointer)
}
CASE(stack_pointer) {
    int a[32] = {};
    read<<<1, 32>>>(a, Device<int>(32));
}
CASE(heap_pointer) {
    int* a = new int[32]();
    read<<<1, 32>>>(a, Device<int>(32));
    cudaDeviceSynchronize();
    delete[] a;
}
CASE(pinned_pointer_ok) {
    int* a;
    cudaMallocHost(&a, 128);
    std::memset(a, 0, 128);
    read<<<1, 32>>>(a, Device<int>(32));
    cudaFreeHost(a);
}
CASE(managed_pointer_ok) {
    int* a;
    cudaMallocManaged(&a, 128);
    read<<<1, 32>>>(a, Device<int>(32));
    cudaDeviceSynchronize();
    cudaFree(a);
}

CASE(freed_twice) {
    int* a;
    cudaMalloc(&a, 128);
    cudaFree(a);
    cudaFree(a);   // BUG(freed_twice, double-free)
}
CASE(freed_twice_ok) {
    int* a;
    cudaMalloc(&a, 128);
    cudaFree(a);
    a = nullptr;
    cudaFree(a);
}
CASE(freed_inside) {
    int* a;
    cudaMalloc(&a, 128);
    cudaFree(a + 4);   // BUG(freed_inside, double-free)
    cudaFree(a);
}
CASE(freed_host) {
    int a[4];
    cudaFree(a);   // BUG(freed_host, double-free)
}

CASE(leak) {
    int* a;
    cudaMalloc(&a, 4096);   // BUG(leak, leak)
    cudaMemset(a, 0, 4096);
}
CASE(leak_ok) {
    int* a;
    cudaMalloc(&a, 4096);
    cudaMemset(a, 0, 4096);
    cudaFree(a);
}
CASE(leak_pinned) {
    int* a;
    cudaMallocHost(&a, 4096);   // BUG(leak_pinned, leak)
    a[0] = 1;
}

CASE(host_reads) {
    Device<int> a(16);
    volatile int* p = a;
    std::printf("%d\n", p[3]);   // BUG(host_reads, device-pointer)
}
CASE(host_writes) {
    Device<float> a(16);
    volatile float* p = a;
    for (int i = 0; i < 16; ++i)
        p[i] = 1;   // BUG(host_writes, device-pointer)
}
CASE(host_reads_ok) {
    Device<int> a(16);
    int b[16];
    cudaMemcpy(b, a, sizeof b, cudaMemcpyDeviceToHost);
    std::printf("%d\n", b[3]);
}
