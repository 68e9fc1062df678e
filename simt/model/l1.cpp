// The L1 caches in front of L2.
#include "simt/model/l1.hpp"

#include <algorithm>
#include <cstdlib>
#include <new>

namespace simt::model {

std::size_t l1_of_a_block(const Profile& profile, unsigned threads, std::size_t shared_bytes, std::uint64_t blocks) {
  const auto shared = (shared_bytes + profile.shared_reserved + profile.shared_granule() - 1) / profile.shared_granule() *
                      profile.shared_granule();
  const auto sms = std::uint64_t(profile.sms);
  auto held = std::min<std::uint64_t>(std::uint64_t(profile.blocks_per_sm),
                                      std::uint64_t(profile.threads_per_sm) / std::max(1u, (threads + 31) / 32 * 32));
  if (shared) held = std::min<std::uint64_t>(held, profile.shared_per_sm / shared);
  held = std::max<std::uint64_t>(1, std::min(held, (blocks + sms - 1) / sms));
  // The driver takes the smallest split with room for the shared memory of all of them.
  std::size_t split = profile.shared_per_sm;
  for (auto kib : profile.shared_splits_kib)
    if (std::size_t(kib) * 1024 >= held * shared) split = std::min(split, std::size_t(kib) * 1024);
  return (profile.l1 - split) / held;
}

void L1::Free::operator()(void* p) const { std::free(p); }

L1::L1(std::size_t bytes, unsigned sms) : sets_(bytes / 128 / kWays), sms_(sms) {
  if (sets_ == 0) return;
  sets_ -= sets_ % 2 == 0;
  inverse_ = ~std::uint64_t{0} / sets_;
  memory_.reset(static_cast<Set*>(std::calloc(sets_ * sms, sizeof(Set))));
  if (!memory_) throw std::bad_alloc();
}

std::uint32_t L1::load(std::uint64_t line, std::uint32_t words) {
  if (sets_ == 0) return words;
  __extension__ typedef unsigned __int128 Wide;
  std::uint64_t n = line - std::uint64_t((Wide(line) * inverse_) >> 64) * sets_;   // line % sets, or a little more
  while (n >= sets_) n -= sets_;
  Set& set = own_[n];
  const std::uint64_t tag = (line + 1) << 4;
  unsigned k = 0;
  while (k < kWays - 1 && set.way[k] >> 4 != line + 1 && set.way[k] != 0) ++k;
  const std::uint64_t way = set.way[k] >> 4 == line + 1 ? set.way[k] : tag;
  for (; k > 0; --k) set.way[k] = set.way[k - 1];
  const std::uint64_t have = way & 15;
  if (have == 15) {
    set.way[0] = way;
    return 0;
  }
  const std::uint32_t here = std::uint32_t((have & 1) | (have & 2) << 7 | (have & 4) << 14 | (have & 8) << 21) * 0xffu;
  const std::uint32_t missing = words & ~here;
  std::uint64_t fetched = 0;
  for (unsigned n = 0; n < 4; ++n) fetched |= std::uint64_t((missing >> (8 * n) & 0xff) != 0) << n;
  set.way[0] = way | fetched;
  return missing;
}

}  // namespace simt::model
