// Shadow memory of the race checker: who accessed each word last, or each byte where smaller accesses happen.
//
// What is certain is in the stamps. Masks and threads beside them answer for 32 cells at once, so that a row of accesses by
// a warp is mostly a few comparisons and stores of vectors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <unordered_map>

#include "simt/exec/probe.hpp"

namespace simt::observers {

using exec::Mask;

/// An access: when on the clock of its warp, by which instruction and thread of the block, how strong.
/// 0: none. Strength 0 is weak, 1 strong in the block, 2 in the device.
struct Stamp {
  std::uint64_t bits = 0;
  static constexpr unsigned kSites = 1 << 20;
  SIMT_PROBE_INLINE static constexpr Stamp of(std::uint32_t when, std::uint32_t site, unsigned strength) {
    return {std::uint64_t(when) << 32 | std::uint64_t(site) << 12 | strength};
  }
  SIMT_PROBE_INLINE constexpr Stamp by(unsigned thread) const { return {bits + (std::uint64_t(thread) << 2)}; }
  constexpr std::uint32_t when() const { return std::uint32_t(bits >> 32); }
  constexpr std::uint32_t site() const { return std::uint32_t(bits) >> 12; }
  constexpr std::uint32_t thread() const { return std::uint32_t(bits) >> 2 & 1023; }
  constexpr unsigned strength() const { return unsigned(bits) & 3; }
};

/// 32 cells. All masks are of one launch; `newest` is the block that has accessed the line last, `interval` the time of the
/// barrier before which all it did is known to all of it.
struct alignas(64) Line {
  std::uint32_t launch, newest, interval;
  Mask read, written;
  Mask foreign_read, foreign_written;   ///< perhaps by other blocks than the newest
  Mask old_read, old_written;           ///< by the newest block, but before the interval
  Mask second;                          ///< there may be a second reader
  Mask two, many;                       ///< two lanes of the first reader's warp, two warps have read it in this interval
  Mask shared_by_blocks;                ///< two blocks have read it, and nothing orders blocks
  Mask strong;                          ///< the last write was strong, for whoever accesses it in the same way
  alignas(64) std::uint16_t reader[32], writer[32];   ///< threads of the first reader and of the writer, beside the stamps
  /// Two readers that are not ordered are enough: whoever writes later is not ordered with at least one of them.
  alignas(64) std::uint64_t write[32], first[32], other[32];
};

/// Lines of a contiguous piece of memory.
struct Cells {
  Line* lines = nullptr;
  std::size_t bytes = 0;
  unsigned shift = 2;   ///< of a cell: words, or bytes

  explicit Cells(std::size_t size) : bytes(size) { lines = make(); }
  ~Cells() { std::free(lines); }
  Cells(const Cells&) = delete;
  std::size_t count() const { return (bytes + (std::size_t{32} << shift) - 1) >> (5 + shift); }
  /// From words to bytes.
  void split() {
    Line* const coarse = lines;
    shift = 0;
    lines = make();
    for (std::size_t n = 0; n < count(); ++n) {
      const Line& from = coarse[n / 4];
      Line& to = lines[n];
      to.launch = from.launch, to.newest = from.newest, to.interval = from.interval;
      for (unsigned c = 0; c < 32; ++c) {
        const unsigned s = unsigned(n % 4) * 8 + c / 4;
        for (Mask Line::*mask : {&Line::read, &Line::written, &Line::foreign_read, &Line::foreign_written, &Line::old_read,
                                 &Line::old_written, &Line::second, &Line::two, &Line::many, &Line::shared_by_blocks, &Line::strong})
          to.*mask |= (from.*mask >> s & 1) << c;
        to.reader[c] = from.reader[s], to.writer[c] = from.writer[s];
        to.write[c] = from.write[s], to.first[c] = from.first[s], to.other[c] = from.other[s];
      }
    }
    std::free(coarse);
  }

 private:
  Line* make() const {   // zeros, which the system gives for nothing where they are not touched
    const std::size_t n = count() ? count() : 1;
    auto* p = static_cast<Line*>(std::aligned_alloc(alignof(Line), n * sizeof(Line)));
    if (!p) throw std::bad_alloc();
    std::memset(static_cast<void*>(p), 0, n * sizeof(Line));
    return p;
  }
};

/// Cells of global memory, page by page.
class Shadow {
 public:
  static constexpr unsigned kPageBits = 12;
  Cells& page(std::uint64_t address) {
    auto& cells = pages_[address >> kPageBits];
    if (!cells) cells = std::make_unique<Cells>(std::size_t{1} << kPageBits), ++size_;
    return *cells;
  }
  void split(Cells& page) {
    page.split();
    size_ += 3;
  }
  void clear() {
    pages_.clear();
    size_ = 0;
  }
  /// What it takes, in pages of words.
  std::size_t size() const { return size_; }

 private:
  std::unordered_map<std::uint64_t, std::unique_ptr<Cells>> pages_;
  std::size_t size_ = 0;
};

}  // namespace simt::observers
