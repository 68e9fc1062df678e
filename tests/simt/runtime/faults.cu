// A kernel that fails: reported once, by the next call that synchronises; work in between is skipped; then all works again.
#include "check.cuh"

__global__ void store(int* p, int i, int value) { p[i] = value; }

int main() {
  int* p;
  CALL(cudaMalloc(&p, 400));
  CALL(cudaMemset(p, 0, 400));
  int seen = -1;

  for (int round = 0; round < 3; ++round) {
    store<<<1, 1>>>(p, 1 << 20, 1);
    CALL(cudaGetLastError());                 // the launch itself was right
    store<<<1, 1>>>(p, 0, 5);                 // skipped
    FAILS(cudaErrorIllegalAddress, cudaDeviceSynchronize());
    CALL(cudaDeviceSynchronize());
    CALL(cudaMemcpy(&seen, p, 4, cudaMemcpyDeviceToHost));
    CHECK(seen == 10 * round);
    store<<<1, 1>>>(p, 0, 10 * (round + 1));
    CALL(cudaDeviceSynchronize());
  }

  // A copy that waits reports too, and copies nothing.
  store<<<1, 1>>>(nullptr, 0, 1);
  seen = 7;
  FAILS(cudaErrorIllegalAddress, cudaMemcpy(&seen, p, 4, cudaMemcpyDeviceToHost));
  CHECK(seen == 7);
  CALL(cudaMemcpy(&seen, p, 4, cudaMemcpyDeviceToHost));
  CHECK(seen == 30);

  cudaStream_t s;
  CALL(cudaStreamCreate(&s));
  cudaError_t status = cudaSuccess;
  store<<<1, 1, 0, s>>>(p + 1, 1 << 24, 1);
  CALL(cudaStreamAddCallback(s, [](cudaStream_t, cudaError_t e, void* out) { *static_cast<cudaError_t*>(out) = e; }, &status, 0));
  cudaEvent_t e;
  CALL(cudaEventCreate(&e));
  CALL(cudaEventRecord(e, s));
  FAILS(cudaErrorIllegalAddress, cudaEventSynchronize(e));
  CHECK(status == cudaErrorIllegalAddress);
  CALL(cudaStreamSynchronize(s));

  // Freed memory is no memory.
  CALL(cudaFree(p));
  store<<<1, 1, 0, s>>>(p, 0, 1);
  FAILS(cudaErrorIllegalAddress, cudaStreamSynchronize(s));
  store<<<1, 1, 0, s>>>(p, 0, 1);
  EXPECT(cudaErrorIllegalAddress, cudaDeviceSynchronize());
  CALL(cudaDeviceReset());
  CALL(cudaGetLastError());
  std::puts("ok");
}
