// Softmax cross-entropy: the loss, and where to go from there.
//
// A network gives each image a score for every class. Softmax makes chances of them: exp(score) over the sum of all exp. The loss of an image is
// -log of the chance of its true class, labels[i]. losses[i] becomes that; by_scores, n x classes, becomes the gradient of the MEAN of all
// losses by the scores. Scores may be as large as 1000: exp(1000) is infinite, so take the largest score of the row off first, which
// changes no chance. Derive the gradient on paper: it is short.
#include <cuda_runtime.h>

__global__ void softmax_kernel(const float* scores, const int* labels, int n, int classes, float* losses, float* by_scores) {
    // TODO (about 10 lines): One row a thread: the largest score, the sum, the loss, the gradient.
}

extern "C" int softmax(const float* scores, const int* labels, int n, int classes, float* losses, float* by_scores) {
    if (n > 0) softmax_kernel<<<(n + 127) / 128, 128>>>(scores, labels, n, classes, losses, by_scores);
    return cudaGetLastError();
}
