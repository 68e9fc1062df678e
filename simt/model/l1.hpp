// The L1 caches in front of L2, one an SM: lines of 128 bytes, of which 32-byte sectors are fetched one by one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "simt/model/profile.hpp"

namespace simt::model {

/// What a launch can do with the L1 caches of a device: what shared memory leaves of them, shared out among the blocks that an
/// SM holds at a time. Registers do not limit those here: only ptxas knows them.
std::size_t l1_of_a_block(const Profile& profile, unsigned threads, std::size_t shared_bytes, std::uint64_t blocks);

/// Blocks go to SMs in turn and through the cache one after another. Least recently used lines go first. Empty at first.
class L1 {
 public:
  L1(std::size_t bytes, unsigned sms);
  /// What follows is loaded by this block.
  void enter(std::uint64_t block) { own_ = memory_.get() + block % sms_ * sets_; }
  /// Loads 4-byte words of a line, bit n of `words` is bytes 4n to 4n+3; returns those of them that L2 has to give, because
  /// their sectors were not there.
  std::uint32_t load(std::uint64_t line, std::uint32_t words);
  static unsigned sectors(std::uint32_t words) {   // bytes of the mask that are not zero
    words |= words >> 4;
    words |= words >> 2;
    words |= words >> 1;
    return (words & 0x01010101u) * 0x01010101u >> 24;
  }

 private:
  static constexpr unsigned kWays = 16;
  struct Set {
    std::uint64_t way[kWays];   // line + 1, and in the low four bits the sectors that are here; the line used last comes first
  };
  struct Free {
    void operator()(void* p) const;
  };
  std::size_t sets_ = 0;        // of an SM, an odd number, so that the rows of a matrix lie evenly; none if there is no L1
  std::uint64_t inverse_ = 0;   // 2^64 / sets: to multiply is faster than to divide
  unsigned sms_;
  std::unique_ptr<Set[], Free> memory_;   // zeroed pages, which cost nothing until they are used
  Set* own_ = nullptr;
};

}  // namespace simt::model
