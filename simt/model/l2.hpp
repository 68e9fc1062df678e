// The L2 cache in front of DRAM: lines of 128 bytes, of which 32-byte sectors are fetched and written back one by one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace simt::model {

/// Least recently used lines go first; what is written stays until its line goes or the cache is flushed.
class L2 {
 public:
  explicit L2(std::size_t bytes);

  /// Bytes that an access moves from and to DRAM, and who had written what was moved out.
  struct Traffic {
    unsigned read = 0, written = 0;
    std::uint32_t writer = 0;
  };
  /// Reads or writes 4-byte words of a line; bit n of `words` is bytes 4n to 4n+3. `writer` names who writes.
  Traffic read(std::uint64_t line, std::uint32_t words);
  Traffic write(std::uint64_t line, std::uint32_t words, std::uint32_t writer);
  /// Writes back what is dirty and forgets everything; calls `each(Traffic)` for every line that moves.
  template <class F>
  void flush(F each) {
    for (const auto n : used_) {
      Set& set = sets_[n];
      for (unsigned way = 0; way < set.count; ++way) {
        const Traffic t{0, sectors(set.dirty[way]) * 32, set.writer[way]};
        if (t.written) each(t);
      }
      set.count = 0;
    }
    used_.clear();
  }

 private:
  static constexpr unsigned kWays = 16;
  struct Set {                            // the line used last comes first
    std::uint64_t line[kWays];
    std::uint32_t valid[kWays], dirty[kWays], writer[kWays];   ///< words that are here, words not yet in DRAM
    std::uint32_t count;
  };
  static unsigned sectors(std::uint32_t words);
  /// Brings the line to the front of its set; the traffic is that of the line which had to go.
  Set& find(std::uint64_t line, Traffic& traffic);

  std::size_t count_;
  struct Free {
    void operator()(void* p) const;
  };
  std::unique_ptr<Set[], Free> sets_;     // zeroed pages, which cost nothing until they are used
  std::vector<std::uint32_t> used_;
};

}  // namespace simt::model
