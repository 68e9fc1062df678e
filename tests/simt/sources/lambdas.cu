// Lambdas, templates, unions, bit fields: names and shapes that C++ makes. Needs --extended-lambda.
#include <cuda/std/array>
#include <cuda/std/tuple>

template <class F>
__global__ void apply(int* data, int n, F f) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) data[i] = f(data[i], i);
}

union Word {
  float real;
  struct { unsigned fraction : 23, exponent : 8, sign : 1; } bits;
};

void host(int* data, int n, float factor) {
  cuda::std::array<int, 4> table{1, 2, 3, 4};
  apply<<<n, 128>>>(data, n, [=] __device__(int x, int i) {
    Word word{factor * x};
    auto [a, b] = cuda::std::make_tuple(unsigned(word.bits.exponent), table[i & 3]);
    return int(a) + b;
  });
  apply<<<n, 128>>>(data, n, [factor] __device__(int x, int) { return int(x * factor); });
}
