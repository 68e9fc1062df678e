// How often each letter occurs in a text.
//
// counts[0] becomes the number of A and a, counts[1] that of B and b ... counts[25] that of Z and z. Everything else in the
// text is not counted: blanks, digits, and the bytes above 127 of which other alphabets are made. `text` and `counts` are host
// memory.
#include <cuda_runtime.h>

constexpr int kLetters = 26;
constexpr int kThreads = 256;

// Upper and lower case differ in the bit of value 32, so `| 32` makes both lower case. It also moves some signs, but none of
// them to a place between a and z. Letters of a text are far from evenly spread: every eighth one is an e, so private copies
// matter here. A block counts with one atomic operation a warp, and adds up with one.
__global__ void letters_kernel(const unsigned char* text, int n, unsigned* counts) {
    __shared__ unsigned mine[kLetters];
    if (threadIdx.x < kLetters) mine[threadIdx.x] = 0;
    __syncthreads();
    const int i = blockIdx.x * kThreads + threadIdx.x;
    if (i < n) {
        const int letter = (text[i] | 32) - 'a';
        if (letter >= 0 && letter < kLetters) atomicAdd(&mine[letter], 1u);
    }
    __syncthreads();
    if (threadIdx.x < kLetters) atomicAdd(&counts[threadIdx.x], mine[threadIdx.x]);
}

extern "C" int letters(const unsigned char* text, int n, unsigned* counts) {
    unsigned char* device_text = nullptr;
    unsigned* device_counts = nullptr;
    cudaMalloc(&device_text, n);
    cudaMalloc(&device_counts, kLetters * sizeof(unsigned));
    cudaMemcpy(device_text, text, n, cudaMemcpyHostToDevice);
    cudaMemset(device_counts, 0, kLetters * sizeof(unsigned));
    if (n > 0) letters_kernel<<<(n + kThreads - 1) / kThreads, kThreads>>>(device_text, n, device_counts);
    const cudaError_t error = cudaGetLastError();
    cudaMemcpy(counts, device_counts, kLetters * sizeof(unsigned), cudaMemcpyDeviceToHost);
    cudaFree(device_text);
    cudaFree(device_counts);
    return error;
}
