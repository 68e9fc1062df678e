// What the features share: a registry, checks that name their line, memory on the device, and a launch that gives its results.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <numeric>
#include <string>
#include <vector>

struct Feature {
  const char* name;
  int since;  // compute capability, as 75
  void (*run)();
};
inline std::vector<Feature>& features() {
  static std::vector<Feature> all;
  return all;
}
struct Registered {
  Registered(Feature feature) { features().push_back(feature); }
};

/// Opens the body of a feature that devices have from compute capability `since` on.
#define FEATURE(name, since)                                        \
  static void name();                                               \
  static const Registered name##_registered{{#name, since, name}};  \
  static void name()

#define CHECK(condition)                                                      \
  do {                                                                        \
    if (!(condition)) {                                                       \
      std::printf("%s:%d: not true: %s\n", __FILE__, __LINE__, #condition);   \
      std::exit(1);                                                           \
    }                                                                         \
  } while (0)

#define CUDA(call)                                                                             \
  do {                                                                                         \
    const cudaError_t status_ = (call);                                                        \
    if (status_ != cudaSuccess) {                                                              \
      std::printf("%s:%d: %s: %s\n", __FILE__, __LINE__, #call, cudaGetErrorString(status_));  \
      std::exit(1);                                                                            \
    }                                                                                          \
  } while (0)

/// Whether this runs on a real GPU, whose runtime does not notice every handle that was destroyed.
inline bool on_a_gpu() {
  const char* device = std::getenv("PMPP_DEVICE");
  return device && device == std::string("cuda");
}

template <class T>
struct Device {
  T* data = nullptr;
  std::size_t count;
  explicit Device(const std::vector<T>& host) : count(host.size()) {
    CUDA(cudaMalloc(&data, count * sizeof(T)));
    CUDA(cudaMemcpy(data, host.data(), count * sizeof(T), cudaMemcpyHostToDevice));
  }
  Device(const Device&) = delete;
  ~Device() { cudaFree(data); }
  operator T*() const { return data; }
  std::vector<T> host() const {
    std::vector<T> out(count);
    CUDA(cudaMemcpy(out.data(), data, count * sizeof(T), cudaMemcpyDeviceToHost));
    return out;
  }
};

/// Numbers 0, 1, ... n-1.
template <class T>
std::vector<T> numbers(int n) {
  std::vector<T> all(n);
  std::iota(all.begin(), all.end(), T(0));
  return all;
}

/// Launches kernel(out, arguments...) with `n` zeros in out, and gives what is there afterwards.
template <class T, class Kernel, class... Arguments>
std::vector<T> results(int n, Kernel kernel, dim3 grid, dim3 block, const Arguments&... arguments) {
  Device<T> out(std::vector<T>(n, T()));
  kernel<<<grid, block>>>(out.data, arguments...);
  CUDA(cudaGetLastError());
  CUDA(cudaDeviceSynchronize());
  return out.host();
}

/// Checks every element against expected(i), and names the first that differs.
template <class T, class Expected>
void check_all(const char* what, const std::vector<T>& got, Expected expected) {
  for (std::size_t i = 0; i < got.size(); ++i) {
    if (got[i] == T(expected(int(i)))) continue;
    std::printf("%s: element %zu is %.17g, expected %.17g\n", what, i, double(got[i]), double(T(expected(int(i)))));
    std::exit(1);
  }
}
