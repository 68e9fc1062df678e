// Small kernels and a program that launches each of them, in cases that have names: benchmarks/counted.py counts what they do on
// the software GPU and on a GPU. tests/simt/observers/test_counters.py knows by hand what the first cases do.
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <vector>

extern "C" {
__global__ void add(const float* a, const float* b, float* c, int n) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) c[i] = a[i] + b[i];
}

__global__ void gather(const float* in, float* out, int stride, int offset) {
    out[threadIdx.x] = in[threadIdx.x * stride + offset];
}

__global__ void bytes(const unsigned char* in, unsigned char* out) { out[threadIdx.x] = in[threadIdx.x]; }

__global__ void doubles(const double* in, double* out) { out[threadIdx.x] = in[threadIdx.x]; }

__global__ void fours(const float4* in, float4* out) { out[threadIdx.x] = in[threadIdx.x]; }

__global__ void backwards(const float* in, float* out) { out[31 - threadIdx.x] = in[threadIdx.x ^ 5]; }

__global__ void far(float* out) { out[threadIdx.x * threadIdx.x * 1000 % 4096 * 8] = 1; }

__global__ void banks(int stride) {
    __shared__ volatile int s[1024];
    s[threadIdx.x * stride] = 1;
}

__global__ void banks_read(const int* index, int* out) {
    __shared__ int s[1024];
    out[threadIdx.x] = s[index[threadIdx.x]];
}

__global__ void wide_banks(int stride) {
    __shared__ volatile double s[128];
    s[threadIdx.x * stride] = 1;
}

__global__ void widest_banks(float4* out, int stride) {
    __shared__ float4 s[64];
    out[threadIdx.x] = s[threadIdx.x * stride % 64];
}

__global__ void one_counter(unsigned* counter) { atomicAdd(counter, 1u); }

__global__ void four_counters(unsigned* out) {
    __shared__ unsigned s[4];
    atomicAdd(&s[threadIdx.x % 4], 1u);
    __syncthreads();
    if (threadIdx.x == 0) out[0] = s[0];
}

__global__ void counters_by_index(unsigned* counter, const int* index) { atomicMax(&counter[index[threadIdx.x]], 1u); }

__global__ void barriers(int n) {
    for (int i = 0; i < n; ++i) __syncthreads();
}

__global__ void odd_and_even(unsigned* a, unsigned* b) {
    if (threadIdx.x % 2)
        atomicAdd(a + threadIdx.x, 1u);
    else
        atomicAdd(b + threadIdx.x, 2u);
}

__global__ void operations(float* out, double* wide, float x, double y) {
    float s = x + threadIdx.x;  // a conversion, then one addition
    s = fmaf(s, x, x);          // two
    s = s * x - 3.0f;           // two, fused into one instruction
    out[threadIdx.x] = s / x;   // one
    wide[threadIdx.x] = y * s;  // one
}

__global__ void in_place(float* data) { data[blockIdx.x * 256 + threadIdx.x] *= 2; }

__global__ void columns(const float* in, float* out) {  // a 32 by 32 matrix, column by column
    float sum = 0;
    for (int i = 0; i < 32; ++i) sum += in[threadIdx.x * 32 + i];
    out[threadIdx.x] = sum;
}

__global__ void loops(int* out) {  // lane t makes t + 1 turns
    int sum = 0;
#pragma unroll 1
    for (int i = 0; i <= threadIdx.x; ++i) {
        sum += atomicAdd(out, 0);
    }
    out[threadIdx.x + 1] = sum;
}

__global__ void matmul(const float* a, const float* b, float* c, int n) {
    __shared__ float x[16][16], y[16][16];
    int row = blockIdx.y * 16 + threadIdx.y, column = blockIdx.x * 16 + threadIdx.x;
    float sum = 0;
    for (int t = 0; t < n; t += 16) {
        x[threadIdx.y][threadIdx.x] = a[row * n + t + threadIdx.x];
        y[threadIdx.y][threadIdx.x] = b[(t + threadIdx.y) * n + column];
        __syncthreads();
        for (int k = 0; k < 16; ++k) sum += x[threadIdx.y][k] * y[k][threadIdx.x];
        __syncthreads();
    }
    c[row * n + column] = sum;
}

__global__ void meet(int* out) {  // both halves of the warp come to the shuffle on their own
    int x = threadIdx.x;
    if (x % 2)
        x = atomicAdd(out, 0);
    else
        x = atomicMax(out, 0);
    out[threadIdx.x] = __shfl_xor_sync(~0u, x, 1);
}

// What follows runs in many blocks.

__global__ void copy_fours(const float4* in, float4* out) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    out[i] = in[i];
}

__global__ void strided(const float* in, float* out, int stride) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    out[i] = in[i * stride];
}

__global__ void transpose_naive(const float* in, float* out, int n) {
    int x = blockIdx.x * 32 + threadIdx.x, y = blockIdx.y * 32 + threadIdx.y;
    out[x * n + y] = in[y * n + x];
}

__global__ void transpose(const float* in, float* out, int n) {
    __shared__ float tile[32][32];
    tile[threadIdx.y][threadIdx.x] = in[(blockIdx.y * 32 + threadIdx.y) * n + blockIdx.x * 32 + threadIdx.x];
    __syncthreads();
    out[(blockIdx.x * 32 + threadIdx.y) * n + blockIdx.y * 32 + threadIdx.x] = tile[threadIdx.x][threadIdx.y];
}

__global__ void transpose_padded(const float* in, float* out, int n) {
    __shared__ float tile[32][33];
    tile[threadIdx.y][threadIdx.x] = in[(blockIdx.y * 32 + threadIdx.y) * n + blockIdx.x * 32 + threadIdx.x];
    __syncthreads();
    out[(blockIdx.x * 32 + threadIdx.y) * n + blockIdx.y * 32 + threadIdx.x] = tile[threadIdx.x][threadIdx.y];
}

__global__ void many_counters(unsigned* counters) { atomicAdd(&counters[blockIdx.x * blockDim.x + threadIdx.x], 1u); }

__global__ void turns(float* out) {  // thread i makes i % 4 turns
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    float x = i;
#pragma unroll 1
    for (int k = 0; k < i % 4; ++k) x = sqrtf(x);
    out[i] = x;
}

__global__ void reduce(const float* in, float* out) {
    __shared__ float s[256];
    s[threadIdx.x] = in[blockIdx.x * 256 + threadIdx.x];
    for (int half = 128; half > 0; half /= 2) {
        __syncthreads();
        if (threadIdx.x < half) s[threadIdx.x] += s[threadIdx.x + half];
    }
    if (threadIdx.x == 0) out[blockIdx.x] = s[0];
}
}

void check(cudaError_t status) {
    if (status == cudaSuccess) return;
    std::fprintf(stderr, "%s: %s\n", cudaGetErrorName(status), cudaGetErrorString(status));
    std::exit(1);
}

template <class T>
class Array {  // n values on the device
  public:
    Array(size_t n, const std::function<T(int)>& value) {
        std::vector<T> values(n);
        for (size_t i = 0; i < n; ++i) values[i] = value(i);
        check(cudaMalloc(&data_, n * sizeof(T)));
        check(cudaMemcpy(data_, values.data(), n * sizeof(T), cudaMemcpyHostToDevice));
    }
    Array(const Array&) = delete;
    ~Array() { check(cudaFree(data_)); }
    operator T*() const { return data_; }

  private:
    T* data_;
};

template <class T = float>
struct Ones : Array<T> {
    explicit Ones(size_t n) : Array<T>(n, [](int) { return T(1); }) {}
};

struct Fours : Array<float4> {
    explicit Fours(size_t n) : Array<float4>(n, [](int) { return make_float4(1, 1, 1, 1); }) {}
};

struct Zeros : Array<unsigned> {
    explicit Zeros(size_t n) : Array<unsigned>(n, [](int) { return 0u; }) {}
    operator int*() const { return reinterpret_cast<int*>(static_cast<unsigned*>(*this)); }
};

// Launches a kernel and waits for it. Arrays that were made for the call live until it returns.
template <class... Parameters, class... Arguments>
void run(const char* name, void (*kernel)(Parameters...), dim3 grid, dim3 block, const Arguments&... arguments) {
    std::printf("%s\n", name);
    kernel<<<grid, block>>>(static_cast<Parameters>(arguments)...);
    check(cudaGetLastError());
    check(cudaDeviceSynchronize());
}

int main() {
    using Index = Array<int>;
    constexpr int kMega = 1 << 20;
    auto lane = [](int i) { return i; };

    run("add_2^20", add, 4096, 256, Ones<>(kMega), Ones<>(kMega), Ones<>(kMega), kMega);
    run("add_1000", add, 4, 256, Ones<>(1000), Ones<>(1000), Ones<>(1000), 1000);
    run("column", gather, 1, 32, Ones<>(1024), Ones<>(32), 32, 0);
    run("every_other", gather, 1, 32, Ones<>(64), Ones<>(32), 2, 0);
    run("misaligned", gather, 1, 32, Ones<>(64), Ones<>(32), 1, 1);
    run("broadcast", gather, 1, 32, Ones<>(64), Ones<>(32), 0, 9);
    run("bytes", bytes, 1, 64, Ones<unsigned char>(64), Ones<unsigned char>(64));
    run("64_bits", doubles, 1, 32, Ones<double>(32), Ones<double>(32));
    run("128_bits", fours, 1, 32, Fours(32), Fours(32));
    run("128_bits_half_a_warp", fours, 1, 16, Fours(16), Fours(16));
    run("permuted", backwards, 1, 32, Ones<>(32), Ones<>(32));
    run("scattered", far, 1, 32, Ones<>(4096 * 8));
    run("bank_conflict_32", banks, 1, 32, 32);
    run("bank_conflict_4", banks, 2, 64, 4);
    run("no_bank_conflict_3", banks, 1, 32, 3);
    run("same_word", banks, 1, 32, 0);
    run("two_words_of_a_bank", banks_read, 1, 32, Index(32, [](int i) { return i == 1 ? 32 : 0; }), Index(32, lane));
    run("banks_64_bits", wide_banks, 1, 32, 1);
    run("banks_64_bits_stride_2", wide_banks, 1, 32, 2);
    run("banks_128_bits", widest_banks, 1, 32, Fours(32), 1);
    run("banks_128_bits_stride_2", widest_banks, 1, 32, Fours(32), 2);
    run("one_counter", one_counter, 2, 64, Zeros(1));
    run("four_counters", four_counters, 1, 64, Zeros(1));
    run("counters_by_index", counters_by_index, 1, 32, Zeros(32), Index(32, [](int i) { return i < 11 ? 0 : i - 11; }));
    run("barriers", barriers, 3, 128, 5);
    run("odd_and_even", odd_and_even, 1, 64, Zeros(64), Zeros(64));
    run("operations", operations, 1, 32, Ones<>(32), Ones<double>(32), 2.0f, 2.0);
    run("in_place", in_place, 2, 256, Ones<>(512));
    run("columns", columns, 1, 32, Ones<>(1024), Ones<>(32));
    run("loops", loops, 1, 32, Zeros(33));
    run("matmul_64", matmul, dim3(4, 4), dim3(16, 16), Ones<>(64 * 64), Ones<>(64 * 64), Ones<>(64 * 64), 64);
    run("meet", meet, 1, 32, Zeros(32));

    run("bank_conflict_2", banks, 1, 32, 2);
    run("bank_conflict_8", banks, 1, 32, 8);
    run("bank_conflict_16", banks, 1, 32, 16);
    run("add_2^24", add, 65536, 256, Ones<>(16 * kMega), Ones<>(16 * kMega), Ones<>(16 * kMega), 16 * kMega);
    run("copy_float4_2^20", copy_fours, 4096, 256, Fours(kMega), Fours(kMega));
    run("strided_2", strided, 512, 256, Ones<>(kMega / 4), Ones<>(kMega / 8), 2);
    run("strided_32", strided, 512, 256, Ones<>(4 * kMega), Ones<>(kMega / 8), 32);
    run("transpose_naive_1024", transpose_naive, dim3(32, 32), dim3(32, 32), Ones<>(kMega), Ones<>(kMega), 1024);
    run("transpose_1024", transpose, dim3(32, 32), dim3(32, 32), Ones<>(kMega), Ones<>(kMega), 1024);
    run("transpose_padded_1024", transpose_padded, dim3(32, 32), dim3(32, 32), Ones<>(kMega), Ones<>(kMega), 1024);
    run("one_counter_2^18", one_counter, 1024, 256, Zeros(1));
    run("many_counters_2^18", many_counters, 1024, 256, Zeros(kMega / 4));
    run("turns_2^18", turns, 1024, 256, Ones<>(kMega / 4));
    run("reduce_2^20", reduce, 4096, 256, Ones<>(kMega), Ones<>(4096));
    run("matmul_256", matmul, dim3(16, 16), dim3(16, 16), Ones<>(65536), Ones<>(65536), Ones<>(65536), 256);
}
