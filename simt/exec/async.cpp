// Asynchronous copies and barriers in memory (mbarrier).
#include "simt/exec/async.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <string>

#include "simt/exec/access.hpp"
#include "simt/exec/block.hpp"
#include "simt/exec/tell.hpp"

namespace simt::exec {
namespace {

using u32 = std::uint32_t;
using u64 = std::uint64_t;

void put_predicate(Warp& warp, std::int32_t row, Mask value) {
  const auto old = get<Mask>(warp, row, 0);
  put(warp, row, 0, (old & ~warp.active) | (value & warp.active));
}

/// The address in op[n] of a lane; the displacement belongs to the one that the access names.
u64 address_of(const Warp& warp, const Instr* instr, int n, int lane) {
  return get<u64>(warp, instr->op[n], lane) + u64(std::int64_t(instr->mem.offset));
}

// ---- copies ---------------------------------------------------------------------------------------------------------

AsyncCopies& copies_of(Warp& warp) {
  auto& all = warp.block->copies;
  if (all.empty()) all.resize(warp.block->warp_count);
  return all[warp.index];
}

Mask lanes_between(int first, int end) { return static_cast<Mask>((u64{1} << end) - (u64{1} << first)); }

/// How many lanes of `mask`, one after another from `first` on, are as `fits` wants them.
template <class Fits>
int followers(Mask mask, int first, Fits fits) {
  int end = first;
  while (end < kLanes && (mask >> end & 1) != 0 && fits(end)) ++end;
  return end - first;
}

/// Makes a copy; false after a fault.
bool make(Warp& warp, const AsyncCopy& c) {
  const u32 all = u32{c.bytes} * c.lanes, site = c.instr->mem.site;
  const bool told = observed(warp);
  if (c.bytes == c.read && !told && (c.source & (c.bytes - 1u)) == 0) {
    const std::byte* from = reach(warp, c.instr, site, c.source, all);
    if (std::byte* to = from ? reach(warp, c.instr, site, c.destination, all) : nullptr) {
      if (all == 16) std::memcpy(to, from, 16);
      else std::memmove(to, from, all);
      return true;
    }
  }
  for (int lane = c.lane; lane < c.lane + c.lanes; ++lane) {
    const u64 offset = u64(lane - c.lane) * c.bytes, source = c.source + offset, destination = c.destination + offset;
    std::byte data[16] = {};
    for (u32 at = 0; at < c.read;) {   // what is read may have any size; addresses are aligned to the size of the copy
      const u32 step = std::bit_floor(std::min<u32>(c.bytes, c.read - at));
      if (!read_lane(warp, c.instr, source + at, step, lane, data + at)) return false;
      at += step;
    }
    if (!write_lane(warp, c.instr, destination, c.bytes, lane, data)) return false;
    if (!told) continue;
    tell_copy(warp, destination, source, c.bytes, c.read);
    tell_copying(warp, c.instr, lane, destination, c.bytes, true);
  }
  return true;
}

/// Makes the copies of these lanes, but for those of a lane's `keep` latest groups. False after a fault.
bool make(Warp& warp, Mask lanes, u32 keep, bool uncommitted) {
  if (warp.block->copies.empty()) return true;
  auto& copies = copies_of(warp);
  const auto due = [&](const AsyncCopy& c, int lane) {
    return (lanes >> lane & 1) != 0 && (uncommitted || c.group + keep < copies.committed[lane]);
  };
  std::size_t kept = 0;
  for (std::size_t n = 0; n < copies.waiting.size(); ++n) {
    AsyncCopy c = copies.waiting[n];
    int ready = 0;
    for (int lane = c.lane; lane < c.lane + c.lanes; ++lane) ready += due(c, lane);
    if (ready == c.lanes) {
      if (!make(warp, c)) return false;
    } else if (ready == 0) {
      copies.waiting[kept++] = c;
    } else {   // lanes that parted since
      std::vector<AsyncCopy> each(c.lanes, c);
      for (u32 k = 0; k < c.lanes; ++k) {
        each[k].lane = std::uint8_t(c.lane + k);
        each[k].lanes = 1;
        each[k].source += u64{k} * c.bytes;
        each[k].destination += u64{k} * c.bytes;
      }
      copies.waiting.erase(copies.waiting.begin() + std::ptrdiff_t(n));
      copies.waiting.insert(copies.waiting.begin() + std::ptrdiff_t(n), each.begin(), each.end());
      --n;   // each of them by itself
    }
  }
  copies.waiting.resize(kept);
  return true;
}

// ---- barriers -------------------------------------------------------------------------------------------------------

constexpr u32 kMostThreads = (1u << 20) - 1;

/// The barrier of a lane; null after a fault.
std::byte* barrier_at(Warp& warp, const Instr* instr, int n, int lane, Barrier64& barrier) {
  std::byte* host = host_of(warp, instr, address_of(warp, instr, n, lane), 8, lane);
  if (host) std::memcpy(&barrier, host, 8);
  if (host && !barrier.valid) {
    raise(warp, instr, 719, "there is no initialised mbarrier at this address", lane);
    return nullptr;
  }
  return host;
}

void end_phase(Barrier64& barrier) {
  if (barrier.pending != 0 || barrier.bytes != 0) return;
  barrier.phase ^= 1;
  barrier.pending = barrier.expected;
}

/// Applies `change` to the barrier of every active lane, one after another; false after a fault.
template <class Change>
bool update(Warp& warp, const Instr* instr, int n, Change&& change) {
  for (Mask left = warp.active; left; left &= left - 1) {
    const int lane = std::countr_zero(left);
    Barrier64 barrier;
    std::byte* host = barrier_at(warp, instr, n, lane, barrier);
    if (!host || !change(barrier, lane)) return false;
    std::memcpy(host, &barrier, 8);
  }
  return true;
}

bool arrive_at(Warp& warp, const Instr* instr, Barrier64& barrier, u32 threads, int lane) {
  if (threads == 0 || threads > barrier.pending) {
    raise(warp, instr, 719, std::to_string(threads) + " threads arrive at an mbarrier that waits for " +
                                std::to_string(u32(barrier.pending)) + " more in this phase", lane);
    return false;
  }
  barrier.pending -= threads;
  return true;
}

template <bool drop>
const Instr* arrive_and_count(Warp& warp, const Instr* instr) {
  // The lanes of a warp arrive together: as long as it is one phase of one barrier, all of them see it as the first one does.
  u64 place = 0, before = 0;
  const bool good = update(warp, instr, 1, [&](Barrier64& barrier, int lane) {
    const u64 here = address_of(warp, instr, 1, lane);
    if (here != place || std::bit_cast<Barrier64>(before).phase != barrier.phase) before = std::bit_cast<u64>(barrier);
    place = here;
    const u32 threads = get<u32>(warp, instr->op[2], lane);
    barrier.bytes += get<u32>(warp, instr->op[3], lane);
    if (!arrive_at(warp, instr, barrier, threads, lane)) return false;
    if (drop) barrier.expected -= threads;
    end_phase(barrier);
    put(warp, instr->op[0], lane, before);
    return true;
  });
  return good ? instr + 1 : nullptr;
}

/// Whether the phase is over: of the token, or of the parity.
template <bool parity>
bool over(Warp& warp, const Instr* instr, Mask& done) {
  done = 0;
  return update(warp, instr, 1, [&](Barrier64& barrier, int lane) {
    const u32 of = parity ? get<u32>(warp, instr->op[2], lane) & 1
                          : u32(std::bit_cast<Barrier64>(get<u64>(warp, instr->op[2], lane)).phase);
    done |= Mask{barrier.phase != of} << lane;
    return true;
  });
}

template <bool parity>
const Instr* test(Warp& warp, const Instr* instr) {
  Mask done;
  if (!over<parity>(warp, instr, done)) return nullptr;
  put_predicate(warp, instr->op[0], done);
  return instr + 1;
}

/// Where a GPU would suspend the thread for a while, others have their turn.
template <bool parity>
const Instr* test_and_yield(Warp& warp, const Instr* instr) {
  Mask done;
  if (!over<parity>(warp, instr, done)) return nullptr;
  put_predicate(warp, instr->op[0], done);
  if ((warp.active & ~done) == 0) return instr + 1;
  park(warp, instr + 1, Warp::yielded);
  return pick(warp);
}

}  // namespace

const Instr* run_copy_size(Warp& warp, const Instr* instr) {
  Mask some = 0;
  for (Mask left = warp.active; left; left &= left - 1) {
    const int lane = std::countr_zero(left);
    const u32 size = std::min(get<u32>(warp, instr->op[2], lane), u32(instr->imm));
    put(warp, instr->op[0], lane, size);
    some |= Mask{size != 0} << lane;
  }
  put_predicate(warp, instr->op[1], some);
  return instr + 1;
}

const Instr* run_copy_source(Warp& warp, const Instr* instr) {
  for (Mask left = warp.active; left;) {
    const int first = std::countr_zero(left);
    const u64 from = address_of(warp, instr, 0, first);
    const u32 whole = get<u32>(warp, instr->op[2], first);
    const int end = first + std::max(1, followers(left, first, [&](int lane) {
      return address_of(warp, instr, 0, lane) == from + u64(lane - first) * whole && get<u32>(warp, instr->op[1], lane) == whole;
    }));
    left &= ~lanes_between(first, end);
    const bool complete = (from & (whole - 1)) == 0 && get<u32>(warp, instr->op[1], first) == whole;
    if (complete && reach(warp, instr, instr->mem.site, from, u64(end - first) * whole)) continue;
    for (int lane = first; lane < end; ++lane) {
      // Aligned to the whole copy, but only what is read has to be there.
      const u64 at_lane = address_of(warp, instr, 0, lane);
      const u32 bytes = at_lane % whole ? whole : get<u32>(warp, instr->op[1], lane);
      std::byte unused[16];
      for (u32 at = 0; at < bytes;) {
        const u32 step = std::bit_floor(std::min(whole, bytes - at));
        if (!read_lane(warp, instr, at_lane + at, step, lane, unused)) return nullptr;
        at += step;
      }
    }
  }
  return instr + 1;
}

const Instr* run_copy(Warp& warp, const Instr* instr) {
  auto& copies = copies_of(warp);
  for (Mask left = warp.active; left;) {
    const int first = std::countr_zero(left);
    AsyncCopy copy{instr, address_of(warp, instr, 0, first), get<u64>(warp, instr->op[1], first), copies.committed[first],
                   std::uint8_t(get<u32>(warp, instr->op[2], first)), std::uint8_t(get<u32>(warp, instr->op[3], first)),
                   std::uint8_t(first), 1};
    copy.lanes = std::uint8_t(std::max(1, followers(left, first, [&](int lane) {
      const u64 offset = u64(lane - first) * copy.bytes;
      return get<u64>(warp, instr->op[1], lane) == copy.source + offset && address_of(warp, instr, 0, lane) == copy.destination + offset &&
             get<u32>(warp, instr->op[3], lane) == copy.bytes && copies.committed[lane] == copy.group;
    })));
    const int end = first + copy.lanes;
    left &= ~lanes_between(first, end);
    if ((copy.destination & (copy.bytes - 1u)) != 0 || !reach(warp, instr, instr->mem.site, copy.destination, u64{copy.bytes} * copy.lanes))
      for (int lane = first; lane < end; ++lane)
        if (!host_of(warp, instr, copy.destination + u64(lane - first) * copy.bytes, copy.bytes, lane)) return nullptr;
    copies.waiting.push_back(copy);
    for (int lane = first; lane < end && observed(warp); ++lane)
      tell_copying(warp, instr, lane, copy.destination + u64(lane - first) * copy.bytes, copy.bytes, false);
  }
  return instr + 1;
}

const Instr* run_copy_commit(Warp& warp, const Instr* instr) {
  auto& copies = copies_of(warp);
  for (Mask left = warp.active; left; left &= left - 1) ++copies.committed[std::countr_zero(left)];
  return instr + 1;
}

const Instr* run_copy_wait(Warp& warp, const Instr* instr) {
  return make(warp, warp.active, u32(instr->imm), false) ? instr + 1 : nullptr;
}

const Instr* run_copy_wait_all(Warp& warp, const Instr* instr) {
  return make(warp, warp.active, 0, true) ? instr + 1 : nullptr;
}

const Instr* run_copy_bulk(Warp& warp, const Instr* instr) {
  for (Mask left = warp.active; left; left &= left - 1) {
    const int lane = std::countr_zero(left);
    const u64 to = get<u64>(warp, instr->op[0], lane), from = get<u64>(warp, instr->op[1], lane);
    const u32 bytes = get<u32>(warp, instr->op[2], lane);
    if (bytes % 16) return raise(warp, instr, 716, "a bulk copy of " + std::to_string(bytes) + " bytes; the number must be a multiple of 16", lane);
    const bool told = observed(warp), to_shared = to - memory::kSharedWindow < memory::kWindowSize;
    for (u32 at = 0; at < bytes; at += 16) {
      if (told) tell_access(warp, instr, lane, from + at, 16, ir::AccessKind::load);
      if (told && to_shared) tell_copying(warp, instr, lane, to + at, 16, false);
      else if (told) tell_access(warp, instr, lane, to + at, 16, ir::AccessKind::store);
      std::byte data[16];
      if (!read_lane(warp, instr, from + at, 16, lane, data) || !write_lane(warp, instr, to + at, 16, lane, data)) return nullptr;
    }
    if (told) tell_copy(warp, to, from, bytes, bytes);
  }
  return instr + 1;
}

const Instr* run_mbarrier_init(Warp& warp, const Instr* instr) {
  for (Mask left = warp.active; left; left &= left - 1) {
    const int lane = std::countr_zero(left);
    const u32 threads = get<u32>(warp, instr->op[1], lane);
    if (threads == 0 || threads > kMostThreads)
      return raise(warp, instr, 719, "an mbarrier for " + std::to_string(threads) + " threads; 1 to 1048575 are possible", lane);
    std::byte* host = host_of(warp, instr, address_of(warp, instr, 0, lane), 8, lane);
    if (!host) return nullptr;
    const Barrier64 barrier{threads, threads, 0, 1, 0};
    std::memcpy(host, &barrier, 8);
  }
  return instr + 1;
}

const Instr* run_mbarrier_inval(Warp& warp, const Instr* instr) {
  const bool good = update(warp, instr, 0, [](Barrier64& barrier, int) { barrier = {}; return true; });
  return good ? instr + 1 : nullptr;
}

const Instr* run_mbarrier_expect(Warp& warp, const Instr* instr) {
  const bool good = update(warp, instr, 0, [&](Barrier64& barrier, int lane) {
    barrier.bytes += get<u32>(warp, instr->op[1], lane);
    return true;
  });
  return good ? instr + 1 : nullptr;
}

const Instr* run_in_cluster(Warp& warp, const Instr* instr) {
  if (warp.worker->grid->cluster_blocks > 1) return instr + 1;
  return raise(warp, instr, 715, "st.async in a kernel that was launched without clusters", std::countr_zero(warp.active));
}

const Instr* run_mbarrier_complete(Warp& warp, const Instr* instr) {
  const bool good = update(warp, instr, 0, [&](Barrier64& barrier, int lane) {
    barrier.bytes -= get<u32>(warp, instr->op[1], lane);
    end_phase(barrier);
    return true;
  });
  return good ? instr + 1 : nullptr;
}

const Instr* run_mbarrier_arrive(Warp& warp, const Instr* instr) { return arrive_and_count<false>(warp, instr); }
const Instr* run_mbarrier_drop(Warp& warp, const Instr* instr) { return arrive_and_count<true>(warp, instr); }

const Instr* run_mbarrier_track(Warp& warp, const Instr* instr) {
  if (!make(warp, warp.active, 0, true)) return nullptr;
  if (observed(warp)) tell_tracked(warp, instr);
  const bool good = update(warp, instr, 0, [&](Barrier64& barrier, int lane) {
    // Without .noinc the arrival was counted beforehand, which leaves the barrier as it is.
    if (get<u32>(warp, instr->op[1], lane) == 0) return true;
    if (!arrive_at(warp, instr, barrier, 1, lane)) return false;
    end_phase(barrier);
    return true;
  });
  return good ? instr + 1 : nullptr;
}

const Instr* run_mbarrier_test(Warp& warp, const Instr* instr) { return test<false>(warp, instr); }
const Instr* run_mbarrier_test_parity(Warp& warp, const Instr* instr) { return test<true>(warp, instr); }
const Instr* run_mbarrier_try(Warp& warp, const Instr* instr) { return test_and_yield<false>(warp, instr); }
const Instr* run_mbarrier_try_parity(Warp& warp, const Instr* instr) { return test_and_yield<true>(warp, instr); }

const Instr* run_mbarrier_pending(Warp& warp, const Instr* instr) {
  for (Mask left = warp.exec; left; left &= left - 1) {
    const int lane = std::countr_zero(left);
    put(warp, instr->op[0], lane, u32(std::bit_cast<Barrier64>(get<u64>(warp, instr->op[1], lane)).pending));
  }
  return instr + 1;
}

}  // namespace simt::exec
