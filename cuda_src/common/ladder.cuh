// A ladder: the variants of one algorithm with their launchers, and the choice by name.
#pragma once

#include <cstring>

#include "cuda_src/common/api.h"

namespace pmpp {

/// A rung: how the outside sees it, and the function that launches it.
template <class Launch>
struct Rung {
  pmpp_variant variant;
  Launch launch;
};

/// The rung called `name`; null if there is none. "auto" and null are the last one: a ladder ends with its best.
template <class Launch, size_t n>
const Rung<Launch>* find(const Rung<Launch> (&ladder)[n], const char* name) {
  if (name == nullptr || std::strcmp(name, "auto") == 0) return &ladder[n - 1];
  for (const Rung<Launch>& rung : ladder)
    if (std::strcmp(rung.variant.name, name) == 0) return &rung;
  return nullptr;
}

/// The i-th variant, null after the last: how the tables leave the library.
template <class Launch, size_t n>
const pmpp_variant* variant(const Rung<Launch> (&ladder)[n], int i) {
  return i >= 0 && size_t(i) < n ? &ladder[i].variant : nullptr;
}

constexpr size_t ceil_div(size_t a, size_t b) { return (a + b - 1) / b; }

/// Blocks for `n` items at `per_block` each, at most `most`: kernels that are launched so go over the rest in strides.
inline unsigned grid_size(size_t n, size_t per_block, size_t most = 0x7fffffff) {
  const size_t blocks = ceil_div(n, per_block);
  return unsigned(blocks < most ? blocks : most);
}

}  // namespace pmpp
