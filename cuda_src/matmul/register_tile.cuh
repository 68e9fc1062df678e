// Tiles of 128 x 128 whose sums are kept in registers, 8 x 8 a thread: what register_tiled, vectorized and pipelined share.
//
// A step holds kDepth terms of the sum in shared memory, one slab of each operand: to[depth][line], neighbouring lines next
// to each other, whichever way they lie outside. At each depth a thread then reads 8 elements of either slab and does 64
// multiplications with them: a quarter of a read for each, where a thread with one sum needs two.
#pragma once

#include "cuda_src/matmul/problem.cuh"

namespace pmpp::matmul {

constexpr int kThreads = 256;
constexpr int kLines = 128;  // rows, and columns, of a tile
constexpr int kSums = 8;     // rows, and columns, of a thread's sums

/// 16 bytes: the widest access there is.
template <class T>
struct alignas(16) Pack {
  static constexpr int size = 16 / sizeof(T);
  T at[size];
};

/// Stores 16 bytes in shared memory in one access. Written out, as nvcc makes four of some of them.
__device__ __forceinline__ void store_pack(float* to, const float* from) {
  const unsigned address = static_cast<unsigned>(__cvta_generic_to_shared(to));
  asm volatile("st.shared.v4.f32 [%0], {%1, %2, %3, %4};" ::"r"(address), "f"(from[0]), "f"(from[1]), "f"(from[2]), "f"(from[3])
               : "memory");
}
__device__ __forceinline__ void store_pack(double* to, const double* from) {
  const unsigned address = static_cast<unsigned>(__cvta_generic_to_shared(to));
  asm volatile("st.shared.v2.f64 [%0], {%1, %2};" ::"r"(address), "d"(from[0]), "d"(from[1]) : "memory");
}

/// The row of a slab is longer by 4 elements, so that what a warp stores across rows meets 32 different banks.
template <class Acc, int kDepth>
using Slab = Acc[kDepth][kLines + 4];

/// Sums of a thread: groups of neighbours, as many as a 16-byte access to shared memory brings. The 32 lanes of a warp
/// stand in 4 rows and 8 columns. Eight lanes beside each other read 128 bytes without a gap, others the same ones.
template <class Acc>
struct Lanes {
  static constexpr int kGroup = Pack<Acc>::size, kGroups = kSums / kGroup;
  static constexpr int kRows = 4, kCols = 8;          // lanes of a warp
  static constexpr int kWarpRows = 4, kWarpCols = 2;  // warps of a block

  __device__ static int row() { return threadIdx.x / 32 / kWarpCols * (kRows * kSums) + threadIdx.x % 32 / kCols * kGroup; }
  __device__ static int col() { return threadIdx.x / 32 % kWarpCols * (kCols * kSums) + threadIdx.x % kCols * kGroup; }
  __device__ static int row(int i) { return row() + i / kGroup * (kRows * kGroup) + i % kGroup; }
  __device__ static int col(int j) { return col() + j / kGroup * (kCols * kGroup) + j % kGroup; }
};

template <class Acc>
__device__ __forceinline__ void read_line(Acc (&to)[kSums], const Acc* from, int stride) {
  constexpr int kGroup = Pack<Acc>::size;
#pragma unroll
  for (int g = 0; g < kSums / kGroup; ++g)
    *reinterpret_cast<Pack<Acc>*>(to + g * kGroup) = *reinterpret_cast<const Pack<Acc>*>(from + g * stride);
}

/// Adds the products of two slabs to the sums.
template <class Acc, int kDepth>
__device__ __forceinline__ void multiply_slabs(Acc (&sum)[kSums][kSums], const Slab<Acc, kDepth>& a, const Slab<Acc, kDepth>& b) {
  using L = Lanes<Acc>;
#pragma unroll
  for (int depth = 0; depth < kDepth; ++depth) {
    alignas(16) Acc x[kSums], y[kSums];
    read_line(x, a[depth] + L::row(), L::kRows * L::kGroup);
    read_line(y, b[depth] + L::col(), L::kCols * L::kGroup);
#pragma unroll
    for (int i = 0; i < kSums; ++i)
#pragma unroll
      for (int j = 0; j < kSums; ++j) sum[i][j] = multiply_add(x[i], y[j], sum[i][j]);
  }
}

/// Rounds the sums and stores them, a group of neighbours at a time where that fits.
template <class T>
__device__ void store_sums(const Problem<T>& p, const Tile& tile, const Accumulator<T> (&sum)[kSums][kSums]) {
  using L = Lanes<Accumulator<T>>;
  struct alignas(L::kGroup * sizeof(T)) Group {
    T at[L::kGroup];
  };
#pragma unroll
  for (int i = 0; i < kSums; ++i) {
    const int row = tile.row + L::row(i);
    if (row >= p.m) continue;
#pragma unroll
    for (int j = 0; j < kSums; j += L::kGroup) {
      const int col = tile.col + L::col(j);
      Group group;
#pragma unroll
      for (int e = 0; e < L::kGroup; ++e) group.at[e] = finished<T>(sum[i][j + e]);
      if (p.vector_out && col + L::kGroup <= p.n) {
        *reinterpret_cast<Group*>(p.result(row, col)) = group;
      } else {
#pragma unroll
        for (int e = 0; e < L::kGroup; ++e)
          if (col + e < p.n) *p.result(row, col + e) = group.at[e];
      }
    }
  }
}

/// A thread's part of a slab on its way from global through registers to shared memory, 16 bytes an access.
template <class T, int kDepth>
struct Packs {
  static constexpr int kSize = Pack<T>::size;
  static constexpr int kCount = kLines * kDepth / kSize / kThreads;
  using Acc = Accumulator<T>;
  Pack<T> pack[kCount];

  /// Where the i-th pack begins. Along the depth, two threads share the 32 bytes of a sector and the next two go to the next
  /// line; across lines, neighbouring threads read neighbouring packs.
  __device__ static void place(int i, bool along_depth, int& line, int& depth) {
    const int number = threadIdx.x + i * kThreads;
    line = along_depth ? number / 2 % kLines : number % (kLines / kSize) * kSize;
    depth = along_depth ? (number / (2 * kLines) * 2 + number % 2) * kSize : number / (kLines / kSize);
  }

  __device__ void fetch(const Panel<T>& panel, int first_line, int first_depth, int k) {
    const bool along_depth = panel.depth_stride == 1;
#pragma unroll
    for (int i = 0; i < kCount; ++i) {
      int line, depth;
      place(i, along_depth, line, depth);
      line += first_line;
      depth += first_depth;
      const int last_line = line + (along_depth ? 0 : kSize - 1), last_depth = depth + (along_depth ? kSize - 1 : 0);
      if (panel.vector && last_line < panel.lines && last_depth < k) {
        pack[i] = *reinterpret_cast<const Pack<T>*>(panel.at(line, depth));
        continue;
      }
#pragma unroll
      for (int e = 0; e < kSize; ++e) {
        const int l = line + (along_depth ? 0 : e), d = depth + (along_depth ? e : 0);
        pack[i].at[e] = l < panel.lines && d < k ? *panel.at(l, d) : T{};
      }
    }
  }

  /// A pack of eight halves becomes 32 bytes, so that threads which must not meet in a bank would: every other of them goes
  /// through the halves of its pack in the other order.
  __device__ void store(const Panel<T>& panel, Slab<Acc, kDepth>& slab) const {
    const bool along_depth = panel.depth_stride == 1;
#pragma unroll
    for (int i = 0; i < kCount; ++i) {
      int line, depth;
      place(i, along_depth, line, depth);
      const int other = sizeof(T) == 2 && (along_depth ? threadIdx.x % 2 : threadIdx.x / 4 % 2) ? kSize / 2 : 0;
      Acc wide[kSize];
#pragma unroll
      for (int e = 0; e < kSize; ++e) wide[e] = widen(other ? pack[i].at[e ^ (kSize / 2)] : pack[i].at[e]);
      if (along_depth) {
#pragma unroll
        for (int e = 0; e < kSize; ++e) slab[depth + (e ^ other)][line] = wide[e];
      } else {
#pragma unroll
        for (int e = 0; e < kSize; e += Pack<Acc>::size) store_pack(&slab[depth][line + (e ^ other)], wide + e);
      }
    }
  }
};

}  // namespace pmpp::matmul
