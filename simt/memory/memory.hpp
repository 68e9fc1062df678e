// The address space of the software GPU: allocations, and the way from a guest address to host bytes.
//
// Device allocations live in one reserved range that exists twice: the guest view, which the program sees and host
// code cannot touch (a host dereference faults, as on a real machine), and the host view, which the engine uses.
// Host-accessible allocations (pinned, managed, registered) have one address in both worlds.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "simt/model/profile.hpp"

namespace simt::memory {

using GuestAddr = std::uint64_t;

/// Generic addresses of shared and local memory lie in these windows, outside of anything that mmap returns.
constexpr GuestAddr kSharedWindow = 0x7ff0'0000'0000'0000ull;  // + offset in the block's shared memory
constexpr GuestAddr kLocalWindow = 0x7ff1'0000'0000'0000ull;   // + offset in the thread's local memory
constexpr GuestAddr kWindowSize = 0x0000'0001'0000'0000ull;

enum class Kind : std::uint8_t { device, pinned, managed, registered, module_global, module_const };

struct Allocation {
  GuestAddr base = 0;
  std::size_t size = 0;          ///< bytes the caller asked for: the bound that accesses are checked against
  std::byte* host = nullptr;     ///< host view of `base`
  Kind kind = Kind::device;
  int device = 0;
  std::uint64_t id = 0;          ///< counts allocations; stable in messages
  bool live = true;
  std::string label;             ///< a symbol's name for module variables, else empty
  /// Of memory from a pool: the devices beside its own that may use it, a bit each. Other memory obeys peer access.
  std::shared_ptr<const std::atomic<std::uint32_t>> shared_with;
};

/// What a memory instruction caches: valid while `epoch` equals AddressSpace::epoch().
struct Window {
  GuestAddr lo = 1, hi = 0;      ///< [lo, hi): empty until filled
  std::ptrdiff_t delta = 0;      ///< host pointer = guest address + delta
  std::uint64_t epoch = 0;
};

/// What the fault handler may know of an address: filled without allocation and without waiting.
struct FaultSite {
  bool device_range = false;     ///< the address is in the guest view of device memory
  bool host_range = false;       ///< the address is in the range of pinned and managed memory
  bool known = false;            ///< the fields below are filled
  GuestAddr base = 0;
  std::size_t size = 0;
  std::uint64_t id = 0;
  bool live = false;
  char label[64] = {};
};

class AddressSpace {
 public:
  static AddressSpace& instance();

  /// Memory aligned to 512 bytes, as textures need it; `managed` and `pinned` memory is whole pages that the host can touch too.
  /// nullopt: out of memory (the limit is capacity()).
  std::optional<GuestAddr> allocate(std::size_t bytes, int device, Kind kind = Kind::device, std::string label = {},
                                    std::shared_ptr<const std::atomic<std::uint32_t>> shared_with = nullptr);
  /// Makes host memory that the program already owns (pinned, registered) known to kernels.
  void adopt(void* host, std::size_t bytes, int device, Kind kind);
  enum class FreeResult : std::uint8_t { ok, not_a_base, already_freed, unknown };
  FreeResult release(GuestAddr base);

  /// The live allocation that holds `addr`; null if none. The pointer is valid until the next release().
  const Allocation* find(GuestAddr addr) const;
  /// A copy of it, for callers that run beside a release().
  std::optional<Allocation> lookup(GuestAddr addr) const;
  /// A live allocation that shares a byte with [addr, addr+bytes).
  std::optional<Allocation> find_overlap(GuestAddr addr, std::size_t bytes) const;
  /// For messages: the live or recently freed allocation nearest to `addr`.
  std::optional<Allocation> nearest(GuestAddr addr) const;
  /// Fills a window around `addr`; false if no live allocation that kernels of `device` may use holds it.
  bool window(GuestAddr addr, int device, Window& out) const;
  /// Whether kernels of `device` may use the memory: their own, the host's, or a peer's.
  bool reaches(int device, const Allocation&) const;
  /// Whether kernels of `device` may use the memory of `peer`.
  void set_peer(int device, int peer, bool may);
  bool is_peer(int device, int peer) const { return (peers_[device].load(std::memory_order_relaxed) >> peer & 1) != 0; }
  /// Makes every cached Window look again.
  void forget_windows() { epoch_.fetch_add(1, std::memory_order_acq_rel); }
  /// Host view of [addr, addr+bytes), or null if any byte of it is not in one live allocation.
  std::byte* host(GuestAddr addr, std::size_t bytes) const;
  /// Whether `addr` lies in the range from which device memory is given out, allocated or not.
  bool in_device_range(GuestAddr addr) const;

  /// Grows with every release and adoption that may make a cached Window wrong.
  std::uint64_t epoch() const { return epoch_.load(std::memory_order_acquire); }
  std::size_t used(int device) const;
  std::size_t capacity(int device) const;

  /// True in a child that fork() made after device memory existed: the child has none of it.
  static bool forked() { return forked_.load(std::memory_order_relaxed); }
  /// Memory that both sides use, but for what the program registered: whole pages; for memory/watch.hpp.
  using Range = std::pair<GuestAddr, std::size_t>;
  std::vector<Range> shared_ranges() const;
  bool any_shared() const;
  bool two_views() const;                ///< of it
  std::uint64_t allocations() const;     ///< how many there were
  /// For the SIGSEGV handler.
  void fault_site(GuestAddr addr, FaultSite& out) const;

 private:
  AddressSpace();
  static std::atomic<bool> forked_;
  std::atomic<std::uint64_t> epoch_{1};
  std::atomic<std::uint32_t> peers_[model::kMaxDevices]{};
  struct Impl;
  Impl* impl_;
};

/// Called by the handler with the sentence that it prints, before the process dies of a host access to device memory.
extern void (*host_fault_hook)(const char* sentence);

/// Installs the SIGSEGV handler that explains a host access to device memory and then lets the process die as it
/// would have (the handler that was there before is called). Idempotent; AddressSpace installs it.
void install_fault_handler();

}  // namespace simt::memory
