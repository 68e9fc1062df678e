// What streams, events and the host order, and which accesses meet without any order.
#include "simt/observers/order.hpp"

#include <bit>
#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>

#include "simt/memory/memory.hpp"
#include "simt/memory/watch.hpp"
#include "simt/observers/host.hpp"

namespace simt::observers {

// ---- bytes ----------------------------------------------------------------------------------------------------------

namespace {

constexpr std::uint64_t kPage = std::uint64_t{1} << Touched::kPageBits;
constexpr std::size_t kMostPages = std::size_t{1} << 17;   ///< of all work together; what is beyond is not kept
std::atomic<std::size_t> pages_kept{0};

std::uint64_t mask_of(unsigned from, unsigned to) {   // bits [from, to) of a word
  return (to == 64 ? ~0ull : (1ull << to) - 1) & ~((1ull << from) - 1);
}

}  // namespace

Touched::~Touched() { pages_kept.fetch_sub(pages.size(), std::memory_order_relaxed); }

Touched::Page& Touched::page(std::uint64_t address) {
  static Page nobody_looks;
  const auto number = address >> kPageBits;
  if (number == page_number_) return *page_;
  if (pages_kept.load(std::memory_order_relaxed) >= kMostPages) return nobody_looks;
  auto& kept = pages[number];
  if (!kept) {
    kept = std::make_unique<Page>();
    pages_kept.fetch_add(1, std::memory_order_relaxed);
  }
  page_number_ = number;
  return *(page_ = kept.get());
}

void Touched::mark(std::uint64_t low, std::uint64_t high, std::uint64_t block_index, unsigned thread, unsigned bytes) {
  for (auto at = low; at < high;) {
    Page& p = page(at);
    const auto end = std::min(high, (at | 127) + 1);   // of the line
    const auto from = unsigned(at % kPage), to = unsigned((end - 1) % kPage) + 1;
    for (unsigned b = from; b < to;) {
      const unsigned stop = std::min(to, (b | 63) + 1);
      p.bits[b / 64] |= mask_of(b % 64, stop - b / 64 * 64);
      b = stop;
    }
    auto& who = p.line[from / 128];
    if (!who.bytes)
      who = {std::uint32_t(block_index), std::uint16_t(thread + (at - low) / bytes), std::uint16_t(from), std::uint16_t(to), std::uint16_t(bytes)};
    at = end;
  }
}

std::uint64_t Touched::first_in(std::uint64_t low, std::uint64_t high) const {
  for (const auto& [a, b] : ranges)
    if (a < high && low < b) return std::max(a, low);
  if (pages.empty()) return ~0ull;
  const auto within = [&](std::uint64_t number, const Page& p) {
    const auto base = number << kPageBits;
    const auto from = unsigned(std::max(low, base) - base), to = unsigned(std::min(high, base + kPage) - base);
    for (unsigned b = from; b < to;) {
      const unsigned stop = std::min(to, (b | 63) + 1);
      if (const auto both = p.bits[b / 64] & mask_of(b % 64, stop - b / 64 * 64)) return base + b / 64 * 64 + unsigned(std::countr_zero(both));
      b = stop;
    }
    return ~std::uint64_t{0};
  };
  std::uint64_t first = ~0ull;
  if ((high - low) >> kPageBits < pages.size()) {
    for (auto n = low >> kPageBits; n <= (high - 1) >> kPageBits && first == ~0ull; ++n)
      if (const auto at = pages.find(n); at != pages.end()) first = within(n, *at->second);
  } else {
    for (const auto& [n, p] : pages)
      if (n << kPageBits < high && low < (n + 1) << kPageBits) first = std::min(first, within(n, *p));
  }
  return first;
}

std::uint64_t Touched::first_common(const Touched& other) const {
  std::uint64_t first = ~0ull;
  for (const auto& [a, b] : ranges) first = std::min(first, other.first_in(a, b));
  for (const auto& [a, b] : other.ranges) first = std::min(first, first_in(a, b));
  const auto &few = pages.size() < other.pages.size() ? pages : other.pages, &many = &few == &pages ? other.pages : pages;
  for (const auto& [n, p] : few) {
    if (n << kPageBits >= first) continue;
    const auto at = many.find(n);
    if (at == many.end()) continue;
    for (unsigned w = 0; w < 64; ++w)
      if (const auto both = p->bits[w] & at->second->bits[w]) {
        first = std::min(first, (n << kPageBits) + w * 64 + unsigned(std::countr_zero(both)));
        break;
      }
  }
  return first;
}

Place Touched::place(std::uint64_t address) const {
  Place result;
  result.file = file;
  result.line = line;
  const auto at = pages.find(address >> kPageBits);
  if (at == pages.end()) return result;
  const auto offset = unsigned(address % kPage);
  const auto& who = at->second->line[offset / 128];
  const bool one_of_them = who.bytes && offset >= who.first && offset < who.end;
  const std::uint64_t thread = who.thread + (one_of_them ? (offset - who.first) / who.bytes : 0);
  const auto coordinates = [](std::uint64_t n, const exec::Dim3& size) {
    return exec::Dim3{std::uint32_t(n % size[0]), std::uint32_t(n / size[0] % size[1]), std::uint32_t(n / size[0] / size[1])};
  };
  result.block = coordinates(who.block, grid);
  result.thread = coordinates(thread, block);
  return result;
}

bool Touched::covers(const Touched& other) const {
  if (writes != other.writes || strong != other.strong || system != other.system || by_host || other.by_host || kernel != other.kernel ||
      line != other.line || file != other.file || what != other.what || ranges != other.ranges || (kernel.empty() && !calls.same(other.calls)))
    return false;
  return std::all_of(other.pages.begin(), other.pages.end(), [&](const auto& entry) {
    const auto at = pages.find(entry.first);
    if (at == pages.end()) return false;
    std::uint64_t missing = 0;
    for (unsigned w = 0; w < 64; ++w) missing |= entry.second->bits[w] & ~at->second->bits[w];
    return missing == 0;
  });
}

// ---- order ----------------------------------------------------------------------------------------------------------

std::atomic<bool> follows{false};

namespace {

/// What the program itself did to memory that both sides use.
struct HostAccess {
  std::uint64_t address;
  std::size_t bytes;
  bool writes;
  std::uint64_t moment;
  HostCalls calls;
  std::shared_ptr<const Clock> known;   ///< what the host had waited for
};

struct Order {
  std::mutex mutex;
  std::condition_variable changed;
  bool races = false, host = false, overlap = false;
  std::uint64_t moment = 0;
  std::shared_ptr<const Clock> waited = std::make_shared<Clock>();   ///< by the host
  std::vector<WorkRef> running;        ///< enqueued and not done
  std::vector<WorkRef> kept;           ///< done, but later work may meet it
  std::vector<WorkRef> open;           ///< may touch the host's memory, and the host has not waited for it
  std::vector<HostAccess> accesses;    ///< while something was running
  std::set<std::pair<std::uint64_t, std::uint64_t>> heard;   ///< work whose word the host has read in memory
  std::map<std::uint64_t, std::pair<std::uint64_t, std::uint64_t>> renewed;   ///< memory by address: its end, and since when
};
Order& order() {
  static auto* one = new Order;
  return *one;
}
thread_local Work* doing __attribute__((tls_model("initial-exec"))) = nullptr;

bool before(const Work& a, const Work& b) { return b.clock.holds(a.stream, a.number); }

/// Whether both mean the same memory by the address.
bool same_memory(Order& o, std::uint64_t address, std::uint64_t earlier) {
  auto at = o.renewed.upper_bound(address);
  if (at == o.renewed.begin()) return true;
  --at;
  return address >= at->second.first || at->second.second < earlier;
}

std::string actor(const Touched& t) { return t.kernel.empty() ? t.what : "kernel " + t.kernel; }

void race(Order& o, const Work& first, const Touched& a, const Work& second, const Touched& b) {
  if ((!a.writes && !b.writes) || (a.strong && b.strong)) return;
  // Host functions have atomic operations, too, which nobody sees here.
  if ((a.by_host && (b.by_host || b.system)) || (b.by_host && a.system)) return;
  const auto address = a.first_common(b);
  if (address == ~0ull || !same_memory(o, address, std::min(first.moment, second.moment))) return;
  // The reading access comes first; of two writes the one on the later line.
  const bool swap = a.writes && b.writes ? a.line < b.line : a.writes;
  const Touched &x = swap ? b : a, &y = swap ? a : b;
  Finding f;
  f.kind = "race";
  f.kernel = x.kernel;
  if (x.kernel.empty()) f.frames = host_frames(x.calls);
  else f.at = x.place(address);
  if (y.kernel.empty()) f.other_frames = host_frames(y.calls);
  else f.other = y.place(address);
  f.message = actor(x) + (x.writes ? x.strong ? " updates" : " writes" : " reads") + " memory that " + actor(y) +
              (y.writes ? " writes" : " reads") +
              " in another stream, and nothing orders the two: use one stream, or let the later one's stream wait with cudaEventRecord() "
              "and cudaStreamWaitEvent(), or the host with cudaStreamSynchronize(), in between";
  report(std::move(f));
}

void meets(Order& o, const HostAccess& h, const Work& w) {
  // Who looks at memory for what the host writes has the host say when it is there.
  if (h.writes && std::any_of(w.touched.begin(), w.touched.end(), [](const auto& t) { return t->system; })) return;
  for (const auto& t : w.touched) {   // the host may go on from what it has read: the kernel meant it to be read
    if (!t->writes && !h.writes) continue;
    const auto address = t->first_in(h.address, h.address + h.bytes);
    if (address == ~0ull || !same_memory(o, address, w.moment)) continue;
    if (t->system) {
      o.heard.insert({w.stream, w.number});
      return;
    }
  }
  for (const auto& t : w.touched) {
    if ((!t->writes && !h.writes) || t->by_host) continue;
    const auto address = t->first_in(h.address, h.address + h.bytes);
    if (address == ~0ull || !same_memory(o, address, w.moment)) continue;
    Finding f;
    f.kind = "api";
    f.kernel = t->kernel;
    f.frames = host_frames(h.calls);
    if (t->kernel.empty()) f.other_frames = host_frames(t->calls);
    else f.other = t->place(address);
    f.message = std::string("host code ") + (h.writes ? "writes" : "reads") + " memory that " + actor(*t) + (t->writes ? " writes" : " reads") +
                ", and has not waited for it: it may not have come to it yet; call cudaDeviceSynchronize(), or cudaStreamSynchronize() "
                "with its stream, in between";
    report(std::move(f));
  }
}

void judge(Order& o, const HostAccess& h, const Work& w) {
  if (w.moment < h.moment && !o.heard.count({w.stream, w.number})) meets(o, h, w);
}

/// Forgets work that nothing can meet any more.
void prune(Order& o) {
  std::erase_if(o.kept, [&](const WorkRef& w) {
    return o.waited->holds(w->stream, w->number) &&
           std::all_of(o.running.begin(), o.running.end(), [&](const WorkRef& r) { return before(*w, *r); });
  });
  if (o.running.empty()) o.accesses.clear();
  if (o.kept.empty() && o.running.empty()) o.heard.clear(), o.renewed.clear();
}

/// Of the program's own access to memory that both sides use. In a signal handler, on the thread that faulted.
void host_access(std::uint64_t address, std::size_t bytes, bool writes, void* code) {
  auto& o = order();
  if (doing) {   // a host function that a stream runs
    auto t = std::make_unique<Touched>();
    t->writes = writes;
    t->by_host = true;
    t->what = "a host function";
    t->calls = HostCalls::here(code);
    t->ranges.push_back({address, address + bytes});
    std::lock_guard lock(o.mutex);
    doing->touched.push_back(std::move(t));
    return;
  }
  HostAccess h{address, bytes, writes, 0, HostCalls::here(code), {}};
  std::lock_guard lock(o.mutex);
  h.moment = ++o.moment;
  h.known = o.waited;
  for (const auto& w : o.kept)
    if (!o.waited->holds(w->stream, w->number)) judge(o, h, *w);
  if (o.running.empty() || o.accesses.size() >= 100'000) return;
  o.accesses.push_back(std::move(h));
}

}  // namespace

void follow(bool races, bool host) {
  auto& o = order();
  std::lock_guard lock(o.mutex);
  o.races = races;
  o.host = host && memory::watch::wanted();
  memory::watch::hook = host_access;
  follows.store(races || o.host, std::memory_order_relaxed);
}

void may_overlap() {
  auto& o = order();
  std::lock_guard lock(o.mutex);
  o.overlap = true;
}

Interest interest() {
  auto& o = order();
  std::lock_guard lock(o.mutex);
  if (o.races && o.overlap) return Interest::all;
  return o.host && memory::watch::any() ? Interest::host : Interest::none;
}

WorkRef enqueued(std::uint64_t stream, std::uint64_t number, Clock after) {
  auto& o = order();
  auto w = std::make_shared<Work>();
  w->stream = stream;
  w->number = number;
  w->calls = HostCalls::here();
  std::lock_guard lock(o.mutex);
  w->moment = ++o.moment;
  w->clock = std::move(after);
  w->clock.join(*o.waited);
  w->clock.set(stream, number);
  o.running.push_back(w);
  return w;
}

void may_touch_host(const WorkRef& w) {
  auto& o = order();
  if (!w) return;
  std::lock_guard lock(o.mutex);
  if (!o.host || !memory::watch::possible() || !memory::watch::any()) return;
  o.open.push_back(w);
  memory::watch::close();
}

void done(const WorkRef& w) {
  auto& o = order();
  std::lock_guard lock(o.mutex);
  std::erase(o.running, w);
  o.changed.notify_all();
  std::erase_if(w->touched, [](const auto& t) { return t->empty(); });
  if (!w->touched.empty()) {
    if (o.races)
      for (const auto& other : o.kept)
        if (!before(*other, *w) && !before(*w, *other))
          for (const auto& a : other->touched)
            for (const auto& b : w->touched) race(o, *other, *a, *w, *b);
    for (const auto& h : o.accesses)
      if (!h.known->holds(w->stream, w->number)) judge(o, h, *w);
    // Whoever meets the work before it in its stream meets this one, too, if it does the same once more.
    const auto last = std::find_if(o.kept.rbegin(), o.kept.rend(), [&](const WorkRef& k) { return k->stream == w->stream; });
    if (last != o.kept.rend()) {
      std::erase_if((*last)->touched, [&](const auto& t) {
        return std::any_of(w->touched.begin(), w->touched.end(), [&](const auto& mine) { return mine->covers(*t); });
      });
      if ((*last)->touched.empty()) o.kept.erase(std::next(last).base());
    }
    o.kept.push_back(w);
  }
  prune(o);
}

void host_waited(const Clock& clock) {
  auto& o = order();
  std::lock_guard lock(o.mutex);
  auto sum = std::make_shared<Clock>(*o.waited);
  sum->join(clock);
  o.waited = std::move(sum);
  std::erase_if(o.open, [&](const WorkRef& w) { return o.waited->holds(w->stream, w->number); });
  if (o.open.empty()) memory::watch::open();
  prune(o);
}

void renewed(const void* pointer, std::size_t bytes) {
  auto& o = order();
  std::lock_guard lock(o.mutex);
  if (o.kept.empty() && o.running.empty()) return;
  const auto address = reinterpret_cast<std::uint64_t>(pointer);
  o.renewed[address] = {address + bytes, ++o.moment};
}

void settle_order() {
  auto& o = order();
  std::unique_lock lock(o.mutex);
  o.changed.wait_for(lock, std::chrono::seconds(10), [&] { return o.running.empty(); });
}

Doing::Doing(Work* work) : before_(doing) { doing = work; }
Doing::~Doing() { doing = before_; }
Work* Doing::now() { return doing; }

void moved(const void* to, const void* from, std::size_t bytes) {
  if (!doing || bytes == 0 || interest() == Interest::none) return;
  const char* const what = from ? "a copy" : "a fill";
  const auto add = [&](const void* pointer, bool writes) {
    auto& o = order();
    std::lock_guard lock(o.mutex);
    auto& all = doing->touched;
    // The rows of one copy are one access.
    auto at = std::find_if(all.begin(), all.end(), [&](const auto& t) { return t->what == what && t->writes == writes; });
    if (at == all.end()) {
      at = all.insert(at, std::make_unique<Touched>());
      (*at)->writes = writes;
      (*at)->what = what;
      (*at)->calls = doing->calls;
    }
    const auto address = reinterpret_cast<std::uint64_t>(pointer);
    (*at)->ranges.push_back({address, address + bytes});
  };
  if (from) add(from, false);
  add(to, true);
}

}  // namespace simt::observers
