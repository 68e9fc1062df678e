// What the lanes of a warp do together: votes, shuffles, matches; and integers in packs.
// pmpp: arch=75
#include "program.cuh"

#include <algorithm>
#include <cstdint>

// A tokenizer: where words begin, found by votes, written in order.
__global__ void tokenize(const char* text, int n, int* starts, int* count) {
  int before = 0;
  for (int base = 0; base < n; base += 32) {
    const int at = base + int(threadIdx.x);
    const bool letter = at < n && text[at] != ' ';
    const bool begins = letter && (at == 0 || text[at - 1] == ' ');
    const unsigned all = __ballot_sync(~0u, begins);
    if (begins) starts[before + __popc(all & ((1u << threadIdx.x) - 1))] = at;
    before += __popc(all);
  }
  if (threadIdx.x == 0) *count = before;
}
PROGRAM(tokenizer) {
  const std::string text = "the warp votes   and every lane knows where its own word is written in the end ";
  Buffer<char> letters(std::vector<char>(text.begin(), text.end()));
  Buffer<int> starts(text.size()), count(1);
  tokenize<<<1, 32>>>(letters, int(text.size()), starts, count);
  FINISH();
  std::vector<int> expected, got = starts.host();
  for (int i = 0; i < int(text.size()); ++i)
    if (text[i] != ' ' && (i == 0 || text[i - 1] == ' ')) expected.push_back(i);
  CHECK(count.host()[0] == int(expected.size()));
  CHECK(std::equal(expected.begin(), expected.end(), got.begin()));
}

// Hands of cards: each warp sorts its own, by exchanges between lanes.
__global__ void sort_hands(int* cards) {
  const int me = blockIdx.x * blockDim.x + threadIdx.x, lane = threadIdx.x % 32;
  int card = cards[me];
  for (int size = 2; size <= 32; size *= 2)
    for (int step = size / 2; step; step /= 2) {
      const int other = __shfl_xor_sync(~0u, card, step);
      const bool small = ((lane & step) == 0) == ((lane & size) == 0);
      card = small ? min(card, other) : max(card, other);
    }
  cards[me] = card;
}
PROGRAM(card_hands) {
  auto cards = numbers(256, 52);
  Buffer<int> c(cards);
  sort_hands<<<2, 128>>>(c);
  FINISH();
  for (auto hand = cards.begin(); hand != cards.end(); hand += 32) std::sort(hand, hand + 32);
  CHECK(c.host() == cards);
}

// A party: lanes with the same birthday find each other, with a different one for every warp.
__global__ void find_twins(const int* birthdays, int* twins, int* all_same) {
  const int me = blockIdx.x * blockDim.x + threadIdx.x;
  twins[me] = __popc(__match_any_sync(~0u, birthdays[me]));
  int same;
  __match_all_sync(~0u, birthdays[me] / 1000, &same);
  all_same[me] = same;
}
PROGRAM(birthdays) {
  auto days = numbers(128, 20);
  days[70] = 5000;
  Buffer<int> d(days), twins(128), same(128);
  find_twins<<<1, 128>>>(d, twins, same);
  FINISH();
  const auto got = twins.host(), alike = same.host();
  for (int i = 0; i < 128; ++i) {
    CHECK(got[i] == std::count(&days[i / 32 * 32], &days[i / 32 * 32] + 32, days[i]));
    CHECK(alike[i] == (i / 32 != 2));
  }
}

// A newspaper: bytes are turned around and mixed by permutations, and the checksum counts bits.
__global__ void print_page(const unsigned* words, unsigned* turned, unsigned* bits, int n) {
  const int me = blockIdx.x * blockDim.x + threadIdx.x;
  if (me >= n) return;
  turned[me] = __byte_perm(words[me], 0x00ff00ff, 0x0143);
  bits[me] = __brev(words[me]) ^ unsigned(__clz(int(words[me])) << 8 | __ffs(int(words[me])) << 16);
}
PROGRAM(newspaper) {
  const int n = 100;
  const auto given = numbers(n, 1 << 24);
  Buffer<unsigned> words(std::vector<unsigned>(given.begin(), given.end())), turned(n), bits(n);
  print_page<<<2, 64>>>(words, turned, bits, n);
  FINISH();
  const auto t = turned.host(), b = bits.host();
  for (int i = 0; i < n; ++i) {
    const unsigned x = unsigned(given[i]);
    CHECK(t[i] == (x << 24 | (x >> 8 & 0xff) << 16 | 0xffu << 8 | x >> 24));
    unsigned reversed = 0;
    for (int k = 0; k < 32; ++k) reversed |= (x >> k & 1) << (31 - k);
    CHECK(b[i] == (reversed ^ unsigned((x ? __builtin_clz(x) : 32) << 8 | __builtin_ffs(int(x)) << 16)));
  }
}

// A film: how much two frames differ, four pixels at a time.
__global__ void compare_frames(const unsigned* a, const unsigned* b, unsigned* sum, int* product) {
  const int me = blockIdx.x * blockDim.x + threadIdx.x;
  unsigned differs;
  asm("vabsdiff4.u32.u32.u32.add %0, %1, %2, %3;" : "=r"(differs) : "r"(a[me]), "r"(b[me]), "r"(0u));
  atomicAdd(sum, differs);
  atomicAdd(product, __dp4a(int(a[me]), int(b[me]), 0));
}
PROGRAM(film) {
  const auto a = numbers(256, 1 << 30), b = numbers(256, 1 << 30, 9);
  Buffer<unsigned> first(std::vector<unsigned>(a.begin(), a.end())), second(std::vector<unsigned>(b.begin(), b.end())), sum(1);
  Buffer<int> product(1);
  compare_frames<<<2, 128>>>(first, second, sum, product);
  FINISH();
  unsigned differs = 0;
  int dot = 0;
  for (int i = 0; i < 256; ++i)
    for (int k = 0; k < 32; k += 8) {
      differs += unsigned(std::abs((a[i] >> k & 255) - (b[i] >> k & 255)));
      dot += std::int8_t(a[i] >> k) * std::int8_t(b[i] >> k);
    }
  CHECK(sum.host()[0] == differs);
  CHECK(product.host()[0] == dot);
}

// A queue at a door: who may go, by the masks of the lanes before and after.
__global__ void queue_up(const int* tickets, int* before, int* after) {
  const int me = threadIdx.x;
  unsigned smaller, greater;
  asm("mov.u32 %0, %%lanemask_lt;" : "=r"(smaller));
  asm("mov.u32 %0, %%lanemask_gt;" : "=r"(greater));
  if (tickets[me]) {
    const unsigned here = __activemask();
    before[me] = __popc(here & smaller);
    after[me] = __popc(here & greater);
  }
  __syncwarp();
}
PROGRAM(door) {
  const auto tickets = numbers(32, 2);
  Buffer<int> t(tickets), before(32), after(32);
  queue_up<<<1, 32>>>(t, before, after);
  FINISH();
  const auto b = before.host(), a = after.host();
  for (int i = 0; i < 32; ++i) {
    CHECK(b[i] == (tickets[i] ? std::accumulate(&tickets[0], &tickets[i], 0) : 0));
    CHECK(a[i] == (tickets[i] ? std::accumulate(&tickets[i], &tickets[0] + 32, 0) - 1 : 0));
  }
}

// A chess clock: it has to run, and a player who waits sees it.
__global__ void play(long long* used, unsigned long long* stamps) {
  const long long start = clock64();
  stamps[0] = 1;
  int x = int(start & 1);
  for (int i = 0; i < 1000; ++i) x = x * 7 + i;
  stamps[1] = unsigned(x) | 1;
  used[0] = clock64() - start;
  used[1] = clock() != 0 || start >= 0;
}
PROGRAM(chess_clock) {
  Buffer<long long> used(2);
  Buffer<unsigned long long> stamps(2);
  play<<<1, 1>>>(used, stamps);
  FINISH();
  CHECK(used.host()[0] > 0 && used.host()[1] == 1);
}
