// Training (chapter 19): batches gathered on the device, losses with their gradients, steps of gradient descent.
#include <cmath>
#include <cstdint>

#include "cuda_src/nn/elementwise.cuh"
#include "cuda_src/nn/training.h"

namespace pmpp::nn {
namespace {

__global__ void take_kernel(const std::uint32_t* rows, size_t words, const int* indices, std::uint32_t* out, size_t n) {
  for (size_t i = first(); i < n; i += stride()) {
    const size_t row = i / words;
    out[i] = rows[indices[row] * words + (i - row * words)];
  }
}

constexpr unsigned kAll = 0xffffffff;

/// A warp a row. The largest score is taken off first: exp() of a large one would be infinite.
template <class T>
__global__ void softmax_kernel(const T* scores, const int* labels, size_t n, int classes, T* losses, T* gradient) {
  const int lane = threadIdx.x % 32;
  for (size_t row = first() / 32; row < n; row += stride() / 32) {
    const T* score = scores + row * classes;
    T largest = -T(INFINITY);
    for (int c = lane; c < classes; c += 32) largest = max(largest, score[c]);
    for (int step = 16; step > 0; step /= 2) largest = max(largest, __shfl_xor_sync(kAll, largest, step));
    T sum = 0;
    for (int c = lane; c < classes; c += 32) sum += exp(score[c] - largest);
    for (int step = 16; step > 0; step /= 2) sum += __shfl_xor_sync(kAll, sum, step);
    const int label = labels[row];
    const bool known = unsigned(label) < unsigned(classes);
    if (lane == 0) losses[row] = known ? log(sum) + largest - score[label] : T(NAN);
    const T scale = known ? T(1) / T(n) : T(NAN);
    // What the softmax says, less what it should have said.
    for (int c = lane; c < classes; c += 32)
      gradient[row * classes + c] = (exp(score[c] - largest) / sum - (c == label ? T(1) : T(0))) * scale;
  }
}

template <class T>
__global__ void logistic_kernel(const T* scores, const int* labels, size_t n, T* losses, T* gradient) {
  for (size_t i = first(); i < n; i += stride()) {
    const int label = labels[i];
    const bool known = label == 0 || label == 1;
    const T wrong = label == 1 ? -scores[i] : scores[i];  // how strongly the score speaks for the other class
    const T small = exp(-abs(wrong));                     // never infinite
    losses[i] = known ? max(wrong, T(0)) + log1p(small) : T(NAN);
    const T chance = wrong > T(0) ? T(1) / (T(1) + small) : small / (T(1) + small);  // of the other class
    gradient[i] = (label == 1 ? -chance : chance) * (known ? T(1) / T(n) : T(NAN));
  }
}

template <class T>
__global__ void sgd_kernel(T* parameters, const T* gradient, T* velocity, size_t n, T rate, T momentum, T decay) {
  for (size_t i = first(); i < n; i += stride()) {
    const T p = parameters[i], v = momentum * velocity[i] + (gradient[i] + decay * p);
    velocity[i] = v;
    parameters[i] = p - rate * v;
  }
}

template <class T>
struct Adam {
  T rate, beta1, beta2, epsilon, decay, mean_scale, square_scale;
};

template <class T>
__global__ void adam_kernel(T* parameters, const T* gradient, T* mean, T* square, size_t n, Adam<T> with) {
  for (size_t i = first(); i < n; i += stride()) {
    const T p = parameters[i], g = gradient[i] + with.decay * p;
    const T m = with.beta1 * mean[i] + (T(1) - with.beta1) * g, s = with.beta2 * square[i] + (T(1) - with.beta2) * g * g;
    mean[i] = m;
    square[i] = s;
    parameters[i] = p - with.rate * (m * with.mean_scale) / (sqrt(s * with.square_scale) + with.epsilon);
  }
}

}  // namespace
}  // namespace pmpp::nn

using namespace pmpp::nn;

PMPP_API int pmpp_nn_take(const void* rows, size_t bytes, const void* indices, size_t n, void* out, cudaStream_t stream) {
  if (bytes % 4 != 0) return PMPP_UNSUITABLE;
  const size_t words = bytes / 4;
  if (n * words == 0) return cudaSuccess;
  take_kernel<<<pmpp::grid_size(n * words, kThreads * kPerThread), kThreads, 0, stream>>>(
      static_cast<const std::uint32_t*>(rows), words, static_cast<const int*>(indices), static_cast<std::uint32_t*>(out),
      n * words);
  return cudaGetLastError();
}

PMPP_API int pmpp_nn_softmax_cross_entropy(const void* scores, const void* labels, size_t n, size_t classes, void* losses,
                                           void* gradient, int dtype, cudaStream_t stream) {
  if (classes < 1 || classes > 0x7fffffe0) return PMPP_UNSUITABLE;
  return elementwise(dtype, n * 32, [&](auto zero, unsigned blocks) {
    using T = decltype(zero);
    softmax_kernel<<<blocks, kThreads, 0, stream>>>(static_cast<const T*>(scores), static_cast<const int*>(labels), n,
                                                    int(classes), static_cast<T*>(losses), static_cast<T*>(gradient));
  });
}

PMPP_API int pmpp_nn_logistic_loss(const void* scores, const void* labels, size_t n, void* losses, void* gradient, int dtype,
                                   cudaStream_t stream) {
  return elementwise(dtype, n, [&](auto zero, unsigned blocks) {
    using T = decltype(zero);
    logistic_kernel<<<blocks, kThreads, 0, stream>>>(static_cast<const T*>(scores), static_cast<const int*>(labels), n,
                                                     static_cast<T*>(losses), static_cast<T*>(gradient));
  });
}

PMPP_API int pmpp_nn_sgd(void* parameters, const void* gradient, void* velocity, size_t n, double rate, double momentum,
                         double decay, int dtype, cudaStream_t stream) {
  return elementwise(dtype, n, [&](auto zero, unsigned blocks) {
    using T = decltype(zero);
    sgd_kernel<<<blocks, kThreads, 0, stream>>>(static_cast<T*>(parameters), static_cast<const T*>(gradient),
                                                static_cast<T*>(velocity), n, T(rate), T(momentum), T(decay));
  });
}

PMPP_API int pmpp_nn_adam(void* parameters, const void* gradient, void* mean, void* square, size_t n, long long step, double rate,
                          double beta1, double beta2, double epsilon, double decay, int dtype, cudaStream_t stream) {
  if (step < 1) return PMPP_UNSUITABLE;
  return elementwise(dtype, n, [&](auto zero, unsigned blocks) {
    using T = decltype(zero);
    const Adam<T> with{T(rate),
                       T(beta1),
                       T(beta2),
                       T(epsilon),
                       T(decay),
                       T(1 / (1 - std::pow(beta1, double(step)))),
                       T(1 / (1 - std::pow(beta2, double(step))))};
    adam_kernel<<<blocks, kThreads, 0, stream>>>(static_cast<T*>(parameters), static_cast<const T*>(gradient),
                                                 static_cast<T*>(mean), static_cast<T*>(square), n, with);
  });
}
