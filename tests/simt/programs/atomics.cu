// Atomics: what many threads change at once, with locks and without.
// pmpp: arch=75
#include "program.cuh"

#include <cuda_fp16.h>

#include <algorithm>
#include <set>

// A bank: money moves between accounts, none is made and none is lost.
__global__ void transfer(int* accounts, const int* from, const int* to, int* refused) {
  const int me = blockIdx.x * blockDim.x + threadIdx.x;
  int have = *const_cast<volatile int*>(&accounts[from[me]]);   // others change it meanwhile
  while (have >= 10) {
    const int seen = atomicCAS(&accounts[from[me]], have, have - 10);
    if (seen == have) {
      atomicAdd(&accounts[to[me]], 10);
      return;
    }
    have = seen;
  }
  atomicAdd(refused, 1);
}
PROGRAM(bank) {
  const int accounts = 16, transfers = 1024;
  Buffer<int> money(std::vector<int>(accounts, 100)), refused(1);
  Buffer<int> from(numbers(transfers, accounts)), to(numbers(transfers, accounts, 3));
  transfer<<<8, 128>>>(money, from, to, refused);
  FINISH();
  const auto left = money.host();
  CHECK(std::accumulate(left.begin(), left.end(), 0) == 100 * accounts);
  CHECK(*std::min_element(left.begin(), left.end()) >= 0);
  CHECK(refused.host()[0] < transfers);
}

// A dictionary: a hash table that threads fill without locks.
__global__ void insert(unsigned* table, int slots, const int* words, int n, int* fresh) {
  const int me = blockIdx.x * blockDim.x + threadIdx.x;
  if (me >= n) return;
  const unsigned word = unsigned(words[me]) + 1;
  for (unsigned at = word * 2654435761u % slots;; at = (at + 1) % slots) {
    const unsigned before = atomicCAS(&table[at], 0u, word);
    if (before == 0) atomicAdd(fresh, 1);
    if (before == 0 || before == word) return;
  }
}
PROGRAM(dictionary) {
  const int n = 900;
  const auto words = numbers(n, 300);
  Buffer<int> w(words), fresh(1);
  Buffer<unsigned> table(512);
  insert<<<8, 128>>>(table, 512, w, n, fresh);
  FINISH();
  const std::set<int> expected(words.begin(), words.end());
  std::set<int> got;
  for (unsigned word : table.host())
    if (word) got.insert(int(word) - 1);
  CHECK(got == expected);
  CHECK(fresh.host()[0] == int(expected.size()));
}

// A log book that one may write at a time: a lock of atomicExch and fences.
__device__ int book_lock;
__global__ void write_log(volatile int* book, volatile int* lines) {
  for (bool done = false; !done;) {
    if (atomicExch(&book_lock, 1) == 0) {
      __threadfence();
      const int line = *lines;
      book[line] = blockIdx.x * blockDim.x + threadIdx.x;
      *lines = line + 1;
      __threadfence();
      atomicExch(&book_lock, 0);
      done = true;
    }
  }
}
PROGRAM(log_book) {
  const int n = 256;
  Buffer<int> book(n), lines(1);
  write_log<<<4, 64>>>(book, lines);
  FINISH();
  auto got = book.host();
  std::sort(got.begin(), got.end());
  for (int i = 0; i < n; ++i) CHECK(got[i] == i);
  CHECK(lines.host()[0] == n);
}

// Sports results: the best and the worst, of integers of both kinds.
__global__ void judge(const int* points, int* best, int* worst, unsigned long long* champion) {
  const int me = blockIdx.x * blockDim.x + threadIdx.x;
  atomicMax(best, points[me]);
  atomicMin(worst, points[me]);
  atomicMax(champion, (unsigned long long)(points[me] + 1000) << 32 | unsigned(me));
}
PROGRAM(sports) {
  auto points = numbers(768, 2000);
  for (int& p : points) p -= 1000;
  Buffer<int> p(points), best(std::vector<int>{-5000}), worst(std::vector<int>{5000});
  Buffer<unsigned long long> champion(1);
  judge<<<6, 128>>>(p, best, worst, champion);
  FINISH();
  CHECK(best.host()[0] == *std::max_element(points.begin(), points.end()));
  CHECK(worst.host()[0] == *std::min_element(points.begin(), points.end()));
  CHECK(points[unsigned(champion.host()[0])] == best.host()[0]);
}

// A Bloom filter: says no for sure, and yes perhaps. The second kernel forgets with atomicAnd.
__device__ unsigned spread(unsigned x, unsigned k) { return (x * 2246822519u + k * 374761393u) >> 19; }
__global__ void remember(unsigned* filter, const int* keys) {
  const int key = keys[blockIdx.x * blockDim.x + threadIdx.x];
  for (unsigned k = 0; k < 3; ++k) atomicOr(&filter[spread(key, k) / 32], 1u << spread(key, k) % 32);
}
__global__ void ask(const unsigned* filter, const int* keys, int* known) {
  const int me = blockIdx.x * blockDim.x + threadIdx.x;
  bool all = true;
  for (unsigned k = 0; k < 3; ++k) all = all && (filter[spread(keys[me], k) / 32] >> spread(keys[me], k) % 32 & 1);
  known[me] = all;
}
__global__ void forget(unsigned* filter) { atomicAnd(&filter[threadIdx.x / 2], threadIdx.x % 2 ? 0xffff0000u : 0x0000ffffu); }
PROGRAM(bloom_filter) {
  const auto keys = numbers(512, 1 << 30);
  Buffer<int> k(keys), known(512);
  Buffer<unsigned> filter(256);
  remember<<<4, 128>>>(filter, k);
  ask<<<4, 128>>>(filter, k, known);
  FINISH();
  for (int answer : known.host()) CHECK(answer == 1);
  forget<<<1, 512>>>(filter);
  FINISH();
  for (unsigned word : filter.host()) CHECK(word == 0);
}

// A round table: seats are given in turn, and the places are one after another.
__global__ void sit_down(unsigned* next, int* seats, unsigned last) {
  const unsigned seat = atomicInc(next, last);
  atomicAdd(&seats[seat], 1);
  if (threadIdx.x == 0) atomicDec(next + 1, last);
}
PROGRAM(round_table) {
  Buffer<unsigned> next(2);
  Buffer<int> seats(12);
  sit_down<<<6, 64>>>(next, seats, 11);
  FINISH();
  for (int guests : seats.host()) CHECK(guests == 6 * 64 / 12);
  CHECK(next.host()[0] == 0);
  CHECK(next.host()[1] == 11 + 1 - 6);
}

// Weighing: sums of single, double and half numbers, all of them exact here.
__global__ void weigh(const float* weights, float* single, double* twice, __half2* halves, unsigned* parity) {
  const int me = blockIdx.x * blockDim.x + threadIdx.x;
  atomicAdd(single, weights[me]);
  atomicAdd(twice, double(weights[me]) / 4096);
  if (me < 64) atomicAdd(halves, __floats2half2_rn(1.f, 0.5f));
  atomicXor(parity, unsigned(weights[me]));
}
PROGRAM(weighing) {
  const auto given = numbers(512, 64);
  Buffer<float> weights(std::vector<float>(given.begin(), given.end())), single(1);
  Buffer<double> twice(1);
  Buffer<__half2> halves(1);
  Buffer<unsigned> parity(1);
  weigh<<<4, 128>>>(weights, single, twice, halves, parity);
  FINISH();
  const int sum = std::accumulate(given.begin(), given.end(), 0);
  unsigned odd = 0;
  for (int x : given) odd ^= unsigned(x);
  CHECK(single.host()[0] == float(sum));
  CHECK(twice.host()[0] == sum / 4096.0);
  CHECK(__low2float(halves.host()[0]) == 64.f && __high2float(halves.host()[0]) == 32.f);
  CHECK(parity.host()[0] == odd);
}
