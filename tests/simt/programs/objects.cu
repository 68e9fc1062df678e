// C++ on the device: virtual functions, pointers to functions, recursion, lambdas, printf and assert.
// pmpp: arch=75
#include "program.cuh"

#include <cassert>

// Shapes that know their own area; they are made on the device, where their virtual functions are.
struct Shape {
  __device__ virtual ~Shape() {}
  __device__ virtual int area() const = 0;
  __device__ virtual int corners() const { return 4; }
};
struct Square : Shape {
  int side;
  __device__ explicit Square(int s) : side(s) {}
  __device__ int area() const override { return side * side; }
};
struct Triangle : Shape {
  int base, height;
  __device__ Triangle(int b, int h) : base(b), height(h) {}
  __device__ int area() const override { return base * height / 2; }
  __device__ int corners() const override { return 3; }
};
__global__ void measure(const int* sizes, int* areas, int* corners) {
  const int me = threadIdx.x;
  Shape* shape = me % 3 ? static_cast<Shape*>(new Square(sizes[me])) : new Triangle(sizes[me], 6);
  areas[me] = shape->area();
  corners[me] = shape->corners();
  delete shape;
}
PROGRAM(shapes) {
  const auto sizes = numbers(64, 30);
  Buffer<int> s(sizes), areas(64), corners(64);
  measure<<<1, 64>>>(s, areas, corners);
  FINISH();
  const auto a = areas.host(), c = corners.host();
  for (int i = 0; i < 64; ++i) {
    CHECK(a[i] == (i % 3 ? sizes[i] * sizes[i] : sizes[i] * 3));
    CHECK(c[i] == (i % 3 ? 4 : 3));
  }
}

// A pocket calculator: the keys are pointers to functions.
using Key = int (*)(int, int);
__device__ int plus(int a, int b) { return a + b; }
__device__ int minus(int a, int b) { return a - b; }
__device__ int times(int a, int b) { return a * b; }
__device__ Key keys[] = {plus, minus, times};
__global__ void calculate(const int* which, const int* a, const int* b, int* out) {
  out[threadIdx.x] = keys[which[threadIdx.x]](a[threadIdx.x], b[threadIdx.x]);
}
PROGRAM(calculator) {
  const auto which = numbers(96, 3), a = numbers(96, 100, 5), b = numbers(96, 100, 6);
  Buffer<int> w(which), x(a), y(b), out(96);
  calculate<<<1, 96>>>(w, x, y, out);
  FINISH();
  const auto got = out.host();
  for (int i = 0; i < 96; ++i) CHECK(got[i] == (which[i] == 0 ? a[i] + b[i] : which[i] == 1 ? a[i] - b[i] : a[i] * b[i]));
}

// Directories: the size of a folder is that of its folders, by a function that calls itself.
struct Folder {
  int bytes, first, last;   // and the folders in it
};
__device__ __noinline__ int size_of(const Folder* all, int me) {
  int sum = all[me].bytes;
  for (int i = all[me].first; i < all[me].last; ++i) sum += size_of(all, i);
  return sum;
}
__global__ void sizes(const Folder* all, int n, int* out) {
  if (threadIdx.x < n) out[threadIdx.x] = size_of(all, threadIdx.x);
}
PROGRAM(directories) {
  const int n = 40;
  std::vector<Folder> tree(n);
  std::vector<int> expected(n);
  for (int i = n - 1; i >= 0; --i) {
    tree[i] = {10 + i, std::min(n, 3 * i + 1), std::min(n, 3 * i + 4)};
    expected[i] = tree[i].bytes + std::accumulate(&expected[0] + tree[i].first, &expected[0] + tree[i].last, 0);
  }
  Buffer<Folder> t(tree);
  Buffer<int> out(n);
  sizes<<<1, 64>>>(t, n, out);
  FINISH();
  CHECK(out.host() == expected);
}

// A seminar: each speaker's line is printed, which is all that it does; what comes out is the test's to read.
__global__ void speak(const char* word) { printf("%s %d of %u: %.2f, %c, %llx\n", word, threadIdx.x, blockDim.x, threadIdx.x / 4.0, 'a' + threadIdx.x, 1ull << 40); }
PROGRAM(seminar) {
  const char word[] = "speaker";
  Buffer<char> text(std::vector<char>(word, word + sizeof word));
  speak<<<1, 3>>>(text);
  FINISH();
}

// A rule that is broken: the assertion ends the launch with its error.
__global__ void obey(const int* values) { assert(values[threadIdx.x] < 5); }
PROGRAM(broken_rule) {
  std::vector<int> values{1, 2, 3, 4};
  Buffer<int> good(values);
  obey<<<1, 4>>>(good);
  FINISH();
  values[2] = 7;
  Buffer<int> bad(values);
  obey<<<1, 4>>>(bad);
  CUDA(cudaGetLastError());
  CHECK(cudaDeviceSynchronize() == cudaErrorAssert);
}

// A factory of pipelines: functions as template arguments, packs, and lambdas that carry what they need.
template <class First, class... Rest>
__device__ int through(int x, First first, Rest... rest) {
  if constexpr (sizeof...(rest)) return through(first(x), rest...);
  else return first(x);
}
__global__ void produce(const int* in, int* out, int bonus) {
  const int me = threadIdx.x;
  auto polish = [=](int x) { return x * 3 + bonus; };
  auto paint = [me](int x) { return x ^ me; };
  out[me] = through(in[me], polish, paint, [](int x) { return x % 1000; });
}
PROGRAM(factory) {
  const auto parts = numbers(70, 500);
  Buffer<int> in(parts), out(70);
  produce<<<1, 70>>>(in, out, 11);
  FINISH();
  const auto got = out.host();
  for (int i = 0; i < 70; ++i) CHECK(got[i] == ((parts[i] * 3 + 11) ^ i) % 1000);
}

// Two crews on one ship, each with a barrier of its own, and a vote of all.
__global__ void sail(int* log) {
  __shared__ int hold[2][64];
  const int crew = threadIdx.x / 64, me = threadIdx.x % 64;
  hold[crew][me] = me * (crew + 1);
  asm volatile("barrier.sync %0, %1;" ::"r"(crew + 1), "r"(64) : "memory");
  const int other = hold[crew][63 - me];
  const int all = __syncthreads_and(other >= 0), some = __syncthreads_count(other > 63);
  log[threadIdx.x] = other + 1000 * all + 10000 * some;
}
PROGRAM(ship) {
  Buffer<int> log(128);
  sail<<<1, 128>>>(log);
  FINISH();
  const auto got = log.host();
  for (int i = 0; i < 128; ++i) CHECK(got[i] == (63 - i % 64) * (i / 64 + 1) + 1000 + 10000 * 32);
}
