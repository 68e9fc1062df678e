// What the modelled device says of itself, and which launches it accepts at its limits and one beyond: a line each.
#include <cooperative_groups.h>
#include <cstdio>

__global__ void idle() {}
__global__ void with_shared() { extern __shared__ char bytes[]; bytes[0] = 1; }
__global__ void together() { cooperative_groups::this_grid().sync(); }

static void say(const char* what, long long value) { std::printf("%s %lld\n", what, value); }
static void accepted(const char* what) {
  const cudaError_t launched = cudaGetLastError(), ended = cudaDeviceSynchronize();
  std::printf("%s %s\n", what, cudaGetErrorName(launched ? launched : ended));
}

static int fits(int shared) {
  int blocks = 0;
  cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, with_shared, 64, shared);
  return blocks;
}

static void shared(const char* what, int bytes) {
  std::printf("%s_attribute %s\n", what, cudaGetErrorName(cudaFuncSetAttribute(with_shared, cudaFuncAttributeMaxDynamicSharedMemorySize, bytes)));
  cudaGetLastError();
  with_shared<<<1, 32, bytes>>>();
  accepted(what);
}

static void cooperative(const char* what, int blocks) {
  cudaLaunchCooperativeKernel((const void*)together, dim3(blocks), dim3(1024), nullptr, 0, nullptr);
  accepted(what);
}

static void cluster(const char* what, unsigned size) {
  cudaLaunchAttribute attribute{};
  attribute.id = cudaLaunchAttributeClusterDimension;
  attribute.val.clusterDim = {size, 1, 1};
  cudaLaunchConfig_t config{};
  config.gridDim = 2 * size;
  config.blockDim = 32;
  config.attrs = &attribute;
  config.numAttrs = 1;
  cudaLaunchKernelEx(&config, idle);
  accepted(what);
}

int main() {
  cudaDeviceProp p;
  cudaGetDeviceProperties(&p, 0);
  std::printf("name %s\n", p.name);
  int core, memory, ratio;
  cudaDeviceGetAttribute(&core, cudaDevAttrClockRate, 0);
  cudaDeviceGetAttribute(&memory, cudaDevAttrMemoryClockRate, 0);
  cudaDeviceGetAttribute(&ratio, cudaDevAttrSingleToDoublePrecisionPerfRatio, 0);
  say("capability", 10 * p.major + p.minor);
  say("sms", p.multiProcessorCount);
  say("core_khz", core);
  say("memory_khz", memory);
  say("bus_bits", p.memoryBusWidth);
  say("l2_bytes", p.l2CacheSize);
  say("threads", p.maxThreadsPerMultiProcessor);
  say("blocks", p.maxBlocksPerMultiProcessor);
  say("shared_bytes", p.sharedMemPerMultiprocessor);
  say("shared_bytes_optin", p.sharedMemPerBlockOptin);
  say("shared_bytes_reserved", p.reservedSharedMemPerBlock);
  say("fp32_to_fp64", ratio);
  say("clusters", p.clusterLaunch);

  const int most = int(p.sharedMemPerBlockOptin);
  shared("shared_most", most);
  shared("shared_more", most + 1);
  say("fit_of_half", fits(int(p.sharedMemPerMultiprocessor) / 2 - int(p.reservedSharedMemPerBlock)));
  say("fit_of_more_than_half", fits(int(p.sharedMemPerMultiprocessor) / 2 - int(p.reservedSharedMemPerBlock) + 1));
  say("fit_of_nothing", fits(0));
  const int room = p.multiProcessorCount * (p.maxThreadsPerMultiProcessor / 1024);
  cooperative("cooperative_most", room);
  cooperative("cooperative_more", room + 1);
  cluster("cluster_of_2", 2);
  cluster("cluster_of_9", 9);
  idle<<<1, 1024>>>();
  accepted("block_most");
  idle<<<1, 1025>>>();
  accepted("block_more");
  idle<<<1, dim3(1, 1, 65)>>>();
  accepted("block_deeper");
  idle<<<dim3(1, 65535, 1), 1>>>();
  accepted("grid_most");
  idle<<<dim3(1, 65536, 1), 1>>>();
  accepted("grid_more");
}
