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
      for (unsigned k = 0; k < set.count; ++k) {
        const Traffic t{0, sectors(set.way[k].dirty) * 32, set.way[k].writer};
        if (t.written) each(t);
      }
      set.count = 0;
    }
    used_.clear();
  }
  /// A line that will soon be read or written.
  void expect(std::uint64_t line) const { __builtin_prefetch(&sets_[line % count_], 1); }

 private:
  static constexpr unsigned kWays = 16;
  struct Way {
    std::uint32_t tag;                    // number of the line / number of sets
    std::uint32_t valid, dirty, writer;   ///< words that are here, words not yet in DRAM
  };
  struct Set {
    std::uint32_t count;
    Way way[kWays];                       // the line used last comes first
  };
  static unsigned sectors(std::uint32_t words);
  /// Brings the line to the front of its set; the traffic is that of the line which had to go.
  Way& find(std::uint64_t line, Traffic& traffic);

  std::size_t count_;
  struct Free {
    void operator()(void* p) const;
  };
  std::unique_ptr<Set[], Free> sets_;     // zeroed pages, which cost nothing until they are used
  std::vector<std::uint32_t> used_;
};

}  // namespace simt::model
