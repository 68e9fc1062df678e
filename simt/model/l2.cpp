// The L2 cache in front of DRAM.
#include "simt/model/l2.hpp"

#include <algorithm>
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
  return (words & 0x01010101u) * 0x01010101u >> 24;
}

L2::Way& L2::find(std::uint64_t line, Traffic& traffic) {
  // Arrays that fit lie evenly; the number of sets is mostly no power of two, so the rows of a matrix do too.
  const auto n = std::size_t(line % count_);
  const auto tag = std::uint32_t(line / count_);
  Set& set = sets_[n];
  if (set.count && set.way[0].tag == tag) return set.way[0];
  unsigned k = 1;
  while (k < set.count && set.way[k].tag != tag) ++k;
  Way way{tag, 0, 0, 0};
  if (k < set.count) {
    way = set.way[k];
  } else {
    if (set.count == 0) used_.push_back(std::uint32_t(n));
    if (set.count == kWays) {
      k = kWays - 1;
      traffic.written = sectors(set.way[k].dirty) * 32;
      traffic.writer = set.way[k].writer;
    } else {
      k = set.count++;
    }
  }
  for (; k > 0; --k) set.way[k] = set.way[k - 1];
  return set.way[0] = way;
}

L2::Traffic L2::read(std::uint64_t line, std::uint32_t words) {
  Traffic traffic;
  Way& way = find(line, traffic);
  std::uint32_t missing = words & ~way.valid;
  if (missing == 0) return traffic;
  missing |= missing >> 4;
  missing |= missing >> 2;
  missing |= missing >> 1;
  missing &= 0x01010101u;   // one bit a sector
  way.valid |= missing * 0xffu;
  traffic.read = (missing * 0x01010101u >> 24) * 32;
  return traffic;
}

L2::Traffic L2::write(std::uint64_t line, std::uint32_t words, std::uint32_t writer) {
  Traffic traffic;
  Way& way = find(line, traffic);
  way.valid |= words;
  way.dirty |= words;
  way.writer = writer;
  return traffic;
}

}  // namespace simt::model
