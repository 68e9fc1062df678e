// What the host does with memory that both sides use before the work that writes it has been waited for, each with a twin
// that waits.
#include <unistd.h>

#include "planted.cuh"

template <class T>
struct Managed {
    T* data = nullptr;
    explicit Managed(size_t count) { cudaMallocManaged(&data, count * sizeof(T)); }
    ~Managed() { cudaFree(data); }
    operator T*() const { return data; }
};
template <class T>
struct Pinned {
    T* data = nullptr;
    explicit Pinned(size_t count) { cudaMallocHost(&data, count * sizeof(T)); }
    ~Pinned() { cudaFreeHost(data); }
    operator T*() const { return data; }
};
struct Stream {
    cudaStream_t it;
    Stream() { cudaStreamCreate(&it); }
    ~Stream() { cudaStreamDestroy(it); }
    operator cudaStream_t() const { return it; }
};
static volatile float result;   // what is read is used

__global__ void fill(float* out, float value, int n) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) out[i] = value;
}

// ---- managed memory -----------------------------------------------------------------------------------------------
template <bool Good>
void read_result() {
    Managed<float> out(1000);
    fill<<<4, 256>>>(out, 1, 1000);
    if (Good) cudaDeviceSynchronize();
    result = out[999];   // BUG(read_managed, api)
}
CASE(read_managed) { read_result<false>(); }
CASE(read_managed_ok) { read_result<true>(); }

template <bool Good>
void sum_result() {
    Managed<float> out(5000);
    fill<<<20, 256>>>(out, 1, 5000);
    if (Good) cudaStreamSynchronize(0);
    float sum = 0;
    for (int i = 0; i < 5000; ++i) sum += out[i];   // BUG(sum_managed, api)
    result = sum;
}
CASE(sum_managed) { sum_result<false>(); }
CASE(sum_managed_ok) { sum_result<true>(); }

// The kernel writes the second half; what lies before it is the host's.
template <bool Good>
void halves() {
    Managed<float> data(64);
    for (int i = 0; i < 64; ++i) data[i] = i;
    fill<<<1, 32>>>(data + 32, 1, 32);
    float sum = 0;
    for (int i = 0; i < 32; ++i) sum += data[i];
    if (Good) cudaDeviceSynchronize();
    result = sum + data[40];   // BUG(second_half, api)
}
CASE(second_half) { halves<false>(); }
CASE(second_half_ok) { halves<true>(); }

__device__ __managed__ int hits;
__global__ void count(const float* in, int n) {
    for (int i = threadIdx.x; i < n; i += blockDim.x)
        if (in[i] > 0.5f) atomicAdd(&hits, 1);
}
template <bool Good>
void managed_variable() {
    Managed<float> in(100);
    for (int i = 0; i < 100; ++i) in[i] = i % 2;
    hits = 0;
    count<<<1, 64>>>(in, 100);
    if (Good) cudaDeviceSynchronize();
    std::printf("%d\n", hits);   // BUG(managed_variable, api)
}
CASE(managed_variable) { managed_variable<false>(); }
CASE(managed_variable_ok) { managed_variable<true>(); }

// The input of the next launch is written while the first may still read it.
template <bool Good>
void overwritten() {
    Managed<float> in(64), out(1);
    for (int i = 0; i < 64; ++i) in[i] = i;
    count<<<1, 64>>>(in, 64);
    if (Good) cudaDeviceSynchronize();
    for (int i = 0; i < 64; ++i) in[i] = 1;   // BUG(overwritten, api)
    count<<<1, 64>>>(in, 64);
}
CASE(overwritten) { overwritten<false>(); }
CASE(overwritten_ok) { overwritten<true>(); }

// Another stream than that of the kernel is waited for.
template <bool Good>
void wrong_stream() {
    Stream a, b;
    Managed<float> out(32);
    fill<<<1, 32, 0, a>>>(out, 1, 32);
    cudaStreamSynchronize(Good ? a : b);
    result = out[3];   // BUG(wrong_stream, api)
}
CASE(wrong_stream) { wrong_stream<false>(); }
CASE(wrong_stream_ok) { wrong_stream<true>(); }

// ---- pinned memory ------------------------------------------------------------------------------------------------
template <bool Good>
void pinned_copy() {
    Stream s;
    Device<float> data(256);
    Pinned<float> host(256);
    fill<<<1, 256, 0, s>>>(data, 2, 256);
    cudaMemcpyAsync(host, data, 256 * sizeof(float), cudaMemcpyDeviceToHost, s);
    if (Good) cudaStreamSynchronize(s);
    result = host[255];   // BUG(pinned_copy, api)
}
CASE(pinned_copy) { pinned_copy<false>(); }
CASE(pinned_copy_ok) { pinned_copy<true>(); }

template <bool Good>
void zero_copy() {
    Pinned<float> out(32);
    cudaEvent_t done;
    cudaEventCreate(&done);
    fill<<<1, 32>>>(out, 3, 32);
    cudaEventRecord(done);
    if (Good) cudaEventSynchronize(done);
    float copy[32];
    std::memcpy(copy, out, sizeof copy);   // BUG(zero_copy, api)
    result = copy[7];
    cudaEventDestroy(done);
}
CASE(zero_copy) { zero_copy<false>(); }
CASE(zero_copy_ok) { zero_copy<true>(); }

// The system reads it, not the program.
template <bool Good>
void written_to_file() {
    Managed<char> text(6000);
    for (int i = 0; i < 6000; ++i) text[i] = 'a';
    fill<<<6, 256>>>(reinterpret_cast<float*>(text.data), 0, 1500);
    if (Good) cudaDeviceSynchronize();
    int ends[2];
    if (pipe(ends) || write(ends[1], text, 6000) != 6000) std::abort();   // BUG(written_to_file, api)
    char* back = new char[6000];
    if (read(ends[0], back, 6000) != 6000) std::abort();
    delete[] back;
    close(ends[0]);
    close(ends[1]);
}
CASE(written_to_file) { written_to_file<false>(); }
CASE(written_to_file_ok) { written_to_file<true>(); }

// The kernel waits for the host's word, and the host for the kernel's.
__global__ void answer(volatile int* asked, volatile int* told, int* data) {
    while (*asked == 0) {
    }
    __threadfence_system();
    *data *= 2;
    __threadfence_system();
    *told = 1;
}
CASE(conversation_ok) {
    Pinned<int> memory(96);
    memory[0] = memory[32] = 0;
    answer<<<1, 1>>>(memory, memory + 32, memory + 64);
    memory[64] = 21;
    __atomic_store_n(memory.data, 1, __ATOMIC_RELEASE);
    while (__atomic_load_n(memory + 32, __ATOMIC_ACQUIRE) == 0) {
    }
    if (memory[64] != 42) std::abort();
}

// The kernel says through memory that it is done, and the host reads it there.
__global__ void publish(volatile int* flag, int* data) {
    *data = 42;
    __threadfence_system();
    *flag = 1;
}
CASE(flag_ok) {
    Pinned<int> memory(64);
    memory[0] = 0;
    publish<<<1, 1>>>(memory.data, memory.data + 32);
    while (*const_cast<volatile int*>(memory.data) == 0) {
    }
    if (memory[32] != 42) std::abort();
}
