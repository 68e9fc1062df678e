// Prints the device's name and its number of SMs.
#include "check.cuh"

int main() {
  cudaDeviceProp p;
  CALL(cudaGetDeviceProperties(&p, 0));
  std::printf("%s\n%d\n", p.name, p.multiProcessorCount);
}
