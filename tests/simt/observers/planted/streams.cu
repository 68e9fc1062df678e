// Work of different streams that meets in memory, each with a twin in which something orders it.
#include "planted.cuh"

struct Stream {
    cudaStream_t it;
    explicit Stream(unsigned flags = cudaStreamDefault) { cudaStreamCreateWithFlags(&it, flags); }
    ~Stream() { cudaStreamDestroy(it); }
    operator cudaStream_t() const { return it; }
};
struct Event {
    cudaEvent_t it;
    Event() { cudaEventCreateWithFlags(&it, cudaEventDisableTiming); }
    ~Event() { cudaEventDestroy(it); }
    operator cudaEvent_t() const { return it; }
};
template <class T>
struct Pinned {
    T* data = nullptr;
    explicit Pinned(size_t count) { cudaMallocHost(&data, count * sizeof(T)); }
    ~Pinned() { cudaFreeHost(data); }
    operator T*() const { return data; }
};
constexpr int N = 1000, BLOCKS = 4, THREADS = 256;
static size_t bytes() { return N * sizeof(float); }

// A producer and a consumer for each case, so that each has a line of its own.
#define KERNELS(name)                                             \
    __global__ void name##_make(float* out, int n) {              \
        int i = blockIdx.x * blockDim.x + threadIdx.x;            \
        if (i < n) out[i] = i;                                    \
    }

KERNELS(two)
__global__ void two_use(const float* in, float* out, int n) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) out[i] = 2 * in[i];   // BUG(two_streams, race)
}
template <bool Good>
void two() {
    Device<float> a(N), b(N);
    Stream s, t;
    cudaDeviceSynchronize();
    Event made;
    two_make<<<BLOCKS, THREADS, 0, s>>>(a, N);
    cudaEventRecord(made, s);
    if (Good) cudaStreamWaitEvent(t, made, 0);
    two_use<<<BLOCKS, THREADS, 0, t>>>(a, b, N);
    cudaDeviceSynchronize();
}
CASE(two_streams) { two<false>(); }
CASE(two_streams_ok) { two<true>(); }

// The event is there, but recorded before the kernel.
KERNELS(early)
__global__ void early_use(const float* in, float* out, int n) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) out[i] = 2 * in[i];   // BUG(early_event, race)
}
template <bool Good>
void early() {
    Device<float> a(N), b(N);
    Stream s, t;
    cudaDeviceSynchronize();
    Event made;
    if (!Good) cudaEventRecord(made, s);
    early_make<<<BLOCKS, THREADS, 0, s>>>(a, N);
    if (Good) cudaEventRecord(made, s);
    cudaStreamWaitEvent(t, made, 0);
    early_use<<<BLOCKS, THREADS, 0, t>>>(a, b, N);
    cudaDeviceSynchronize();
}
CASE(early_event) { early<false>(); }
CASE(early_event_ok) { early<true>(); }

// The default stream waits for ordinary streams and they for it, but not for non-blocking ones.
KERNELS(legacy)
__global__ void legacy_use(const float* in, float* out, int n) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) out[i] = 2 * in[i];   // BUG(non_blocking, race)
}
template <bool Good>
void legacy() {
    Device<float> a(N), b(N);
    Stream s(Good ? cudaStreamDefault : cudaStreamNonBlocking);
    cudaDeviceSynchronize();
    legacy_make<<<BLOCKS, THREADS, 0, s>>>(a, N);
    legacy_use<<<BLOCKS, THREADS>>>(a, b, N);
    cudaDeviceSynchronize();
}
CASE(non_blocking) { legacy<false>(); }
CASE(non_blocking_ok) { legacy<true>(); }

// A copy back in a stream of its own.
KERNELS(back)
template <bool Good>
void back() {
    Device<float> a(N);
    Pinned<float> host(N);
    Stream s, t;
    cudaDeviceSynchronize();
    back_make<<<BLOCKS, THREADS, 0, s>>>(a, N);
    if (Good) cudaStreamSynchronize(s);
    cudaMemcpyAsync(host, a, bytes(), cudaMemcpyDeviceToHost, t);   // BUG(copy_back, race)
    cudaDeviceSynchronize();
}
CASE(copy_back) { back<false>(); }
CASE(copy_back_ok) { back<true>(); }

// The next piece of the input goes to the buffer that a kernel still reads.
__global__ void chunk(const float* in, float* sum, int n) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) atomicAdd(sum, in[i]);   // BUG(one_buffer, race)
}
template <bool Good>
void buffers() {
    Device<float> buffer(2 * N), sum(1);
    Pinned<float> host(2 * N);
    std::memset(host, 0, 2 * bytes());
    Stream load, work;
    cudaDeviceSynchronize();
    Event loaded;
    for (int k = 0; k < 2; ++k) {
        float* part = buffer + (Good ? k * N : 0);
        cudaMemcpyAsync(part, host + k * N, bytes(), cudaMemcpyHostToDevice, load);
        cudaEventRecord(loaded, load);
        cudaStreamWaitEvent(work, loaded, 0);
        chunk<<<BLOCKS, THREADS, 0, work>>>(part, sum, N);
    }
    cudaDeviceSynchronize();
}
CASE(one_buffer) { buffers<false>(); }
CASE(one_buffer_ok) { buffers<true>(); }

// Cleared in one stream, added to in another.
__global__ void histogram(int* bins, int n) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) atomicAdd(&bins[i % 16], 1);   // BUG(cleared, race)
}
template <bool Good>
void clear() {
    Device<int> bins(16);
    Stream s, t;
    cudaDeviceSynchronize();
    cudaMemsetAsync(bins, 0, 16 * sizeof(int), Good ? t : s);
    histogram<<<BLOCKS, THREADS, 0, t>>>(bins, N);
    cudaDeviceSynchronize();
}
CASE(cleared) { clear<false>(); }
CASE(cleared_ok) { clear<true>(); }

// Each stream has its half, but one takes an element of the other's.
__global__ void half(float* data, int begin, int end) {
    int i = begin + blockIdx.x * blockDim.x + threadIdx.x;
    if (i < end) data[i] += 1;   // BUG(one_too_many, race)
}
template <bool Good>
void halves() {
    Device<float> data(N);
    Stream s, t;
    cudaDeviceSynchronize();
    half<<<BLOCKS, THREADS, 0, s>>>(data, 0, N / 2 + !Good);
    half<<<BLOCKS, THREADS, 0, t>>>(data, N / 2, N);
    cudaDeviceSynchronize();
}
CASE(one_too_many) { halves<false>(); }
CASE(one_too_many_ok) { halves<true>(); }

// Both streams count: with atomic operations they may.
template <bool Good>
__global__ void hits(int* counter) {
    if (Good) atomicAdd(counter, 1);
    else if (threadIdx.x == 0 && blockIdx.x == 0) *counter += 1;   // BUG(counter, race)
}
template <bool Good>
void counters() {
    Device<int> counter(1);
    Stream s, t;
    cudaDeviceSynchronize();
    hits<Good><<<BLOCKS, THREADS, 0, s>>>(counter);
    hits<Good><<<BLOCKS, THREADS, 0, t>>>(counter);
    cudaDeviceSynchronize();
}
CASE(counter) { counters<false>(); }
CASE(counter_ok) { counters<true>(); }

// A host function of a stream fills what a kernel of another one reads.
static void prepare(void* data) {
    for (int i = 0; i < N; ++i) static_cast<float*>(data)[i] = i;
}
__global__ void prepared_use(const float* in, float* out, int n) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) out[i] = 2 * in[i];   // BUG(host_function, race)
}
template <bool Good>
void host_functions() {
    float* in;
    cudaMallocManaged(&in, bytes());
    Device<float> out(N);
    Stream s, t;
    cudaDeviceSynchronize();
    cudaLaunchHostFunc(s, prepare, in);
    prepared_use<<<BLOCKS, THREADS, 0, Good ? s : t>>>(in, out, N);
    cudaDeviceSynchronize();
    cudaFree(in);
}
CASE(host_function) { host_functions<false>(); }
CASE(host_function_ok) { host_functions<true>(); }

// A texture is memory, too.
__global__ void textured(cudaTextureObject_t in, float* out, int n) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) out[i] = 2 * tex1Dfetch<float>(in, i);   // BUG(texture_beside, race)
}
template <bool Good>
void textures() {
    Device<float> a(N), b(N);
    Stream s, t;
    cudaResourceDesc what = {};
    what.resType = cudaResourceTypeLinear;
    what.res.linear = {a.data, cudaCreateChannelDesc<float>(), bytes()};
    cudaTextureDesc how = {};
    cudaTextureObject_t texture;
    cudaCreateTextureObject(&texture, &what, &how, nullptr);
    cudaDeviceSynchronize();
    textured<<<BLOCKS, THREADS, 0, s>>>(texture, b, N);
    cudaMemsetAsync(a, 0, bytes(), Good ? s : t);
    cudaDeviceSynchronize();
    cudaDestroyTextureObject(texture);
}
CASE(texture_beside) { textures<false>(); }
CASE(texture_beside_ok) { textures<true>(); }

// A graph is work of its stream like any other.
KERNELS(graph)
__global__ void graph_use(const float* in, float* out, int n) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) out[i] = 2 * in[i];   // BUG(graph_beside, race)
}
template <bool Good>
void graphs() {
    Device<float> a(N), b(N);
    Stream s, t;
    cudaGraph_t graph;
    cudaGraphExec_t exec;
    cudaStreamBeginCapture(s, cudaStreamCaptureModeGlobal);
    graph_make<<<BLOCKS, THREADS, 0, s>>>(a, N);
    cudaStreamEndCapture(s, &graph);
    cudaGraphInstantiate(&exec, graph, 0);
    cudaDeviceSynchronize();
    cudaGraphLaunch(exec, s);
    Event made;
    cudaEventRecord(made, s);
    while (Good && cudaEventQuery(made) == cudaErrorNotReady) {
    }
    graph_use<<<BLOCKS, THREADS, 0, t>>>(a, b, N);
    cudaDeviceSynchronize();
    cudaGraphExecDestroy(exec);
    cudaGraphDestroy(graph);
}
CASE(graph_beside) { graphs<false>(); }
CASE(graph_beside_ok) { graphs<true>(); }
