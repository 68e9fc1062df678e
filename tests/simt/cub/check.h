// What the CUB programs share: inputs from a fixed generator, and a comparison that names the first difference.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

#define CUDA(call)                                                                       \
  do {                                                                                   \
    cudaError_t status = (call);                                                         \
    if (status != cudaSuccess) {                                                         \
      std::printf("%s:%d: %s\n", __FILE__, __LINE__, cudaGetErrorString(status));        \
      std::exit(2);                                                                      \
    }                                                                                    \
  } while (0)

/// A prime, so that no tile divides it, unless the environment says how many.
inline const int kElements = std::getenv("ELEMENTS") ? std::atoi(std::getenv("ELEMENTS")) : 1'000'003;

/// splitmix64 of the index: every element independent, the same on every machine.
inline std::uint64_t random_bits(std::uint64_t index) {
  std::uint64_t z = (index + 1) * 0x9e3779b97f4a7c15ull;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
  return z ^ (z >> 31);
}

template <typename T>
struct Device {
  T* data = nullptr;
  std::size_t count;
  explicit Device(std::size_t n) : count(n) { CUDA(cudaMalloc(&data, n * sizeof(T))); }
  explicit Device(const std::vector<T>& host) : Device(host.size()) {
    CUDA(cudaMemcpy(data, host.data(), count * sizeof(T), cudaMemcpyHostToDevice));
  }
  Device(const Device&) = delete;
  ~Device() { cudaFree(data); }
  std::vector<T> host() const {
    std::vector<T> out(count);
    CUDA(cudaMemcpy(out.data(), data, count * sizeof(T), cudaMemcpyDeviceToHost));
    return out;
  }
};

/// Calls a CUB device algorithm twice, as its interface wants: for the size of the workspace, then for the work.
template <typename Call>
void with_workspace(Call call) {
  std::size_t bytes = 0;
  CUDA(call(static_cast<void*>(nullptr), bytes));
  Device<unsigned char> workspace(bytes ? bytes : 1);
  CUDA(call(static_cast<void*>(workspace.data), bytes));
  CUDA(cudaDeviceSynchronize());
}

template <typename T>
void expect_equal(const char* what, const std::vector<T>& got, const std::vector<T>& expected) {
  for (std::size_t i = 0; i < expected.size(); ++i) {
    if (!(got[i] == expected[i])) {
      std::printf("%s: element %zu is %.17g, expected %.17g\n", what, i, double(got[i]), double(expected[i]));
      std::exit(1);
    }
  }
  std::printf("%s: %zu elements right\n", what, expected.size());
}
