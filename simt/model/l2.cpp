// The L2 cache in front of DRAM.
#include "simt/model/l2.hpp"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <new>

namespace simt::model {

void L2::Free::operator()(void* p) const { std::free(p); }

L2::L2(std::size_t bytes) : count_(std::max<std::size_t>(bytes / 128 / kWays, 1)) {
  sets_.reset(static_cast<Set*>(std::calloc(count_, sizeof(Set))));
  if (!sets_) throw std::bad_alloc();
}

unsigned L2::sectors(std::uint32_t words) {   // bytes of the mask that are not zero
  words |= words >> 4;
  words |= words >> 2;
  words |= words >> 1;
  return unsigned(std::popcount(words & 0x01010101u));
}

L2::Set& L2::find(std::uint64_t line, Traffic& traffic) {
  // Arrays that fit lie evenly; the number of sets is mostly no power of two, so the rows of a matrix do too.
  const auto n = std::size_t(line % count_);
  Set& set = sets_[n];
  if (set.count && set.line[0] == line) return set;
  unsigned way = 1;
  while (way < set.count && set.line[way] != line) ++way;
  std::uint32_t valid = 0, dirty = 0, writer = 0;
  if (way < set.count) {
    valid = set.valid[way];
    dirty = set.dirty[way];
    writer = set.writer[way];
  } else {
    if (set.count == 0) used_.push_back(std::uint32_t(n));
    if (set.count == kWays) {
      way = kWays - 1;
      traffic.written = sectors(set.dirty[way]) * 32;
      traffic.writer = set.writer[way];
    } else {
      way = set.count++;
    }
  }
  for (; way > 0; --way) {
    set.line[way] = set.line[way - 1];
    set.valid[way] = set.valid[way - 1];
    set.dirty[way] = set.dirty[way - 1];
    set.writer[way] = set.writer[way - 1];
  }
  set.line[0] = line;
  set.valid[0] = valid;
  set.dirty[0] = dirty;
  set.writer[0] = writer;
  return set;
}

L2::Traffic L2::read(std::uint64_t line, std::uint32_t words) {
  Traffic traffic;
  Set& set = find(line, traffic);
  std::uint32_t missing = words & ~set.valid[0];
  if (missing == 0) return traffic;
  missing |= missing >> 4;
  missing |= missing >> 2;
  missing |= missing >> 1;
  missing &= 0x01010101u;
  set.valid[0] |= missing * 0xffu;
  traffic.read = unsigned(std::popcount(missing)) * 32;
  return traffic;
}

L2::Traffic L2::write(std::uint64_t line, std::uint32_t words, std::uint32_t writer) {
  Traffic traffic;
  Set& set = find(line, traffic);
  set.valid[0] |= words;
  set.dirty[0] |= words;
  set.writer[0] = writer;
  return traffic;
}

}  // namespace simt::model
