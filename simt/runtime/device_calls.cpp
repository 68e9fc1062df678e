// The functions of the CUDA runtime that device code calls: nvcc's library for them is machine code, so they are here.
#include <cstring>

#include "simt/exec/access.hpp"
#include "simt/exec/externals.hpp"
#include "simt/observers/host.hpp"
#include "simt/runtime/copy.hpp"
#include "simt/runtime/device_launch.hpp"

namespace simt::runtime {
namespace {

using exec::Instr;
using exec::Warp;

constexpr unsigned kNonBlocking = 1, kDisableTiming = 2;   // what streams and events of device code must be
constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 48;

/// Calls `f` for every active thread; its code is the result, and the thread's last error if it is one.
template <Code (*f)(const Caller&), bool remembers = true>
const Instr* each(Warp& warp, const Instr* instr) {
  for (exec::Mask left = warp.active; left; left &= left - 1) {
    const Caller c{warp, instr, __builtin_ctz(left)};
    const Code code = f(c);
    if (warp.state == Warp::faulted) return nullptr;
    if (code && remembers) DeviceWork::of(c).remember(c, code);
    exec::put(warp, instr->op[0], c.lane, static_cast<std::uint32_t>(code));
  }
  return instr + 1;
}

/// The same for results of 64 bits.
template <std::uint64_t (*f)(const Caller&)>
const Instr* each_wide(Warp& warp, const Instr* instr) {
  for (exec::Mask left = warp.active; left; left &= left - 1) {
    const Caller c{warp, instr, __builtin_ctz(left)};
    const std::uint64_t value = f(c);
    if (warp.state == Warp::faulted) return nullptr;
    exec::put(warp, instr->op[0], c.lane, value);
  }
  return instr + 1;
}

// ---- launches ------------------------------------------------------------------------------------------------------

abi::Dim3 dim3_of(const Caller& c, unsigned n) {
  const std::uint64_t xy = c.argument(n);
  return {static_cast<unsigned>(xy), static_cast<unsigned>(xy >> 32), c.word(n + 1)};
}

std::uint64_t get_parameter_buffer(const Caller& c) {
  LaunchRequest request;
  request.grid = dim3_of(c, 1);
  request.block = dim3_of(c, 3);
  request.dynamic_shared = c.word(5);
  return DeviceWork::of(c).prepare(c, c.argument(0), request);
}

template <bool own_stream>
Code launch_device(const Caller& c) {
  return DeviceWork::of(c).launch(c, c.argument(0), c.argument(1), own_stream);
}

// ---- streams and events --------------------------------------------------------------------------------------------

Code stream_create(const Caller& c) {
  if (c.word(1) != kNonBlocking) return c.refuse(abi::kInvalidValue, "cudaStreamCreateWithFlags: streams of device code must be cudaStreamNonBlocking.");
  return c.give(c.argument(0), DeviceWork::of(c).create_stream());
}
Code stream_destroy(const Caller& c) { return DeviceWork::of(c).destroy_stream(c, c.argument(0)); }

template <bool own_stream>
Code stream_wait(const Caller& c) {
  return DeviceWork::of(c).wait(c, c.argument(0), c.argument(1), own_stream);
}

Code event_create(const Caller& c) {
  if (c.word(1) != kDisableTiming) return c.refuse(abi::kInvalidValue, "cudaEventCreateWithFlags: events of device code must be cudaEventDisableTiming.");
  return c.give(c.argument(0), DeviceWork::of(c).create_event());
}
Code event_destroy(const Caller& c) { return DeviceWork::of(c).destroy_event(c, c.argument(0)); }

template <bool own_stream>
Code event_record(const Caller& c) {
  return DeviceWork::of(c).record(c, c.argument(0), c.argument(1), own_stream);
}

// ---- copies and fills ----------------------------------------------------------------------------------------------

/// Bytes from the first to behind the last one of a box; too many of them if it is absurd.
std::uint64_t span_of(const End& e, const Shape& s) {
  if (s.width > kMostBytes || s.height > kMostBytes || s.depth > kMostBytes || e.pitch > kMostBytes || e.slice > kMostBytes) return kMostBytes;
  std::uint64_t rows, slices, sum;
  if (__builtin_mul_overflow(s.height - 1, e.pitch, &rows) || __builtin_mul_overflow(s.depth - 1, e.slice, &slices) ||
      __builtin_add_overflow(rows, slices, &sum) || __builtin_add_overflow(sum, s.width, &sum))
    return kMostBytes;
  return sum;
}

std::byte* memory_of(const End& e, const Shape& s) {
  return memory::AddressSpace::instance().host(reinterpret_cast<std::uint64_t>(e.pointer), span_of(e, s));
}

/// Whether device code can copy there, with a word when it cannot.
Code check_end(const Caller& c, const char* call, const char* role, const End& e, const Shape& s) {
  if (s.height > 1 && e.pitch < s.width)
    return c.refuse(abi::kInvalidPitchValue, format("%s: the %s's pitch of %zu bytes is less than a row's width of %zu.", call, role, e.pitch, s.width));
  if (memory_of(e, s)) return 0;
  const auto address = reinterpret_cast<std::uint64_t>(e.pointer);
  if (address >= memory::kSharedWindow)
    return c.refuse(abi::kInvalidValue, format("%s: the %s is shared or local memory, which only its own threads can reach.", call, role));
  return c.refuse(abi::kInvalidValue, format("%s: the %s, %llu bytes at %p, is not memory of the device, or not all of it.", call, role,
                                             static_cast<unsigned long long>(span_of(e, s)), e.pointer));
}

const std::byte* at(const End& e, std::size_t z, std::size_t y) { return static_cast<const std::byte*>(e.pointer) + z * e.slice + y * e.pitch; }

exec::Fault gone(const char* call) {
  return {700, format("%s from a kernel: the memory was freed before it was its turn", call)};
}

template <bool own_stream>
Code copy_box(const Caller& c, const char* call, End dst, End src, Shape shape, unsigned kind, std::uint64_t stream) {
  if (kind > abi::kDefault) return c.refuse(abi::kInvalidMemcpyDirection, format("%s: %u is not a cudaMemcpyKind.", call, kind));
  if (kind != abi::kDeviceToDevice && kind != abi::kDefault)
    return c.refuse(abi::kInvalidMemcpyDirection, format("%s: device code copies within the device only (cudaMemcpyDeviceToDevice).", call));
  if (shape.empty()) return 0;
  if (Code code = check_end(c, call, "destination", dst, shape)) return code;
  if (Code code = check_end(c, call, "source", src, shape)) return code;
  return DeviceWork::of(c).enqueue(c, [=]() -> exec::Fault {
    std::byte* const to = memory_of(dst, shape);
    const std::byte* const from = memory_of(src, shape);
    if (!to || !from) return gone(call);
    count_copy(true, true, shape.width * shape.height * shape.depth);
    for (std::size_t z = 0; z < shape.depth; ++z)
      for (std::size_t y = 0; y < shape.height; ++y) {
        std::memmove(to + z * dst.slice + y * dst.pitch, from + z * src.slice + y * src.pitch, shape.width);
        observers::host_wrote(at(dst, z, y), shape.width);
      }
    return {};
  }, stream, own_stream);
}

template <bool own_stream>
Code fill_box(const Caller& c, const char* call, End dst, int value, Shape shape, std::uint64_t stream) {
  if (shape.empty()) return 0;
  if (Code code = check_end(c, call, "destination", dst, shape)) return code;
  return DeviceWork::of(c).enqueue(c, [=]() -> exec::Fault {
    std::byte* const to = memory_of(dst, shape);
    if (!to) return gone(call);
    for (std::size_t z = 0; z < shape.depth; ++z)
      for (std::size_t y = 0; y < shape.height; ++y) {
        std::memset(to + z * dst.slice + y * dst.pitch, value, shape.width);
        observers::host_wrote(at(dst, z, y), shape.width);
      }
    return {};
  }, stream, own_stream);
}

const void* pointer(const Caller& c, unsigned n) { return reinterpret_cast<const void*>(c.argument(n)); }

template <bool own_stream>
Code copy_async(const Caller& c) {
  return copy_box<own_stream>(c, "cudaMemcpyAsync", {pointer(c, 0)}, {pointer(c, 1)}, {c.argument(2)}, c.word(3), c.argument(4));
}

template <bool own_stream>
Code copy_2d_async(const Caller& c) {
  return copy_box<own_stream>(c, "cudaMemcpy2DAsync", {pointer(c, 0), c.argument(1)}, {pointer(c, 2), c.argument(3)},
                              {c.argument(4), c.argument(5)}, c.word(6), c.argument(7));
}

template <bool own_stream>
Code copy_3d_async(const Caller& c) {
  abi::Memcpy3DParms p;
  if (!c.argument(0)) return c.refuse(abi::kInvalidValue, "cudaMemcpy3DAsync: the parameters are null.");
  if (!c.read(c.argument(0), &p, sizeof p)) return 0;
  if (p.srcArray || p.dstArray) return c.refuse(abi::kNotSupported, "cudaMemcpy3DAsync: device code cannot copy arrays on the software GPU.");
  const auto end = [](const abi::PitchedPtr& ptr, const abi::Pos& pos) {
    const std::size_t slice = ptr.pitch * ptr.ysize;
    return End{static_cast<const std::byte*>(ptr.ptr) + pos.z * slice + pos.y * ptr.pitch + pos.x, ptr.pitch, slice};
  };
  return copy_box<own_stream>(c, "cudaMemcpy3DAsync", end(p.dstPtr, p.dstPos), end(p.srcPtr, p.srcPos),
                              {p.extent.width, p.extent.height, p.extent.depth}, static_cast<unsigned>(p.kind), c.argument(1));
}

template <bool own_stream>
Code fill_async(const Caller& c) {
  return fill_box<own_stream>(c, "cudaMemsetAsync", {pointer(c, 0)}, static_cast<int>(c.word(1)), {c.argument(2)}, c.argument(3));
}

template <bool own_stream>
Code fill_2d_async(const Caller& c) {
  return fill_box<own_stream>(c, "cudaMemset2DAsync", {pointer(c, 0), c.argument(1)}, static_cast<int>(c.word(2)),
                              {c.argument(3), c.argument(4)}, c.argument(5));
}

/// cudaPitchedPtr takes arguments 0 to 3, cudaExtent 5 to 7.
template <bool own_stream>
Code fill_3d_async(const Caller& c) {
  return fill_box<own_stream>(c, "cudaMemset3DAsync", {pointer(c, 0), c.argument(1), c.argument(1) * c.argument(3)}, static_cast<int>(c.word(4)),
                              {c.argument(5), c.argument(6), c.argument(7)}, c.argument(8));
}

// ---- memory --------------------------------------------------------------------------------------------------------

Code device_malloc(const Caller& c) {
  const std::uint64_t bytes = c.argument(1), address = bytes ? exec::heap_allocate(c.warp, bytes) : 0;
  if (bytes && !address)
    return c.refuse(abi::kMemoryAllocation, format("cudaMalloc of %llu bytes: the heap of device code has %zu (cudaDeviceSetLimit(cudaLimitMallocHeapSize, "
                                                   "bytes) on the host).", static_cast<unsigned long long>(bytes), device_limit(2, c.device())));
  return c.give(c.argument(0), address);
}

Code device_free(const Caller& c) {
  if (!c.argument(0) || exec::heap_free(c.warp, c.argument(0))) return 0;
  return c.refuse(abi::kInvalidValue, "cudaFree of an address that cudaMalloc or malloc of device code did not return, or that was freed before.");
}

// ---- questions -----------------------------------------------------------------------------------------------------

/// A text in memory that device code can read; the same one each time.
std::uint64_t text_of(const Caller& c, const char* text) {
  static std::mutex mutex;
  static auto* known = new std::map<std::pair<int, std::string>, std::uint64_t>;
  std::lock_guard lock(mutex);
  auto& address = (*known)[{c.device(), text}];
  if (!address) {
    const std::size_t bytes = std::strlen(text) + 1;
    auto& space = memory::AddressSpace::instance();
    if (const auto made = space.allocate(bytes, c.device(), memory::Kind::module_const, "the text of an error")) {
      address = *made;
      std::memcpy(space.host(address, bytes), text, bytes);
      observers::host_wrote(reinterpret_cast<void*>(address), bytes);
    }
  }
  return address;
}

std::uint64_t error_string(const Caller& c) { return text_of(c, error_text(static_cast<Code>(c.word(0)))); }
std::uint64_t error_name_of(const Caller& c) {
  const char* name = error_name(static_cast<Code>(c.word(0)));
  return text_of(c, name ? name : "unrecognized error code");
}
Code get_last_error(const Caller& c) { return DeviceWork::of(c).last_error(c, true); }
Code peek_at_last_error(const Caller& c) { return DeviceWork::of(c).last_error(c, false); }

Code get_attribute(const Caller& c) {
  const auto device = static_cast<int>(c.word(2));
  if (device < 0 || device >= device_count()) return c.refuse(abi::kInvalidDevice, format("cudaDeviceGetAttribute of device %d; there are %d.", device, device_count()));
  const long value = device_attribute(static_cast<int>(c.word(1)), device);
  if (value < 0) return c.refuse(abi::kInvalidValue, format("cudaDeviceGetAttribute: %u is not a cudaDeviceAttr.", c.word(1)));
  return c.give(c.argument(0), static_cast<int>(value));
}

Code get_limit(const Caller& c) {
  if (c.word(1) > 6) return c.refuse(abi::kUnsupportedLimit, format("cudaDeviceGetLimit: %u is not a cudaLimit.", c.word(1)));
  return c.give(c.argument(0), std::uint64_t{device_limit(static_cast<int>(c.word(1)), c.device())});
}
Code get_cache_config(const Caller& c) { return c.give(c.argument(0), device_cache_config(c.device())); }
Code get_shared_config(const Caller& c) { return c.give(c.argument(0), 1); }
Code get_device_count(const Caller& c) { return c.give(c.argument(0), device_count()); }
Code get_device(const Caller& c) { return c.give(c.argument(0), c.device()); }
Code get_version(const Caller& c) { return c.give(c.argument(0), 13000); }

KernelRef kernel_argument(const Caller& c, unsigned n, const char* call) {
  const exec::Launch& launch = c.launch();
  exec::Kernel* kernel = launch.program->kernel_at(c.argument(n));
  if (!kernel) c.refuse(abi::kInvalidDeviceFunction, format("%s: %p is not a kernel of this program.", call, pointer(c, n)));
  return kernel ? kernel_of(launch, kernel) : nullptr;
}

Code get_function_attributes(const Caller& c) {
  const KernelRef kernel = kernel_argument(c, 1, "cudaFuncGetAttributes");
  if (!kernel) return abi::kInvalidDeviceFunction;
  const auto* module = static_cast<const Module*>(c.launch().owner);
  return c.give(c.argument(0), attributes_of(*kernel, module ? module->ptx_arch : 0));
}

Code occupancy_of(const Caller& c) {
  const KernelRef kernel = kernel_argument(c, 1, "cudaOccupancyMaxActiveBlocksPerMultiprocessor");
  if (!kernel) return abi::kInvalidDeviceFunction;
  const auto threads = static_cast<int>(c.word(2));
  if (threads <= 0) return c.refuse(abi::kInvalidValue, format("cudaOccupancyMaxActiveBlocksPerMultiprocessor: a block of %d threads.", threads));
  const std::uint64_t shared = c.argument(3);
  return c.give(c.argument(0), shared > max_dynamic_shared(*kernel) ? 0 : blocks_per_sm(*kernel, threads, shared));
}

#define PMPP_DEVICE(name, arguments, f) {"__cudaCDP2" name, arguments, false, each<f>, true}
#define PMPP_DEVICE_STREAM(name, arguments, f) PMPP_DEVICE(name, arguments, f<false>), PMPP_DEVICE(name "_ptsz", arguments, f<true>)
constexpr exec::External kDeviceRuntime[] = {
    {"__cudaCDP2GetParameterBufferV2", 6, true, each_wide<get_parameter_buffer>, true},
    PMPP_DEVICE_STREAM("LaunchDeviceV2", 2, launch_device),
    PMPP_DEVICE("StreamCreateWithFlags", 2, stream_create),
    PMPP_DEVICE("StreamDestroy", 1, stream_destroy),
    PMPP_DEVICE_STREAM("StreamWaitEvent", 3, stream_wait),
    PMPP_DEVICE("EventCreateWithFlags", 2, event_create),
    PMPP_DEVICE("EventDestroy", 1, event_destroy),
    PMPP_DEVICE_STREAM("EventRecord", 2, event_record),
    PMPP_DEVICE_STREAM("EventRecordWithFlags", 3, event_record),
    PMPP_DEVICE_STREAM("MemcpyAsync", 5, copy_async),
    PMPP_DEVICE_STREAM("Memcpy2DAsync", 8, copy_2d_async),
    PMPP_DEVICE_STREAM("Memcpy3DAsync", 2, copy_3d_async),
    PMPP_DEVICE_STREAM("MemsetAsync", 4, fill_async),
    PMPP_DEVICE_STREAM("Memset2DAsync", 6, fill_2d_async),
    PMPP_DEVICE_STREAM("Memset3DAsync", 9, fill_3d_async),
    PMPP_DEVICE("Malloc", 2, device_malloc),
    PMPP_DEVICE("Free", 1, device_free),
    {"__cudaCDP2GetErrorString", 1, true, each_wide<error_string>, true},
    {"__cudaCDP2GetErrorName", 1, true, each_wide<error_name_of>, true},
    {"__cudaCDP2GetLastError", 0, false, each<get_last_error, false>, true},
    {"__cudaCDP2PeekAtLastError", 0, false, each<peek_at_last_error, false>, true},
    PMPP_DEVICE("DeviceGetAttribute", 3, get_attribute),
    PMPP_DEVICE("DeviceGetLimit", 2, get_limit),
    PMPP_DEVICE("DeviceGetCacheConfig", 1, get_cache_config),
    PMPP_DEVICE("DeviceGetSharedMemConfig", 1, get_shared_config),
    PMPP_DEVICE("GetDeviceCount", 1, get_device_count),
    PMPP_DEVICE("GetDevice", 1, get_device),
    PMPP_DEVICE("RuntimeGetVersion", 1, get_version),
    PMPP_DEVICE("FuncGetAttributes", 2, get_function_attributes),
    PMPP_DEVICE("OccupancyMaxActiveBlocksPerMultiprocessor", 4, occupancy_of),
    PMPP_DEVICE("OccupancyMaxActiveBlocksPerMultiprocessorWithFlags", 5, occupancy_of),
};
#undef PMPP_DEVICE_STREAM
#undef PMPP_DEVICE

/// A program is loaded no earlier than its library.
__attribute__((constructor)) void provide_device_runtime() { exec::provide(kDeviceRuntime); }

}  // namespace
}  // namespace simt::runtime
