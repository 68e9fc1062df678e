// The frame of the programs: each checks its own result. `file NAME` runs one, `file` lists them.
//
// Exit codes: 0 it was right, 1 it was wrong, 3 a call of CUDA failed, which says why on stderr.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

struct Program {
  const char* name;
  void (*run)();
};
inline std::vector<Program>& programs() {
  static std::vector<Program> all;
  return all;
}
struct Registered {
  Registered(Program program) { programs().push_back(program); }
};

#define PROGRAM(name)                                       \
  static void name();                                       \
  static const Registered name##_registered{{#name, name}}; \
  static void name()

/// Ends the program if something is not as it must be.
#define CHECK(condition)                                                    \
  do {                                                                      \
    if (!(condition)) {                                                     \
      std::printf("%s:%d: not true: %s\n", __FILE__, __LINE__, #condition); \
      std::exit(1);                                                         \
    }                                                                       \
  } while (0)

#define CUDA(call)                                                                                            \
  do {                                                                                                        \
    if (const cudaError_t status_ = (call); status_ != cudaSuccess)                                           \
      throw std::runtime_error(std::string(#call " at line ") + std::to_string(__LINE__) + ": " +             \
                               cudaGetErrorName(status_));                                                    \
  } while (0)

/// After a launch: was it accepted, and did it end well?
#define FINISH()              \
  do {                        \
    CUDA(cudaGetLastError()); \
    CUDA(cudaDeviceSynchronize()); \
  } while (0)

/// Memory on the device.
template <class T>
struct Buffer {
  T* data = nullptr;
  std::size_t count;
  explicit Buffer(std::size_t n) : count(n) {
    CUDA(cudaMalloc(&data, n * sizeof(T)));
    CUDA(cudaMemset(data, 0, n * sizeof(T)));
  }
  explicit Buffer(const std::vector<T>& host) : count(host.size()) {
    CUDA(cudaMalloc(&data, count * sizeof(T)));
    CUDA(cudaMemcpy(data, host.data(), count * sizeof(T), cudaMemcpyHostToDevice));
  }
  Buffer(const Buffer&) = delete;
  ~Buffer() { cudaFree(data); }
  operator T*() const { return data; }
  std::vector<T> host() const {
    std::vector<T> out(count);
    CUDA(cudaMemcpy(out.data(), data, count * sizeof(T), cudaMemcpyDeviceToHost));
    return out;
  }
};

/// Numbers that look random, below `below`, always the same.
inline std::vector<int> numbers(int n, int below, unsigned seed = 1) {
  std::vector<int> all(n);
  for (int& x : all) x = int(((seed = seed * 1664525u + 1013904223u) >> 8) % unsigned(below));
  return all;
}

int main(int count, char** arguments) {
  for (const Program& program : programs()) {
    if (count < 2) std::printf("%s\n", program.name);
    else if (std::strcmp(program.name, arguments[1]) == 0) {
      try {
        program.run();
      } catch (const std::exception& failure) {
        std::printf("%s\n", failure.what());
        return 3;
      }
      std::printf("right\n");
      return 0;
    }
  }
  return count < 2 ? 0 : 2;
}
