// Copies and fills: what a pointer is, whether a box of bytes lies in one allocation, and moving it.
#pragma once

#include <cstddef>
#include <memory>

#include "simt/memory/memory.hpp"
#include "simt/runtime/graph_abi.hpp"
#include "simt/runtime/module.hpp"
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

/// A copy that was checked.
struct CopyOperation final : Operation {
  End dst, src;
  Shape shape;
  int kind = 0;
  bool pageable = false;              ///< one of its ends is ordinary host memory
  std::vector<int> between;           ///< the devices that it copies between, if they are two
  abi::Memcpy3DParms params{};        ///< as cudaGraphMemcpyNodeGetParams tells them
  int type() const override { return abi::kNodeMemcpy; }
  void run(const Stream&) const override;
};
/// A fill with elements of 1, 2 or 4 bytes; the shape counts bytes.
struct FillOperation final : Operation {
  End dst;
  unsigned value = 0, element = 1;
  Shape shape;
  abi::MemsetParams params{};
  int type() const override { return abi::kNodeMemset; }
  void run(const Stream&) const override;
};
Code make_copy(End dst, End src, Shape, int kind, std::shared_ptr<CopyOperation>& out);
Code make_fill(End dst, unsigned value, unsigned element, Shape, std::shared_ptr<FillOperation>& out);

/// Whether both describe operations on the same kinds of memory.
bool same_places(const CopyOperation&, const CopyOperation&);
bool same_place(const FillOperation&, const FillOperation&);

/// What cudaMemcpy3D is told, as the two ends of a copy.
Code resolve_box(const abi::Memcpy3DParms&, End& dst, End& src, Shape&);
/// The part of a symbol that a copy means; null after failing the call in progress.
void* symbol_part(const void* symbol, std::size_t bytes, std::size_t offset, BoundSymbol&);

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
