// Order and asynchrony: streams, the legacy default stream, events, callbacks, per-thread default streams.
#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include "check.cuh"

/// Waits for a host flag, so that the test decides when the kernel ends.
__global__ void wait_for(volatile int* flag, int* out, int value) {
  while (*flag == 0) {
  }
  *out = value;
}
__global__ void store(int* out, int value) { *out = value; }
__global__ void append(int* list, int* count, int value) { list[(*count)++] = value; }

/// Takes turns with another kernel, and counts what it does while that does the same.
__global__ void take_turns(volatile int* turn, int* count, int rounds, int mine) {
  for (int n = 0; n < rounds; ++n) {
    while (*turn % 2 != mine) {
    }
    if (n > 0)
      for (int k = 0; k < 1000; ++k) atomicAdd(count, 1);
    __threadfence();
    *turn = *turn + 1;
    for (int k = 0; k < 1000; ++k) atomicAdd(count, 1);
  }
}

struct Flag {   // mapped memory that host and kernels both see
  volatile int* value;
  Flag() {
    CALL(cudaMallocHost(const_cast<int**>(&value), 4));
    *value = 0;
  }
  ~Flag() { cudaFreeHost(const_cast<int*>(value)); }
  void raise() { __atomic_store_n(value, 1, __ATOMIC_RELEASE); }
};

static int* device_ints(int n) {
  int* p;
  CALL(cudaMalloc(&p, n * sizeof(int)));
  CALL(cudaMemset(p, 0, n * sizeof(int)));
  return p;
}

static int read(const int* p) {
  int v;
  CALL(cudaMemcpy(&v, p, 4, cudaMemcpyDeviceToHost));
  return v;
}

static void asynchrony() {
  Flag flag;
  int* out = device_ints(1);
  cudaStream_t s;
  CALL(cudaStreamCreate(&s));
  wait_for<<<1, 1, 0, s>>>(flag.value, out, 3);   // returns although the kernel cannot end
  CALL(cudaGetLastError());
  EXPECT(cudaErrorNotReady, cudaStreamQuery(s));
  cudaGetLastError();
  cudaEvent_t e;
  CALL(cudaEventCreate(&e));
  CALL(cudaEventRecord(e, s));
  EXPECT(cudaErrorNotReady, cudaEventQuery(e));
  cudaGetLastError();
  flag.raise();
  CALL(cudaEventSynchronize(e));
  CALL(cudaEventQuery(e));
  CALL(cudaStreamSynchronize(s));
  CALL(cudaStreamQuery(s));
  CHECK(read(out) == 3);
  CALL(cudaEventDestroy(e));
  CALL(cudaStreamDestroy(s));
  CALL(cudaFree(out));
}

static void legacy_order() {
  int *list = device_ints(16), *count = device_ints(1);
  cudaStream_t a, b;
  CALL(cudaStreamCreate(&a));
  CALL(cudaStreamCreate(&b));
  append<<<1, 1, 0, a>>>(list, count, 1);
  append<<<1, 1>>>(list, count, 2);           // after the work of a
  append<<<1, 1, 0, b>>>(list, count, 3);     // after the default stream
  append<<<1, 1, 0, cudaStreamLegacy>>>(list, count, 4);
  append<<<1, 1, 0, a>>>(list, count, 5);
  int seen[5];
  CALL(cudaMemcpy(seen, list, sizeof seen, cudaMemcpyDeviceToHost));
  for (int i = 0; i < 5; ++i) CHECK(seen[i] == i + 1);
  CALL(cudaStreamDestroy(a));
  CALL(cudaStreamDestroy(b));

  // A non-blocking stream does not wait for the default one.
  Flag flag;
  cudaStream_t free_stream;
  CALL(cudaStreamCreateWithFlags(&free_stream, cudaStreamNonBlocking));
  std::atomic<bool> ran{false};
  wait_for<<<1, 1>>>(flag.value, list, 1);
  CALL(cudaLaunchHostFunc(free_stream, [](void* p) { *static_cast<std::atomic<bool>*>(p) = true; }, &ran));
  CALL(cudaStreamSynchronize(free_stream));
  CHECK(ran);
  EXPECT(cudaErrorNotReady, cudaStreamQuery(nullptr));
  cudaGetLastError();
  flag.raise();
  CALL(cudaStreamSynchronize(nullptr));
  CALL(cudaStreamDestroy(free_stream));
  CALL(cudaFree(list));
  CALL(cudaFree(count));
}

static void events() {
  cudaStream_t a, b;
  CALL(cudaStreamCreateWithFlags(&a, cudaStreamNonBlocking));
  CALL(cudaStreamCreateWithFlags(&b, cudaStreamNonBlocking));
  cudaEvent_t done, never, untimed;
  CALL(cudaEventCreate(&done));
  CALL(cudaEventCreate(&never));
  CALL(cudaEventCreateWithFlags(&untimed, cudaEventDisableTiming));
  Flag flag;
  int *x = device_ints(1), *y = device_ints(1);
  CALL(cudaDeviceSynchronize());
  wait_for<<<1, 1, 0, a>>>(flag.value, x, 5);
  CALL(cudaEventRecord(done, a));
  CALL(cudaStreamWaitEvent(b, done, 0));
  CALL(cudaMemcpyAsync(y, x, 4, cudaMemcpyDeviceToDevice, b));
  EXPECT(cudaErrorNotReady, cudaStreamQuery(b));
  cudaGetLastError();
  flag.raise();
  CALL(cudaStreamSynchronize(b));
  CHECK(read(y) == 5);
  CALL(cudaStreamWaitEvent(b, never, 0));   // an event that was never recorded stops nobody
  CALL(cudaStreamSynchronize(b));

  cudaEvent_t start;
  float ms = -1;
  CALL(cudaEventCreate(&start));
  CALL(cudaEventRecord(start, a));
  CALL(cudaLaunchHostFunc(a, [](void*) { std::this_thread::sleep_for(std::chrono::milliseconds(5)); }, nullptr));
  CALL(cudaEventRecord(done, a));
  CALL(cudaEventSynchronize(done));
  CALL(cudaEventElapsedTime(&ms, start, done));
  CHECK(ms >= 4.9f);   // the function slept between the two: no upper bound is meant
  FAILS(cudaErrorInvalidResourceHandle, cudaEventElapsedTime(&ms, start, never));
  CALL(cudaEventRecord(untimed, a));
  FAILS(cudaErrorInvalidResourceHandle, cudaEventElapsedTime(&ms, start, untimed));
  for (cudaEvent_t e : {done, never, untimed, start}) CALL(cudaEventDestroy(e));
  FAILS(cudaErrorInvalidResourceHandle, cudaEventRecord(done, a));
  CALL(cudaStreamDestroy(a));
  FAILS(cudaErrorInvalidResourceHandle, cudaStreamSynchronize(a));
  FAILS(cudaErrorInvalidResourceHandle, cudaMemsetAsync(x, 0, 4, a));
  FAILS(cudaErrorInvalidResourceHandle, cudaStreamDestroy(nullptr));
  CALL(cudaStreamDestroy(b));
  CALL(cudaFree(x));
  CALL(cudaFree(y));
}

static void callbacks() {
  struct State {
    std::atomic<int> step{0};
    cudaError_t status = cudaErrorUnknown, nested = cudaSuccess;
  } state;
  cudaStream_t s;
  CALL(cudaStreamCreate(&s));
  CALL(cudaStreamAddCallback(s, [](cudaStream_t, cudaError_t status, void* p) {
    auto* st = static_cast<State*>(p);
    st->status = status;
    st->step = 1;
  }, &state, 0));
  CALL(cudaLaunchHostFunc(s, [](void* p) {
    auto* st = static_cast<State*>(p);
    st->nested = cudaDeviceSynchronize();   // would wait for itself
    int expected = 1;
    st->step.compare_exchange_strong(expected, 2);
  }, &state));
  CALL(cudaStreamSynchronize(s));
  CHECK(state.step == 2 && state.status == cudaSuccess && state.nested == cudaErrorNotPermitted);
  CALL(cudaStreamDestroy(s));
}

static void questions() {
  int least, greatest, priority;
  CALL(cudaDeviceGetStreamPriorityRange(&least, &greatest));
  CHECK(least == 0 && greatest < 0);
  cudaStream_t s;
  CALL(cudaStreamCreateWithPriority(&s, cudaStreamNonBlocking, greatest - 3));
  CALL(cudaStreamGetPriority(s, &priority));
  CHECK(priority == greatest);
  unsigned flags;
  CALL(cudaStreamGetFlags(s, &flags));
  CHECK(flags == cudaStreamNonBlocking);
  cudaStreamCaptureStatus capturing;
  CALL(cudaStreamIsCapturing(s, &capturing));
  CHECK(capturing == cudaStreamCaptureStatusNone);
  CALL(cudaStreamDestroy(s));
  FAILS(cudaErrorInvalidValue, cudaStreamCreateWithFlags(&s, 8));

  cudaStream_t plain, copy;
  CALL(cudaStreamCreateWithPriority(&plain, 0, -2));
  CALL(cudaStreamCreate(&copy));
  cudaStreamAttrValue value = {};
  CALL(cudaStreamGetAttribute(plain, cudaStreamAttributePriority, &value));
  CHECK(value.priority == -2);
  value.priority = -100;   // taken to the end of the range
  CALL(cudaStreamSetAttribute(plain, cudaStreamAttributePriority, &value));
  value.syncPolicy = cudaSyncPolicyYield;
  CALL(cudaStreamSetAttribute(plain, cudaStreamAttributeSynchronizationPolicy, &value));
  CALL(cudaStreamCopyAttributes(copy, plain));
  value = {};
  CALL(cudaStreamGetAttribute(copy, cudaStreamAttributeSynchronizationPolicy, &value));
  CALL(cudaStreamGetPriority(copy, &priority));
  CHECK(value.syncPolicy == cudaSyncPolicyYield && priority == -5);
  FAILS(cudaErrorInvalidValue, cudaStreamSetAttribute(plain, cudaLaunchAttributeCooperative, &value));
  CALL(cudaStreamDestroy(plain));
  CALL(cudaStreamDestroy(copy));
}

/// Kernels in three streams that wait for each other, and one that needs none of them.
static void at_once() {
  int *shared = device_ints(2), *out = device_ints(2);
  Flag flag;
  cudaStream_t s[4];
  for (auto& each : s) CALL(cudaStreamCreateWithFlags(&each, cudaStreamNonBlocking));
  wait_for<<<1, 1, 0, s[0]>>>(flag.value, out, 1);
  take_turns<<<1, 1, 0, s[1]>>>(shared, shared + 1, 20, 1);
  take_turns<<<1, 1, 0, s[2]>>>(shared, shared + 1, 20, 0);
  store<<<1, 1, 0, s[3]>>>(out + 1, 7);
  for (int n = 1; n < 4; ++n) CALL(cudaStreamSynchronize(s[n]));
  EXPECT(cudaErrorNotReady, cudaStreamQuery(s[0]));
  cudaGetLastError();
  flag.raise();
  CALL(cudaStreamSynchronize(s[0]));
  CHECK(read(shared) == 40 && read(shared + 1) == 2 * (20 + 19) * 1000 && read(out) == 1 && read(out + 1) == 7);
  for (auto& each : s) CALL(cudaStreamDestroy(each));
  CALL(cudaFree(shared));
  CALL(cudaFree(out));
}

/// Many host threads, each with streams of its own, and the default stream in between.
static void storm() {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([t] {
      int* p = device_ints(1);
      for (int i = 0; i < 30; ++i) {
        cudaStream_t s, per_thread = cudaStreamPerThread;
        CALL(cudaStreamCreate(&s));
        store<<<1, 1, 0, s>>>(p, t * 100 + i);
        cudaEvent_t e;
        CALL(cudaEventCreate(&e));
        CALL(cudaEventRecord(e, s));
        CALL(cudaStreamWaitEvent(per_thread, e, 0));
        int* q;
        CALL(cudaMallocAsync(&q, 4, per_thread));
        CALL(cudaMemcpyAsync(q, p, 4, cudaMemcpyDeviceToDevice, per_thread));
        int v = -1;
        CALL(cudaMemcpyAsync(&v, q, 4, cudaMemcpyDeviceToHost, per_thread));
        CALL(cudaStreamSynchronize(per_thread));
        CHECK(v == t * 100 + i);
        CALL(cudaFreeAsync(q, per_thread));
        CALL(cudaStreamDestroy(s));
        CALL(cudaEventDestroy(e));
        if (i % 10 == 0) CALL(cudaDeviceSynchronize());
      }
      CALL(cudaFree(p));
    });
  for (auto& t : threads) t.join();
  CALL(cudaDeviceSynchronize());
}

int main() {
  asynchrony();
#ifndef CUDA_API_PER_THREAD_DEFAULT_STREAM   // there the default stream is one among others
  legacy_order();
#endif
  events();
  callbacks();
  questions();
  at_once();
  storm();
  std::puts("ok");
}
