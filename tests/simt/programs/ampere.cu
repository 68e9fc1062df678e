// What devices have from compute capability 8.0 on: copies that run by themselves, barriers in memory, more number formats.
// pmpp: arch=80
#include "program.cuh"

#pragma nv_diag_suppress static_var_with_dynamic_init

#include <cooperative_groups.h>
#include <cooperative_groups/memcpy_async.h>
#include <cooperative_groups/reduce.h>
#include <cuda/barrier>
#include <cuda/pipeline>
#include <cuda_bf16.h>
#include <cuda_pipeline.h>
#include <mma.h>

#include <algorithm>

namespace cg = cooperative_groups;

// A scoreboard: sum, best and worst of a warp in one instruction each.
__global__ void score(const unsigned* points, unsigned* out) {
  const unsigned mine = points[blockIdx.x * 32 + threadIdx.x];
  const unsigned sum = __reduce_add_sync(~0u, mine), best = __reduce_max_sync(~0u, mine), worst = __reduce_min_sync(~0u, mine);
  const unsigned any = __reduce_or_sync(~0u, mine), all = __reduce_and_sync(~0u, mine | 1);
  if (threadIdx.x == 0) out[blockIdx.x] = sum + (best - worst) * 3 + any * 5 + all * 7;
}
PROGRAM(scoreboard) {
  const auto given = numbers(128, 500);
  Buffer<unsigned> points(std::vector<unsigned>(given.begin(), given.end())), out(4);
  score<<<4, 32>>>(points, out);
  FINISH();
  const auto got = out.host();
  for (int w = 0; w < 4; ++w) {
    const int* first = &given[32 * w];
    unsigned any = 0, all = ~0u;
    for (int i = 0; i < 32; ++i) any |= first[i], all &= first[i] | 1;
    CHECK(got[w] == unsigned(std::accumulate(first, first + 32, 0) + (*std::max_element(first, first + 32) - *std::min_element(first, first + 32)) * 3) + any * 5 + all * 7);
  }
}

// A conveyor belt: while one box is packed the next is on its way, in two stages of a pipeline.
constexpr int kBox = 64;
__global__ void pack(const int* boxes, int count, int* weights) {
  __shared__ alignas(16) int stage[2][kBox];
  __shared__ cuda::pipeline_shared_state<cuda::thread_scope_block, 2> state;
  const auto block = cg::this_thread_block();
  auto belt = cuda::make_pipeline(block, &state);
  for (int box = 0, coming = 0; box < count; ++box) {
    for (; coming < count && coming < box + 2; ++coming) {
      belt.producer_acquire();
      cuda::memcpy_async(block, stage[coming % 2], boxes + coming * kBox, cuda::aligned_size_t<16>(sizeof stage[0]), belt);
      belt.producer_commit();
    }
    belt.consumer_wait();
    atomicAdd(&weights[box], stage[box % 2][kBox - 1 - threadIdx.x] * int(threadIdx.x));
    belt.consumer_release();
  }
}
PROGRAM(conveyor_belt) {
  const int count = 7;
  const auto boxes = numbers(count * kBox, 50);
  Buffer<int> b(boxes), weights(count);
  pack<<<1, kBox>>>(b, count, weights);
  FINISH();
  const auto got = weights.host();
  for (int box = 0; box < count; ++box) {
    int weight = 0;
    for (int i = 0; i < kBox; ++i) weight += boxes[box * kBox + kBox - 1 - i] * i;
    CHECK(got[box] == weight);
  }
}

// The same belt as C knows it: copies of a thread, committed and waited for.
__global__ void carry(const float4* from, float4* to) {
  __shared__ float4 hall[128];
  __pipeline_memcpy_async(&hall[threadIdx.x], &from[blockIdx.x * 128 + threadIdx.x], sizeof(float4));
  __pipeline_commit();
  __pipeline_wait_prior(0);
  __syncthreads();
  to[blockIdx.x * 128 + threadIdx.x] = hall[127 - threadIdx.x];
}
PROGRAM(porters) {
  std::vector<float4> luggage(256);
  for (int i = 0; i < 256; ++i) luggage[i] = {float(i), float(2 * i), 0.5f, -float(i)};
  Buffer<float4> from(luggage), to(256);
  carry<<<2, 128>>>(from, to);
  FINISH();
  const auto got = to.host();
  for (int i = 0; i < 256; ++i) CHECK(got[i].y == 2 * (i / 128 * 128 + 127 - i % 128) && got[i].z == 0.5f);
}

// A bakery: half of the block bakes, the other half sells; barriers say when the shelf is full and when it is empty.
__global__ void bake(const int* dough, int days, int* sold) {
  using Barrier = cuda::barrier<cuda::thread_scope_block>;
  __shared__ Barrier full, empty;
  __shared__ int shelf[32];
  if (threadIdx.x == 0) {
    init(&full, 64);
    init(&empty, 64);
  }
  __syncthreads();
  const int me = threadIdx.x % 32;
  for (int day = 0; day < days; ++day) {
    if (threadIdx.x < 32) {
      if (day) empty.arrive_and_wait();
      shelf[me] = dough[day * 32 + me] * 2;
      (void)full.arrive();
    } else {
      full.arrive_and_wait();
      sold[day * 32 + me] = shelf[31 - me] + 1;
      if (day + 1 < days) (void)empty.arrive();
    }
  }
}
PROGRAM(bread) {
  const int days = 5;
  const auto dough = numbers(32 * days, 100);
  Buffer<int> d(dough), sold(32 * days);
  bake<<<1, 64>>>(d, days, sold);
  FINISH();
  const auto got = sold.host();
  for (int i = 0; i < 32 * days; ++i) CHECK(got[i] == 2 * dough[i / 32 * 32 + 31 - i % 32] + 1);
}

// A teacher: one step of training in bfloat16, with a loss that becomes smaller.
__global__ void train(__nv_bfloat16* weights, const __nv_bfloat16* inputs, float* losses, int steps) {
  for (int step = 0; step < steps; ++step) {
    const __nv_bfloat16 error = __hsub(__hmul(weights[threadIdx.x], inputs[threadIdx.x]), __float2bfloat16(1.f));
    losses[step * blockDim.x + threadIdx.x] = __bfloat162float(error) * __bfloat162float(error);
    weights[threadIdx.x] = __hfma(__hmul(error, inputs[threadIdx.x]), __float2bfloat16(-0.25f), weights[threadIdx.x]);
  }
}
PROGRAM(teacher) {
  const int n = 32, steps = 30;
  std::vector<__nv_bfloat16> weights(n), inputs(n);
  for (int i = 0; i < n; ++i) weights[i] = __float2bfloat16(0.f), inputs[i] = __float2bfloat16(0.5f + i / 32.f);
  Buffer<__nv_bfloat16> w(weights), x(inputs);
  Buffer<float> losses(n * steps);
  train<<<1, n>>>(w, x, losses, steps);
  FINISH();
  const auto got = losses.host();
  for (int i = 0; i < n; ++i) {
    CHECK(got[i] == 1.f);
    CHECK(got[(steps - 1) * n + i] < 0.05f);
  }
}

// Springs: products of matrices in double precision, in tensor cores.
__global__ void springs(const double* a, const double* b, double* c) {
  using namespace nvcuda::wmma;
  fragment<matrix_a, 8, 8, 4, double, row_major> left;
  fragment<matrix_b, 8, 8, 4, double, col_major> right;
  fragment<accumulator, 8, 8, 4, double> sum;
  fill_fragment(sum, 0.0);
  for (int k = 0; k < 8; k += 4) {
    load_matrix_sync(left, a + k, 8);
    load_matrix_sync(right, b + k, 8);
    mma_sync(sum, left, right, sum);
  }
  store_matrix_sync(c, sum, 8, mem_row_major);
}
PROGRAM(spring_network) {
  const auto x = numbers(64, 20), y = numbers(64, 20, 8);
  Buffer<double> a(std::vector<double>(x.begin(), x.end())), b(std::vector<double>(y.begin(), y.end())), c(64);
  springs<<<1, 32>>>(a, b, c);
  FINISH();
  const auto got = c.host();
  for (int row = 0; row < 8; ++row)
    for (int column = 0; column < 8; ++column) {
      double sum = 0;
      for (int k = 0; k < 8; ++k) sum += x[8 * row + k] * y[8 * column + k];
      CHECK(got[8 * row + column] == sum);
    }
}

// A choir of four voices, two warps each: the group of 64 has its memory from the system here.
__global__ void sing(const int* notes, int* chords) {
  const auto voice = cg::tiled_partition<64>(cg::this_thread_block());
  const int highest = cg::reduce(voice, notes[threadIdx.x], cg::greater<int>());
  voice.sync();
  const int all = cg::reduce(voice, notes[threadIdx.x], cg::plus<int>());
  if (voice.thread_rank() == 0) chords[voice.meta_group_rank()] = highest * 100000 + all;
}
PROGRAM(choir) {
  const auto notes = numbers(256, 88);
  Buffer<int> n(notes), chords(4);
  sing<<<1, 256>>>(n, chords);
  FINISH();
  const auto got = chords.host();
  for (int v = 0; v < 4; ++v)
    CHECK(got[v] == *std::max_element(&notes[64 * v], &notes[64 * v] + 64) * 100000 + std::accumulate(&notes[64 * v], &notes[64 * v] + 64, 0));
}
