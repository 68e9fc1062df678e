// What the programs of these tests share: checks that name their line, and expectations on error codes.
#pragma once
#include <cuda_runtime.h>

#include <cstdio>
#include <cstdlib>

#define CHECK(condition)                                                        \
  do {                                                                          \
    if (!(condition)) {                                                         \
      std::printf("%s:%d: not true: %s\n", __FILE__, __LINE__, #condition);     \
      std::exit(1);                                                             \
    }                                                                           \
  } while (0)

#define CALL(call) EXPECT(cudaSuccess, call)

#define EXPECT(code, call)                                                      \
  do {                                                                          \
    const cudaError_t got_ = (call);                                            \
    if (got_ != (code)) {                                                       \
      std::printf("%s:%d: %s gave %s, expected %s\n", __FILE__, __LINE__, #call, cudaGetErrorName(got_), #code); \
      std::exit(1);                                                             \
    }                                                                           \
  } while (0)

// A call that must fail, and leave its code behind exactly once.
#define FAILS(code, call)                                                       \
  do {                                                                          \
    EXPECT(code, call);                                                         \
    CHECK(cudaPeekAtLastError() == (code));                                     \
    CHECK(cudaGetLastError() == (code));                                        \
    CHECK(cudaGetLastError() == cudaSuccess);                                   \
  } while (0)
