// Arithmetic: double and half precision, matrices in tensor cores, fast functions, long integers, inline PTX.
// pmpp: arch=75
#include "program.cuh"

#include <cuda_fp16.h>
#include <mma.h>

#include <cmath>

// The circle's area by rectangles, in double precision, summed by a tree in shared memory.
__global__ void rectangles(double* sums, int n) {
  __shared__ double part[128];
  double sum = 0;
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) {
    const double x = (i + 0.5) / n;
    sum += 4 * sqrt(1 - x * x);
  }
  part[threadIdx.x] = sum;
  for (int step = 64; step; step /= 2) {
    __syncthreads();
    if (threadIdx.x < step) part[threadIdx.x] += part[threadIdx.x + step];
  }
  if (threadIdx.x == 0) sums[blockIdx.x] = part[0];
}
PROGRAM(circle) {
  const int n = 40000;
  Buffer<double> sums(4);
  rectangles<<<4, 128>>>(sums, n);
  FINISH();
  double area = 0;
  for (double sum : sums.host()) area += sum / n;
  CHECK(std::abs(area - 3.14159265358979) < 1e-5);
}

// A neuron in half precision: products of pairs, and a limit below.
__global__ void neuron(const __half2* weights, const __half2* inputs, float* out, int n) {
  __half2 sum = __float2half2_rn(0.f);
  for (int i = 0; i < n; ++i) sum = __hfma2(weights[threadIdx.x * n + i], inputs[i], sum);
  const __half total = __hadd(__low2half(sum), __high2half(sum));
  out[threadIdx.x] = __half2float(__hgt(total, __float2half(0.f)) ? total : __float2half(0.f));
}
PROGRAM(neurons) {
  const int neurons = 40, n = 6;
  auto given = numbers(neurons * n * 2, 9), seen = numbers(n * 2, 5, 3);
  std::vector<__half2> weights(neurons * n), inputs(n);
  for (int i = 0; i < neurons * n; ++i) weights[i] = __floats2half2_rn(given[2 * i] - 4.f, given[2 * i + 1] - 4.f);
  for (int i = 0; i < n; ++i) inputs[i] = __floats2half2_rn(seen[2 * i], seen[2 * i + 1]);
  Buffer<__half2> w(weights), x(inputs);
  Buffer<float> out(neurons);
  neuron<<<1, neurons>>>(w, x, out, n);
  FINISH();
  const auto got = out.host();
  for (int k = 0; k < neurons; ++k) {
    int sum = 0;
    for (int i = 0; i < 2 * n; ++i) sum += (given[k * 2 * n + i] - 4) * seen[i];
    CHECK(got[k] == float(std::max(0, sum)));
  }
}

// A layer of a network in tensor cores: one warp, a tile of 16 by 16.
__global__ void layer(const __half* a, const __half* b, float* c) {
  using namespace nvcuda::wmma;
  fragment<matrix_a, 16, 16, 16, __half, row_major> left;
  fragment<matrix_b, 16, 16, 16, __half, col_major> right;
  fragment<accumulator, 16, 16, 16, float> sum;
  fill_fragment(sum, 1.f);
  load_matrix_sync(left, a, 16);
  load_matrix_sync(right, b, 16);
  mma_sync(sum, left, right, sum);
  store_matrix_sync(c, sum, 16, mem_row_major);
}
PROGRAM(network_layer) {
  const auto x = numbers(256, 8), y = numbers(256, 8, 4);
  std::vector<__half> a(x.begin(), x.end()), b(y.begin(), y.end());
  Buffer<__half> left(a), right(b);
  Buffer<float> c(256);
  layer<<<1, 32>>>(left, right, c);
  FINISH();
  const auto got = c.host();
  for (int row = 0; row < 16; ++row)
    for (int column = 0; column < 16; ++column) {
      int sum = 1;
      for (int k = 0; k < 16; ++k) sum += x[16 * row + k] * y[16 * column + k];
      CHECK(got[16 * row + column] == float(sum));
    }
}

// A siren: fast sines and powers, as good as they are promised to be.
__global__ void sound(float* wave, float* loud) {
  const float t = threadIdx.x / 64.f;
  wave[threadIdx.x] = __sinf(t) * __cosf(t);
  loud[threadIdx.x] = exp2f(t) + __logf(1 + t) + tanhf(t);
}
PROGRAM(siren) {
  Buffer<float> wave(128), loud(128);
  sound<<<1, 128>>>(wave, loud);
  FINISH();
  const auto w = wave.host(), l = loud.host();
  for (int i = 0; i < 128; ++i) {
    const double t = i / 64.0;
    CHECK(std::abs(w[i] - std::sin(t) * std::cos(t)) < 1e-5);
    CHECK(std::abs(l[i] - (std::exp2(t) + std::log(1 + t) + std::tanh(t))) < 1e-4);
  }
}

// Long sums: numbers of 128 bits, with carries between words in inline PTX, and products that modulus makes small again.
__global__ void long_sums(const unsigned* a, const unsigned* b, unsigned* sums, unsigned long long* power) {
  const unsigned *x = a + 4 * threadIdx.x, *y = b + 4 * threadIdx.x;
  unsigned* s = sums + 4 * threadIdx.x;
  asm("add.cc.u32 %0, %4, %8;\n\taddc.cc.u32 %1, %5, %9;\n\taddc.cc.u32 %2, %6, %10;\n\taddc.u32 %3, %7, %11;"
      : "=r"(s[0]), "=r"(s[1]), "=r"(s[2]), "=r"(s[3])
      : "r"(x[0]), "r"(x[1]), "r"(x[2]), "r"(x[3]), "r"(y[0]), "r"(y[1]), "r"(y[2]), "r"(y[3]));
  unsigned long long result = 1, base = x[0] % 1000003;
  for (unsigned e = y[0] % 1000; e; e /= 2, base = base * base % 1000003)
    if (e & 1) result = result * base % 1000003;
  power[threadIdx.x] = result + __umul64hi(~0ull, x[0]);
}
PROGRAM(long_numbers) {
  const int n = 50;
  std::vector<unsigned> a(4 * n), b(4 * n);
  const auto given = numbers(8 * n, 1 << 24);
  for (int i = 0; i < 4 * n; ++i) a[i] = given[i] * 257u, b[i] = ~(given[4 * n + i] << 3);
  Buffer<unsigned> x(a), y(b), sums(4 * n);
  Buffer<unsigned long long> power(n);
  long_sums<<<1, n>>>(x, y, sums, power);
  FINISH();
  const auto s = sums.host();
  const auto p = power.host();
  for (int i = 0; i < n; ++i) {
    unsigned __int128 sum = 0, right = 0;
    for (int k = 3; k >= 0; --k) {
      sum = sum << 32 | a[4 * i + k];
      right = right << 32 | b[4 * i + k];
    }
    sum += right;
    for (int k = 0; k < 4; ++k) CHECK(s[4 * i + k] == unsigned(sum >> (32 * k)));
    unsigned long long expected = 1;
    for (unsigned e = 0; e < b[4 * i] % 1000; ++e) expected = expected * (a[4 * i] % 1000003) % 1000003;
    CHECK(p[i] == expected + (unsigned long long)((unsigned __int128)(~0ull) * a[4 * i] >> 64));
  }
}

// Mandelbrot's set in black and white: it is the same below as above the line.
__global__ void mandelbrot(unsigned char* inside, int width, int height) {
  const int x = blockIdx.x * blockDim.x + threadIdx.x, y = blockIdx.y;
  if (x >= width) return;
  const float cx = -2.f + 2.5f * x / width, cy = -1.f + 2.f * y / (height - 1);
  float zx = 0, zy = 0;
  int n = 0;
  for (; n < 60 && zx * zx + zy * zy < 4; ++n) {
    const float next = zx * zx - zy * zy + cx;
    zy = 2 * zx * zy + cy;
    zx = next;
  }
  inside[y * width + x] = n == 60;
}
PROGRAM(mandelbrot_set) {
  const int width = 80, height = 41;
  Buffer<unsigned char> pixels(width * height);
  mandelbrot<<<dim3(2, height), 40>>>(pixels, width, height);
  FINISH();
  const auto got = pixels.host();
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x) CHECK(got[y * width + x] == got[(height - 1 - y) * width + x]);
  CHECK(got[20 * width + 64] == 1 && got[0] == 0);
  const int area = std::accumulate(got.begin(), got.end(), 0);
  CHECK(area > 850 && area < 1150);   // the set's area is 1.5066, of 5.0 that are shown
}

// A sieve: bits of a table are put into fields and counted.
__global__ void sieve(unsigned* composite, int limit) {
  for (int p = 2 + threadIdx.x; p * p <= limit; p += blockDim.x)
    for (int m = p * p; m <= limit; m += p) atomicOr(&composite[m / 32], 1u << m % 32);
}
__global__ void count_primes(const unsigned* composite, int limit, int* count, unsigned* middle) {
  const unsigned word = composite[threadIdx.x];
  int primes = 0;
  for (int bit = 0; bit < 32; ++bit) primes += int(threadIdx.x) * 32 + bit >= 2 && int(threadIdx.x) * 32 + bit <= limit && !(word >> bit & 1);
  atomicAdd(count, primes);
  unsigned field, result;
  asm("bfe.u32 %0, %1, 8, 16;" : "=r"(field) : "r"(word));
  asm("bfi.b32 %0, %1, %2, 4, 16;" : "=r"(result) : "r"(field), "r"(__popc(word)));
  middle[threadIdx.x] = result;
}
PROGRAM(prime_sieve) {
  const int limit = 1000, words = limit / 32 + 1;
  Buffer<unsigned> composite(words), middle(words);
  Buffer<int> count(1);
  sieve<<<1, 16>>>(composite, limit);
  count_primes<<<1, words>>>(composite, limit, count, middle);
  FINISH();
  CHECK(count.host()[0] == 168);
  const auto c = composite.host(), m = middle.host();
  for (int i = 0; i < words; ++i) {
    const unsigned field = c[i] >> 8 & 0xffff, bits = __builtin_popcount(c[i]);
    CHECK(m[i] == ((bits & ~0xffff0u) | field << 4));
  }
}
