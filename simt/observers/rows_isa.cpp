// Ranges of addresses, for one instruction set.
#include "simt/observers/rows.hpp"

#include <bit>

#include "simt/exec/lanes.hpp"

namespace simt::observers::SIMT_ISA {

using namespace simt::lanes::SIMT_ISA;

namespace {

template <class A>
RowRange range(const std::byte* at, Mask mask, unsigned shift) {
  const auto* address = reinterpret_cast<const typename Aliased<A>::type*>(at);
  const int first = std::countr_zero(mask);
  const A base = address[first], start = base - (A(first) << shift);
  A low = base, high = base, difference = 0;
  if (mask == kAllLanes) {
    for (int lane = 0; lane < kLanes; ++lane) difference |= (address[lane] - start) ^ (A(lane) << shift);
    if (difference == 0) return {base, address[kLanes - 1], true};
    for (int lane = 0; lane < kLanes; ++lane) {
      low = address[lane] < low ? address[lane] : low;
      high = address[lane] > high ? address[lane] : high;
    }
    return {low, high, false};
  }
  for (int lane = 0; lane < kLanes; ++lane) {
    const A a = (A(mask) & kLaneBits<A>.bit[lane]) != 0 ? address[lane] : base;
    low = a < low ? a : low;
    high = a > high ? a : high;
    difference |= (A(mask) & kLaneBits<A>.bit[lane]) != 0 ? (a - start) ^ (A(lane) << shift) : A{0};
  }
  const std::uint64_t run = std::uint64_t(mask) >> first;
  return {low, high, difference == 0 && (run & (run + 1)) == 0};
}

}  // namespace

RangeOf range_of() { return {range<std::uint32_t>, range<std::uint64_t>}; }

}  // namespace simt::observers::SIMT_ISA
