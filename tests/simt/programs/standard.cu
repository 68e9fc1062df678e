// libcu++ on the device: atomic references, spans, optional and variant values, tuples, times, bits, complex numbers.
// pmpp: arch=75
#include "program.cuh"

#include <cuda/atomic>
#include <cuda/latch>
#include <cuda/semaphore>
#include <cuda/std/array>
#include <cuda/std/bit>
#include <cuda/std/chrono>
#include <cuda/std/complex>
#include <cuda/std/limits>
#include <cuda/std/mdspan>
#include <cuda/std/optional>
#include <cuda/std/span>
#include <cuda/std/tuple>
#include <cuda/std/variant>

#include <algorithm>
#include <complex>

// Two shops that share a stock: what is sold is never more than there was.
__global__ void sell(int* stock, int* sold) {
  cuda::atomic_ref<int, cuda::thread_scope_device> left(*stock);
  cuda::atomic_ref<int, cuda::thread_scope_device> total(*sold);
  int have = left.load(cuda::memory_order_relaxed);
  while (have > 0 && !left.compare_exchange_weak(have, have - 1, cuda::memory_order_acq_rel)) {}
  if (have > 0) total.fetch_add(1, cuda::memory_order_relaxed);
}
PROGRAM(shops) {
  Buffer<int> stock(std::vector<int>{300}), sold(1);
  sell<<<4, 128>>>(stock, sold);
  FINISH();
  CHECK(stock.host()[0] == 0);
  CHECK(sold.host()[0] == 300);
}

// A message between blocks: written, then released; acquired, then read.
__global__ void send(int* message, int* flag, int* received) {
  cuda::atomic_ref<int, cuda::thread_scope_device> ready(*flag);
  if (blockIdx.x == 0) {
    message[threadIdx.x] = 7 * threadIdx.x;
    __syncthreads();
    if (threadIdx.x == 0) ready.store(1, cuda::memory_order_release);
  } else {
    while (ready.load(cuda::memory_order_acquire) == 0) {}
    received[threadIdx.x] = message[threadIdx.x];
  }
}
PROGRAM(message) {
  Buffer<int> text(64), flag(1), received(64);
  send<<<2, 64>>>(text, flag, received);
  FINISH();
  const auto got = received.host();
  for (int i = 0; i < 64; ++i) CHECK(got[i] == 7 * i);
}

// A map of heights, seen as two dimensions of one memory, and a row of it as a span.
using Heights = cuda::std::mdspan<const int, cuda::std::dextents<int, 2>>;
__device__ int highest(cuda::std::span<const int> row) {
  int best = cuda::std::numeric_limits<int>::min();
  for (int h : row) best = h > best ? h : best;
  return best;
}
__global__ void survey(const int* data, int rows, int columns, int* ridge, int* slope) {
  const Heights map(data, rows, columns);
  const int y = threadIdx.x;
  if (y >= rows) return;
  ridge[y] = highest(cuda::std::span<const int>(data, std::size_t(rows * columns)).subspan(y * map.extent(1), map.extent(1)));
  slope[y] = map(y, map.extent(1) - 1) - map(y, 0);
}
PROGRAM(height_map) {
  const int rows = 20, columns = 33;
  const auto heights = numbers(rows * columns, 3000);
  Buffer<int> data(heights), ridge(rows), slope(rows);
  survey<<<1, 32>>>(data, rows, columns, ridge, slope);
  FINISH();
  const auto r = ridge.host(), s = slope.host();
  for (int y = 0; y < rows; ++y) {
    CHECK(r[y] == *std::max_element(&heights[y * columns], &heights[y * columns] + columns));
    CHECK(s[y] == heights[(y + 1) * columns - 1] - heights[y * columns]);
  }
}

// An interpreter: instructions are variants, answers are optional, for there is no quotient by zero.
struct Push { int value; };
struct Add {};
struct Divide {};
using Step = cuda::std::variant<Push, Add, Divide>;
__device__ cuda::std::optional<int> evaluate(const cuda::std::array<Step, 5>& program) {
  cuda::std::array<int, 5> stack{};
  int top = 0;
  for (const Step& step : program) {
    if (const auto* push = cuda::std::get_if<Push>(&step)) {
      stack[top++] = push->value;
    } else {
      const int b = stack[--top], a = stack[--top];
      if (cuda::std::holds_alternative<Divide>(step) && b == 0) return cuda::std::nullopt;
      stack[top++] = cuda::std::holds_alternative<Add>(step) ? a + b : a / b;
    }
  }
  return stack[0];
}
__global__ void interpret(const int* values, int* out) {
  const int* v = values + 3 * threadIdx.x;
  out[threadIdx.x] = evaluate({Push{v[0]}, Push{v[1]}, Add{}, Push{v[2]}, Divide{}}).value_or(-1);
}
PROGRAM(interpreter) {
  const auto values = numbers(3 * 60, 7);
  Buffer<int> v(values), out(60);
  interpret<<<1, 60>>>(v, out);
  FINISH();
  const auto got = out.host();
  for (int i = 0; i < 60; ++i) CHECK(got[i] == (values[3 * i + 2] ? (values[3 * i] + values[3 * i + 1]) / values[3 * i + 2] : -1));
}

// A timetable: tuples of a train and its minutes, and how long it is on its way.
__global__ void arrive(const int* minutes, int* hours, int* late, long long* nanoseconds) {
  using namespace cuda::std::chrono;
  const auto [train, on_the_way] = cuda::std::make_tuple(int(threadIdx.x), cuda::std::chrono::minutes(minutes[threadIdx.x]));
  hours[train] = int(duration_cast<cuda::std::chrono::hours>(on_the_way).count());
  late[train] = on_the_way > 3h;
  nanoseconds[train] = duration_cast<cuda::std::chrono::nanoseconds>(on_the_way).count();
}
PROGRAM(timetable) {
  const auto minutes = numbers(50, 600);
  Buffer<int> m(minutes), hours(50), late(50);
  Buffer<long long> nanoseconds(50);
  arrive<<<1, 50>>>(m, hours, late, nanoseconds);
  FINISH();
  const auto h = hours.host(), l = late.host();
  const auto ns = nanoseconds.host();
  for (int i = 0; i < 50; ++i) CHECK(h[i] == minutes[i] / 60 && l[i] == (minutes[i] > 180) && ns[i] == minutes[i] * 60000000000LL);
}

// Radio: complex signals are turned and mixed, and their samples packed by their bits.
__global__ void tune(const float* wave, cuda::std::complex<float>* out, int* bits) {
  const int me = threadIdx.x;
  const cuda::std::complex<float> sample(wave[me], wave[63 - me]), carrier(0.f, 1.f);
  out[me] = sample * carrier + cuda::std::conj(sample);
  bits[me] = cuda::std::popcount(cuda::std::bit_cast<unsigned>(wave[me])) + 100 * cuda::std::countl_zero(unsigned(me + 1)) + 10000 * int(cuda::std::has_single_bit(unsigned(me)));
}
PROGRAM(radio) {
  const auto given = numbers(64, 100);
  std::vector<float> wave(given.begin(), given.end());
  Buffer<float> w(wave);
  Buffer<cuda::std::complex<float>> out(64);
  Buffer<int> bits(64);
  tune<<<1, 64>>>(w, out, bits);
  FINISH();
  const auto o = out.host();
  const auto b = bits.host();
  for (int i = 0; i < 64; ++i) {
    const std::complex<float> sample(wave[i], wave[63 - i]), expected = sample * std::complex<float>(0, 1) + std::conj(sample);
    CHECK(o[i].real() == expected.real() && o[i].imag() == expected.imag());
    unsigned pattern;
    std::memcpy(&pattern, &wave[i], 4);
    CHECK(b[i] == __builtin_popcount(pattern) + 100 * __builtin_clz(unsigned(i + 1)) + 10000 * (__builtin_popcount(unsigned(i)) == 1));
  }
}

// A bridge that holds three at a time, and a picnic that starts when all have crossed it.
__global__ void cross(int* most, int* order) {
  __shared__ cuda::std::aligned_storage_t<sizeof(cuda::counting_semaphore<cuda::thread_scope_block, 3>), 8> bridge_place;
  __shared__ cuda::std::aligned_storage_t<sizeof(cuda::latch<cuda::thread_scope_block>), 8> picnic_place;
  __shared__ int on_it;
  auto& bridge = reinterpret_cast<cuda::counting_semaphore<cuda::thread_scope_block, 3>&>(bridge_place);
  auto& picnic = reinterpret_cast<cuda::latch<cuda::thread_scope_block>&>(picnic_place);
  if (threadIdx.x == 0) {
    new (&bridge) cuda::counting_semaphore<cuda::thread_scope_block, 3>(3);
    new (&picnic) cuda::latch<cuda::thread_scope_block>(blockDim.x);
    on_it = 0;
  }
  __syncthreads();
  bridge.acquire();
  atomicMax(most, atomicAdd(&on_it, 1) + 1);
  atomicSub(&on_it, 1);
  bridge.release();
  picnic.arrive_and_wait();
  order[threadIdx.x] = on_it;
}
PROGRAM(bridge) {
  Buffer<int> most(1), order(48);
  cross<<<1, 48>>>(most, order);
  FINISH();
  CHECK(most.host()[0] >= 1 && most.host()[0] <= 3);
  for (int left : order.host()) CHECK(left == 0);
}
