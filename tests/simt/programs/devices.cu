// Several devices: each has its own memory and its own work, and they help each other.
// pmpp: arch=75
#include "program.cuh"

#include <thread>

__global__ void bake(int* loaves, int n, int factor) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) loaves[i] = loaves[i] * factor + 1;
}

// Two bakeries, and a van between them: what one has baked the other finishes.
PROGRAM(two_bakeries) {
  const int n = 300;
  auto dough = numbers(n, 1000);
  int *here, *there;
  CUDA(cudaMalloc(&here, n * sizeof(int)));
  CUDA(cudaMemcpy(here, dough.data(), n * sizeof(int), cudaMemcpyHostToDevice));
  bake<<<3, 128>>>(here, n, 2);
  FINISH();
  CUDA(cudaSetDevice(1));
  CUDA(cudaMalloc(&there, n * sizeof(int)));
  CUDA(cudaMemcpyPeer(there, 1, here, 0, n * sizeof(int)));
  bake<<<3, 128>>>(there, n, 3);
  FINISH();
  std::vector<int> loaves(n);
  CUDA(cudaMemcpy(loaves.data(), there, n * sizeof(int), cudaMemcpyDeviceToHost));
  for (int i = 0; i < n; ++i) CHECK(loaves[i] == (dough[i] * 2 + 1) * 3 + 1);
  CUDA(cudaFree(there));
  CUDA(cudaSetDevice(0));
  CUDA(cudaFree(here));
}

// Neighbours who look over the fence: a kernel reads the other device's memory.
__global__ void look(const int* garden, int* seen, int n) {
  if (int(threadIdx.x) < n) seen[threadIdx.x] = garden[n - 1 - threadIdx.x] + 5;
}
PROGRAM(neighbours) {
  const int n = 64;
  int can = 0;
  CUDA(cudaDeviceCanAccessPeer(&can, 0, 1));
  CHECK(can == 1);
  const auto flowers = numbers(n, 100);
  int* garden;
  CUDA(cudaSetDevice(1));
  CUDA(cudaMalloc(&garden, n * sizeof(int)));
  CUDA(cudaMemcpy(garden, flowers.data(), n * sizeof(int), cudaMemcpyHostToDevice));
  CUDA(cudaSetDevice(0));
  CUDA(cudaDeviceEnablePeerAccess(1, 0));
  Buffer<int> seen(n);
  look<<<1, n>>>(garden, seen, n);
  FINISH();
  const auto got = seen.host();
  for (int i = 0; i < n; ++i) CHECK(got[i] == flowers[n - 1 - i] + 5);
  CUDA(cudaDeviceDisablePeerAccess(1));
  CUDA(cudaFree(garden));
}

// A race between threads of the host, each with a device of its own.
PROGRAM(host_race) {
  std::vector<std::vector<int>> laps(2, numbers(200, 50));
  cudaError_t failed[2] = {};
  auto drive = [&](int device) {
    auto run = [&]() -> cudaError_t {
      if (const auto status = cudaSetDevice(device)) return status;
      int* track;
      if (const auto status = cudaMalloc(&track, 800)) return status;
      if (const auto status = cudaMemcpy(track, laps[device].data(), 800, cudaMemcpyHostToDevice)) return status;
      for (int lap = 0; lap < 3; ++lap) bake<<<2, 100>>>(track, 200, device + 2);
      if (const auto status = cudaGetLastError()) return status;
      if (const auto status = cudaMemcpy(laps[device].data(), track, 800, cudaMemcpyDeviceToHost)) return status;
      return cudaFree(track);
    };
    failed[device] = run();
  };
  std::thread first(drive, 0), second(drive, 1);
  first.join();
  second.join();
  for (const auto status : failed) CUDA(status);
  const auto start = numbers(200, 50);
  for (int device = 0; device < 2; ++device)
    for (int i = 0; i < 200; ++i) {
      int expected = start[i];
      for (int lap = 0; lap < 3; ++lap) expected = expected * (device + 2) + 1;
      CHECK(laps[device][i] == expected);
    }
}
