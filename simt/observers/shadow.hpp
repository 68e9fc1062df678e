// Shadow memory of the race checker: who accessed each word last, or each byte where smaller accesses happen.
//
// What is certain is in the stamps. Masks and threads beside them answer for 32 cells at once, so that a row of accesses by
// a warp is mostly a few comparisons and stores of vectors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <unordered_map>

#include <sys/mman.h>

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

/// 32 cells. What is said here is of one launch, of shared memory of one interval between barriers; `newest` is the block
/// that accessed the line last, `interval` the time of the barrier before which all it did is known to all of it.
struct alignas(64) Line {
  std::uint32_t newest, interval;
  Mask read, written;
  Mask foreign_read, foreign_written;   ///< perhaps by other blocks than the newest
  Mask old_read, old_written;           ///< by the newest block, but before the interval
  Mask second;                          ///< there may be a second reader
  Mask two, many;                       ///< two lanes of the first reader's warp, two warps have read it in this interval
  Mask shared_by_blocks;                ///< two blocks have read it, and nothing orders blocks
  // Where neighbouring threads have accessed all of it by one instruction: the stamp of the first one, which stands for all.
  std::uint64_t first_row, write_row;
};
static_assert(sizeof(Line) == 64);

/// The stamps of a line.
struct alignas(64) Stamps {
  std::uint16_t reader[32], writer[32];   ///< threads of the first reader and of the writer, where no row stands for them
  /// Two readers that are not ordered are enough: whoever writes later is not ordered with at least one of them.
  std::uint64_t write[32], first[32], other[32];
};
/// In Stamps::writer: the write was strong, for whoever accesses the cell in the same way.
constexpr std::uint16_t kStrongWriter = 0x8000;

SIMT_PROBE_INLINE unsigned thread_of_row(std::uint64_t row) { return unsigned(row) >> 2 & 1023; }

/// Writes out what rows stand for.
SIMT_PROBE_INLINE void expand_reads(Line& l, Stamps& s) {
  if (!l.first_row) return;
  for (unsigned n = 0; n < 32; ++n) {
    s.reader[n] = std::uint16_t(thread_of_row(l.first_row) + n);
    s.first[n] = l.first_row + 4 * n;
  }
  l.first_row = 0;
}
SIMT_PROBE_INLINE void expand_writes(Line& l, Stamps& s) {
  if (!l.write_row) return;
  for (unsigned n = 0; n < 32; ++n) {
    s.writer[n] = std::uint16_t(thread_of_row(l.write_row) + n);
    s.write[n] = l.write_row + 4 * n;
  }
  l.write_row = 0;
}

/// Lines of a contiguous piece of memory.
struct Cells {
  Line* lines = nullptr;
  Stamps* stamps = nullptr;
  std::size_t bytes = 0;
  unsigned shift = 2;   ///< of a cell: words, or bytes

  explicit Cells(std::size_t size, unsigned cell_shift = 2) : bytes(size), shift(cell_shift) { make(); }
  ~Cells() { ::munmap(lines, size()); }
  Cells(const Cells&) = delete;
  /// From words to bytes.
  void split() {
    const std::size_t old_size = size();
    Line* const coarse = lines;
    Stamps* const before = stamps;
    shift = 0;
    make();
    for (std::size_t n = 0; n < count(); ++n) {
      Line& from = coarse[n / 4];
      if (!from.interval) continue;   // nobody has opened it
      Line& to = lines[n];
      expand_reads(from, before[n / 4]);
      expand_writes(from, before[n / 4]);
      to.newest = from.newest, to.interval = from.interval;
      for (unsigned c = 0; c < 32; ++c) {
        const unsigned s = unsigned(n % 4) * 8 + c / 4;
        for (Mask Line::*mask : {&Line::read, &Line::written, &Line::foreign_read, &Line::foreign_written, &Line::old_read,
                                 &Line::old_written, &Line::second, &Line::two, &Line::many, &Line::shared_by_blocks})
          to.*mask |= (from.*mask >> s & 1) << c;
        const auto &f = before[n / 4];
        auto& t = stamps[n];
        t.reader[c] = f.reader[s], t.writer[c] = f.writer[s];
        t.write[c] = f.write[s], t.first[c] = f.first[s], t.other[c] = f.other[s];
      }
    }
    ::munmap(coarse, old_size);
  }

 private:
  std::size_t count() const { return (bytes + (std::size_t{32} << shift) - 1) >> (5 + shift); }
  std::size_t size() const { return (count() + 1) * (sizeof(Line) + sizeof(Stamps)); }
  void make() {   // zeros, which the system gives for nothing where they are not touched
    void* const memory = ::mmap(nullptr, size(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    lines = static_cast<Line*>(memory);
    stamps = reinterpret_cast<Stamps*>(lines + count());
  }
};

/// Cells of global memory, page by page.
class Shadow {
 public:
  static constexpr unsigned kPageBits = 16;
  /// Of words, or of bytes if the first access is smaller than a word.
  Cells& page(std::uint64_t address, unsigned bytes) {
    auto& cells = pages_[address >> kPageBits];
    if (!cells) {
      cells = std::make_unique<Cells>(std::size_t{1} << kPageBits, bytes < 4 ? 0 : 2);
      size_ += bytes < 4 ? 4 : 1;
    }
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
