// Softmax cross-entropy: the loss, and where to go from there.
//
// A network gives each image a score for every class. Softmax makes chances of them: exp(score) over the sum of all exp. The loss of an image is
// -log of the chance of its true class, labels[i]. losses[i] becomes that; by_scores, n x classes, becomes the gradient of the MEAN of all
// losses by the scores. Scores may be as large as 1000: exp(1000) is infinite, so take the largest score of the row off first, which
// changes no chance. Derive the gradient on paper: it is short.
#include <cuda_runtime.h>

__global__ void softmax_kernel(const float* scores, const int* labels, int n, int classes, float* losses, float* by_scores) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n) return;
    const float* score = scores + i * classes;
    float largest = score[0];
    for (int c = 1; c < classes; ++c) largest = fmaxf(largest, score[c]);
    float sum = 0.0f;
    for (int c = 0; c < classes; ++c) sum += expf(score[c] - largest);
    // log of a quotient: not the log of a chance, which may have become 0.
    losses[i] = logf(sum) - (score[labels[i]] - largest);
    // The chance that the network gives, less the chance that it should have given: 1 for the true class, 0 for the others.
    for (int c = 0; c < classes; ++c)
        by_scores[i * classes + c] = (expf(score[c] - largest) / sum - (c == labels[i] ? 1.0f : 0.0f)) / n;
}

extern "C" int softmax(const float* scores, const int* labels, int n, int classes, float* losses, float* by_scores) {
    if (n > 0) softmax_kernel<<<(n + 127) / 128, 128>>>(scores, labels, n, classes, losses, by_scores);
    return cudaGetLastError();
}
