// Thread coarsening: a tiled matrix product in which each thread computes several elements of C.
//
// C = A * B: A has m rows and k columns, B has k rows and n columns, C has m rows and n columns. All lie row after row in
// device memory. A block of kTile x kTile threads computes kTile rows and kFactor * kTile columns of C: thread (x, y) those
// of its row that lie kTile apart, from its own column on. Any size may be 0; for k = 0 all of C is 0.
#include <cuda_runtime.h>

constexpr int kTile = 16;
constexpr int kFactor = 4;

__global__ void coarsened_kernel(const float* a, const float* b, float* c, int m, int n, int k) {
    // TODO (about 20 lines): Keep kFactor sums. In each step load one tile of A, and then, one after the other, kFactor
    // tiles of B; add up the products of each with the same tile of A. At the end store kFactor elements. The test counts
    // the sectors that are loaded.
}

extern "C" int matmul_coarsened(const float* a, const float* b, float* c, int m, int n, int k) {
    if (m == 0 || n == 0) return 0;
    const dim3 block(kTile, kTile);
    const dim3 grid((n + kFactor * kTile - 1) / (kFactor * kTile), (m + kTile - 1) / kTile);
    coarsened_kernel<<<grid, block>>>(a, b, c, m, n, k);
    return cudaGetLastError();
}
