// The product of two small matrices in float: the one loop of the matrix instructions that is worth vectors.
#include "simt/exec/isa.hpp"

namespace simt::ops::SIMT_ISA {

/// Products are rounded before they are added, with and without fused hardware: they are exact for half precision
/// and tf32, and all levels agree.
void multiply_floats(float* c, const float* a, const float* b, int m, int n, int k) {
  for (int i = 0; i < m; ++i)
    for (int first = 0; first < n; first += 8) {
      float sum[8];
      for (int j = 0; j < 8; ++j) sum[j] = c[i * n + first + j];
      for (int l = 0; l < k; ++l) {
        const float x = a[i * k + l];
        for (int j = 0; j < 8; ++j) sum[j] += x * b[l * n + first + j];
      }
      for (int j = 0; j < 8; ++j) c[i * n + first + j] = sum[j];
    }
}

}  // namespace simt::ops::SIMT_ISA
