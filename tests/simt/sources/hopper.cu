// Compute capability 9.0: elected threads, bulk copies, transaction barriers, distributed shared memory, by hand.
#if __CUDA_ARCH__ >= 900
__global__ void bulk(float* out, const float* in) {
  __shared__ alignas(128) float buffer[1024];
  __shared__ alignas(8) unsigned long long barrier;
  const unsigned to = static_cast<unsigned>(__cvta_generic_to_shared(buffer)), bar = static_cast<unsigned>(__cvta_generic_to_shared(&barrier));
  if (threadIdx.x == 0) {
    asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(bar), "r"(1));
    asm volatile("fence.mbarrier_init.release.cluster;");
    asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(bar), "r"(4096));
    asm volatile("cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1], %2, [%3];" ::"r"(to), "l"(in), "r"(4096), "r"(bar));
  }
  __syncthreads();
  asm volatile(
      "{ .reg .pred done; again: mbarrier.try_wait.parity.acquire.cta.shared::cta.b64 done, [%0], %1;\n"
      "@done bra.uni finished; bra.uni again; finished: }" ::"r"(bar), "r"(0));
  unsigned elected;
  asm volatile("{ .reg .pred p; elect.sync _|p, 0xffffffff; selp.u32 %0, 1, 0, p; }" : "=r"(elected));
  asm volatile("fence.proxy.async.shared::cta;");
  if (elected) {
    asm volatile("cp.async.bulk.global.shared::cta.bulk_group [%0], [%1], %2;" ::"l"(out), "r"(to), "r"(4096));
    asm volatile("cp.async.bulk.commit_group; cp.async.bulk.wait_group.read 0;");
  }
  unsigned remote;
  asm volatile("mapa.shared::cluster.u32 %0, %1, %2;" : "=r"(remote) : "r"(to), "r"(1));
  asm volatile("st.async.shared::cluster.mbarrier::complete_tx::bytes.u32 [%0], %1, [%2];" ::"r"(remote), "r"(7), "r"(bar));
  asm volatile("barrier.cluster.arrive.release.aligned; barrier.cluster.wait.acquire.aligned;");
}

struct alignas(64) Map {
  char bytes[128];
};

__global__ void tensor_map(const __grid_constant__ Map map, unsigned* out) {
  __shared__ alignas(128) unsigned buffer[256];
  __shared__ alignas(8) unsigned long long barrier;
  const unsigned to = static_cast<unsigned>(__cvta_generic_to_shared(buffer)), bar = static_cast<unsigned>(__cvta_generic_to_shared(&barrier));
  asm volatile("cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1, {%2, %3}], [%4];"
               ::"r"(to), "l"(&map), "r"(0), "r"(16), "r"(bar) : "memory");
  asm volatile("prefetch.tensormap [%0];" ::"l"(&map) : "memory");
  out[threadIdx.x] = buffer[threadIdx.x];
}
#endif
