// Shadow memory: who accessed each word last, or each byte where smaller accesses happen.
#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

namespace simt::observers {

/// An access: whose, when on the clock of its block, and how.
struct Stamp {
  std::uint32_t instance = 0;   ///< number of the block's run, unique in the process; 0: none
  std::uint32_t when = 0;
  std::uint32_t site = 0;       ///< instruction
  std::uint16_t thread = 0;     ///< in the block
  std::uint8_t strength = 0;    ///< 0: weak, 1: strong in the block, 2: strong in the device
  std::uint8_t serial = 0;      ///< tells executions of one instruction apart
};

/// Two readers that are not ordered are enough: whoever writes later is not ordered with at least one of them.
struct Cell {
  Stamp write, read[2];
};

/// Cells of a contiguous piece of memory.
class Cells {
 public:
  explicit Cells(std::size_t bytes) : bytes_(bytes), cells_((bytes + 3) / 4), quiet_(cells_.size(), 0) {}
  Cell* at(std::size_t offset, unsigned bytes, unsigned& count) {
    if (bytes < 4 && !by_byte_) split();
    const unsigned shift = by_byte_ ? 0 : 2;
    count = bytes >> shift;
    return &cells_[offset >> shift];
  }
  std::size_t bytes() const { return bytes_; }
  /// Beside a cell: the tag of those to whom another read of it is nothing new.
  std::uint32_t& quiet(const Cell* cell) { return quiet_[std::size_t(cell - cells_.data())]; }
  /// Whether reads of [offset, offset + bytes) are nothing new to who has one of these tags.
  bool all_quiet(std::size_t offset, std::size_t bytes, std::uint32_t a, std::uint32_t b) const {
    const unsigned shift = by_byte_ ? 0 : 2;
    const std::uint32_t* q = &quiet_[offset >> shift];
    std::uint32_t loud = 0;
    for (std::size_t n = 0; n < bytes >> shift; ++n) loud |= (q[n] != a) & (q[n] != b);
    return loud == 0;
  }

 private:
  void split() {
    std::vector<Cell> fine(cells_.size() * 4);
    for (std::size_t n = 0; n < fine.size(); ++n) fine[n] = cells_[n / 4];
    cells_ = std::move(fine);
    quiet_.assign(cells_.size(), 0);
    by_byte_ = true;
  }
  std::size_t bytes_;
  bool by_byte_ = false;
  std::vector<Cell> cells_;
  std::vector<std::uint32_t> quiet_;
};

/// Cells of global memory, page by page.
class Shadow {
 public:
  static constexpr unsigned kPageBits = 12;
  /// The page of an address, and where in it the address lies.
  Cells& page(std::uint64_t address, std::size_t& offset) {
    const std::uint64_t page = address >> kPageBits;
    offset = address & ((1u << kPageBits) - 1);
    if (page != last_page_ || !last_) {
      auto& cells = pages_[page];
      if (!cells) cells = std::make_unique<Cells>(std::size_t{1} << kPageBits);
      last_page_ = page;
      last_ = cells.get();
    }
    return *last_;
  }
  void clear() {
    pages_.clear();
    last_ = nullptr;
  }
  std::size_t pages() const { return pages_.size(); }

 private:
  std::unordered_map<std::uint64_t, std::unique_ptr<Cells>> pages_;
  std::uint64_t last_page_ = 0;
  Cells* last_ = nullptr;
};

}  // namespace simt::observers
