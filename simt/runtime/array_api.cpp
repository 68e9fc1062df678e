// The interface's copies that know CUDA arrays: to, from and between them, and cudaMemcpy3D.
#include <algorithm>

#include "simt/runtime/copy.hpp"

using namespace simt::runtime;
namespace abi = simt::abi;
using std::size_t;
using ArrayRef = std::shared_ptr<Array>;

namespace {

End end_of(const Array& a, size_t x_bytes, size_t y, size_t z) {
  return {reinterpret_cast<void*>(a.base + (z * a.rows() + y) * a.row() + x_bytes), a.row(), a.row() * a.rows()};
}

/// Whether a box fits into an array; x in bytes.
Code check_box(const char* role, const Array& a, size_t x, size_t y, size_t z, const Shape& s) {
  if (x <= a.row() && s.width <= a.row() - x && y <= a.rows() && s.height <= a.rows() - y && z <= a.slices() && s.depth <= a.slices() - z) return 0;
  return fail(abi::kInvalidValue, format("%zu bytes x %zu rows x %zu slices at (%zu, %zu, %zu) do not fit into the %s array of %zu x %zu x %zu.",
                                         s.width, s.height, s.depth, x, y, z, role, a.row(), a.rows(), a.slices()));
}

Code to_array(const char* name, void* dst, size_t x, size_t y, const void* src, size_t pitch, size_t width, size_t height, int kind,
              void* stream, Default meaning, Wait wait) {
  return call(name, [&]() -> Code {
    ArrayRef a = array_of(dst);
    if (!a) return abi::kInvalidResourceHandle;
    const Shape s{width, height};
    if (Code c = check_box("destination", *a, x, y, 0, s)) return c;
    return copy(end_of(*a, x, y, 0), {src, pitch}, s, kind, stream_of(stream, meaning), wait);
  });
}

Code from_array(const char* name, void* dst, size_t pitch, const void* src, size_t x, size_t y, size_t width, size_t height, int kind,
                void* stream, Default meaning, Wait wait) {
  return call(name, [&]() -> Code {
    ArrayRef a = array_of(src);
    if (!a) return abi::kInvalidResourceHandle;
    const Shape s{width, height};
    if (Code c = check_box("source", *a, x, y, 0, s)) return c;
    return copy({dst, pitch}, end_of(*a, x, y, 0), s, kind, stream_of(stream, meaning), wait);
  });
}

Code between(const char* name, void* dst, size_t dx, size_t dy, const void* src, size_t sx, size_t sy, size_t width, size_t height,
             int kind, Default meaning) {
  return call(name, [&]() -> Code {
    ArrayRef d = array_of(dst), a = array_of(src);
    if (!d || !a) return abi::kInvalidResourceHandle;
    const Shape s{width, height};
    if (Code c = check_box("destination", *d, dx, dy, 0, s)) return c;
    if (Code c = check_box("source", *a, sx, sy, 0, s)) return c;
    return copy(end_of(*d, dx, dy, 0), end_of(*a, sx, sy, 0), s, kind, stream_of(nullptr, meaning), Wait::yes);
  });
}

/// Bytes of an array in the order of its rows, from a place on: without a gap between rows, that is plain memory.
Code run_of(const char* role, const void* handle, size_t x, size_t y, size_t bytes, ArrayRef& a, End& out) {
  if (!(a = array_of(handle))) return abi::kInvalidResourceHandle;
  const size_t all = a->row() * a->rows() * a->slices(), at = y * a->row() + x;
  if (y >= a->rows() || x > all || at > all || bytes > all - at)   // behind the end of a row the next one goes on
    return fail(abi::kInvalidValue, format("%zu bytes from byte %zu of row %zu on do not fit into the %s array of %zu rows of %zu bytes.",
                                           bytes, x, y, role, a->rows(), a->row()));
  out = {reinterpret_cast<void*>(a->base + at)};
  return 0;
}

Code run_to_array(const char* name, void* dst, size_t x, size_t y, const void* src, size_t bytes, int kind, void* stream, Default meaning, Wait wait) {
  return call(name, [&]() -> Code {
    ArrayRef a;
    End to;
    if (Code c = run_of("destination", dst, x, y, bytes, a, to)) return c;
    return copy(to, {src}, {bytes}, kind, stream_of(stream, meaning), wait);
  });
}

Code run_from_array(const char* name, void* dst, const void* src, size_t x, size_t y, size_t bytes, int kind, void* stream, Default meaning, Wait wait) {
  return call(name, [&]() -> Code {
    ArrayRef a;
    End from;
    if (Code c = run_of("source", src, x, y, bytes, a, from)) return c;
    return copy({dst}, from, {bytes}, kind, stream_of(stream, meaning), wait);
  });
}

Code run_between(const char* name, void* dst, size_t dx, size_t dy, const void* src, size_t sx, size_t sy, size_t bytes, int kind, Default meaning) {
  return call(name, [&]() -> Code {
    ArrayRef a, b;
    End to, from;
    if (Code c = run_of("destination", dst, dx, dy, bytes, a, to)) return c;
    if (Code c = run_of("source", src, sx, sy, bytes, b, from)) return c;
    return copy(to, from, {bytes}, kind, stream_of(nullptr, meaning), Wait::yes);
  });
}

/// One end of a 3D copy: an array or a pitched pointer. Positions count elements of an array, bytes of a pointer.
Code end_3d(const char* role, void* array, const abi::PitchedPtr& p, const abi::Pos& at, const Shape& s, ArrayRef& a, End& out) {
  if (array && p.ptr) return fail(abi::kInvalidValue, format("the %s is an array and a pointer; give one of them.", role));
  if (a) {
    if (Code c = check_box(role, *a, at.x * a->element, at.y, at.z, s)) return c;
    out = end_of(*a, at.x * a->element, at.y, at.z);
    return 0;
  }
  if (!p.ptr) return fail(abi::kInvalidValue, format("the %s is neither an array nor a pointer.", role));
  if (s.depth > 1 && p.ysize < s.height)
    return fail(abi::kInvalidValue, format("the %s has slices of %zu rows, fewer than the %zu to copy.", role, p.ysize, s.height));
  if (p.pitch < s.width || at.x > p.pitch - s.width)
    return fail(abi::kInvalidPitchValue, format("%zu bytes from byte %zu on do not fit into the %s's pitch of %zu bytes.", s.width, at.x, role, p.pitch));
  out = {static_cast<char*>(p.ptr) + (at.z * p.ysize + at.y) * p.pitch + at.x, p.pitch, p.pitch * p.ysize};
  return 0;
}

Code box(const abi::Memcpy3DParms& p, const StreamRef& stream, Wait wait) {
  End from, to;
  Shape s;
  if (Code c = resolve_box(p, to, from, s)) return c;
  return s.empty() ? 0 : copy(to, from, s, p.kind, stream, wait);
}

Code copy_3d(const char* name, const abi::Memcpy3DParms* p, void* stream, Default meaning, Wait wait) {
  return call(name, [&]() -> Code {
    if (!p) return fail(abi::kInvalidValue, "the parameters are null.");
    return box(*p, stream_of(stream, meaning), wait);
  });
}

/// One end of a copy of a batch, as cudaMemcpy3D has it. An array's elements are those of the extent, or bytes without one.
Code operand(const char* role, const abi::Memcpy3DOperand& o, const abi::Extent& e, size_t element, void*& array, abi::Pos& at, abi::PitchedPtr& pointer) {
  if (o.type == 2) {
    array = o.array.array;
    at = o.array.offset;
    return array ? 0 : fail(abi::kInvalidValue, format("the %s is a null array.", role));
  }
  if (o.type != 1) return fail(abi::kInvalidValue, format("the %s is neither a pointer nor an array; its type is %d.", role, o.type));
  if ((o.ptr.rowLength && o.ptr.rowLength < e.width) || (o.ptr.layerHeight && o.ptr.layerHeight < e.height))
    return fail(abi::kInvalidValue, format("the %s has rows of %zu elements and layers of %zu rows, less than the %zu x %zu to copy.", role,
                                           o.ptr.rowLength, o.ptr.layerHeight, e.width, e.height));
  const size_t row = (o.ptr.rowLength ? o.ptr.rowLength : e.width) * element;
  pointer = {o.ptr.ptr, row, row, o.ptr.layerHeight ? o.ptr.layerHeight : e.height};
  return 0;
}

Code boxes(size_t count, const abi::Memcpy3DBatchOp* list, unsigned long long flags, void* stream, Default meaning) {
  return call("cudaMemcpy3DBatchAsync", [&]() -> Code {
    if (!list || count == 0) return fail(abi::kInvalidValue, "the list is null, or there is nothing to copy.");
    if (flags) return fail(abi::kInvalidValue, format("flags 0x%llx; they must be 0.", flags));
    if (reinterpret_cast<std::uintptr_t>(stream) < 3) return fail(abi::kInvalidValue, "a batch is not possible on a default stream.");
    const StreamRef s = stream_of(stream, meaning);
    if (!s) return abi::kInvalidResourceHandle;
    std::vector<abi::Memcpy3DParms> all;
    for (size_t i = 0; i < count; ++i) {
      const auto& op = list[i];
      if (op.srcAccessOrder < 1 || op.srcAccessOrder > 3) return fail(abi::kInvalidValue, format("copy %zu: %d is not a cudaMemcpySrcAccessOrder.", i, op.srcAccessOrder));
      if (op.extent.width == 0 || op.extent.height == 0 || op.extent.depth == 0) return fail(abi::kInvalidValue, format("copy %zu has no elements.", i));
      ArrayRef a;
      for (const auto* o : {&op.src, &op.dst})
        if (o->type == 2 && !a && !(a = array_of(o->array.array))) return abi::kInvalidResourceHandle;
      const size_t element = a ? a->element : 1;
      abi::Memcpy3DParms p{};
      if (Code c = operand("source", op.src, op.extent, element, p.srcArray, p.srcPos, p.srcPtr)) return c;
      if (Code c = operand("destination", op.dst, op.extent, element, p.dstArray, p.dstPos, p.dstPtr)) return c;
      p.extent = op.extent;
      p.kind = abi::kDefault;
      all.push_back(p);
    }
    for (const auto& p : all)
      if (Code c = box(p, s, Wait::no)) return c;
    return 0;
  });
}

Code copy_3d_peer(const char* name, const abi::Memcpy3DPeerParms* p, void* stream, Default meaning, Wait wait) {
  return call(name, [&]() -> Code {
    if (!p) return fail(abi::kInvalidValue, "the parameters are null.");
    for (int device : {p->srcDevice, p->dstDevice})
      if (Code c = check_device(device)) return c;
    return box({p->srcArray, p->srcPos, p->srcPtr, p->dstArray, p->dstPos, p->dstPtr, p->extent, abi::kDefault}, stream_of(stream, meaning), wait);
  });
}

}  // namespace

Code simt::runtime::resolve_box(const abi::Memcpy3DParms& p, End& to, End& from, Shape& s) {
  ArrayRef src, dst;
  if (p.srcArray && !(src = array_of(p.srcArray))) return abi::kInvalidResourceHandle;
  if (p.dstArray && !(dst = array_of(p.dstArray))) return abi::kInvalidResourceHandle;
  if (src && dst && src->element != dst->element) return fail(abi::kInvalidValue, "the two arrays have elements of different size.");
  const size_t unit = src ? src->element : dst ? dst->element : 1;
  s = {p.extent.width * unit, p.extent.height, p.extent.depth};
  if (s.empty()) return 0;
  if (Code c = end_3d("source", p.srcArray, p.srcPtr, p.srcPos, s, src, from)) return c;
  return end_3d("destination", p.dstArray, p.dstPtr, p.dstPos, s, dst, to);
}

PMPP_EXPORT Code cudaMemcpy2DToArray(void* d, size_t x, size_t y, const void* s, size_t p, size_t w, size_t h, int k) { return to_array("cudaMemcpy2DToArray", d, x, y, s, p, w, h, k, nullptr, L, Wait::yes); }
PMPP_EXPORT Code cudaMemcpy2DToArray_ptds(void* d, size_t x, size_t y, const void* s, size_t p, size_t w, size_t h, int k) { return to_array("cudaMemcpy2DToArray", d, x, y, s, p, w, h, k, nullptr, T, Wait::yes); }
PMPP_EXPORT Code cudaMemcpy2DToArrayAsync(void* d, size_t x, size_t y, const void* s, size_t p, size_t w, size_t h, int k, void* q) { return to_array("cudaMemcpy2DToArrayAsync", d, x, y, s, p, w, h, k, q, L, Wait::no); }
PMPP_EXPORT Code cudaMemcpy2DToArrayAsync_ptsz(void* d, size_t x, size_t y, const void* s, size_t p, size_t w, size_t h, int k, void* q) { return to_array("cudaMemcpy2DToArrayAsync", d, x, y, s, p, w, h, k, q, T, Wait::no); }
PMPP_EXPORT Code cudaMemcpy2DFromArray(void* d, size_t p, const void* s, size_t x, size_t y, size_t w, size_t h, int k) { return from_array("cudaMemcpy2DFromArray", d, p, s, x, y, w, h, k, nullptr, L, Wait::yes); }
PMPP_EXPORT Code cudaMemcpy2DFromArray_ptds(void* d, size_t p, const void* s, size_t x, size_t y, size_t w, size_t h, int k) { return from_array("cudaMemcpy2DFromArray", d, p, s, x, y, w, h, k, nullptr, T, Wait::yes); }
PMPP_EXPORT Code cudaMemcpy2DFromArrayAsync(void* d, size_t p, const void* s, size_t x, size_t y, size_t w, size_t h, int k, void* q) { return from_array("cudaMemcpy2DFromArrayAsync", d, p, s, x, y, w, h, k, q, L, Wait::no); }
PMPP_EXPORT Code cudaMemcpy2DFromArrayAsync_ptsz(void* d, size_t p, const void* s, size_t x, size_t y, size_t w, size_t h, int k, void* q) { return from_array("cudaMemcpy2DFromArrayAsync", d, p, s, x, y, w, h, k, q, T, Wait::no); }
PMPP_EXPORT Code cudaMemcpy2DArrayToArray(void* d, size_t dx, size_t dy, const void* s, size_t sx, size_t sy, size_t w, size_t h, int k) { return between("cudaMemcpy2DArrayToArray", d, dx, dy, s, sx, sy, w, h, k, L); }
PMPP_EXPORT Code cudaMemcpy2DArrayToArray_ptds(void* d, size_t dx, size_t dy, const void* s, size_t sx, size_t sy, size_t w, size_t h, int k) { return between("cudaMemcpy2DArrayToArray", d, dx, dy, s, sx, sy, w, h, k, T); }

PMPP_EXPORT Code cudaMemcpyToArray(void* d, size_t x, size_t y, const void* s, size_t n, int k) { return run_to_array("cudaMemcpyToArray", d, x, y, s, n, k, nullptr, L, Wait::yes); }
PMPP_EXPORT Code cudaMemcpyToArray_ptds(void* d, size_t x, size_t y, const void* s, size_t n, int k) { return run_to_array("cudaMemcpyToArray", d, x, y, s, n, k, nullptr, T, Wait::yes); }
PMPP_EXPORT Code cudaMemcpyToArrayAsync(void* d, size_t x, size_t y, const void* s, size_t n, int k, void* q) { return run_to_array("cudaMemcpyToArrayAsync", d, x, y, s, n, k, q, L, Wait::no); }
PMPP_EXPORT Code cudaMemcpyToArrayAsync_ptsz(void* d, size_t x, size_t y, const void* s, size_t n, int k, void* q) { return run_to_array("cudaMemcpyToArrayAsync", d, x, y, s, n, k, q, T, Wait::no); }
PMPP_EXPORT Code cudaMemcpyFromArray(void* d, const void* s, size_t x, size_t y, size_t n, int k) { return run_from_array("cudaMemcpyFromArray", d, s, x, y, n, k, nullptr, L, Wait::yes); }
PMPP_EXPORT Code cudaMemcpyFromArray_ptds(void* d, const void* s, size_t x, size_t y, size_t n, int k) { return run_from_array("cudaMemcpyFromArray", d, s, x, y, n, k, nullptr, T, Wait::yes); }
PMPP_EXPORT Code cudaMemcpyFromArrayAsync(void* d, const void* s, size_t x, size_t y, size_t n, int k, void* q) { return run_from_array("cudaMemcpyFromArrayAsync", d, s, x, y, n, k, q, L, Wait::no); }
PMPP_EXPORT Code cudaMemcpyFromArrayAsync_ptsz(void* d, const void* s, size_t x, size_t y, size_t n, int k, void* q) { return run_from_array("cudaMemcpyFromArrayAsync", d, s, x, y, n, k, q, T, Wait::no); }
PMPP_EXPORT Code cudaMemcpyArrayToArray(void* d, size_t dx, size_t dy, const void* s, size_t sx, size_t sy, size_t n, int k) { return run_between("cudaMemcpyArrayToArray", d, dx, dy, s, sx, sy, n, k, L); }
PMPP_EXPORT Code cudaMemcpyArrayToArray_ptds(void* d, size_t dx, size_t dy, const void* s, size_t sx, size_t sy, size_t n, int k) { return run_between("cudaMemcpyArrayToArray", d, dx, dy, s, sx, sy, n, k, T); }

PMPP_EXPORT Code cudaMemcpy3D(const abi::Memcpy3DParms* p) { return copy_3d("cudaMemcpy3D", p, nullptr, L, Wait::yes); }
PMPP_EXPORT Code cudaMemcpy3D_ptds(const abi::Memcpy3DParms* p) { return copy_3d("cudaMemcpy3D", p, nullptr, T, Wait::yes); }
PMPP_EXPORT Code cudaMemcpy3DAsync(const abi::Memcpy3DParms* p, void* q) { return copy_3d("cudaMemcpy3DAsync", p, q, L, Wait::no); }
PMPP_EXPORT Code cudaMemcpy3DAsync_ptsz(const abi::Memcpy3DParms* p, void* q) { return copy_3d("cudaMemcpy3DAsync", p, q, T, Wait::no); }
PMPP_EXPORT Code cudaMemcpy3DBatchAsync(size_t n, abi::Memcpy3DBatchOp* list, unsigned long long flags, void* q) { return boxes(n, list, flags, q, L); }
PMPP_EXPORT Code cudaMemcpy3DBatchAsync_ptsz(size_t n, abi::Memcpy3DBatchOp* list, unsigned long long flags, void* q) { return boxes(n, list, flags, q, T); }
PMPP_EXPORT Code cudaMemcpy3DPeer(const abi::Memcpy3DPeerParms* p) { return copy_3d_peer("cudaMemcpy3DPeer", p, nullptr, L, Wait::yes); }
PMPP_EXPORT Code cudaMemcpy3DPeer_ptds(const abi::Memcpy3DPeerParms* p) { return copy_3d_peer("cudaMemcpy3DPeer", p, nullptr, T, Wait::yes); }
PMPP_EXPORT Code cudaMemcpy3DPeerAsync(const abi::Memcpy3DPeerParms* p, void* q) { return copy_3d_peer("cudaMemcpy3DPeerAsync", p, q, L, Wait::no); }
PMPP_EXPORT Code cudaMemcpy3DPeerAsync_ptsz(const abi::Memcpy3DPeerParms* p, void* q) { return copy_3d_peer("cudaMemcpy3DPeerAsync", p, q, T, Wait::no); }
