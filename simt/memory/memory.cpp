// The address space: which allocation holds an address, and where its bytes are on the host.
#include "simt/memory/memory.hpp"

#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <mutex>
#include <shared_mutex>

#include "simt/memory/arena.hpp"
#include "simt/memory/limits.hpp"
#include "simt/memory/watch.hpp"
#include "simt/model/profile.hpp"

namespace simt::memory {
namespace {

constexpr std::size_t kAsk = std::size_t{64} << 20;        // from this size on, look how much memory is left right now
constexpr std::uintptr_t kDeviceHint = 0x2000'0000'0000;   // the same addresses in every run, where the system agrees
constexpr std::uintptr_t kHostHint = 0x3000'0000'0000;

bool host_visible(Kind kind) { return kind == Kind::pinned || kind == Kind::managed || kind == Kind::registered; }

}  // namespace

struct AddressSpace::Impl {
  mutable std::shared_mutex mutex;
  std::map<GuestAddr, Allocation> live;
  std::map<GuestAddr, Allocation> dead;    // freed and still in quarantine
  Arena device, host;
  std::size_t capacity = 0;                // of each device
  std::size_t used[model::kMaxDevices] = {};
  std::uint64_t next_id = 1;

  const Allocation* find(GuestAddr addr) const {
    auto it = live.upper_bound(addr);
    if (it == live.begin()) return nullptr;
    const Allocation& a = std::prev(it)->second;
    return addr - a.base < a.size ? &a : nullptr;
  }

  const Allocation* nearest(GuestAddr addr) const {
    const Allocation* best = nullptr;
    GuestAddr best_distance = ~0ull;
    auto consider = [&](const std::map<GuestAddr, Allocation>& in) {
      auto it = in.upper_bound(addr);
      for (int step = 0; step < 2; ++step) {
        if (step == 1) {
          if (it == in.begin()) break;
          --it;
        }
        if (it == in.end()) continue;
        const Allocation& a = it->second;
        const GuestAddr end = a.base + a.size;
        const GuestAddr distance = addr < a.base ? a.base - addr : addr >= end ? addr - end + 1 : 0;
        if (distance < best_distance) best = &a, best_distance = distance;
      }
    };
    consider(live);
    consider(dead);
    return best;
  }
};

std::atomic<bool> AddressSpace::forked_{false};

AddressSpace& AddressSpace::instance() {
  static AddressSpace* space = new AddressSpace;  // never destroyed: workers may outlive main
  return *space;
}

AddressSpace::AddressSpace() : impl_(new Impl) {
  const std::size_t left = address_space_left(), devices = std::max<std::size_t>(model::devices().size(), 1);
  std::size_t capacity = std::min(model::current().global_memory * devices, host_available() / 10 * 8);
  std::size_t device = capacity * 4, host = capacity * 4;  // four times the memory: room for the quarantine
  if (left != SIZE_MAX) {
    // Under `ulimit -v` both views of device memory and the host range count.
    device = left / 8;
    host = left / 8;
    capacity = std::min(capacity, device);
  }
  // The pages that can be written count under a limit of data, touched or not; the other half is for everything else.
  device = std::min(device, data_left() / 2);
  impl_->device.reserve(device, true, kDeviceHint, 512);
  impl_->host.reserve(host, false, kHostHint, static_cast<std::size_t>(sysconf(_SC_PAGESIZE)), watch::wanted());
  impl_->capacity = std::min(capacity, impl_->device.size()) / devices >> 20 << 20;
  install_fault_handler();
  pthread_atfork(nullptr, nullptr, [] { forked_.store(true, std::memory_order_relaxed); });
}

std::optional<GuestAddr> AddressSpace::allocate(std::size_t bytes, int device, Kind kind, std::string label,
                                                std::shared_ptr<const std::atomic<std::uint32_t>> shared_with) {
  Impl& m = *impl_;
  bytes = std::max<std::size_t>(bytes, 1);
  if (bytes > m.capacity) return std::nullopt;
  if (bytes >= kAsk && bytes > host_available() / 10 * 9) return std::nullopt;
  std::unique_lock lock(m.mutex);
  Arena& arena = host_visible(kind) ? m.host : m.device;
  const std::size_t footprint = arena.footprint(bytes);
  if (footprint > m.capacity - std::min(m.capacity, m.used[device])) return std::nullopt;
  const GuestAddr base = arena.take(bytes);
  if (base == 0) return std::nullopt;
  Allocation a;
  a.base = base;
  a.size = bytes;
  a.host = reinterpret_cast<std::byte*>(base + static_cast<GuestAddr>(arena.delta()));
  a.kind = kind;
  a.device = device;
  a.id = m.next_id++;
  a.label = std::move(label);
  a.shared_with = std::move(shared_with);
  m.used[device] += footprint;
  m.dead.erase(base);
  m.live.emplace(base, std::move(a));
  return base;
}

void AddressSpace::adopt(void* host, std::size_t bytes, int device, Kind kind) {
  Impl& m = *impl_;
  std::unique_lock lock(m.mutex);
  Allocation a;
  a.base = reinterpret_cast<GuestAddr>(host);
  a.size = bytes;
  a.host = static_cast<std::byte*>(host);
  a.kind = kind;
  a.device = device;
  a.id = m.next_id++;
  m.live.insert_or_assign(a.base, std::move(a));
  epoch_.fetch_add(1, std::memory_order_acq_rel);
}

AddressSpace::FreeResult AddressSpace::release(GuestAddr base) {
  Impl& m = *impl_;
  std::unique_lock lock(m.mutex);
  auto it = m.live.find(base);
  if (it == m.live.end()) {
    if (m.dead.count(base)) return FreeResult::already_freed;
    return m.find(base) ? FreeResult::not_a_base : FreeResult::unknown;
  }
  Arena* arena = m.device.holds(base) ? &m.device : m.host.holds(base) ? &m.host : nullptr;
  if (it->second.kind == Kind::registered) arena = nullptr;  // somebody registered what lies in our own range
  if (arena) {
    m.used[it->second.device] -= arena->footprint(it->second.size);
    auto node = m.live.extract(it);
    node.mapped().live = false;
    m.dead.insert(std::move(node));
    for (GuestAddr gone : arena->give(base)) m.dead.erase(gone);
  } else {
    m.live.erase(it);
  }
  epoch_.fetch_add(1, std::memory_order_acq_rel);
  return FreeResult::ok;
}

const Allocation* AddressSpace::find(GuestAddr addr) const {
  std::shared_lock lock(impl_->mutex);
  return impl_->find(addr);
}

std::optional<Allocation> AddressSpace::lookup(GuestAddr addr) const {
  std::shared_lock lock(impl_->mutex);
  const Allocation* a = impl_->find(addr);
  return a ? std::optional(*a) : std::nullopt;
}

std::optional<Allocation> AddressSpace::find_overlap(GuestAddr addr, std::size_t bytes) const {
  std::shared_lock lock(impl_->mutex);
  if (const Allocation* a = impl_->find(addr)) return *a;
  auto it = impl_->live.upper_bound(addr);
  if (it != impl_->live.end() && it->first - addr < bytes) return it->second;
  return std::nullopt;
}

std::optional<Allocation> AddressSpace::nearest(GuestAddr addr) const {
  std::shared_lock lock(impl_->mutex);
  const Allocation* a = impl_->nearest(addr);
  return a ? std::optional(*a) : std::nullopt;
}

bool AddressSpace::reaches(int device, const Allocation& a) const {
  if (a.device == device || host_visible(a.kind)) return true;
  const auto mask = a.shared_with ? a.shared_with->load(std::memory_order_relaxed) >> device
                                  : peers_[device].load(std::memory_order_relaxed) >> a.device;
  return (mask & 1) != 0;
}

void AddressSpace::set_peer(int device, int peer, bool may) {
  const std::uint32_t bit = std::uint32_t{1} << peer;
  if (may) peers_[device].fetch_or(bit);
  else peers_[device].fetch_and(~bit);
  forget_windows();
}

bool AddressSpace::window(GuestAddr addr, int device, Window& out) const {
  std::shared_lock lock(impl_->mutex);
  const Allocation* a = impl_->find(addr);
  if (!a || !reaches(device, *a)) return false;
  out.lo = a->base;
  out.hi = a->base + a->size;
  out.delta = reinterpret_cast<std::intptr_t>(a->host) - static_cast<std::ptrdiff_t>(a->base);
  out.epoch = epoch();
  return true;
}

std::byte* AddressSpace::host(GuestAddr addr, std::size_t bytes) const {
  std::shared_lock lock(impl_->mutex);
  const Allocation* a = impl_->find(addr);
  if (!a || bytes > a->size - (addr - a->base)) return nullptr;
  return a->host + (addr - a->base);
}

bool AddressSpace::in_device_range(GuestAddr addr) const { return impl_->device.holds(addr); }

std::size_t AddressSpace::used(int device) const {
  std::shared_lock lock(impl_->mutex);
  return impl_->used[device];
}

std::size_t AddressSpace::capacity(int) const { return impl_->capacity; }

std::vector<AddressSpace::Range> AddressSpace::shared_ranges() const {
  std::shared_lock lock(impl_->mutex);
  std::vector<Range> ranges;
  for (auto at = impl_->live.lower_bound(impl_->host.base()); at != impl_->live.end() && impl_->host.holds(at->first); ++at)
    if (at->second.kind != Kind::registered) ranges.emplace_back(at->first, impl_->host.footprint(at->second.size));
  return ranges;
}

bool AddressSpace::any_shared() const {
  std::shared_lock lock(impl_->mutex);
  const auto at = impl_->live.lower_bound(impl_->host.base());
  return at != impl_->live.end() && impl_->host.holds(at->first);
}

bool AddressSpace::two_views() const { return impl_->host.delta() != 0; }

std::uint64_t AddressSpace::allocations() const {
  std::shared_lock lock(impl_->mutex);
  return impl_->next_id;
}

void AddressSpace::fault_site(GuestAddr addr, FaultSite& out) const {
  const Impl& m = *impl_;
  out.device_range = m.device.holds(addr);
  out.host_range = m.host.holds(addr);
  if (!out.device_range && !out.host_range) return;
  // The thread that faults may be the one that holds the lock: then the allocation stays unnamed.
  std::shared_lock lock(m.mutex, std::try_to_lock);
  if (!lock) return;
  const Allocation* a = m.nearest(addr);
  if (!a || addr < a->base || addr - a->base >= a->size) return;
  out.known = true;
  out.base = a->base;
  out.size = a->size;
  out.id = a->id;
  out.live = a->live;
  std::strncpy(out.label, a->label.c_str(), sizeof out.label - 1);
}

}  // namespace simt::memory
