// Atomics, and loads and stores that order: lane by lane.
//
// Shared memory belongs to one worker, so its atomics are plain operations; so are those of global memory while a grid
// has one worker only and the scope is not the system. Everything else is a host atomic, with acquire and release order
// whatever the guest asks for: on the host that costs nothing.
#include <atomic>
#include <bit>
#include <cstring>
#include <limits>
#include <mutex>

#include "simt/exec/access.hpp"
#include "simt/exec/handlers.hpp"
#include "simt/ops/exact.hpp"

namespace simt::exec {

namespace {

using u8 = std::uint8_t;
using u16 = std::uint16_t;
using u32 = std::uint32_t;
using u64 = std::uint64_t;
using s32 = std::int32_t;
using s64 = std::int64_t;

/// 16-byte accesses that order take a lock chosen by the address: hosts differ in what they can do with 16 bytes.
std::mutex& lock_of(const void* host) {
  static std::mutex locks[64];
  return locks[(reinterpret_cast<std::uintptr_t>(host) >> 4) % 64];
}

// ---- operations: new value from the old one, b and c ----------------------------------------------------------------

template <class T> struct Add { static T apply(T a, T b, T) { return a + b; } };
template <class T> struct Min { static T apply(T a, T b, T) { return b < a ? b : a; } };
template <class T> struct Max { static T apply(T a, T b, T) { return a < b ? b : a; } };
template <class T> struct And { static T apply(T a, T b, T) { return a & b; } };
template <class T> struct Or { static T apply(T a, T b, T) { return a | b; } };
template <class T> struct Xor { static T apply(T a, T b, T) { return a ^ b; } };
template <class T> struct Inc { static T apply(T a, T b, T) { return a >= b ? 0 : a + 1; } };
template <class T> struct Dec { static T apply(T a, T b, T) { return a == 0 || a > b ? b : a - 1; } };
template <class T> struct Exch { static T apply(T, T b, T) { return b; } };
template <class T> struct Cas { static T apply(T a, T b, T c) { return a == b ? c : a; } };

/// Sums, minima and maxima of numbers that are kept as bits. PTX flushes subnormal numbers of .f32 in global memory, and
/// in no other case. A NaN of .f64 stays as it is there, where the memory adds, and the operand's comes
/// first; an SM, which adds in shared memory, quietens it.
template <class F, class U, bool global = false>
struct AddFloat {
  static U flushed(U x) {
    constexpr bool flush = global && sizeof(U) == 4;
    constexpr U exponent = std::bit_cast<U>(std::numeric_limits<F>::infinity()), sign = ~(~U{0} >> 1);
    return flush && (x & exponent) == 0 ? x & sign : x;
  }
  static U apply(U a, U b, U) {
    const F sum = std::bit_cast<F>(flushed(a)) + std::bit_cast<F>(flushed(b));
    if (sum != sum) {   // .f64 keeps what a NaN carries
      const F x = std::bit_cast<F>(a), y = std::bit_cast<F>(b);
      if (sizeof(U) == 4 || (x == x && y == y)) return U(sizeof(U) == 4 ? ops::kF32.nan : ops::kF64.nan);
      if (global) return y == y ? a : b;
      return (x == x ? b : a) | std::bit_cast<U>(std::numeric_limits<F>::quiet_NaN());
    }
    return flushed(std::bit_cast<U>(sum));
  }
};
using AddF32 = AddFloat<float, u32>;
using AddF32Global = AddFloat<float, u32, true>;
using AddF64 = AddFloat<double, u64>;
using AddF64Global = AddFloat<double, u64, true>;

template <const ops::Format& format>
u16 add_small(u16 a, u16 b) {
  return u16(ops::pack(format, ops::sum(ops::unpack(format, a), ops::unpack(format, b), ops::Round::rn), {}));
}
enum class Order { min, max };
/// NaN loses against a number; -0 is below +0.
template <const ops::Format& format, Order order>
u16 pick_small(u16 a, u16 b) {
  const u16 sign = u16(format.sign_bit()), magnitude = u16(sign - 1), infinity = u16(format.infinity());
  const bool a_nan = (a & magnitude) > infinity, b_nan = (b & magnitude) > infinity;
  if (a_nan && b_nan) return u16(format.nan);
  if (a_nan) return b;
  if (b_nan) return a;
  auto key = [&](u16 x) { return x & sign ? int(sign) - int(x & magnitude) - 1 : int(sign) + int(x & magnitude); };
  const bool below = key(a) < key(b);
  return below == (order == Order::min) ? a : b;
}
template <u16 (*One)(u16, u16)>
struct Small { static u16 apply(u16 a, u16 b, u16) { return One(a, b); } };
template <u16 (*One)(u16, u16)>
struct Packed {
  static u32 apply(u32 a, u32 b, u32) { return u32(One(u16(a), u16(b))) | u32(One(u16(a >> 16), u16(b >> 16))) << 16; }
};

// ---- one lane -------------------------------------------------------------------------------------------------------

template <class Op, class T>
T alone(std::byte* host, T b, T c) {
  T old;
  std::memcpy(&old, host, sizeof(T));
  const T fresh = Op::apply(old, b, c);
  std::memcpy(host, &fresh, sizeof(T));
  return old;
}

template <class Op, class T>
T together(std::byte* host, T b, T c) {
  if constexpr (sizeof(T) == 16) {
    std::lock_guard lock(lock_of(host));
    return alone<Op, T>(host, b, c);
  } else {
    std::atomic_ref<T> place(*reinterpret_cast<T*>(host));
    if constexpr (std::is_same_v<Op, Add<T>>) return place.fetch_add(b);
    else if constexpr (std::is_same_v<Op, And<T>>) return place.fetch_and(b);
    else if constexpr (std::is_same_v<Op, Or<T>>) return place.fetch_or(b);
    else if constexpr (std::is_same_v<Op, Xor<T>>) return place.fetch_xor(b);
    else if constexpr (std::is_same_v<Op, Exch<T>>) return place.exchange(b);
    else if constexpr (std::is_same_v<Op, Cas<T>>) {
      T expected = b;
      place.compare_exchange_strong(expected, c);
      return expected;
    } else {
      T old = place.load(std::memory_order_relaxed);
      while (!place.compare_exchange_weak(old, Op::apply(old, b, c))) {}
      return old;
    }
  }
}

/// Whether the offsets of all lanes are inside of shared memory and aligned.
template <unsigned Size>
bool all_inside(const u32* address, u32 offset, u32 bytes) {
  if (bytes < Size) return false;
  const u32 span = bytes - Size;
  u32 outside = 0, low_bits = 0;
  for (int lane = 0; lane < kLanes; ++lane) {
    const u32 at = address[lane] + offset;
    outside |= at | (span - at);
    low_bits |= at;
  }
  return outside >> 31 == 0 && low_bits % Size == 0;
}

template <class Op, class T, bool Result>
const Instr* atomic_shared(Warp& warp, const Instr* instr) {
  constexpr bool three = std::is_same_v<Op, Cas<T>>;
  const u32 bytes = warp.shared_bytes;
  if constexpr (sizeof(T) <= 8) {
    u32 address[kLanes];
    std::memcpy(address, warp.regs + instr->op[1], sizeof address);
    const u32 offset = u32(instr->mem.offset);
    if (warp.active == kAllLanes && all_inside<sizeof(T)>(address, offset, bytes)) [[likely]] {
      std::byte* const shared = warp.shared;
      const std::int32_t d = instr->op[0], b_row = instr->op[2], c_row = three ? instr->op[3] : b_row;
      for (int lane = 0; lane < kLanes; ++lane) {
        const T old = alone<Op, T>(shared + u32(address[lane] + offset), get<T>(warp, b_row, lane), get<T>(warp, c_row, lane));
        if constexpr (Result) put(warp, d, lane, old);
      }
      return instr + 1;
    }
  }
  for (Mask left = warp.active; left; left &= left - 1) {
    const int lane = std::countr_zero(left);
    const u32 at = get<u32>(warp, instr->op[1], lane) + u32(instr->mem.offset);
    std::byte* host = warp.shared + at;
    if (at >= bytes || sizeof(T) > bytes - at || at % sizeof(T) != 0) [[unlikely]] {
      host = at % sizeof(T) == 0 ? shared_of(warp, at, sizeof(T)) : nullptr;
      if (!host) return raise_offset(warp, instr, at, sizeof(T), lane);
    }
    const T b = get<T>(warp, instr->op[2], lane);
    const T old = alone<Op, T>(host, b, three ? get<T>(warp, instr->op[3], lane) : b);
    if constexpr (Result) put(warp, instr->op[0], lane, old);
  }
  return instr + 1;
}

/// Global and generic addresses. Null after a fault.
template <class T>
std::byte* place_of(Warp& warp, const Instr* instr, int lane) {
  const u64 at = get<u64>(warp, instr->op[1], lane) + u64(std::int64_t(instr->mem.offset));
  const auto& window = warp.worker->windows[instr->mem.site];
  if (at >= window.lo && at < window.hi && sizeof(T) <= window.hi - at && at % sizeof(T) == 0) [[likely]]
    return reinterpret_cast<std::byte*>(at + u64(window.delta));
  if (at >= memory::kLocalWindow && at - memory::kLocalWindow < memory::kWindowSize) {
    raise(warp, instr, 700, "an atomic operation on local memory, which other threads cannot see", lane);
    return nullptr;
  }
  return host_of(warp, instr, at, sizeof(T), lane);
}

template <class Op, class T>
const Instr* atomic_flat(Warp& warp, const Instr* instr) {
  constexpr bool three = std::is_same_v<Op, Cas<T>>;
  const bool lonely = warp.worker->grid->alone && !warp.worker->code->accesses[instr->origin].system;
  for (Mask left = warp.active; left; left &= left - 1) {
    const int lane = std::countr_zero(left);
    std::byte* host = place_of<T>(warp, instr, lane);
    if (!host) return nullptr;
    const T b = get<T>(warp, instr->op[2], lane), c = three ? get<T>(warp, instr->op[3], lane) : b;
    if constexpr (std::is_same_v<Op, AddF32Global> || std::is_same_v<Op, AddF64Global>) {
      if (get<u64>(warp, instr->op[1], lane) >= memory::kSharedWindow) {   // a generic address
        using Inside = std::conditional_t<sizeof(T) == 4, AddF32, AddF64>;
        put(warp, instr->op[0], lane, alone<Inside, T>(host, b, c));
        continue;
      }
    }
    put(warp, instr->op[0], lane, lonely ? alone<Op, T>(host, b, c) : together<Op, T>(host, b, c));
  }
  return instr + 1;
}

struct Entry {
  std::string_view name;
  Handler shared, flat, shared_unread;
};
template <class Op, class T, class FlatOp = Op>
constexpr Entry entry(std::string_view name) {
  return {name, atomic_shared<Op, T, true>, atomic_flat<FlatOp, T>, atomic_shared<Op, T, false>};
}

constexpr Entry kAtomics[] = {
    entry<Add<u32>, u32>("add.u32"), entry<Add<u32>, u32>("add.s32"), entry<Add<u64>, u64>("add.u64"),
    entry<Add<u64>, u64>("add.s64"),
    entry<AddF32, u32, AddF32Global>("add.f32"), entry<AddF64, u64, AddF64Global>("add.f64"),
    entry<Small<add_small<ops::kF16>>, u16>("add.f16"), entry<Small<add_small<ops::kBf16>>, u16>("add.bf16"),
    entry<Packed<add_small<ops::kF16>>, u32>("add.f16x2"), entry<Packed<add_small<ops::kBf16>>, u32>("add.bf16x2"),
    entry<Min<u32>, u32>("min.u32"), entry<Min<s32>, s32>("min.s32"), entry<Min<u64>, u64>("min.u64"),
    entry<Min<s64>, s64>("min.s64"), entry<Max<u32>, u32>("max.u32"), entry<Max<s32>, s32>("max.s32"),
    entry<Max<u64>, u64>("max.u64"), entry<Max<s64>, s64>("max.s64"),
    entry<Small<pick_small<ops::kF16, Order::min>>, u16>("min.f16"),
    entry<Small<pick_small<ops::kF16, Order::max>>, u16>("max.f16"),
    entry<Small<pick_small<ops::kBf16, Order::min>>, u16>("min.bf16"),
    entry<Small<pick_small<ops::kBf16, Order::max>>, u16>("max.bf16"),
    entry<Packed<pick_small<ops::kF16, Order::min>>, u32>("min.f16x2"),
    entry<Packed<pick_small<ops::kF16, Order::max>>, u32>("max.f16x2"),
    entry<Packed<pick_small<ops::kBf16, Order::min>>, u32>("min.bf16x2"),
    entry<Packed<pick_small<ops::kBf16, Order::max>>, u32>("max.bf16x2"),
    entry<And<u32>, u32>("and.b32"), entry<And<u64>, u64>("and.b64"), entry<Or<u32>, u32>("or.b32"),
    entry<Or<u64>, u64>("or.b64"), entry<Xor<u32>, u32>("xor.b32"), entry<Xor<u64>, u64>("xor.b64"),
    entry<Inc<u32>, u32>("inc.u32"), entry<Dec<u32>, u32>("dec.u32"),
    entry<Exch<u32>, u32>("exch.b32"), entry<Exch<u64>, u64>("exch.b64"), entry<Exch<u128>, u128>("exch.b128"),
    entry<Cas<u16>, u16>("cas.b16"), entry<Cas<u32>, u32>("cas.b32"), entry<Cas<u64>, u64>("cas.b64"),
    entry<Cas<u128>, u128>("cas.b128"),
};

// ---- loads and stores that order ------------------------------------------------------------------------------------

template <class T>
T load_ordered(const std::byte* host) {
  if constexpr (sizeof(T) == 16) {
    std::lock_guard lock(lock_of(host));
    T value;
    std::memcpy(&value, host, 16);
    return value;
  } else {
    return std::atomic_ref<T>(*reinterpret_cast<T*>(const_cast<std::byte*>(host))).load(std::memory_order_acquire);
  }
}
template <class T>
void store_ordered(std::byte* host, T value) {
  if constexpr (sizeof(T) == 16) {
    std::lock_guard lock(lock_of(host));
    std::memcpy(host, &value, 16);
  } else {
    std::atomic_ref<T>(*reinterpret_cast<T*>(host)).store(value, std::memory_order_release);
  }
}

/// `Count` elements of type E at once, as one value of type T; 8-bit elements lie in 16-bit rows.
template <class E, unsigned Count, class T, bool Store, bool Signed = false>
const Instr* ordered(Warp& warp, const Instr* instr) {
  static_assert(sizeof(E) * Count == sizeof(T));
  using Row = std::conditional_t<sizeof(E) == 1, u16, E>;
  const std::int32_t address = instr->op[Count];
  for (Mask left = warp.active; left; left &= left - 1) {
    const int lane = std::countr_zero(left);
    const u64 at = get<u64>(warp, address, lane) + u64(std::int64_t(instr->mem.offset));
    E items[Count];
    if (at >= memory::kLocalWindow && at - memory::kLocalWindow < memory::kWindowSize) {   // a volatile local variable
      if constexpr (Store) {
        for (unsigned n = 0; n < Count; ++n) items[n] = E(get<Row>(warp, instr->op[n], lane));
        if (!write_lane(warp, instr, at, sizeof items, lane, items)) return nullptr;
      } else if (!read_lane(warp, instr, at, sizeof items, lane, items)) {
        return nullptr;
      }
    } else {
      const auto& window = warp.worker->windows[instr->mem.site];
      std::byte* host = at >= window.lo && at < window.hi && sizeof(T) <= window.hi - at && at % sizeof(T) == 0
                            ? reinterpret_cast<std::byte*>(at + u64(window.delta))
                            : host_of(warp, instr, at, sizeof(T), lane);
      if (!host) return nullptr;
      if constexpr (Store) {
        for (unsigned n = 0; n < Count; ++n) items[n] = E(get<Row>(warp, instr->op[n], lane));
        store_ordered<T>(host, std::bit_cast<T>(items));
      } else {
        const T value = load_ordered<T>(host);
        std::memcpy(items, &value, sizeof items);
      }
    }
    if constexpr (!Store)
      for (unsigned n = 0; n < Count; ++n)
        put<Row>(warp, instr->op[n], lane, Signed ? Row(std::int16_t(std::int8_t(items[n]))) : Row(items[n]));
  }
  return instr + 1;
}

template <bool Store>
Handler pick_ordered(Elem elem, unsigned count) {
  switch (elem) {
    case Elem::s8: if (!Store && count == 1) return ordered<u8, 1, u8, Store, true>; [[fallthrough]];
    case Elem::u8:
      return count == 1 ? ordered<u8, 1, u8, Store> : count == 2 ? ordered<u8, 2, u16, Store>
             : count == 4 ? ordered<u8, 4, u32, Store> : nullptr;
    case Elem::u16:
      return count == 1 ? ordered<u16, 1, u16, Store> : count == 2 ? ordered<u16, 2, u32, Store>
             : count == 4 ? ordered<u16, 4, u64, Store> : nullptr;
    case Elem::u32:
      return count == 1 ? ordered<u32, 1, u32, Store> : count == 2 ? ordered<u32, 2, u64, Store>
             : count == 4 ? ordered<u32, 4, u128, Store> : nullptr;
    case Elem::u64:
      return count == 1 ? ordered<u64, 1, u64, Store> : count == 2 ? ordered<u64, 2, u128, Store> : nullptr;
  }
  return nullptr;
}

}  // namespace

Handler strong_load_handler(Elem elem, unsigned count) { return pick_ordered<false>(elem, count); }
Handler strong_store_handler(Elem elem, unsigned count) { return pick_ordered<true>(elem, count); }

Handler atomic_handler(std::string_view operation, bool shared) {
  for (const auto& e : kAtomics)
    if (e.name == operation) return shared ? e.shared : e.flat;
  return nullptr;
}

Handler unread_handler(Handler handler) {
  for (const auto& e : kAtomics)
    if (e.shared == handler) return e.shared_unread;
  return handler;
}

}  // namespace simt::exec
