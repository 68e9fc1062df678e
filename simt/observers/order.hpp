// What streams, events and the host order among each other, and what work of a stream accesses: enough to tell whether two
// launches, a launch and a copy, or a launch and the host can meet at one byte.
//
// The order follows from the program's calls and not from when something happened to run, so the verdict is the same however
// the engine schedules.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "simt/observers/findings.hpp"
#include "simt/observers/observer.hpp"

namespace simt::observers {

/// Of each stream, how much of its work is known to be done.
class Clock {
 public:
  void join(const Clock& other) {
    for (const auto& [stream, number] : other.entries_) set(stream, number);
  }
  void set(std::uint64_t stream, std::uint64_t number) {
    const auto at = std::lower_bound(entries_.begin(), entries_.end(), std::pair<std::uint64_t, std::uint64_t>(stream, 0));
    if (at != entries_.end() && at->first == stream) at->second = std::max(at->second, number);
    else entries_.insert(at, {stream, number});
  }
  bool holds(std::uint64_t stream, std::uint64_t number) const {
    const auto at = std::lower_bound(entries_.begin(), entries_.end(), std::pair<std::uint64_t, std::uint64_t>(stream, 0));
    return at != entries_.end() && at->first == stream && at->second >= number;
  }

 private:
  std::vector<std::pair<std::uint64_t, std::uint64_t>> entries_;
};

/// The bytes that one instruction of a launch, or one end of a copy, has accessed.
struct Touched {
  static constexpr unsigned kPageBits = 12;
  /// Who was first in 128 bytes: a thread, or neighbours from it on, `bytes` each, from the offset `first` in the page.
  struct Toucher {
    std::uint32_t block = 0;
    std::uint16_t thread = 0, first = 0, end = 0, bytes = 0;   ///< bytes: 0 if nobody was
  };
  struct Page {
    std::uint64_t bits[64] = {};
    Toucher line[32];
  };
  Touched() = default;
  ~Touched();
  Touched(const Touched&) = delete;
  bool writes = false, strong = false, system = false;   ///< system: strong for the host, too
  bool by_host = false;                 ///< a host function that the stream has run
  std::string kernel;                   ///< empty for a copy, a fill, or a host function
  std::string file, what;               ///< of a kernel: its line; of others: what it was
  HostCalls calls;                          ///< of others: who asked for it
  std::uint32_t line = 0;
  exec::Dim3 grid{1, 1, 1}, block{1, 1, 1};
  std::vector<std::pair<std::uint64_t, std::uint64_t>> ranges;   ///< [low, high)
  std::unordered_map<std::uint64_t, std::unique_ptr<Page>> pages;

  Page& page(std::uint64_t address);
  /// Neighbouring threads from `thread` on, each `bytes` bytes.
  void mark(std::uint64_t low, std::uint64_t high, std::uint64_t block_index, unsigned thread, unsigned bytes);
  bool empty() const { return ranges.empty() && pages.empty(); }
  /// A byte of [low, high) that it holds; ~0: none.
  std::uint64_t first_in(std::uint64_t low, std::uint64_t high) const;
  std::uint64_t first_common(const Touched& other) const;
  Place place(std::uint64_t address) const;
  /// Whether it is the same instruction of the same kernel as `other`, or the same call, and has accessed all that that has.
  bool covers(const Touched& other) const;

 private:
  std::uint64_t page_number_ = ~0ull;
  Page* page_ = nullptr;
};

/// One piece of work of a stream: a launch, a copy, a graph.
struct Work {
  std::uint64_t stream = 0, number = 0;
  std::uint64_t moment = 0;              ///< when it was enqueued, among all that the host does
  Clock clock;                           ///< what is done before it begins, and itself
  HostCalls calls;
  std::vector<std::unique_ptr<Touched>> touched;
};
using WorkRef = std::shared_ptr<Work>;

// What the runtime tells, if following() says that somebody wants to know.
extern std::atomic<bool> follows;
inline bool following() { return follows.load(std::memory_order_relaxed); }
void follow(bool races, bool host);
/// Another stream than the default one exists: work may overlap.
void may_overlap();
/// The host enqueues work, which begins after all that `after` holds and that the host has waited for.
WorkRef enqueued(std::uint64_t stream, std::uint64_t number, Clock after);
/// From here on the program's own accesses to memory that both sides use are seen, until the host has waited for the work.
void may_touch_host(const WorkRef&);
void done(const WorkRef&);
/// The host has waited for all that the clock holds.
void host_waited(const Clock&);
/// The memory is another one from here on: whoever accessed it before means something else.
void renewed(const void* pointer, std::size_t bytes);
/// Everything is over: waits a while for what is still running.
void settle_order();

/// While alive, what this thread does is this work's.
class Doing {
 public:
  explicit Doing(Work*);
  ~Doing();
  Doing(const Doing&) = delete;
  static Work* now();

 private:
  Work* before_;
};
/// A copy or a fill of this thread's work.
void moved(const void* to, const void* from, std::size_t bytes);
/// Whether accesses to all memory are of interest, or only to memory that the host can touch, or none.
enum class Interest : std::uint8_t { none, host, all };
Interest interest();

std::shared_ptr<Observer> overlap_observer();

}  // namespace simt::observers
