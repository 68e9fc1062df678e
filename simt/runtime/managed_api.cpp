// The interface's advice, prefetches and questions about managed memory. One copy of every page serves both sides, so what the
// program asks for is remembered and has no other effect.
#include <cstring>
#include <iterator>
#include <map>
#include <mutex>
#include <utility>

#include "simt/memory/memory.hpp"
#include "simt/runtime/capture.hpp"
#include "simt/runtime/copy.hpp"
#include "simt/runtime/managed.hpp"

using namespace simt::runtime;
using simt::memory::AddressSpace;
using simt::memory::GuestAddr;
using simt::memory::Kind;
namespace abi = simt::abi;
using std::size_t;

namespace {

constexpr int kHost = -1, kNowhere = -2;   // cudaCpuDeviceId, cudaInvalidDeviceId
constexpr abi::MemLocation kNone{0, 0};

/// What the program said of a stretch of memory.
struct Advice {
  bool mostly_read = false;
  abi::MemLocation preferred = kNone, prefetched = kNone;
  std::uint64_t accessed_by = 0;   // a bit a device, the last one the host's
};
constexpr int kHostBit = 63;

struct Advised {
  std::mutex mutex;
  std::map<GuestAddr, Advice> from;   // each holds up to the next one; the first address of all has none

  /// Makes the address the beginning of a stretch.
  void split(GuestAddr at) {
    const auto next = from.upper_bound(at);
    const Advice before = next == from.begin() ? Advice{} : std::prev(next)->second;
    from.emplace(at, before);
  }
  template <class F>
  void each(GuestAddr begin, GuestAddr end, F f) {
    split(begin);
    split(end);
    for (auto at = from.find(begin); at != from.end() && at->first < end; ++at) f(at->second);
  }
};
Advised& advised() {
  static auto* a = new Advised;
  return *a;
}

GuestAddr address(const void* p) { return reinterpret_cast<GuestAddr>(p); }

/// Advice and prefetches are about the whole pages that a range touches.
constexpr GuestAddr kPage = 4096;
GuestAddr first_page(const void* p) { return address(p) / kPage * kPage; }
GuestAddr last_page(const void* p, size_t n) { return (address(p) + n + kPage - 1) / kPage * kPage; }

Code check_managed(const void* p, size_t bytes) {
  if (bytes == 0) return fail(abi::kInvalidValue, "the range is empty.");
  const auto a = AddressSpace::instance().lookup(address(p));
  if (!a || a->kind != Kind::managed) return fail(abi::kInvalidValue, format("%p is not managed memory.", p));
  if (bytes > a->size - (address(p) - a->base)) return fail(abi::kInvalidValue, format("%zu bytes do not fit into %s.", bytes, describe(*a).c_str()));
  return 0;
}

Code check_location(const abi::MemLocation& l) {
  if (l.type == 1) return check_device(l.id);
  if (l.type < 0 || l.type > 4) return fail(abi::kInvalidValue, format("%d is not a cudaMemLocationType.", l.type));
  return 0;
}

/// No graph prefetches or discards.
Code check_stream(void* stream, Default meaning) {
  const StreamRef s = stream_of(stream, meaning);
  if (!s) return abi::kInvalidResourceHandle;
  CaptureRef capture;
  if (Code c = capturing(s, capture)) return c;
  return capture ? capture_wait(s) : 0;
}

void remember_prefetch(const void* p, size_t n, const abi::MemLocation& where) {
  std::lock_guard lock(advised().mutex);
  advised().each(first_page(p), last_page(p, n), [&](Advice& a) { a.prefetched = where; });
}

Code prefetch(const void* p, size_t n, const abi::MemLocation& where, void* stream, Default meaning) {
  return call("cudaMemPrefetchAsync", [&]() -> Code {
    if (Code c = check_stream(stream, meaning)) return c;
    if (Code c = check_location(where)) return c;
    if (Code c = check_managed(p, n)) return c;
    remember_prefetch(p, n, where);
    return 0;
  });
}

/// A batch of ranges, each with the last location whose index is not behind it; without locations they are only discarded.
Code batch_of_ranges(const char* name, void** pointers, const size_t* sizes, size_t count, const abi::MemLocation* where,
                     const size_t* first, size_t locations, bool prefetches, unsigned long long flags, void* stream, Default meaning) {
  return call(name, [&]() -> Code {
    if (Code c = check_stream(stream, meaning)) return c;
    if (flags) return fail(abi::kInvalidValue, format("flags 0x%llx; they must be 0.", flags));
    if (!pointers || !sizes || count == 0) return fail(abi::kInvalidValue, "a list is null, or there are no ranges.");
    if (prefetches && (!where || !first || locations == 0 || locations > count || first[0] != 0))
      return fail(abi::kInvalidValue, "the locations are null, none, more than the ranges, or do not begin with the first range.");
    for (size_t i = 0; i < locations; ++i) {
      if (Code c = check_location(where[i])) return c;
      if (first[i] >= count || (i && first[i] <= first[i - 1])) return fail(abi::kInvalidValue, "the indices of locations do not increase, or are behind the last range.");
    }
    for (size_t i = 0; i < count; ++i)
      if (Code c = check_managed(pointers[i], sizes[i])) return c;
    for (size_t i = 0, at = 0; prefetches && i < count; ++i) {
      while (at + 1 < locations && first[at + 1] <= i) ++at;
      remember_prefetch(pointers[i], sizes[i], where[at]);
    }
    return 0;
  });
}

bool same(const abi::MemLocation& a, const abi::MemLocation& b) { return a.type == b.type && (a.id == b.id || a.type == 2 || a.type == 0); }

/// What holds for all of a range.
Advice common(const void* p, size_t n) {
  auto& all = advised();
  std::lock_guard lock(all.mutex);
  Advice found;
  bool first = true;
  all.each(first_page(p), last_page(p, n), [&](const Advice& a) {
    if (std::exchange(first, false)) {
      found = a;
      return;
    }
    found.mostly_read &= a.mostly_read;
    found.accessed_by &= a.accessed_by;
    if (!same(found.preferred, a.preferred)) found.preferred = kNone;
    if (!same(found.prefetched, a.prefetched)) found.prefetched = kNone;
  });
  return found;
}

int id_of(const abi::MemLocation& l) { return l.type == 1 ? l.id : l.type == 0 ? kNowhere : kHost; }

Code tell_attribute(void* data, size_t bytes, int which, const Advice& a) {
  if (!data) return null_place();
  if (which == 3 ? bytes == 0 || bytes % 4 : bytes != 4) return fail(abi::kInvalidValue, format("%zu bytes for attribute %d; it takes 4, or for cudaMemRangeAttributeAccessedBy a multiple.", bytes, which));
  int* out = static_cast<int*>(data);
  switch (which) {
    case 1: *out = a.mostly_read; return 0;
    case 2: *out = id_of(a.preferred); return 0;
    case 3: {
      size_t n = 0;
      for (int bit = 0; bit <= kHostBit && n < bytes / 4; ++bit)
        if (a.accessed_by >> bit & 1) out[n++] = bit == kHostBit ? kHost : bit;
      while (n < bytes / 4) out[n++] = kNowhere;
      return 0;
    }
    case 4: *out = id_of(a.prefetched); return 0;
    case 5: *out = a.preferred.type; return 0;
    case 6: *out = a.preferred.id; return 0;
    case 7: *out = a.prefetched.type; return 0;
    case 8: *out = a.prefetched.id; return 0;
    default: return fail(abi::kInvalidValue, format("%d is not a cudaMemRangeAttribute.", which));
  }
}

Code attach(void* stream, void* p, Default meaning) {
  return call("cudaStreamAttachMemAsync", [&]() -> Code {
    if (!stream_of(stream, meaning)) return abi::kInvalidResourceHandle;
    return check_managed(p, 1);
  });
}

}  // namespace

void simt::runtime::forget_advice(const void* p, size_t bytes) {
  auto& all = advised();
  std::lock_guard lock(all.mutex);
  if (all.from.empty()) return;
  all.each(first_page(p), last_page(p, bytes), [](Advice& a) { a = {}; });
  all.from.erase(std::next(all.from.find(first_page(p))), all.from.find(last_page(p, bytes)));
}

PMPP_EXPORT Code cudaMemAdvise(const void* p, size_t n, int advice, abi::MemLocation l) {
  return call("cudaMemAdvise", [&]() -> Code {
    if (advice < 1 || advice > 6) return fail(abi::kInvalidValue, format("%d is not a cudaMemoryAdvise.", advice));
    if (Code c = check_location(l)) return c;
    if (Code c = check_managed(p, n)) return c;
    const std::uint64_t bit = std::uint64_t{1} << (l.type == 1 ? l.id : kHostBit);
    std::lock_guard lock(advised().mutex);
    advised().each(first_page(p), last_page(p, n), [&](Advice& a) {
      switch (advice) {
        case 1: case 2: a.mostly_read = advice == 1; break;
        case 3: a.preferred = l; break;
        case 4: a.preferred = kNone; break;
        case 5: a.accessed_by |= bit; break;
        default: a.accessed_by &= ~bit;
      }
    });
    return 0;
  });
}
PMPP_EXPORT Code cudaMemPrefetchAsync(const void* p, size_t n, abi::MemLocation l, unsigned, void* q) { return prefetch(p, n, l, q, L); }
PMPP_EXPORT Code cudaMemPrefetchAsync_ptsz(const void* p, size_t n, abi::MemLocation l, unsigned, void* q) { return prefetch(p, n, l, q, T); }
PMPP_EXPORT Code cudaMemPrefetchBatchAsync(void** p, size_t* n, size_t count, abi::MemLocation* l, size_t* i, size_t k, unsigned long long f, void* q) { return batch_of_ranges("cudaMemPrefetchBatchAsync", p, n, count, l, i, k, true, f, q, L); }
PMPP_EXPORT Code cudaMemPrefetchBatchAsync_ptsz(void** p, size_t* n, size_t count, abi::MemLocation* l, size_t* i, size_t k, unsigned long long f, void* q) { return batch_of_ranges("cudaMemPrefetchBatchAsync", p, n, count, l, i, k, true, f, q, T); }
PMPP_EXPORT Code cudaMemDiscardBatchAsync(void** p, size_t* n, size_t count, unsigned long long f, void* q) { return batch_of_ranges("cudaMemDiscardBatchAsync", p, n, count, nullptr, nullptr, 0, false, f, q, L); }
PMPP_EXPORT Code cudaMemDiscardBatchAsync_ptsz(void** p, size_t* n, size_t count, unsigned long long f, void* q) { return batch_of_ranges("cudaMemDiscardBatchAsync", p, n, count, nullptr, nullptr, 0, false, f, q, T); }
PMPP_EXPORT Code cudaMemDiscardAndPrefetchBatchAsync(void** p, size_t* n, size_t count, abi::MemLocation* l, size_t* i, size_t k, unsigned long long f, void* q) { return batch_of_ranges("cudaMemDiscardAndPrefetchBatchAsync", p, n, count, l, i, k, true, f, q, L); }
PMPP_EXPORT Code cudaMemDiscardAndPrefetchBatchAsync_ptsz(void** p, size_t* n, size_t count, abi::MemLocation* l, size_t* i, size_t k, unsigned long long f, void* q) { return batch_of_ranges("cudaMemDiscardAndPrefetchBatchAsync", p, n, count, l, i, k, true, f, q, T); }

PMPP_EXPORT Code cudaMemRangeGetAttribute(void* data, size_t bytes, int which, const void* p, size_t n) {
  return call("cudaMemRangeGetAttribute", [&]() -> Code {
    if (Code c = check_managed(p, n)) return c;
    return tell_attribute(data, bytes, which, common(p, n));
  });
}
PMPP_EXPORT Code cudaMemRangeGetAttributes(void** data, size_t* bytes, int* which, size_t count, const void* p, size_t n) {
  return call("cudaMemRangeGetAttributes", [&]() -> Code {
    if (!data || !bytes || !which || count == 0) return fail(abi::kInvalidValue, "a list is null, or there are no attributes.");
    if (Code c = check_managed(p, n)) return c;
    const Advice a = common(p, n);
    for (size_t i = 0; i < count; ++i)
      if (Code c = tell_attribute(data[i], bytes[i], which[i], a)) return c;
    return 0;
  });
}
PMPP_EXPORT Code cudaStreamAttachMemAsync(void* q, void* p, size_t, unsigned) { return attach(q, p, L); }
PMPP_EXPORT Code cudaStreamAttachMemAsync_ptsz(void* q, void* p, size_t, unsigned) { return attach(q, p, T); }
