// Cooperative groups: tiles, coalesced threads, partitions by label and by a predicate, reductions, scans, the whole grid.
// pmpp: arch=75
#include "program.cuh"

#include <cooperative_groups.h>
#include <cooperative_groups/memcpy_async.h>
#include <cooperative_groups/reduce.h>
#include <cooperative_groups/scan.h>

#include <algorithm>

namespace cg = cooperative_groups;

// A census: how many live in each street, how old is the oldest of each house. A street is a warp, a house eight threads.
__global__ void count_people(const int* people, const int* ages, int* streets, int* oldest) {
  const auto street = cg::tiled_partition<32>(cg::this_thread_block());
  const auto house = cg::tiled_partition<8>(street);
  const unsigned me = cg::this_grid().thread_rank();
  const int total = cg::reduce(street, people[me], cg::plus<int>());
  const int age = cg::reduce(house, ages[me], cg::greater<int>());
  if (street.thread_rank() == 0) streets[me / 32] = total;
  if (house.thread_rank() == 0) oldest[me / 8] = age;
}
PROGRAM(census) {
  const int n = 512;
  const auto people = numbers(n, 6), ages = numbers(n, 100, 7);
  Buffer<int> p(people), a(ages), streets(n / 32), oldest(n / 8);
  count_people<<<4, 128>>>(p, a, streets, oldest);
  FINISH();
  const auto s = streets.host(), o = oldest.host();
  for (int i = 0; i < n / 32; ++i) CHECK(s[i] == std::accumulate(&people[32 * i], &people[32 * i] + 32, 0));
  for (int i = 0; i < n / 8; ++i) CHECK(o[i] == *std::max_element(&ages[8 * i], &ages[8 * i] + 8));
}

// Lost property: those who found something hand it in together, with one atomic a group.
__global__ void collect(const int* found, int* box, unsigned* count) {
  const unsigned me = cg::this_grid().thread_rank();
  if (found[me] % 3 != 0) return;
  const auto finders = cg::coalesced_threads();
  unsigned place = 0;
  if (finders.thread_rank() == 0) place = atomicAdd(count, finders.num_threads());
  place = finders.shfl(place, 0) + finders.thread_rank();
  box[place] = found[me];
}
PROGRAM(lost_property) {
  const int n = 1000;
  const auto found = numbers(n, 1 << 20);
  Buffer<int> things(found), box(n);
  Buffer<unsigned> count(1);
  collect<<<8, 125>>>(things, box, count);
  FINISH();
  std::vector<int> expected, got = box.host();
  std::copy_if(found.begin(), found.end(), std::back_inserter(expected), [](int x) { return x % 3 == 0; });
  CHECK(count.host()[0] == expected.size());
  got.resize(expected.size());
  std::sort(got.begin(), got.end());
  std::sort(expected.begin(), expected.end());
  CHECK(got == expected);
}

// An election: the votes of a warp for each party are counted by those who gave them.
__global__ void elect(const int* votes, unsigned* parties) {
  const auto warp = cg::tiled_partition<32>(cg::this_thread_block());
  const int party = votes[cg::this_grid().thread_rank()];
  const auto friends = cg::labeled_partition(warp, party);
  if (friends.thread_rank() == 0) atomicAdd(&parties[party], friends.num_threads());
}
PROGRAM(election) {
  const auto votes = numbers(2048, 7);
  Buffer<int> v(votes);
  Buffer<unsigned> parties(7);
  elect<<<8, 256>>>(v, parties);
  FINISH();
  const auto got = parties.host();
  for (int party = 0; party < 7; ++party) CHECK(got[party] == std::count(votes.begin(), votes.end(), party));
}

// A sorting office: letters for home and for abroad, each kind numbered in its order.
__global__ void sort_mail(const int* zip, int* number, int* of_kind) {
  const auto warp = cg::tiled_partition<32>(cg::this_thread_block());
  const unsigned me = cg::this_grid().thread_rank();
  const auto kind = cg::binary_partition(warp, zip[me] < 500);
  number[me] = int(kind.thread_rank());
  of_kind[me] = int(kind.num_threads());
}
PROGRAM(sorting_office) {
  const int n = 256;
  const auto zip = numbers(n, 1000);
  Buffer<int> z(zip), number(n), of_kind(n);
  sort_mail<<<2, 128>>>(z, number, of_kind);
  FINISH();
  const auto got = number.host(), sizes = of_kind.host();
  for (int i = 0; i < n; ++i) {
    auto same = [&](int other) { return (other < 500) == (zip[i] < 500); };
    const int* first = &zip[i / 32 * 32];
    CHECK(got[i] == std::count_if(first, &zip[i], same));
    CHECK(sizes[i] == std::count_if(first, first + 32, same));
  }
}

// A diary of expenses: the balance after each entry, sixteen entries a page.
__global__ void add_up(const int* spent, int* balance, int* before) {
  const auto page = cg::tiled_partition<16>(cg::this_thread_block());
  const unsigned me = cg::this_grid().thread_rank();
  balance[me] = cg::inclusive_scan(page, spent[me], cg::plus<int>());
  before[me] = cg::exclusive_scan(page, spent[me], cg::plus<int>());
}
PROGRAM(diary) {
  const int n = 192;
  const auto spent = numbers(n, 50);
  Buffer<int> s(spent), balance(n), before(n);
  add_up<<<3, 64>>>(s, balance, before);
  FINISH();
  const auto after = balance.host(), earlier = before.host();
  for (int i = 0, sum = 0; i < n; ++i) {
    if (i % 16 == 0) sum = 0;
    CHECK(earlier[i] == sum);
    CHECK(after[i] == (sum += spent[i]));
  }
}

// Heat in a rod: the grid waits for all its blocks between the steps.
__global__ void heat(float* rod, float* next, int n, int steps) {
  const auto grid = cg::this_grid();
  for (int step = 0; step < steps; ++step) {
    for (unsigned i = grid.thread_rank(); i < unsigned(n); i += grid.size()) {
      const float left = rod[i ? i - 1 : 0], right = rod[i + 1 < unsigned(n) ? i + 1 : i];
      next[i] = rod[i] + 0.25f * (left - 2 * rod[i] + right);
    }
    grid.sync();
    float* swap = rod;
    rod = next;
    next = swap;
  }
}
PROGRAM(heat_in_a_rod) {
  int n = 600, steps = 20;
  std::vector<float> rod(n, 0.f);
  rod[n / 2] = 1024.f;
  Buffer<float> a(rod), b(n);
  void* arguments[] = {&a.data, &b.data, &n, &steps};
  CUDA(cudaLaunchCooperativeKernel((const void*)heat, dim3(4), dim3(64), arguments, 0, nullptr));
  CUDA(cudaDeviceSynchronize());
  std::vector<float> next(n);
  for (int step = 0; step < steps; ++step, rod.swap(next))
    for (int i = 0; i < n; ++i) next[i] = rod[i] + 0.25f * (rod[i ? i - 1 : 0] - 2 * rod[i] + rod[i + 1 < n ? i + 1 : i]);
  CHECK(a.host() == rod);
}

// Teams of 64, two warps each, in a relay: the sum of a team passes through the memory that the block lends them.
__global__ void relay(const int* times, int* results) {
  __shared__ cg::block_tile_memory<128> memory;
  const auto block = cg::this_thread_block(memory);
  const auto team = cg::tiled_partition<64>(block);
  const int total = cg::reduce(team, times[cg::this_grid().thread_rank()], cg::plus<int>());
  const int first = team.shfl(times[cg::this_grid().thread_rank()], 0);
  if (team.thread_rank() == 0) results[blockIdx.x * 2 + team.meta_group_rank()] = total - first;
}
PROGRAM(relay_race) {
  const int n = 512;
  const auto times = numbers(n, 90);
  Buffer<int> t(times), results(n / 64);
  relay<<<4, 128>>>(t, results);
  FINISH();
  const auto got = results.host();
  for (int i = 0; i < n / 64; ++i) CHECK(got[i] == std::accumulate(&times[64 * i] + 1, &times[64 * i] + 64, 0));
}

// A palindrome test: the group brings the text to shared memory together, then each letter meets its twin.
__global__ void mirror(const char* text, int n, int* differences) {
  extern __shared__ char letters[];
  const auto block = cg::this_thread_block();
  cg::memcpy_async(block, letters, text, std::size_t(n));
  cg::wait(block);
  int mine = 0;
  for (unsigned i = block.thread_rank(); i < unsigned(n) / 2; i += block.size()) mine += letters[i] != letters[n - 1 - i];
  const auto warp = cg::tiled_partition<32>(block);
  mine = cg::reduce(warp, mine, cg::plus<int>());
  if (warp.thread_rank() == 0) atomicAdd(differences, mine);
}
PROGRAM(palindrome) {
  std::string text = "neverodddoreven";
  for (int round = 0; round < 2; ++round, text[3] = '?') {
    Buffer<char> letters(std::vector<char>(text.begin(), text.end()));
    Buffer<int> differences(1);
    mirror<<<1, 64, text.size()>>>(letters, int(text.size()), differences);
    FINISH();
    CHECK(differences.host()[0] == (round ? 1 : 0));
  }
}
