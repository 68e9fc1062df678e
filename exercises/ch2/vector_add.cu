// Vector addition, from beginning to end: c[i] = a[i] + b[i].
#include <cuda_runtime.h>

__global__ void add_kernel(const float* a, const float* b, float* c, int n) {
    // TODO (about 2 lines): Compute the index of this thread among all threads of the grid, and let it add
    // one pair of elements, unless its index lies past the end.
}

// a, b and c are in the memory of the host. Returns 0, or the CUDA error of the first call that failed; whatever happens,
// no device memory stays allocated. n may be 0: then there is nothing to do.
extern "C" int vector_add(const float* a, const float* b, float* c, int n) {
    // TODO (about 17 lines): Allocate three arrays on the device, copy a and b there, launch add_kernel with enough
    // blocks of 256 threads, check the launch, copy c back, and free the three arrays. Check every call.
    return 0;
}
