// Says which of the program's images its kernel came from.
#include "check.cuh"

__global__ void which(int* out) {
#ifdef __CUDA_ARCH_FEAT_SM90_ALL
  *out = -__CUDA_ARCH__;
#elif defined(__CUDA_ARCH__)
  *out = __CUDA_ARCH__;
#endif
}

int main() {
  int *p, arch;
  CALL(cudaMalloc(&p, 4));
  which<<<1, 1>>>(p);
  const cudaError_t launched = cudaGetLastError();
  if (launched != cudaSuccess) return std::printf("%s\n", cudaGetErrorName(launched)), 0;
  CALL(cudaMemcpy(&arch, p, 4, cudaMemcpyDeviceToHost));
  cudaFuncAttributes attributes;
  CALL(cudaFuncGetAttributes(&attributes, which));
  std::printf("%d%s %d\n", (arch < 0 ? -arch : arch) / 10, arch < 0 ? "a" : "", attributes.ptxVersion);
}
