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

// One after the other it would be 255 additions. Kogge-Stone does seven times as many and is done after 8 steps; Brent-Kung
// does twice as many in 15 steps. Which is faster depends on whether the device has units to spare.
extern "C" int predict(long long* answers) {
    answers[0] = 8 * 256 - 255;        // 256 - stride in each of 8 steps, and the strides add up to 255
    answers[1] = 8 * 8 * 2;            // 8 warps, 8 steps, two barriers
    answers[2] = 255 + (255 - 8);      // up: 128 + 64 + ... + 1; down: 1 + 3 + 7 + ... + 127
    answers[3] = 4 * (8 + 7 + 1);      // 4 warps; 8 steps up, 7 down, one barrier before the results are stored
    return 0;
}
