// Reserving address ranges and handing out parts of them: best fit, a gap behind each part, a quarantine for freed ones.
#include "simt/memory/arena.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>

namespace simt::memory {
namespace {

constexpr std::size_t kMinReserve = std::size_t{64} << 20;
constexpr std::size_t kMaxQuarantined = 4096;       // ranges
constexpr std::size_t kKeepPages = 64 << 10;        // smaller ranges keep their pages: a system call costs more

std::size_t page_size() {
  static const std::size_t size = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  return size;
}

void* map(std::uintptr_t hint, std::size_t bytes, int protection) {
#ifdef __SANITIZE_THREAD__
  hint = 0;  // ThreadSanitizer only knows its own ranges of addresses
#endif
  void* p = mmap(reinterpret_cast<void*>(hint), bytes, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return p == MAP_FAILED ? nullptr : p;
}

/// Puts memory that can be mapped twice in the place of a reserved range: its second view, or null where that is not to be had.
void* map_again(void* guest, std::size_t bytes) {
  const int file = memfd_create("pmpp", MFD_CLOEXEC);
  if (file < 0) return nullptr;
  void* view = MAP_FAILED;
  if (ftruncate(file, off_t(bytes)) == 0) view = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, file, 0);
  if (view != MAP_FAILED && mmap(guest, bytes, PROT_NONE, MAP_SHARED | MAP_NORESERVE | MAP_FIXED, file, 0) == MAP_FAILED) {
    munmap(view, bytes);
    view = MAP_FAILED;
    (void)mmap(guest, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
  }
  ::close(file);
  if (view == MAP_FAILED) return nullptr;
  madvise(view, bytes, MADV_DONTDUMP);
  return view;
}

}  // namespace

void Arena::reserve(std::size_t bytes, bool hidden, std::uintptr_t hint, std::size_t granule, bool twice) {
  granule_ = granule;
  hidden_ = hidden;
  for (; bytes >= kMinReserve; bytes /= 2) {
    void* guest = map(hint, bytes, PROT_NONE);
    if (!guest) continue;
    std::uint64_t host = reinterpret_cast<std::uint64_t>(guest);
    if (twice && !hidden)
      if (void* view = map_again(guest, bytes)) {
        twice_ = true;
        host = reinterpret_cast<std::uint64_t>(view);
      }
    if (hidden) {
      void* view = map(0, bytes, PROT_READ | PROT_WRITE);
      if (!view) {
        munmap(guest, bytes);
        continue;
      }
      // Huge pages make first touches cheap. A forked child must not inherit device memory: it would pay for the
      // page tables and see a frozen copy. A core dump must not hold gigabytes of it.
      madvise(view, bytes, MADV_HUGEPAGE);
      madvise(view, bytes, MADV_DONTFORK);
      madvise(view, bytes, MADV_DONTDUMP);
      host = reinterpret_cast<std::uint64_t>(view);
    }
    base_ = reinterpret_cast<std::uint64_t>(guest);
    size_ = bytes;
    delta_ = static_cast<std::ptrdiff_t>(host - base_);
    put_free(base_, size_);
    return;
  }
}

std::size_t Arena::footprint(std::size_t bytes) const { return (bytes + granule_ - 1) / granule_ * granule_; }

std::uint64_t Arena::carve(std::size_t need) {
  auto it = by_size_.lower_bound({need, 0});
  if (it == by_size_.end()) return 0;
  auto [size, base] = *it;
  by_size_.erase(it);
  free_.erase(base);
  if (size > need) {
    free_.emplace(base + need, size - need);
    by_size_.emplace(size - need, base + need);
  }
  return base;
}

std::uint64_t Arena::take(std::size_t bytes) {
  if (bytes > size_) return 0;
  // The gap makes a small overrun hit nothing rather than the neighbour. Its odd size keeps big arrays from starting
  // at the same offset in a page, which would make the host's loads and stores alias.
  const std::size_t gap = granule_ >= page_size() ? granule_ : bytes >= 4096 ? 4096 + 512 : 512;
  const std::size_t need = footprint(bytes) + gap;
  std::uint64_t base = carve(need);
  while (base == 0 && !quarantine_.empty()) {
    unquarantine();
    base = carve(need);
  }
  if (base == 0) return 0;
  if (!hidden_ && mprotect(reinterpret_cast<void*>(base), footprint(bytes), PROT_READ | PROT_WRITE) != 0) {
    put_free(base, need);
    return 0;
  }
  taken_.emplace(base, need);
  return base;
}

std::deque<std::uint64_t> Arena::give(std::uint64_t base) {
  auto it = taken_.find(base);
  std::deque<std::uint64_t> leaving;
  if (it == taken_.end()) return leaving;
  const std::size_t size = it->second;
  taken_.erase(it);
  drop_pages(base, size);
  quarantine_.emplace_back(base, size);
  quarantined_ += size;
  while (!quarantine_.empty() && (quarantine_.size() > kMaxQuarantined || quarantined_ > size_ / 2))
    leaving.push_back(unquarantine());
  return leaving;
}

std::uint64_t Arena::unquarantine() {
  auto [base, size] = quarantine_.front();
  quarantine_.pop_front();
  quarantined_ -= size;
  put_free(base, size);
  return base;
}

void Arena::drop_pages(std::uint64_t base, std::size_t size) {
  if (!hidden_) {
    madvise(reinterpret_cast<void*>(base), size, twice_ ? MADV_REMOVE : MADV_DONTNEED);
    mprotect(reinterpret_cast<void*>(base), size, PROT_NONE);
    return;
  }
  if (size < kKeepPages) return;
  const std::uint64_t page = page_size(), host = base + static_cast<std::uint64_t>(delta_);
  const std::uint64_t lo = (host + page - 1) / page * page, hi = (host + size) / page * page;
  if (lo < hi) madvise(reinterpret_cast<void*>(lo), hi - lo, MADV_DONTNEED);
}

void Arena::put_free(std::uint64_t base, std::size_t size) {
  auto next = free_.lower_bound(base);
  if (next != free_.begin()) {
    auto prev = std::prev(next);
    if (prev->first + prev->second == base) {
      base = prev->first;
      size += prev->second;
      by_size_.erase({prev->second, prev->first});
      free_.erase(prev);
    }
  }
  if (next != free_.end() && base + size == next->first) {
    size += next->second;
    by_size_.erase({next->second, next->first});
    free_.erase(next);
  }
  free_.emplace(base, size);
  by_size_.emplace(size, base);
}

}  // namespace simt::memory
