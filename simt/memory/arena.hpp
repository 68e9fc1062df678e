// One reserved range of addresses and what of it is free. Not thread-safe: the address space locks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <utility>

namespace simt::memory {

class Arena {
 public:
  /// Reserves up to `bytes` (less where the system refuses), two views if `hidden`: a guest view without access and a
  /// host view; else one view, whose pages get access when they are taken, or with `twice` two of the same memory. `hint`
  /// wishes for an address.
  void reserve(std::size_t bytes, bool hidden, std::uintptr_t hint, std::size_t granule, bool twice = false);

  /// Address of `bytes` (a multiple of the granule with room behind it), 0 if there is no such range.
  std::uint64_t take(std::size_t bytes);
  /// Gives a range back. It is not handed out again before many others were freed, so that a late access is
  /// recognised as one to freed memory. Returns the bases that leave this quarantine now.
  std::deque<std::uint64_t> give(std::uint64_t base);

  bool holds(std::uint64_t addr) const { return addr - base_ < size_; }
  std::uint64_t base() const { return base_; }
  std::size_t size() const { return size_; }
  std::ptrdiff_t delta() const { return delta_; }   ///< host view minus guest view
  std::size_t footprint(std::size_t bytes) const;   ///< bytes rounded to granules

 private:
  std::uint64_t carve(std::size_t need);
  void put_free(std::uint64_t base, std::size_t size);
  void drop_pages(std::uint64_t base, std::size_t size);
  std::uint64_t unquarantine();

  std::uint64_t base_ = 0;
  std::size_t size_ = 0, granule_ = 512;
  std::ptrdiff_t delta_ = 0;
  bool hidden_ = false, twice_ = false;
  std::map<std::uint64_t, std::size_t> free_;                    // by address, to merge neighbours
  std::set<std::pair<std::size_t, std::uint64_t>> by_size_;      // the same ranges, to find the best fit
  std::map<std::uint64_t, std::size_t> taken_;                   // base -> size with the gap behind it
  std::deque<std::pair<std::uint64_t, std::size_t>> quarantine_;
  std::size_t quarantined_ = 0;
};

}  // namespace simt::memory
