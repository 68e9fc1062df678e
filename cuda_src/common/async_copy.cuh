// Copies from global to shared memory that go on while the thread does something else (cp.async, compute capability 8.0).
#pragma once

namespace pmpp {

/// Copies `bytes` of kBytes and fills the rest with zeros; nothing is read if `bytes` is 0. Both addresses are multiples of
/// kBytes: 4, 8, or 16, which bypass the L1 cache.
template <int kBytes>
__device__ __forceinline__ void copy_async(void* shared, const void* global, int bytes) {
  const unsigned to = static_cast<unsigned>(__cvta_generic_to_shared(shared));
  if constexpr (kBytes == 16)
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(to), "l"(global), "r"(bytes) : "memory");
  else
    asm volatile("cp.async.ca.shared.global [%0], [%1], %2, %3;" ::"r"(to), "l"(global), "n"(kBytes), "r"(bytes) : "memory");
}

/// Closes the group of the copies that the thread has started since the last one.
__device__ __forceinline__ void commit_async() { asm volatile("cp.async.commit_group;" ::: "memory"); }

/// Waits until at most the kPending youngest groups of the thread are still under way.
template <int kPending>
__device__ __forceinline__ void wait_async() {
  asm volatile("cp.async.wait_group %0;" ::"n"(kPending) : "memory");
}

}  // namespace pmpp
