// Where the largest element of a vector stands.
//
// *place becomes the index of the largest element; of several equal ones the first. n is at least 1 and at most 2^30, and no element is
// NaN. One block of kThreads threads does it all.
#include <cuda_runtime.h>

constexpr int kThreads = 256;

// Two values travel together through the tree: how large and where. Of equal values the lower index wins, in the thread's own loop by
// itself, because it goes upwards, in the tree by the second comparison: partners are not in the order of their indices.
__global__ void argmax_kernel(const float* data, int n, int* place) {
    __shared__ float best[kThreads];
    __shared__ int where[kThreads];
    float value = -INFINITY;
    int index = n;
    for (int i = threadIdx.x; i < n; i += kThreads) {
        if (data[i] > value || index == n) {
            value = data[i];
            index = i;
        }
    }
    best[threadIdx.x] = value;
    where[threadIdx.x] = index;
    for (int stride = kThreads / 2; stride >= 1; stride /= 2) {
        __syncthreads();
        if (threadIdx.x < stride) {
            const float other = best[threadIdx.x + stride];
            const int there = where[threadIdx.x + stride];
            if (other > best[threadIdx.x] || (other == best[threadIdx.x] && there < where[threadIdx.x])) {
                best[threadIdx.x] = other;
                where[threadIdx.x] = there;
            }
        }
    }
    if (threadIdx.x == 0) *place = where[0];
}

extern "C" int argmax(const float* data, int n, int* place) {
    argmax_kernel<<<1, kThreads>>>(data, n, place);
    return cudaGetLastError();
}
