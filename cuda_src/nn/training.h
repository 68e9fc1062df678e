/* What training needs beside layers: batches, losses, steps. The C interface of training.cu. Pointers are device pointers to
   arrays in C order of float32 or float64; labels and indices are int32. */
#pragma once

#include "cuda_src/common/api.h"

/* out[i] = rows[indices[i]], for rows of `bytes` bytes: a multiple of 4. Indices are not checked. */
PMPP_API int pmpp_nn_take(const void* rows, size_t bytes, const void* indices, size_t n, void* out, cudaStream_t stream);

/* losses[i] = -log softmax(scores[i])[labels[i]]; gradient = that of the mean of the losses by the scores. A label that is no
   class makes its loss and its gradient NaN. */
PMPP_API int pmpp_nn_softmax_cross_entropy(const void* scores, const void* labels, size_t n, size_t classes, void* losses,
                                           void* gradient, int dtype, cudaStream_t stream);
/* losses[i] = log(1 + exp(-scores[i])) for the label 1, log(1 + exp(scores[i])) for 0. Other labels: as above. */
PMPP_API int pmpp_nn_logistic_loss(const void* scores, const void* labels, size_t n, void* losses, void* gradient, int dtype,
                                   cudaStream_t stream);

/* g = gradient + decay * parameters; velocity = momentum * velocity + g; parameters -= rate * velocity. */
PMPP_API int pmpp_nn_sgd(void* parameters, const void* gradient, void* velocity, size_t n, double rate, double momentum,
                         double decay, int dtype, cudaStream_t stream);
/* With the same g: mean = beta1 * mean + (1 - beta1) * g, square = beta2 * square + (1 - beta2) * g * g,
   parameters -= rate * (mean / (1 - beta1^step)) / (sqrt(square / (1 - beta2^step)) + epsilon). The first step is 1. */
PMPP_API int pmpp_nn_adam(void* parameters, const void* gradient, void* mean, void* square, size_t n, long long step, double rate,
                          double beta1, double beta2, double epsilon, double decay, int dtype, cudaStream_t stream);
