// Max pooling: the largest pixel of each window of 2 x 2.
//
// `images` are `planes` planes of rows x cols. A plane of the result has rows / 2 x cols / 2 pixels: what is left over at the end of
// an odd side counts for nothing. winners[i] becomes the place of the largest in its plane, row * cols + column: the way back
// needs it. Of equal pixels the first wins, row by row.
#include <cuda_runtime.h>

__global__ void pool_kernel(const float* images, int planes, int rows, int cols, float* out, int* winners) {
    const int out_rows = rows / 2, out_cols = cols / 2;
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= planes * out_rows * out_cols) return;
    const int x = i % out_cols * 2, y = i / out_cols % out_rows * 2, plane = i / out_cols / out_rows;
    const float* image = images + plane * rows * cols;
    int best = y * cols + x;
    for (int k = 1; k < 4; ++k) {
        const int at = (y + k / 2) * cols + x + k % 2;
        if (image[at] > image[best]) best = at;  // not >=: of equals the first stays
    }
    out[i] = image[best];
    winners[i] = best;
}

extern "C" int max_pool(const float* images, int planes, int rows, int cols, float* out, int* winners) {
    const int n = planes * (rows / 2) * (cols / 2);
    if (n > 0) pool_kernel<<<(n + 255) / 256, 256>>>(images, planes, rows, cols, out, winners);
    return cudaGetLastError();
}
