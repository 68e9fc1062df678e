// Predict, then see: steps and work of two scans.
//
// The inclusive scan of one section of kSection floats, once by Kogge and Stone with a thread an element, once by Brent and
// Kung with a thread for two elements. Work is the number of additions of all threads; a barrier counts once for each warp
// that comes to it.
#include <cuda_runtime.h>

constexpr int kSection = 256;

__global__ void kogge_stone_kernel(const float* in, float* out) {
    __shared__ float sums[kSection];
    const int t = threadIdx.x;
    sums[t] = in[t];
    for (int stride = 1; stride < kSection; stride *= 2) {
        __syncthreads();
        float sum = sums[t];
        if (t >= stride) sum += sums[t - stride];
        __syncthreads();
        sums[t] = sum;
    }
    out[t] = sums[t];
}

__global__ void brent_kung_kernel(const float* in, float* out) {
    __shared__ float sums[kSection];
    const int t = threadIdx.x;
    sums[t] = in[t];
    sums[t + kSection / 2] = in[t + kSection / 2];
    for (int stride = 1; stride < kSection; stride *= 2) {
        __syncthreads();
        const int end = (t + 1) * 2 * stride - 1;
        if (end < kSection) sums[end] += sums[end - stride];
    }
    for (int stride = kSection / 4; stride > 0; stride /= 2) {
        __syncthreads();
        const int end = (t + 1) * 2 * stride - 1;
        if (end + stride < kSection) sums[end + stride] += sums[end];
    }
    __syncthreads();
    out[t] = sums[t];
    out[t + kSection / 2] = sums[t + kSection / 2];
}

extern "C" int scan_section(const float* in, float* out, int brent_kung) {
    if (brent_kung) {
        brent_kung_kernel<<<1, kSection / 2>>>(in, out);
    } else {
        kogge_stone_kernel<<<1, kSection>>>(in, out);
    }
    return cudaGetLastError();
}

// TODO (about 4 lines): Replace each -1 by the number that you expect.
extern "C" int predict(long long* answers) {
    answers[0] = -1;  // additions of Kogge-Stone
    answers[1] = -1;  // how often warps come to a barrier in Kogge-Stone
    answers[2] = -1;  // additions of Brent-Kung
    answers[3] = -1;  // how often warps come to a barrier in Brent-Kung
    return 0;
}
