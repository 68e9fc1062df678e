// Who knows of whose accesses: the happens-before order of a launch.
//
// Every run of a block has a clock that ticks when threads of it synchronise; an access carries the time of its warp. A
// thread knows of all accesses of another warp before a time (barriers), of those of its own warp before a time
// (`__syncwarp`), and of what it has acquired from other threads (`Knowledge`).
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "simt/exec/block.hpp"
#include "simt/observers/shadow.hpp"

namespace simt::observers {

/// Accesses that are known: for a thread, a warp or a whole block everything before a time.
class Knowledge {
 public:
  static constexpr unsigned kAll = 63;
  void add(std::uint32_t instance, unsigned warp, unsigned lane, std::uint32_t when) {
    if (when == 0) return;
    const auto key = key_of(instance, warp, lane);
    const auto at = std::lower_bound(entries_.begin(), entries_.end(), key, [](const Entry& e, std::uint64_t k) { return e.key < k; });
    if (at != entries_.end() && at->key == key) at->when = std::max(at->when, when);
    else entries_.insert(at, {key, when});
  }
  void join(const Knowledge& other) {
    if (entries_.empty()) {
      entries_ = other.entries_;
      return;
    }
    std::vector<Entry> sum;
    sum.reserve(entries_.size() + other.entries_.size());
    auto a = entries_.begin();
    auto b = other.entries_.begin();
    while (a != entries_.end() || b != other.entries_.end()) {
      if (b == other.entries_.end() || (a != entries_.end() && a->key < b->key)) sum.push_back(*a++);
      else if (a == entries_.end() || b->key < a->key) sum.push_back(*b++);
      else sum.push_back({a->key, std::max(a++->when, b++->when)});
    }
    entries_ = std::move(sum);
  }
  bool holds(std::uint32_t instance, Stamp s) const {
    const unsigned warp = s.thread() / 32, lane = s.thread() % 32;
    return s.when() < find(instance, kAll, kAll) || s.when() < find(instance, warp, kAll) || s.when() < find(instance, warp, lane);
  }

 private:
  struct Entry {
    std::uint64_t key;
    std::uint32_t when;
  };
  static std::uint64_t key_of(std::uint32_t instance, unsigned warp, unsigned lane) {
    return std::uint64_t(instance) << 12 | warp << 6 | lane;
  }
  std::uint32_t find(std::uint32_t instance, unsigned warp, unsigned lane) const {
    const auto key = key_of(instance, warp, lane);
    const auto at = std::lower_bound(entries_.begin(), entries_.end(), key, [](const Entry& e, std::uint64_t k) { return e.key < k; });
    return at != entries_.end() && at->key == key ? at->when : 0;
  }
  std::vector<Entry> entries_;
};
using Known = std::shared_ptr<const Knowledge>;   ///< null: nothing

inline void join(Known& into, const Known& more) {
  if (!more || into == more) return;
  if (!into) {
    into = more;
    return;
  }
  auto sum = std::make_shared<Knowledge>(*into);
  sum->join(*more);
  into = std::move(sum);
}

/// The clock of all blocks, which ticks when threads synchronise: whose each time was.
class Ticks {
 public:
  struct Run {
    std::uint32_t from, instance;
    std::uint64_t block;      ///< its number in the grid
  };
  std::uint32_t next(std::uint32_t instance, std::uint64_t block) {
    if (now_ >= kLast) return now_;
    ++now_;
    if (runs_.empty() || runs_.back().instance != instance) runs_.push_back({now_, instance, block});
    return now_;
  }
  const Run& run(std::uint32_t when) const {
    if (runs_.back().from <= when) return runs_.back();
    return *std::prev(std::upper_bound(runs_.begin(), runs_.end(), when, [](std::uint32_t w, const Run& r) { return w < r.from; }));
  }
  /// A launch begins. False if the clock had to begin anew: what was remembered is void.
  bool begin() {
    runs_.clear();
    if (now_ < kLast / 2) return true;
    now_ = 0;
    return false;
  }
  std::uint32_t now() const { return now_; }
  bool over() const { return now_ >= kLast; }
  /// Whether all times from this one on are of one run.
  bool alone_since(std::uint32_t when) const { return runs_.back().from == when; }

 private:
  static constexpr std::uint32_t kLast = ~0u - 1;
  std::uint32_t now_ = 0;
  std::vector<Run> runs_;
};

struct AccessProbe;

/// Rows of reads of shared memory since the last barrier of the block, as long as nobody has written there: if nobody does
/// until the next one, they need not be looked at. A run of loads leaves an entry for each of its rows and each warp.
struct ReadLog {
  struct alignas(64) Entry {
    std::uint32_t offsets[32];
    AccessProbe* probe;
    exec::Warp* warp;
    Mask mask;
    std::uint32_t warps;   ///< so many entries in a row, from that of the first warp on, are of one row of the run
  };
  static constexpr std::uint32_t kEntries = 1024;
  std::uint32_t count = 0;
  bool open = true;
  Entry entries[kEntries];
};

/// The clocks of a block while it runs: what rows of accesses have to know of them.
struct BlockTime {
  std::uint32_t start = 0;                    ///< also what tells it from other blocks: later ones have greater numbers
  std::uint32_t everyone = 0;                 ///< all warps know of all accesses before
  std::uint32_t now[32] = {};                 ///< of each warp
  bool simple = true;                         ///< between its warps nothing is ordered but by barriers of all of them
  Cells* shared = nullptr;
  ReadLog* log = nullptr;
};

struct BlockClock : BlockTime {
  Ticks& ticks;
  std::uint64_t index = 0;                    ///< of the block in the grid
  std::uint32_t instance = 0, warps = 0, threads = 0;
  std::array<std::uint32_t, 32> together{};   ///< all lanes of the warp know of each other's accesses before
  std::array<std::array<std::uint32_t, 32>, 32> of{};   ///< of[w][q]: warp w knows of accesses of warp q before
  struct Lanes { std::array<std::array<std::uint32_t, 32>, 32> of; };
  std::array<std::unique_ptr<Lanes>, 32> lanes;   ///< where some lanes of a warp synchronised without the others
  std::array<std::array<std::uint32_t, 32>, exec::kBarriers> passed{};   ///< when a warp came to a barrier without waiting
  // By thread: when it had its last fence, for the device and for the block; what it has acquired; what it has read, and
  // will have acquired after a fence.
  std::vector<std::uint32_t> fence, block_fence;
  std::vector<Known> acquired, read;
  Known common;                               ///< acquired by a thread before a barrier that all came to
  Known common_read;                          ///< likewise read: a fence of any thread after the barrier acquires it
  bool any_acquired = false, any_read = false;
  /// Released at an mbarrier of this block, by its place and the phase.
  std::unordered_map<std::uint64_t, Known> phases;
  /// Asynchronous copies to shared memory that nobody has waited for, by word; a bit a word says that there is one.
  struct Copy {
    std::uint32_t site, thread, barrier;   ///< barrier: whose phase ends it; 0: its thread waits, 1: not known yet
  };
  std::unordered_map<std::uint32_t, Copy> copies;
  std::vector<std::uint64_t> copied_to;
  bool copying_to(std::uint32_t word) const { return word / 64 < copied_to.size() && (copied_to[word / 64] >> word % 64 & 1) != 0; }
  void begin_copy(std::uint32_t word, Copy copy) {
    if (word / 64 >= copied_to.size()) copied_to.resize(word / 64 + 1);
    copied_to[word / 64] |= std::uint64_t{1} << word % 64;
    copies[word] = copy;
  }
  void end_copy(std::uint32_t word) {
    if (!copying_to(word)) return;
    copied_to[word / 64] &= ~(std::uint64_t{1} << word % 64);
    copies.erase(word);
  }
  // In a cluster: when each warp came to its barrier last, which warps wait there, what all knew when it was complete last, and
  // what each warp knows of the warps of each block.
  using Times = std::array<std::uint32_t, 32>;
  Times came{};
  Mask waits = 0;
  std::shared_ptr<const std::vector<Times>> cluster_came;
  std::vector<std::vector<Times>> of_cluster;
  void learn_cluster(unsigned warp, std::uint32_t rank) {
    waits &= ~(Mask{1} << warp);
    if (!cluster_came) return;
    of_cluster.resize(warps);
    auto& known = of_cluster[warp];
    known.resize(cluster_came->size());
    for (std::size_t r = 0; r < known.size(); ++r)
      for (unsigned q = 0; q < 32; ++q) known[r][q] = std::max(known[r][q], (*cluster_came)[r][q]);
    for (unsigned q = 0; q < warps; ++q) of[warp][q] = std::max(of[warp][q], (*cluster_came)[rank][q]);
    if (together[warp] < (*cluster_came)[rank][warp]) {
      together[warp] = (*cluster_came)[rank][warp];
      lanes[warp].reset();
    }
    simple = false;
    parted = true;
  }
  bool knows_of(unsigned warp, std::uint32_t rank, Stamp before) const {
    return warp < of_cluster.size() && rank < of_cluster[warp].size() && before.when() < of_cluster[warp][rank][before.thread() / 32];
  }
  std::unique_ptr<Cells> shared_cells;
  std::unique_ptr<ReadLog> reads;

  bool parted = false;                        ///< `of` or `passed` were written to

  explicit BlockClock(Ticks& clock) : ticks(clock) {}
  /// A block begins. The object may have been another one's.
  void begin(const exec::BlockState& block, std::uint32_t number, bool orders) {
    index = block.index;
    instance = number;
    warps = block.warp_count;
    threads = block.threads;
    start = everyone = tick();
    std::fill(std::begin(now), std::end(now), start);
    simple = true;
    together = {};
    for (auto& known : lanes)
      if (known) known.reset();
    if (parted) of = {}, passed = {}, parted = false;
    if (!phases.empty()) phases.clear();
    if (!copies.empty()) copies.clear(), copied_to.clear();
    came = {};
    waits = 0;
    cluster_came = nullptr;
    of_cluster.clear();
    const std::size_t each = orders ? threads : 0;
    fence.assign(each, 0);
    block_fence.assign(each, 0);
    acquired.assign(each, nullptr);
    read.assign(each, nullptr);
    common = common_read = nullptr;
    any_acquired = any_read = false;
  }
  std::uint32_t tick() { return ticks.next(instance, index); }

  /// Whether the access `before`, of block `by`, is ordered before what `thread` does now.
  bool ordered(std::uint32_t by, Stamp before, std::uint32_t thread) const {
    const unsigned warp = thread / 32, lane = thread % 32;
    if (by == instance) {
      if (before.thread() == thread) return true;
      const unsigned other = before.thread() / 32;
      if (before.when() < everyone) return true;
      if (before.when() < (other != warp ? of[warp][other] : lanes[warp] ? lanes[warp]->of[lane][before.thread() % 32] : together[warp]))
        return true;
    }
    if (!any_acquired) return false;
    return (common && common->holds(by, before)) || (acquired[thread] && acquired[thread]->holds(by, before));
  }

  void advance(unsigned warp) { now[warp] = tick(); }

  void warp_barrier(unsigned warp, Mask members, Mask live) {
    advance(warp);
    if ((live & ~members) == 0) {
      together[warp] = now[warp];
      lanes[warp].reset();
    } else {
      if (!lanes[warp]) {
        lanes[warp] = std::make_unique<Lanes>();
        for (auto& row : lanes[warp]->of) row.fill(together[warp]);
      }
      auto& known = lanes[warp]->of;
      std::array<std::uint32_t, 32> sum{};
      for (unsigned l = 0; l < 32; ++l)
        for (unsigned k = 0; k < 32; ++k)
          if (members >> l & 1) sum[k] = members >> k & 1 ? now[warp] : std::max(sum[k], known[l][k]);
      for (unsigned l = 0; l < 32; ++l)
        if (members >> l & 1) known[l] = sum;
    }
    if (any_acquired) share(warp, members);
  }

  /// Whether all warps are at a barrier and wait for each other.
  bool complete(unsigned number, const Mask* arrived) const {
    for (unsigned w = 0; w < warps; ++w)
      if (!arrived[w] || passed[number][w]) return false;
    return true;
  }

  void barrier(unsigned number, const Mask* arrived) {
    const std::uint32_t time = tick();
    if (!any_acquired && !any_read && complete(number, arrived)) {   // `of` need not say what `everyone` says
      for (unsigned w = 0; w < warps; ++w) {
        now[w] = together[w] = time;
        if (lanes[w]) lanes[w].reset();
      }
      everyone = time;
      simple = true;
      return;
    }
    parted = true;
    std::array<std::uint32_t, 32> sum;
    sum.fill(everyone);
    bool all = true;
    for (unsigned w = 0; w < warps; ++w) {
      if (!arrived[w]) {
        all = false;
        continue;
      }
      for (unsigned q = 0; q < warps; ++q) sum[q] = std::max(sum[q], of[w][q]);
    }
    for (unsigned w = 0; w < warps; ++w)
      if (arrived[w]) sum[w] = passed[number][w] ? passed[number][w] : time;
    for (unsigned w = 0; w < warps; ++w) {
      if (!arrived[w]) continue;
      if (passed[number][w]) {   // it went on: others know of it, it knows of nobody
        all = false;
        passed[number][w] = 0;
        continue;
      }
      of[w] = sum;
      now[w] = together[w] = time;
      lanes[w].reset();
    }
    if (all) everyone = time;
    simple = all && !any_acquired;
    if (!any_acquired && !any_read) return;
    for (unsigned w = 0; w < warps; ++w)
      for (unsigned l = 0; l < 32 && w * 32 + l < threads; ++l)
        if (arrived[w] >> l & 1) {
          join(common, acquired[w * 32 + l]);
          join(common_read, read[w * 32 + l]);
        }
  }

  /// What `thread` may let others know, having had its last fence at `fenced`.
  Known released(std::uint32_t thread, std::uint32_t fenced) const {
    const unsigned warp = thread / 32;
    auto knowledge = std::make_shared<Knowledge>();
    knowledge->add(instance, Knowledge::kAll, Knowledge::kAll, everyone);
    for (unsigned q = 0; q < warps; ++q)
      if (of[warp][q] > everyone) knowledge->add(instance, q, Knowledge::kAll, of[warp][q]);
    if (lanes[warp]) {
      for (unsigned l = 0; l < 32; ++l) knowledge->add(instance, warp, l, lanes[warp]->of[thread % 32][l]);
    } else if (together[warp] > everyone) {
      knowledge->add(instance, warp, Knowledge::kAll, together[warp]);
    }
    knowledge->add(instance, warp, thread % 32, fenced);
    if (common) knowledge->join(*common);
    if (acquired[thread]) knowledge->join(*acquired[thread]);
    return knowledge;
  }

  void acquire(std::uint32_t thread, const Known& known) {
    if (!known) return;
    join(acquired[thread], known);
    any_acquired = true;
    simple = false;
  }

 private:
  void share(unsigned warp, Mask members) {
    Known sum;
    for (unsigned l = 0; l < 32 && warp * 32 + l < threads; ++l)
      if (members >> l & 1) join(sum, acquired[warp * 32 + l]);
    for (unsigned l = 0; l < 32 && warp * 32 + l < threads; ++l)
      if (members >> l & 1) acquired[warp * 32 + l] = sum;
  }
};

}  // namespace simt::observers
