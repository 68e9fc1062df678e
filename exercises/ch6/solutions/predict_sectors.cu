// Predict, then see: how many sectors of global memory does a warp touch?
//
// One block of 256 threads copies: thread t reads in[first + t * stride] and writes out[t]. `in` begins at a multiple of 32
// bytes. A sector is 32 bytes, 8 floats that lie in a row, and begins at a multiple of 32 bytes. Counted are the sectors
// that each warp touches in a load, added up over the warps.
#include <cuda_runtime.h>

__global__ void read_kernel(const float* in, float* out, int first, int stride) {
    out[threadIdx.x] = in[first + threadIdx.x * stride];
}

extern "C" int read_strided(const float* in, float* out, int first, int stride) {
    read_kernel<<<1, 256>>>(in, out, first, stride);
    return cudaGetLastError();
}

// Multiplied by 8 warps. Lines do not matter, requests do not matter: only which sectors the 32 addresses of a warp lie in.
extern "C" int predict(long long* answers) {
    answers[0] = 8 * 4;   // 32 floats in a row are 128 bytes, 4 sectors
    answers[1] = 8 * 5;   // the same 128 bytes, but they begin 4 bytes late and reach into a fifth sector
    answers[2] = 8 * 8;   // 63 floats from the first to the last: 8 sectors, half of each is used
    answers[3] = 8 * 32;  // 8 floats apart: every thread is in a sector of its own
    answers[4] = 8 * 32;  // it cannot get worse than a sector a thread, however far apart they are
    answers[5] = 8 * 1;   // one address for all lanes: one sector, which all of them get together
    return 0;
}
