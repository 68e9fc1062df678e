// Copies and fills: what a pointer is, whether a box of bytes lies in one allocation, and moving it.
#pragma once

#include <cstddef>
#include <memory>

#include "simt/memory/memory.hpp"
#include "simt/runtime/stream.hpp"

namespace simt::runtime {

/// Bytes in rows and slices. A plain copy is one row.
struct Shape {
  std::size_t width = 0, height = 1, depth = 1;
  bool empty() const { return width == 0 || height == 0 || depth == 0; }
};

/// One end of a copy.
struct End {
  const void* pointer = nullptr;
  std::size_t pitch = 0, slice = 0;   ///< bytes from row to row, from slice to slice
};

/// A cudaArray: rows of elements without padding in device memory.
struct Array {
  abi::ChannelFormatDesc desc{};
  abi::Extent extent{};               ///< as the caller gave it: height and depth may be 0
  unsigned flags = 0;
  std::size_t element = 0;
  memory::GuestAddr base = 0;
  bool is_level = false;              ///< of a mipmapped array, which frees it
  std::size_t row() const { return extent.width * element; }
  std::size_t rows() const { return extent.height ? extent.height : 1; }
  std::size_t slices() const { return extent.depth ? extent.depth : 1; }
};

enum class Wait : bool { no, yes };   ///< whether the call returns when the copy is done

/// Copies a box. `kind` is a cudaMemcpyKind; the real places of the pointers are checked against it.
Code copy(End dst, End src, Shape, int kind, const StreamRef&, Wait);
Code fill(End dst, int value, Shape, const StreamRef&, Wait);

enum ArrayFlags : unsigned { kLayered = 1, kSurface = 2, kCubemap = 4, kGather = 8 };

/// A mipmapped array: its levels lie behind each other, the finest first.
struct Mipmaps {
  std::vector<std::shared_ptr<Array>> levels;
  std::vector<void*> handles;         ///< of the levels
  memory::GuestAddr base = 0;
  std::size_t bytes = 0;
};
std::shared_ptr<Mipmaps> mipmaps_of(const void* handle);   ///< null after failing the call in progress

std::shared_ptr<Array> array_of(const void* handle);   ///< null after failing the call in progress
void* add_array(std::shared_ptr<Array>);
std::shared_ptr<Array> remove_array(void* handle);

/// "allocation 3 (4096 bytes)" or "variable 'weights' (100 bytes)".
std::string describe(const memory::Allocation&);
/// Says what an address is that no live allocation holds: freed, beside an allocation, or not the device's at all.
std::string describe_stray(const void*);

}  // namespace simt::runtime
