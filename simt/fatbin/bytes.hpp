// Numbers out of the bytes of a file, whatever their alignment.
#pragma once

#include <cstddef>
#include <cstring>
#include <string_view>

namespace simt::fatbin {

/// The T that lies `at` bytes behind the beginning. The caller has checked that it is there.
template <class T>
T load(std::string_view bytes, std::size_t at) {
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

}  // namespace simt::fatbin
