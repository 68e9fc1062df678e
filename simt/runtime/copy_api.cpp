// The interface's copies and fills of plain memory and of symbols. Arrays and cudaMemcpy3D are in array_api.cpp.
#include "simt/runtime/copy.hpp"
#include "simt/runtime/module.hpp"

using namespace simt::runtime;
namespace abi = simt::abi;
using std::size_t;

void* simt::runtime::symbol_part(const void* symbol, size_t bytes, size_t offset, BoundSymbol& bound) {
  bound = bind_symbol(symbol);
  if (bound.error) return nullptr;
  if (offset > bound.symbol.size || bytes > bound.symbol.size - offset) {
    bound.error = fail(abi::kInvalidValue, format("%zu bytes at offset %zu do not fit into '%s', which has %zu bytes.", bytes, offset,
                                                  bound.name.c_str(), bound.symbol.size));
    return nullptr;
  }
  return reinterpret_cast<void*>(bound.symbol.address + offset);
}

namespace {

Code linear(const char* name, void* dst, const void* src, size_t bytes, int kind, void* stream, Default meaning, Wait wait) {
  return call(name, [&] { return copy({dst}, {src}, {bytes}, kind, stream_of(stream, meaning), wait); });
}

Code plane(const char* name, void* dst, size_t dpitch, const void* src, size_t spitch, size_t width, size_t height, int kind,
           void* stream, Default meaning, Wait wait) {
  return call(name, [&] {
    return copy({dst, dpitch}, {src, spitch}, {width, height}, kind, stream_of(stream, meaning), wait);
  });
}

Code to_symbol(const char* name, const void* symbol, const void* src, size_t bytes, size_t offset, int kind, void* stream,
               Default meaning, Wait wait) {
  return call(name, [&]() -> Code {
    if (kind != abi::kHostToDevice && kind != abi::kDeviceToDevice && kind != abi::kDefault)
      return fail(abi::kInvalidMemcpyDirection, "a copy to a symbol is host to device or device to device.");
    BoundSymbol bound;
    void* dst = symbol_part(symbol, bytes, offset, bound);
    return dst ? copy({dst}, {src}, {bytes}, kind, stream_of(stream, meaning), wait) : bound.error;
  });
}

Code from_symbol(const char* name, void* dst, const void* symbol, size_t bytes, size_t offset, int kind, void* stream,
                 Default meaning, Wait wait) {
  return call(name, [&]() -> Code {
    if (kind != abi::kDeviceToHost && kind != abi::kDeviceToDevice && kind != abi::kDefault)
      return fail(abi::kInvalidMemcpyDirection, "a copy from a symbol is device to host or device to device.");
    BoundSymbol bound;
    void* src = symbol_part(symbol, bytes, offset, bound);
    return src ? copy({dst}, {src}, {bytes}, kind, stream_of(stream, meaning), wait) : bound.error;
  });
}

Code set(const char* name, void* dst, size_t pitch, int value, size_t width, size_t height, void* stream, Default meaning,
         Wait wait) {
  return call(name, [&] { return fill({dst, pitch}, value, {width, height}, stream_of(stream, meaning), wait); });
}

Code set_box(const char* name, const abi::PitchedPtr& p, int value, const abi::Extent& e, void* stream, Default meaning, Wait wait) {
  return call(name, [&] {
    return fill({p.ptr, p.pitch, p.pitch * p.ysize}, value, {e.width, e.height, e.depth}, stream_of(stream, meaning), wait);
  });
}

}  // namespace

PMPP_EXPORT Code cudaMemcpy(void* d, const void* s, size_t n, int k) { return linear("cudaMemcpy", d, s, n, k, nullptr, L, Wait::yes); }
PMPP_EXPORT Code cudaMemcpy_ptds(void* d, const void* s, size_t n, int k) { return linear("cudaMemcpy", d, s, n, k, nullptr, T, Wait::yes); }
PMPP_EXPORT Code cudaMemcpyAsync(void* d, const void* s, size_t n, int k, void* q) { return linear("cudaMemcpyAsync", d, s, n, k, q, L, Wait::no); }
PMPP_EXPORT Code cudaMemcpyAsync_ptsz(void* d, const void* s, size_t n, int k, void* q) { return linear("cudaMemcpyAsync", d, s, n, k, q, T, Wait::no); }

namespace {
Code peer(const char* name, void* d, int dd, const void* s, int sd, size_t n, void* q, Wait wait) {
  return call(name, [&]() -> Code {
    for (int device : {dd, sd})
      if (Code c = check_device(device)) return c;
    return copy({d}, {s}, {n}, abi::kDefault, stream_of(q, L), wait);
  });
}
}  // namespace
PMPP_EXPORT Code cudaMemcpyPeer(void* d, int dd, const void* s, int sd, size_t n) { return peer("cudaMemcpyPeer", d, dd, s, sd, n, nullptr, Wait::yes); }
PMPP_EXPORT Code cudaMemcpyPeerAsync(void* d, int dd, const void* s, int sd, size_t n, void* q) { return peer("cudaMemcpyPeerAsync", d, dd, s, sd, n, q, Wait::no); }

namespace {
/// The attributes are hints, and an order of the source's accesses that is the stream's here in any case.
Code batch(void* const* dsts, const void* const* srcs, const size_t* sizes, size_t count, void* stream, Default meaning) {
  return call("cudaMemcpyBatchAsync", [&]() -> Code {
    if (!dsts || !srcs || !sizes || count == 0) return fail(abi::kInvalidValue, "a list is null, or there is nothing to copy.");
    if (reinterpret_cast<std::uintptr_t>(stream) < 3) return fail(abi::kInvalidValue, "a batch is not possible on a default stream.");
    const StreamRef s = stream_of(stream, meaning);
    if (!s) return abi::kInvalidResourceHandle;
    for (size_t i = 0; i < count; ++i)
      if (Code c = copy({dsts[i]}, {srcs[i]}, {sizes[i]}, abi::kDefault, s, Wait::no)) return c;
    return 0;
  });
}
}  // namespace
PMPP_EXPORT Code cudaMemcpyBatchAsync(void* const* d, const void* const* s, const size_t* n, size_t count, void*, size_t*, size_t, void* q) { return batch(d, s, n, count, q, L); }
PMPP_EXPORT Code cudaMemcpyBatchAsync_ptsz(void* const* d, const void* const* s, const size_t* n, size_t count, void*, size_t*, size_t, void* q) { return batch(d, s, n, count, q, T); }

PMPP_EXPORT Code cudaMemcpy2D(void* d, size_t dp, const void* s, size_t sp, size_t w, size_t h, int k) { return plane("cudaMemcpy2D", d, dp, s, sp, w, h, k, nullptr, L, Wait::yes); }
PMPP_EXPORT Code cudaMemcpy2D_ptds(void* d, size_t dp, const void* s, size_t sp, size_t w, size_t h, int k) { return plane("cudaMemcpy2D", d, dp, s, sp, w, h, k, nullptr, T, Wait::yes); }
PMPP_EXPORT Code cudaMemcpy2DAsync(void* d, size_t dp, const void* s, size_t sp, size_t w, size_t h, int k, void* q) { return plane("cudaMemcpy2DAsync", d, dp, s, sp, w, h, k, q, L, Wait::no); }
PMPP_EXPORT Code cudaMemcpy2DAsync_ptsz(void* d, size_t dp, const void* s, size_t sp, size_t w, size_t h, int k, void* q) { return plane("cudaMemcpy2DAsync", d, dp, s, sp, w, h, k, q, T, Wait::no); }

PMPP_EXPORT Code cudaMemcpyToSymbol(const void* y, const void* s, size_t n, size_t o, int k) { return to_symbol("cudaMemcpyToSymbol", y, s, n, o, k, nullptr, L, Wait::yes); }
PMPP_EXPORT Code cudaMemcpyToSymbol_ptds(const void* y, const void* s, size_t n, size_t o, int k) { return to_symbol("cudaMemcpyToSymbol", y, s, n, o, k, nullptr, T, Wait::yes); }
PMPP_EXPORT Code cudaMemcpyToSymbolAsync(const void* y, const void* s, size_t n, size_t o, int k, void* q) { return to_symbol("cudaMemcpyToSymbolAsync", y, s, n, o, k, q, L, Wait::no); }
PMPP_EXPORT Code cudaMemcpyToSymbolAsync_ptsz(const void* y, const void* s, size_t n, size_t o, int k, void* q) { return to_symbol("cudaMemcpyToSymbolAsync", y, s, n, o, k, q, T, Wait::no); }
PMPP_EXPORT Code cudaMemcpyFromSymbol(void* d, const void* y, size_t n, size_t o, int k) { return from_symbol("cudaMemcpyFromSymbol", d, y, n, o, k, nullptr, L, Wait::yes); }
PMPP_EXPORT Code cudaMemcpyFromSymbol_ptds(void* d, const void* y, size_t n, size_t o, int k) { return from_symbol("cudaMemcpyFromSymbol", d, y, n, o, k, nullptr, T, Wait::yes); }
PMPP_EXPORT Code cudaMemcpyFromSymbolAsync(void* d, const void* y, size_t n, size_t o, int k, void* q) { return from_symbol("cudaMemcpyFromSymbolAsync", d, y, n, o, k, q, L, Wait::no); }
PMPP_EXPORT Code cudaMemcpyFromSymbolAsync_ptsz(void* d, const void* y, size_t n, size_t o, int k, void* q) { return from_symbol("cudaMemcpyFromSymbolAsync", d, y, n, o, k, q, T, Wait::no); }

PMPP_EXPORT Code cudaGetSymbolAddress(void** address, const void* symbol) {
  return call("cudaGetSymbolAddress", [&] {
    BoundSymbol b = bind_symbol(symbol);
    if (b.error == 0 && !address) return fail(abi::kInvalidValue, "the place for the address is null.");
    if (!b.error) *address = reinterpret_cast<void*>(b.symbol.address);
    return b.error;
  });
}
PMPP_EXPORT Code cudaGetSymbolSize(size_t* size, const void* symbol) {
  return call("cudaGetSymbolSize", [&] {
    BoundSymbol b = bind_symbol(symbol);
    if (b.error == 0 && !size) return fail(abi::kInvalidValue, "the place for the size is null.");
    if (!b.error) *size = b.symbol.size;
    return b.error;
  });
}

PMPP_EXPORT Code cudaMemset(void* d, int v, size_t n) { return set("cudaMemset", d, 0, v, n, 1, nullptr, L, Wait::yes); }
PMPP_EXPORT Code cudaMemset_ptds(void* d, int v, size_t n) { return set("cudaMemset", d, 0, v, n, 1, nullptr, T, Wait::yes); }
PMPP_EXPORT Code cudaMemsetAsync(void* d, int v, size_t n, void* q) { return set("cudaMemsetAsync", d, 0, v, n, 1, q, L, Wait::no); }
PMPP_EXPORT Code cudaMemsetAsync_ptsz(void* d, int v, size_t n, void* q) { return set("cudaMemsetAsync", d, 0, v, n, 1, q, T, Wait::no); }
PMPP_EXPORT Code cudaMemset2D(void* d, size_t p, int v, size_t w, size_t h) { return set("cudaMemset2D", d, p, v, w, h, nullptr, L, Wait::yes); }
PMPP_EXPORT Code cudaMemset2D_ptds(void* d, size_t p, int v, size_t w, size_t h) { return set("cudaMemset2D", d, p, v, w, h, nullptr, T, Wait::yes); }
PMPP_EXPORT Code cudaMemset2DAsync(void* d, size_t p, int v, size_t w, size_t h, void* q) { return set("cudaMemset2DAsync", d, p, v, w, h, q, L, Wait::no); }
PMPP_EXPORT Code cudaMemset2DAsync_ptsz(void* d, size_t p, int v, size_t w, size_t h, void* q) { return set("cudaMemset2DAsync", d, p, v, w, h, q, T, Wait::no); }
PMPP_EXPORT Code cudaMemset3D(abi::PitchedPtr p, int v, abi::Extent e) { return set_box("cudaMemset3D", p, v, e, nullptr, L, Wait::yes); }
PMPP_EXPORT Code cudaMemset3D_ptds(abi::PitchedPtr p, int v, abi::Extent e) { return set_box("cudaMemset3D", p, v, e, nullptr, T, Wait::yes); }
PMPP_EXPORT Code cudaMemset3DAsync(abi::PitchedPtr p, int v, abi::Extent e, void* q) { return set_box("cudaMemset3DAsync", p, v, e, q, L, Wait::no); }
PMPP_EXPORT Code cudaMemset3DAsync_ptsz(abi::PitchedPtr p, int v, abi::Extent e, void* q) { return set_box("cudaMemset3DAsync", p, v, e, q, T, Wait::no); }
