// The rows of integer.def as types, and the wrappers that make .lo .hi .wide .sat .relu and carries of them.
#pragma once

#include "simt/ops/lane_math.hpp"

namespace simt::ops::SIMT_OPS_NAMESPACE {

#define SIMT_INTEGER(name, signature, types, semantics, documentation)                                             \
  struct name##_row {                                                                                              \
    static constexpr char kName[] = #name;                                                                         \
    static constexpr char kSignature[] = #signature;                                                               \
    static constexpr char kTypes[] = types;                                                                        \
    template <class T, class A, class B = int, class C = int, class D = int>                                       \
    SIMT_LANE static auto of([[maybe_unused]] A a, [[maybe_unused]] B b = 0, [[maybe_unused]] C c = 0,             \
                             [[maybe_unused]] D d = 0) {                                                           \
      return semantics;                                                                                            \
    }                                                                                                              \
  };
#include "simt/ops/integer.def"
#undef SIMT_INTEGER

/// The type of a signature's letter.
template <class T, char Letter>
using Lane = typename Choose<Letter == 't', T,
                             typename Choose<Letter == 's', std::int32_t,
                                             typename Choose<Letter == 'w', typename LaneType<T>::Wide,
                                                             std::uint32_t>::type>::type>::type;

/// .lo and no modifier at all.
template <class Row>
struct Low {
  template <class T, class... S> SIMT_LANE static auto of(S... s) { return Row::template of<T>(s...); }
};

/// .hi: the row in twice the width, the summand moved to the upper half.
template <class Row>
struct High {
  template <class T, class... S> SIMT_LANE static T of(T a, T b, S... c) {
    using W = typename LaneType<T>::Wide;
    using U = typename LaneType<W>::Unsigned;
    return static_cast<T>(static_cast<U>(Row::template of<W>(W{a}, W{b}, static_cast<W>(static_cast<U>(c) << kBits<T>)...)) >> kBits<T>);
  }
};

/// .wide: the row in twice the width, the summand is that wide already.
template <class Row>
struct Wide {
  template <class T, class... S> SIMT_LANE static auto of(T a, T b, S... c) {
    using W = typename LaneType<T>::Wide;
    return Row::template of<W>(W{a}, W{b}, W{c}...);
  }
};

template <class T, class W>
SIMT_LANE T clamp_to(W x) {
  constexpr W most = static_cast<W>(static_cast<typename LaneType<T>::Unsigned>(-1) >> 1), least = -most - 1;
  return static_cast<T>(x > most ? most : x < least ? least : x);
}

/// .sat on sums (signed types): computed in twice the width, then clamped.
template <class Row>
struct Saturated {
  template <class T, class... S> SIMT_LANE static T of(S... s) {
    using W = typename LaneType<T>::Wide;
    return clamp_to<T>(static_cast<W>(Row::template of<W>(W{s}...)));
  }
};

/// .hi.sat of a product-and-sum: `Product` gives the upper half, the sum is clamped.
template <class Product>
struct SaturatedSum {
  template <class T> SIMT_LANE static T of(T a, T b, T c) {
    using W = typename LaneType<T>::Wide;
    return clamp_to<T>(static_cast<W>(W{static_cast<T>(Product::template of<T>(a, b))} + W{c}));
  }
};

/// .relu: negative results become zero.
template <class Row>
struct Clipped {
  template <class T, class... S> SIMT_LANE static T of(S... s) {
    T r = static_cast<T>(Row::template of<T>(s...));
    return r < 0 ? T(0) : r;
  }
};

}  // namespace simt::ops::SIMT_OPS_NAMESPACE
