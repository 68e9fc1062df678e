// A detector whose weights were made by hand: how well does each window of an image match a template?
//
// response[y, x] is the correlation of the template with the window whose upper left corner is (y, x), both with their mean taken off:
//   sum of (template - its mean) * (pixel - the window's mean), divided by the root of (sum of squares of the one times that of the other)
// It is 1 where the window is the template, brighter or darker or with more contrast, and -1 where it is its negative. Where a window or the
// template is of one grey (a sum of squares below 1e-6), it is 0. There are (rows - size + 1) x (cols - size + 1) windows.
#include <cuda_runtime.h>

__global__ void match_kernel(const float* image, int rows, int cols, const float* pattern, int size, float* response) {
    const int out_rows = rows - size + 1, out_cols = cols - size + 1;
    const int x = blockIdx.x * blockDim.x + threadIdx.x, y = blockIdx.y * blockDim.y + threadIdx.y;
    if (x >= out_cols || y >= out_rows) return;
    const float* window = image + y * cols + x;
    float window_mean = 0.0f, pattern_mean = 0.0f;
    for (int i = 0; i < size; ++i)
        for (int j = 0; j < size; ++j) {
            window_mean += window[i * cols + j];
            pattern_mean += pattern[i * size + j];
        }
    window_mean /= size * size;
    pattern_mean /= size * size;
    float both = 0.0f, of_window = 0.0f, of_pattern = 0.0f;
    for (int i = 0; i < size; ++i)
        for (int j = 0; j < size; ++j) {
            const float a = window[i * cols + j] - window_mean, b = pattern[i * size + j] - pattern_mean;
            both += a * b;
            of_window += a * a;
            of_pattern += b * b;
        }
    // Without the quotient the brightest corner of the image would win, whatever it shows.
    const bool grey = of_window < 1e-6f || of_pattern < 1e-6f;
    response[y * out_cols + x] = grey ? 0.0f : both / sqrtf(of_window * of_pattern);
}

extern "C" int match(const float* image, int rows, int cols, const float* pattern, int size, float* response) {
    const dim3 block(16, 16), grid((cols - size + 16) / 16, (rows - size + 16) / 16);
    match_kernel<<<grid, block>>>(image, rows, cols, pattern, size, response);
    return cudaGetLastError();
}
