// Asynchronous copies and barriers in memory: the pipeline primitives, cuda::barrier, cuda::pipeline, bulk copies.
#pragma once

#include <cooperative_groups.h>
#include <cooperative_groups/memcpy_async.h>
#include <cuda/barrier>
#include <cuda/pipeline>
#include <cuda_pipeline.h>

namespace asynchronous {

namespace cg = cooperative_groups;

// The state of a pipeline in shared memory is initialised by make_pipeline, not by its constructor.
#pragma nv_diag_suppress static_var_with_dynamic_init

__global__ void primitives(float* out, const float4* in) {
  __shared__ float4 buffer[2][64];
  const int t = threadIdx.x;
  buffer[1][t] = make_float4(-1, -1, -1, -1);
  __pipeline_memcpy_async(&buffer[0][t], in + t, 16);
  __pipeline_commit();
  __pipeline_memcpy_async(&buffer[1][t].x, &in[64 + t].x, 4);
  __pipeline_memcpy_async(&buffer[1][t].z, &in[64 + t].z, 8, 4);  // the last four bytes become zero
  __pipeline_commit();
  __pipeline_wait_prior(1);
  __syncthreads();
  out[t] = buffer[0][63 - t].y;
  __pipeline_wait_prior(0);
  out[64 + t] = buffer[1][t].x + buffer[1][t].y * 1000 + buffer[1][t].z * 10000 + buffer[1][t].w * 1e6f;
}
FEATURE(pipeline_primitives, 75) {
  std::vector<float4> in;
  for (int i = 0; i < 128; ++i) in.push_back({float(i), float(i + 1), float(i % 5), float(i + 3)});
  Device<float4> on_device(in);
  check_all("primitives", results<float>(128, primitives, 1, 64, on_device.data),
            [](int i) { return i < 64 ? float(64 - i) : float(i) - 1000 + float(i % 5) * 10000; });
}

__global__ void with_barrier(int* out, const int* in) {
  __shared__ cuda::barrier<cuda::thread_scope_block> barrier;
  __shared__ alignas(16) int buffer[256];
  auto block = cg::this_thread_block();
  if (block.thread_rank() == 0) init(&barrier, block.size());
  block.sync();
  for (int turn = 0; turn < 3; ++turn) {
    cuda::memcpy_async(block, buffer, in + 256 * turn, cuda::aligned_size_t<16>(sizeof buffer), barrier);
    auto token = barrier.arrive();
    barrier.wait(static_cast<decltype(token)&&>(token));
    out[256 * turn + threadIdx.x] = buffer[255 - threadIdx.x];
    barrier.arrive_and_wait();
  }
}
FEATURE(cuda_barrier, 75) {
  Device<int> in(numbers<int>(768));
  check_all("barrier", results<int>(768, with_barrier, 1, 256, in.data), [](int i) { return i / 256 * 256 + 255 - i % 256; });
}

__global__ void with_pipeline(int* out, const int* in, int n) {
  __shared__ int buffer[2][128];
  auto pipeline = cuda::make_pipeline();
  const int t = threadIdx.x;
  auto fetch = [&](int i) {
    pipeline.producer_acquire();
    if (i < n) cuda::memcpy_async(&buffer[i & 1][t], in + i * 128 + t, sizeof(int), pipeline);
    pipeline.producer_commit();
  };
  fetch(0);
  for (int i = 0; i < n; ++i) {
    fetch(i + 1);
    cuda::pipeline_consumer_wait_prior<1>(pipeline);
    __syncthreads();
    out[i * 128 + t] = buffer[i & 1][t ^ 1];
    __syncthreads();
    pipeline.consumer_release();
  }
}
FEATURE(cuda_pipeline, 75) {
  Device<int> in(numbers<int>(640));
  check_all("pipeline", results<int>(640, with_pipeline, 1, 128, in.data, 5), [](int i) { return i ^ 1; });
}

__global__ void between_warps(int* out, const int* in, int n) {
  // The pipeline of a block: one half of its threads produces, the other consumes.
  __shared__ cuda::pipeline_shared_state<cuda::thread_scope_block, 2> state;
  __shared__ int buffer[2][64];
  auto block = cg::this_thread_block();
  const bool produces = block.thread_rank() < 64;
  auto pipeline = cuda::make_pipeline(block, &state, produces ? cuda::pipeline_role::producer : cuda::pipeline_role::consumer);
  for (int i = 0; i < n; ++i) {
    if (produces) {
      pipeline.producer_acquire();
      cuda::memcpy_async(&buffer[i % 2][threadIdx.x], in + i * 64 + threadIdx.x, sizeof(int), pipeline);
      pipeline.producer_commit();
    } else {
      pipeline.consumer_wait();
      out[i * 64 + threadIdx.x - 64] = buffer[i % 2][127 - threadIdx.x];
      pipeline.consumer_release();
    }
  }
}
FEATURE(pipeline_between_warps, 75) {
  Device<int> in(numbers<int>(448));
  check_all("warps", results<int>(448, between_warps, 1, 128, in.data, 7), [](int i) { return i / 64 * 64 + 63 - i % 64; });
}

__global__ void group_copy(int* out, const int* in) {
  __shared__ int buffer[100];
  auto block = cg::this_thread_block();
  cg::memcpy_async(block, buffer, in, sizeof buffer);
  cg::wait(block);
  for (int i = threadIdx.x; i < 100; i += blockDim.x) out[i] = buffer[99 - i];
}
FEATURE(group_memcpy_async, 75) {
  Device<int> in(numbers<int>(100));
  check_all("copy", results<int>(100, group_copy, 1, 64, in.data), [](int i) { return 99 - i; });
}

__global__ void bulk(int* out, const int* in) {
#if __CUDA_ARCH__ >= 900
  __shared__ alignas(128) int buffer[1024];
  __shared__ cuda::barrier<cuda::thread_scope_block> barrier;
  const int t = threadIdx.x;
  if (t == 0) init(&barrier, blockDim.x);
  __syncthreads();
  cuda::barrier<cuda::thread_scope_block>::arrival_token token;
  if (t == 0) {
    cuda::device::memcpy_async_tx(buffer, in, cuda::aligned_size_t<16>(sizeof buffer), barrier);
    token = cuda::device::barrier_arrive_tx(barrier, 1, sizeof buffer);
  } else {
    token = barrier.arrive();
  }
  barrier.wait(static_cast<decltype(token)&&>(token));
  for (int i = t; i < 1024; i += blockDim.x) buffer[i] *= 3;
  asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
  __syncthreads();
  if (t == 0) {
    const auto from = unsigned(__cvta_generic_to_shared(buffer));
    asm volatile("cp.async.bulk.global.shared::cta.bulk_group [%0], [%1], %2;" ::"l"(out), "r"(from), "r"(4096) : "memory");
    asm volatile("cp.async.bulk.commit_group; cp.async.bulk.wait_group.read 0;" ::: "memory");
  }
#endif
}
FEATURE(bulk_copies, 90) {
  Device<int> in(numbers<int>(1024));
  check_all("bulk", results<int>(1024, bulk, 1, 128, in.data), [](int i) { return 3 * i; });
}

}  // namespace asynchronous
