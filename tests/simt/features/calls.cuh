// Functions: recursion, structures by value, pointers, virtual functions, lambdas, local arrays.
#pragma once

namespace calls {

__device__ __noinline__ int fibonacci(int n) { return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2); }
__global__ void recurse(int* out) { out[threadIdx.x] = fibonacci(int(threadIdx.x)); }
FEATURE(recursion, 75) {
  check_all("fibonacci", results<int>(12, recurse, 1, 12), [](int n) {
    int a = 0, b = 1;
    while (n-- > 0) b = std::exchange(a, b) + b;
    return a;
  });
}

struct Big {
  double values[5];
  char tag;
  short pair[2];
};
__device__ __noinline__ Big scaled(Big big, float factor, unsigned char c, bool flag) {
  for (double& value : big.values) value *= factor;
  big.tag = char(c + flag);
  big.pair[1] = short(-big.pair[0]);
  return big;
}
__global__ void by_value(double* out, Big big) {
  const Big got = scaled(big, float(threadIdx.x), (unsigned char)(threadIdx.x), threadIdx.x & 1);
  out[threadIdx.x] = got.values[0] + got.values[4] * 10 + got.tag * 1000 + got.pair[1] * 1e6;
}
FEATURE(structures_by_value, 75) {
  const Big big{{1, 2, 3, 4, 5}, 'x', {3, 4}};
  check_all("structure", results<double>(20, by_value, 1, 20, big), [](int t) { return t + 50.0 * t + (t + t % 2) * 1000.0 - 3e6; });
}

using Function = int (*)(int);
__device__ int twice(int x) { return 2 * x; }
__device__ int square(int x) { return x * x; }
__device__ int less(int x) { return x - 1; }
__device__ Function table[3] = {twice, square, less};
__constant__ Function chosen = square;
__global__ void through_pointers(int* out, Function given) {
  const int t = threadIdx.x;
  out[t] = table[t % 3](t) + 1000 * chosen(t) + (given ? given(t) : 0) * 1000000;
}
FEATURE(function_pointers, 75) {
  Function given;
  CUDA(cudaMemcpyFromSymbol(&given, table, sizeof given, 2 * sizeof given));
  check_all("pointers", results<int>(40, through_pointers, 1, 40, given), [](int t) {
    return (t % 3 == 0 ? 2 * t : t % 3 == 1 ? t * t : t - 1) + 1000 * t * t + (t - 1) * 1000000;
  });
}

struct Shape {
  __device__ virtual float area() const = 0;
  __device__ virtual ~Shape() {}
};
struct Square : Shape {
  float side;
  __device__ Square(float s) : side(s) {}
  __device__ float area() const override { return side * side; }
};
struct Strip : Shape {
  float length;
  __device__ Strip(float l) : length(l) {}
  __device__ float area() const override { return 3 * length; }
};
__global__ void areas(float* out) {
  const float t = float(threadIdx.x);
  Shape* shape = threadIdx.x & 1 ? static_cast<Shape*>(new Square(t)) : new Strip(t);
  out[threadIdx.x] = shape->area();
  delete shape;
}
FEATURE(virtual_functions, 75) { check_all("area", results<float>(33, areas, 1, 33), [](int t) { return t & 1 ? float(t * t) : 3.0f * float(t); }); }

template <class F>
__global__ void apply(int* out, F f) { out[threadIdx.x] = f(int(threadIdx.x)); }
struct Affine {
  int a, b;
  __device__ int operator()(int x) const { return a * x + b; }
};
FEATURE(function_objects, 75) { check_all("affine", results<int>(50, apply<Affine>, 1, 50, Affine{3, 4}), [](int t) { return 3 * t + 4; }); }

__device__ __noinline__ void fill(int* where, int n, int step) {
  for (int i = 0; i < n; ++i) where[i] = i * step;
}
__global__ void local_arrays(int* out, int n) {
  int stack[40];
  short narrow[7] = {1, 2, 3};
  fill(stack, n, int(threadIdx.x));
  narrow[threadIdx.x % 7] += 5;
  out[threadIdx.x] = stack[threadIdx.x % n] + narrow[(threadIdx.x + n) % 7];
}
FEATURE(local_arrays_by_index, 75) {
  check_all("local", results<int>(64, local_arrays, 1, 64, 30), [](int t) {
    short narrow[7] = {1, 2, 3};
    narrow[t % 7] = short(narrow[t % 7] + 5);
    return t % 30 * t + narrow[(t + 30) % 7];
  });
}

__global__ void on_the_stack(int* out) {
  const int n = int(threadIdx.x) % 9 + 1;
  int* some = static_cast<int*>(alloca(sizeof(int) * n));
  int* more = static_cast<int*>(alloca(sizeof(int) * n));
  fill(some, n, 2);
  fill(more, n, 5);
  out[threadIdx.x] = some[n - 1] * 1000 + more[n - 1];
}
FEATURE(alloca_, 75) { check_all("alloca", results<int>(40, on_the_stack, 1, 40), [](int t) { return t % 9 * 2005; }); }

__device__ __noinline__ long long wide(signed char a, short b, long long c, float d, double e, const int* p) { return a + b + c + (long long)(d) + (long long)(e) + *p; }
__global__ void every_type(long long* out) {
  int here = int(threadIdx.x);
  out[threadIdx.x] = wide((signed char)(-here), short(here * 2), 1ll << 40, float(here), double(here) * 3, &here);
}
FEATURE(arguments_of_every_type, 75) { check_all("types", results<long long>(32, every_type, 1, 32), [](int t) { return (1ll << 40) + 6ll * t; }); }

}  // namespace calls
