// Checking and moving boxes of bytes between host and device memory.
#include "simt/runtime/copy.hpp"

#include <cstring>
#include <optional>

#include "simt/observers/host.hpp"
#include "simt/observers/order.hpp"
#include "simt/runtime/handles.hpp"

namespace simt::runtime {
namespace {

using memory::AddressSpace;
using memory::Kind;

constexpr std::size_t kBrief = 1 << 20;   // copies up to here cost less than waking a thread

enum class Place { pageable, host, device };   // host: pinned, registered or managed, good for both sides

struct Resolved {
  Place place = Place::pageable;
  std::byte* at = nullptr;
  int device = 0;
};

const char* kind_name(int kind) {
  static const char* const names[] = {"cudaMemcpyHostToHost", "cudaMemcpyHostToDevice", "cudaMemcpyDeviceToHost",
                                      "cudaMemcpyDeviceToDevice", "cudaMemcpyDefault"};
  return names[kind];
}

/// Bytes from the first to behind the last; SIZE_MAX for absurd shapes.
std::size_t span(const End& e, const Shape& s) {
  std::size_t slices, rows, sum;
  if (__builtin_mul_overflow(s.depth - 1, e.slice, &slices) || __builtin_mul_overflow(s.height - 1, e.pitch, &rows) ||
      __builtin_add_overflow(slices, rows, &sum) || __builtin_add_overflow(sum, s.width, &sum))
    return SIZE_MAX;
  return sum;
}

/// Finds out what an end is and whether the box fits; else says why not.
std::string resolve(const char* role, const End& e, const Shape& s, Resolved& out) {
  if (!e.pointer) return format("the %s is a null pointer.", role);
  const auto addr = reinterpret_cast<memory::GuestAddr>(e.pointer);
  auto& space = AddressSpace::instance();
  const std::size_t bytes = span(e, s);
  auto a = space.lookup(addr);
  if (!a) {
    if (space.in_device_range(addr)) return format("the %s ", role) + describe_stray(e.pointer);
    out = {Place::pageable, static_cast<std::byte*>(const_cast<void*>(e.pointer))};
    return {};
  }
  const std::size_t offset = addr - a->base, room = a->size - offset;
  if (bytes > room) {
    const std::string where = offset ? format(", %zu bytes into it", offset) : "";
    return format("%zu bytes do not fit: the %s is %s%s, so only %zu are left.", bytes, role, describe(*a).c_str(), where.c_str(), room);
  }
  const bool on_host = a->kind == Kind::pinned || a->kind == Kind::registered || a->kind == Kind::managed;
  out = {on_host ? Place::host : Place::device, a->host + offset, a->device};
  return {};
}

/// In a stream's turn: the memory may have gone since the operation was checked.
bool still(const Stream& stream, const char* what, const char* role, const End& e, const Shape& s, Resolved& out) {
  const std::string why = resolve(role, e, s, out);
  if (!why.empty()) set_fault(stream.device, {abi::kIllegalAddress, format("%s: ", what) + why});
  return why.empty();
}

Code check_side(const char* role, const End& e, Place place, bool wants_device, int kind) {
  const bool wrong = wants_device ? place == Place::pageable : place == Place::device;
  if (!wrong) return 0;
  return fail(abi::kInvalidValue, format("%s needs a %s pointer as its %s, but %p is %s memory. Are the arguments in the order "
                                         "(destination, source, bytes, kind), and is the kind right?",
                                         kind_name(kind), wants_device ? "device" : "host", role, e.pointer,
                                         wants_device ? "ordinary host" : "device"));
}

/// Tells observers what is written, and of a copy what is read.
void tell(const End& d, const End& s, const Shape& shape, bool device) {
  const auto at = [](const End& e, std::size_t y, std::size_t z) { return e.pointer ? static_cast<const std::byte*>(e.pointer) + z * e.slice + y * e.pitch : nullptr; };
  for (std::size_t z = 0; z < shape.depth; ++z)
    for (std::size_t y = 0; y < shape.height; ++y) {
      if (device) observers::host_wrote(at(d, y, z), shape.width);
      if (observers::following()) observers::moved(at(d, y, z), at(s, y, z), shape.width);
    }
}

void move(std::byte* dst, const End& d, const std::byte* src, const End& s, const Shape& shape) {
  for (std::size_t z = 0; z < shape.depth; ++z)
    for (std::size_t y = 0; y < shape.height; ++y)
      std::memmove(dst + z * d.slice + y * d.pitch, src + z * s.slice + y * s.pitch, shape.width);
}

/// Rows without gaps are one long row.
Shape simplify(Shape s, const End& a, const End& b) {
  if (a.pitch == s.width && b.pitch == s.width && (s.depth == 1 || (a.slice == s.width * s.height && b.slice == a.slice)))
    return {s.width * s.height * s.depth, 1, 1};
  return s;
}

Code check_pitch(const char* role, const End& e, const Shape& s) {
  if (s.height > 1 && e.pitch < s.width)
    return fail(abi::kInvalidPitchValue, format("the %s's pitch of %zu bytes is less than a row's width of %zu.", role, e.pitch, s.width));
  return 0;
}

struct Arrays {
  Handles<Array> handles{4};
};
Arrays& arrays() {
  static auto* a = new Arrays;
  return *a;
}

}  // namespace

std::string describe(const memory::Allocation& a) {
  if (!a.label.empty()) return "variable '" + a.label + format("' (%zu bytes)", a.size);
  return format("allocation %llu (%zu bytes)", static_cast<unsigned long long>(a.id), a.size);
}

std::string describe_stray(const void* pointer) {
  auto& space = AddressSpace::instance();
  const auto addr = reinterpret_cast<memory::GuestAddr>(pointer);
  auto a = space.nearest(addr);
  if (!a) return format("%p is not memory of the device.", pointer);
  const std::string what = describe(*a);
  if (!a->live && addr - a->base < a->size) return format("%p lies in %s, which was freed.", pointer, what.c_str());
  const char* freed = a->live ? "" : ", which was freed";
  if (addr < a->base) return format("%p is in no allocation: it lies %llu bytes before %s%s.", pointer, (unsigned long long)(a->base - addr), what.c_str(), freed);
  return format("%p is in no allocation: it lies %llu bytes behind the end of %s%s.", pointer,
                (unsigned long long)(addr - a->base - a->size), what.c_str(), freed);
}

Code make_copy(End dst, End src, Shape shape, int kind, std::shared_ptr<CopyOperation>& out) {
  if (kind < abi::kHostToHost || kind > abi::kDefault)
    return fail(abi::kInvalidMemcpyDirection, format("%d is not a cudaMemcpyKind.", kind));
  auto op = std::make_shared<CopyOperation>();
  if (!shape.empty()) {
    if (Code c = check_pitch("destination", dst, shape)) return c;
    if (Code c = check_pitch("source", src, shape)) return c;
    Resolved d, s;
    if (const auto why = resolve("destination", dst, shape, d); !why.empty()) return fail(abi::kInvalidValue, why);
    if (const auto why = resolve("source", src, shape, s); !why.empty()) return fail(abi::kInvalidValue, why);
    if (kind != abi::kDefault) {
      const bool to_device = kind == abi::kHostToDevice || kind == abi::kDeviceToDevice;
      const bool from_device = kind == abi::kDeviceToHost || kind == abi::kDeviceToDevice;
      if (Code c = check_side("destination", dst, d.place, to_device, kind)) return c;
      if (Code c = check_side("source", src, s.place, from_device, kind)) return c;
    }
    op->pageable = d.place == Place::pageable || s.place == Place::pageable;
    if (d.place == Place::device && s.place == Place::device && d.device != s.device) op->between = {d.device, s.device};
  }
  const auto pitched = [&](const End& e) {
    return abi::PitchedPtr{const_cast<void*>(e.pointer), e.pitch ? e.pitch : shape.width, shape.width, e.pitch && e.slice ? e.slice / e.pitch : shape.height};
  };
  op->params = {nullptr, {}, pitched(src), nullptr, {}, pitched(dst), {shape.width, shape.height, shape.depth}, kind};
  op->dst = dst;
  op->src = src;
  op->kind = kind;
  op->shape = shape.empty() ? shape : simplify(shape, dst, src);
  out = std::move(op);
  return 0;
}

void CopyOperation::run(const Stream& stream) const {
  Resolved d, s;
  if (shape.empty() || !still(stream, "copy", "destination", dst, shape, d) || !still(stream, "copy", "source", src, shape, s)) return;
  count_copy(d.place == Place::device, s.place == Place::device, shape.width * shape.height * shape.depth);
  move(d.at, dst, s.at, src, shape);
  if (d.place == Place::device || observers::following()) tell(dst, src, shape, d.place == Place::device);
}

Code copy(End dst, End src, Shape shape, int kind, const StreamRef& stream, Wait wait) {
  if (!stream) return abi::kInvalidResourceHandle;
  std::shared_ptr<CopyOperation> op;
  if (Code c = make_copy(dst, src, shape, kind, op)) return c;
  if (shape.empty()) return wait == Wait::yes ? run_now(stream, nullptr) : 0;
  // In the default stream, a copy from device to device waits for all work of both.
  if (!op->between.empty() && stream->legacy) {
    std::vector<TaskRef> both;
    for (int device : op->between)
      for (TaskRef& task : in_flight(device)) both.push_back(std::move(task));
    return run_now(stream, [&] { op->run(*stream); }, std::move(both));
  }
  How how{false, shape.width * shape.height * shape.depth <= kBrief};
  how.now = op->pageable;   // pageable host memory belongs to the caller again when the call returns, as on a GPU
  return enqueue(stream, std::move(op), how, wait == Wait::yes);
}

Code make_fill(End dst, unsigned value, unsigned element, Shape shape, std::shared_ptr<FillOperation>& out) {
  auto op = std::make_shared<FillOperation>();
  if (!shape.empty()) {
    if (Code c = check_pitch("destination", dst, shape)) return c;
    Resolved d;
    if (const auto why = resolve("destination", dst, shape, d); !why.empty()) return fail(abi::kInvalidValue, why);
    if (d.place == Place::pageable)
      return fail(abi::kInvalidValue, format("%p is ordinary host memory; use memset.", dst.pointer));
  }
  op->params = {const_cast<void*>(dst.pointer), dst.pitch, value, element, shape.width / element, shape.height * shape.depth};
  op->dst = dst;
  op->value = value;
  op->element = element;
  op->shape = shape.empty() ? shape : simplify(shape, dst, dst);
  out = std::move(op);
  return 0;
}

void FillOperation::run(const Stream& stream) const {
  Resolved d;
  if (shape.empty() || !still(stream, "fill", "destination", dst, shape, d)) return;
  for (std::size_t z = 0; z < shape.depth; ++z) {
    for (std::size_t y = 0; y < shape.height; ++y) {
      std::byte* row = d.at + z * dst.slice + y * dst.pitch;
      if (element == 1) std::memset(row, static_cast<int>(value), shape.width);
      else for (std::size_t x = 0; x < shape.width; x += element) std::memcpy(row + x, &value, element);   // little-endian
    }
  }
  if (d.place == Place::device || observers::following()) tell(dst, {}, shape, d.place == Place::device);
}

Code fill(End dst, int value, Shape shape, const StreamRef& stream, Wait wait) {
  if (!stream) return abi::kInvalidResourceHandle;
  if (shape.empty()) return 0;
  std::shared_ptr<FillOperation> op;
  if (Code c = make_fill(dst, static_cast<unsigned>(value), 1, shape, op)) return c;
  const auto a = AddressSpace::instance().lookup(reinterpret_cast<memory::GuestAddr>(dst.pointer));
  // Only memory that the host can look at has to be ready when the call returns.
  const bool waits = wait == Wait::yes && a && (a->kind == Kind::pinned || a->kind == Kind::registered || a->kind == Kind::managed);
  return enqueue(stream, std::move(op), {false, shape.width * shape.height * shape.depth <= kBrief}, waits);
}

namespace {
/// The kind of memory, or none for ordinary host memory.
std::optional<Kind> kind_at(const void* p) {
  const auto a = AddressSpace::instance().lookup(reinterpret_cast<memory::GuestAddr>(p));
  return a ? std::optional(a->kind == Kind::module_global || a->kind == Kind::module_const ? Kind::device : a->kind) : std::nullopt;
}
}  // namespace

bool same_places(const CopyOperation& a, const CopyOperation& b) {
  return kind_at(a.dst.pointer) == kind_at(b.dst.pointer) && kind_at(a.src.pointer) == kind_at(b.src.pointer) &&
         !a.params.srcArray == !b.params.srcArray && !a.params.dstArray == !b.params.dstArray;
}
bool same_place(const FillOperation& a, const FillOperation& b) { return kind_at(a.dst.pointer) == kind_at(b.dst.pointer); }

std::shared_ptr<Array> array_of(const void* handle) {
  auto a = arrays().handles.get(handle);
  if (!a) fail(abi::kInvalidResourceHandle, format("%p is not a CUDA array: it was freed or never allocated.", handle));
  return a;
}
void* add_array(std::shared_ptr<Array> a) { return arrays().handles.add(std::move(a)); }
std::shared_ptr<Array> remove_array(void* handle) { return arrays().handles.remove(handle); }

}  // namespace simt::runtime
