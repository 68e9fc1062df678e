// Launches: configuration checks, attributes, occupancy against the toolkit's own calculator, kernels loaded at run time.
#include <cooperative_groups.h>
#include <cuda_occupancy.h>

#include <cstring>
#include <string>

#include "check.cuh"

struct Big {
  char bytes[1000];
};
__global__ void sum(Big big, long long a, char b, double c, double* out) {
  extern __shared__ int dynamic[];
  const bool first = threadIdx.x + threadIdx.y + threadIdx.z + blockIdx.x + blockIdx.y + blockIdx.z == 0;
  if (first) *out = big.bytes[999] + double(a) + b + c + (dynamic ? 0 : 1);
}
__global__ void __launch_bounds__(128) bounded(int* p) { p[threadIdx.x] = 1; }
__global__ void large_static(int* p) {
  __shared__ int block[10000];
  block[threadIdx.x] = p[threadIdx.x];
  __syncthreads();
  p[threadIdx.x] = block[blockDim.x - 1 - threadIdx.x];
}
__global__ void dynamic_size(int* p) {
  extern __shared__ int block[];
  block[threadIdx.x] = int(threadIdx.x);
  __syncthreads();
  if (threadIdx.x == 0) p[0] = block[blockDim.x - 1];
}
__global__ void everyone(int* count) {
  atomicAdd(count, 1);
  cooperative_groups::this_grid().sync();
  if (threadIdx.x == 0 && *count != int(gridDim.x * blockDim.x)) atomicExch(count + 1, 1);
}

static int* ints;
static int first() {
  int v;
  CALL(cudaMemcpy(&v, ints, 4, cudaMemcpyDeviceToHost));
  return v;
}

static void configurations() {
  Big big = {};
  big.bytes[999] = 5;
  double* out;
  CALL(cudaMalloc(&out, 8));
  sum<<<dim3(2, 3, 4), dim3(8, 4, 2), 64>>>(big, 1ll << 40, 7, 0.5, out);
  CALL(cudaGetLastError());
  double v;
  CALL(cudaMemcpy(&v, out, 8, cudaMemcpyDeviceToHost));
  CHECK(v == 5 + double(1ll << 40) + 7 + 0.5);
  CALL(cudaFree(out));

  bounded<<<0, 32>>>(ints);
  EXPECT(cudaErrorInvalidValue, cudaGetLastError());
  bounded<<<1, 0>>>(ints);
  EXPECT(cudaErrorInvalidValue, cudaGetLastError());
  bounded<<<dim3(1, 65536), 32>>>(ints);
  EXPECT(cudaErrorInvalidValue, cudaGetLastError());
  large_static<<<1, 1025>>>(ints);
  EXPECT(cudaErrorInvalidValue, cudaGetLastError());
  large_static<<<1, dim3(1, 1, 65)>>>(ints);
  EXPECT(cudaErrorInvalidValue, cudaGetLastError());
  bounded<<<1, 129>>>(ints);
  EXPECT(cudaErrorInvalidValue, cudaGetLastError());
  dynamic_size<<<1, 32, 49153>>>(ints);
  EXPECT(cudaErrorInvalidValue, cudaGetLastError());
  FAILS(cudaErrorInvalidValue, cudaFuncSetAttribute(dynamic_size, cudaFuncAttributeMaxDynamicSharedMemorySize, 227 * 1024 + 1));
  CALL(cudaFuncSetAttribute(dynamic_size, cudaFuncAttributeMaxDynamicSharedMemorySize, 227 * 1024));
  dynamic_size<<<1, 32, 227 * 1024>>>(ints);
  CALL(cudaGetLastError());
  CHECK(first() == 31);
  large_static<<<1, 1, 10000>>>(ints);   // together more than 48 KiB
  EXPECT(cudaErrorInvalidValue, cudaGetLastError());
  void* args[] = {&ints};
  FAILS(cudaErrorInvalidResourceHandle, cudaLaunchKernel(reinterpret_cast<const void*>(&first), dim3(1), dim3(1), args, 0, nullptr));
  FAILS(cudaErrorInvalidValue, cudaLaunchKernel(reinterpret_cast<const void*>(&bounded), dim3(1), dim3(1), nullptr, 0, nullptr));
}

static void attributes() {
  cudaFuncAttributes a;
  CALL(cudaFuncGetAttributes(&a, bounded));
  CHECK(a.maxThreadsPerBlock == 128 && a.ptxVersion == 75 && a.binaryVersion == 90);
  CHECK(a.numRegs > 0 && a.maxDynamicSharedSizeBytes == 49152 && a.sharedSizeBytes == 0);
  CALL(cudaFuncGetAttributes(&a, large_static));
  CHECK(a.sharedSizeBytes == 40000 && a.maxDynamicSharedSizeBytes == 9152 && a.maxThreadsPerBlock == 1024);
  size_t offset, size;
  CALL(cudaFuncGetParamInfo(reinterpret_cast<const void*>(&sum), 1, &offset, &size));
  CHECK(offset == 1000 && size == 8);
  FAILS(cudaErrorInvalidValue, cudaFuncGetParamInfo(reinterpret_cast<const void*>(&sum), 5, &offset, &size));
  const char* name;
  CALL(cudaFuncGetName(&name, reinterpret_cast<const void*>(&bounded)));
  CHECK(std::strstr(name, "bounded"));
}

static void occupancy() {
  cudaDeviceProp properties;
  CALL(cudaGetDeviceProperties(&properties, 0));
  CHECK(properties.major == 9 && properties.minor == 0 && properties.multiProcessorCount == 132);
  int sms;
  CALL(cudaDeviceGetAttribute(&sms, cudaDevAttrMultiProcessorCount, 0));
  CHECK(sms == 132);
  FAILS(cudaErrorInvalidDevice, cudaGetDeviceProperties(&properties, 1));
  FAILS(cudaErrorInvalidDevice, cudaSetDevice(1));
  const void* kernels[] = {reinterpret_cast<const void*>(&sum), reinterpret_cast<const void*>(&bounded),
                           reinterpret_cast<const void*>(&large_static)};
  for (const void* kernel : kernels) {
    cudaFuncAttributes fa;
    CALL(cudaFuncGetAttributes(&fa, kernel));
    const cudaOccDeviceProp device(properties);
    const cudaOccFuncAttributes function(fa);
    cudaOccDeviceState state;
    state.carveoutConfig = SHAREDMEM_CARVEOUT_MAX_SHARED;
    for (int block : {1, 31, 32, 33, 96, 128, 192, 256, 512, 768, 1024})
      for (size_t shared : {size_t{0}, size_t{1}, size_t{1000}, size_t{8192}, size_t{9000}}) {
        if (block > fa.maxThreadsPerBlock) continue;
        cudaOccResult expected;
        CHECK(cudaOccMaxActiveBlocksPerMultiprocessor(&expected, &device, &function, &state, block, shared) == CUDA_OCC_SUCCESS);
        int got;
        CALL(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&got, kernel, block, shared));
        if (got != expected.activeBlocksPerMultiprocessor) {
          std::printf("block %d, shared %zu, %d registers: %d blocks, the toolkit says %d\n", block, shared, fa.numRegs, got, expected.activeBlocksPerMultiprocessor);
          std::exit(1);
        }
      }
  }
  int grid, block;
  CALL(cudaOccupancyMaxPotentialBlockSize(&grid, &block, bounded, 0, 0));
  CHECK(block == 128 && grid >= 132);
}

static void cooperative() {
  int per_sm;
  CALL(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&per_sm, everyone, 1024, 0));
  CALL(cudaMemset(ints, 0, 8));
  void* args[] = {&ints};
  CALL(cudaLaunchCooperativeKernel(reinterpret_cast<const void*>(&everyone), dim3(20), dim3(64), args, 0, nullptr));
  CALL(cudaDeviceSynchronize());
  int seen[2];
  CALL(cudaMemcpy(seen, ints, 8, cudaMemcpyDeviceToHost));
  CHECK(seen[0] == 20 * 64 && seen[1] == 0);
  FAILS(cudaErrorCooperativeLaunchTooLarge, cudaLaunchCooperativeKernel(reinterpret_cast<const void*>(&everyone), dim3(per_sm * 132 + 1), dim3(1024), args, 0, nullptr));

  cudaLaunchAttribute attribute;
  attribute.id = cudaLaunchAttributeCooperative;
  attribute.val.cooperative = 1;
  cudaLaunchConfig_t config = {};
  config.gridDim = dim3(4);
  config.blockDim = dim3(32);
  config.attrs = &attribute;
  config.numAttrs = 1;
  CALL(cudaMemset(ints, 0, 8));
  CALL(cudaLaunchKernelEx(&config, everyone, ints));
  CHECK(first() == 128);
  attribute.id = cudaLaunchAttributeClusterDimension;
  attribute.val.clusterDim.x = 3;
  attribute.val.clusterDim.y = attribute.val.clusterDim.z = 1;
  FAILS(cudaErrorInvalidClusterSize, cudaLaunchKernelEx(&config, bounded, ints));
  attribute.val.clusterDim.x = 32;
  FAILS(cudaErrorInvalidClusterSize, cudaLaunchKernelEx(&config, bounded, ints));
}

static const char* const kText = R"(
.version 9.0
.target sm_75
.address_size 64
.visible .global .align 4 .u32 place;
.visible .entry put(.param .u32 value) {
  .reg .b32 %r<2>;
  ld.param.u32 %r1, [value];
  st.global.u32 [place], %r1;
  ret;
}
)";

static void libraries() {
  cudaLibrary_t library;
  CALL(cudaLibraryLoadData(&library, kText, nullptr, nullptr, 0, nullptr, nullptr, 0));
  unsigned count;
  CALL(cudaLibraryGetKernelCount(&count, library));
  CHECK(count == 1);
  cudaKernel_t kernel, same;
  CALL(cudaLibraryGetKernel(&kernel, library, "put"));
  CALL(cudaLibraryEnumerateKernels(&same, 1, library));
  CHECK(kernel == same);
  FAILS(cudaErrorSymbolNotFound, cudaLibraryGetKernel(&same, library, "take"));
  int value = 77, *place;
  size_t bytes;
  CALL(cudaLibraryGetGlobal(reinterpret_cast<void**>(&place), &bytes, library, "place"));
  CHECK(bytes == 4);
  void* args[] = {&value};
  CALL(cudaLaunchKernel(kernel, dim3(1), dim3(1), args, 0, nullptr));
  CALL(cudaMemcpy(&value, place, 4, cudaMemcpyDeviceToHost));
  CHECK(value == 77);
  CALL(cudaLibraryUnload(library));
  FAILS(cudaErrorInvalidResourceHandle, cudaLaunchKernel(kernel, dim3(1), dim3(1), args, 0, nullptr));
  FAILS(cudaErrorInvalidResourceHandle, cudaLibraryUnload(library));
  std::string text = kText;
  FAILS(cudaErrorInvalidPtx, cudaLibraryLoadData(&library, text.substr(0, text.size() - 20).c_str(), nullptr, nullptr, 0, nullptr, nullptr, 0));
  text.replace(text.find("9.0"), 3, "9.5");
  FAILS(cudaErrorUnsupportedPtxVersion, cudaLibraryLoadData(&library, text.c_str(), nullptr, nullptr, 0, nullptr, nullptr, 0));
  text = kText;
  text.replace(text.find("sm_75"), 5, "sm_100");
  FAILS(cudaErrorNoKernelImageForDevice, cudaLibraryLoadData(&library, text.c_str(), nullptr, nullptr, 0, nullptr, nullptr, 0));
  FAILS(cudaErrorFileNotFound, cudaLibraryLoadFromFile(&library, "/nowhere/module.ptx", nullptr, nullptr, 0, nullptr, nullptr, 0));
}

int main() {
  CALL(cudaMalloc(&ints, 4096));
  configurations();
  attributes();
  occupancy();
  cooperative();
  libraries();
  CALL(cudaFree(ints));
  std::puts("ok");
}
