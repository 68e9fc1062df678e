// Asynchronous copies and barriers in shared memory (compute capability 8.0).
#include <cooperative_groups.h>
#include <cooperative_groups/memcpy_async.h>
#include <cuda/barrier>
#include <cuda/pipeline>
#include <cuda_pipeline.h>

namespace cg = cooperative_groups;

#if __CUDA_ARCH__ >= 800
__global__ void primitives(float4* out, const float4* in) {
  __shared__ float4 buffer[2][64];
  __pipeline_memcpy_async(&buffer[0][threadIdx.x], in + threadIdx.x, 16);
  __pipeline_commit();
  __pipeline_memcpy_async(&buffer[1][threadIdx.x].x, &in[64 + threadIdx.x].x, 4);
  __pipeline_memcpy_async(&buffer[1][threadIdx.x].z, &in[64 + threadIdx.x].z, 8, 4);
  __pipeline_commit();
  __pipeline_wait_prior(1);
  __syncthreads();
  out[threadIdx.x] = buffer[0][63 - threadIdx.x];
  __pipeline_wait_prior(0);
}
#endif

__global__ void with_barrier(int* out, const int* in) {
  __shared__ cuda::barrier<cuda::thread_scope_block> barrier;
  __shared__ alignas(16) int buffer[256];
  auto block = cg::this_thread_block();
  if (block.thread_rank() == 0) init(&barrier, block.size());
  block.sync();
  cuda::memcpy_async(block, buffer, in, cuda::aligned_size_t<16>(sizeof buffer), barrier);
  auto token = barrier.arrive();
  barrier.wait(static_cast<decltype(token)&&>(token));
  out[threadIdx.x] = buffer[threadIdx.x];
  barrier.arrive_and_wait();
}

__global__ void with_pipeline(int* out, const int* in, int n) {
  __shared__ int buffer[2][128];
  auto block = cg::this_thread_block();
  auto pipeline = cuda::make_pipeline();
  for (int i = 0; i < n; ++i) {
    pipeline.producer_acquire();
    cuda::memcpy_async(&buffer[i & 1][threadIdx.x], in + i * 128 + threadIdx.x, sizeof(int), pipeline);
    pipeline.producer_commit();
    pipeline.consumer_wait();
    out[i * 128 + threadIdx.x] = buffer[i & 1][threadIdx.x];
    pipeline.consumer_release();
  }
  cg::memcpy_async(block, buffer[0], in, sizeof buffer[0]);
  cg::wait(block);
}
