// The interface's device management: properties, attributes, limits, reset, versions.
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstring>
#include <iterator>

#include "simt/exec/program.hpp"
#include "simt/memory/memory.hpp"
#include "simt/model/profile.hpp"
#include "simt/observers/host.hpp"
#include "simt/runtime/stream.hpp"

using namespace simt::runtime;
namespace abi = simt::abi;
using simt::memory::AddressSpace;
using std::size_t;

namespace {

constexpr int kVersion = 13000;   // CUDA 13.0, of the runtime and of the driver that it stands for

abi::DeviceProp make_properties() {
  const simt::model::Profile& g = simt::model::current();
  abi::DeviceProp p{};
  std::snprintf(p.name, sizeof p.name, "%.*s", static_cast<int>(g.name.size()), g.name.data());
  p.totalGlobalMem = AddressSpace::instance().capacity(0);
  p.sharedMemPerBlock = g.shared_per_block;
  p.regsPerBlock = g.registers_per_block;
  p.warpSize = g.warp_size;
  p.memPitch = 0x7fffffff;
  p.maxThreadsPerBlock = g.threads_per_block;
  p.maxThreadsDim[0] = p.maxThreadsDim[1] = g.max_block_xy;
  p.maxThreadsDim[2] = g.max_block_z;
  p.maxGridSize[0] = g.max_grid_x;
  p.maxGridSize[1] = p.maxGridSize[2] = g.max_grid_yz;
  p.totalConstMem = g.constant_memory;
  p.major = g.major;
  p.minor = g.minor;
  p.textureAlignment = 512;
  p.texturePitchAlignment = 32;
  p.multiProcessorCount = g.sms;
  p.canMapHostMemory = 1;
  p.surfaceAlignment = 512;
  p.concurrentKernels = 1;
  p.asyncEngineCount = 3;
  p.unifiedAddressing = 1;
  p.memoryBusWidth = g.bus_bits;
  p.l2CacheSize = static_cast<int>(g.l2);
  p.maxThreadsPerMultiProcessor = g.threads_per_sm;
  p.streamPrioritiesSupported = 1;
  p.globalL1CacheSupported = p.localL1CacheSupported = 1;
  p.sharedMemPerMultiprocessor = g.shared_per_sm;
  p.regsPerMultiprocessor = g.registers_per_sm;
  p.managedMemory = 1;
  p.concurrentManagedAccess = 1;
  p.computePreemptionSupported = 1;
  p.canUseHostPointerForRegisteredMem = 1;
  p.hostNativeAtomicSupported = 1;   // device atomics are the host's own
  p.cooperativeLaunch = 1;
  p.sharedMemPerBlockOptin = g.shared_optin;
  p.maxBlocksPerMultiProcessor = g.blocks_per_sm;
  p.reservedSharedMemPerBlock = g.shared_reserved;
  p.hostRegisterSupported = 1;
  p.memoryPoolsSupported = 1;
  p.clusterLaunch = g.major >= 9;
  p.hostNumaId = -1;
  p.deviceNumaId = -1;
  p.maxTexture1D = g.texture_1d;
  p.maxTexture1DMipmap = g.texture_1d_mipmap;
  auto copy = [](auto& to, const auto& from) { std::copy(std::begin(from), std::end(from), to); };
  copy(p.maxTexture2D, g.texture_2d);
  copy(p.maxTexture2DMipmap, g.texture_2d_mipmap);
  copy(p.maxTexture2DLinear, g.texture_2d_linear);
  copy(p.maxTexture2DGather, g.texture_2d_gather);
  copy(p.maxTexture3D, g.texture_3d);
  copy(p.maxTexture3DAlt, g.texture_3d_flat);
  p.maxTextureCubemap = p.maxTextureCubemapLayered[0] = p.maxSurfaceCubemap = p.maxSurfaceCubemapLayered[0] = g.texture_cube;
  p.maxTextureCubemapLayered[1] = p.maxSurfaceCubemapLayered[1] = g.texture_cube_layers;
  p.maxTexture1DLayered[0] = p.maxTexture2DLayered[0] = p.maxTexture2DLayered[1] = g.texture_layered;
  p.maxTexture1DLayered[1] = p.maxTexture2DLayered[2] = g.texture_layers;
  p.maxSurface1D = g.surface_1d;
  copy(p.maxSurface2D, g.surface_2d);
  copy(p.maxSurface3D, g.surface_3d);
  copy(p.maxSurface1DLayered, p.maxTexture1DLayered);
  copy(p.maxSurface2DLayered, p.maxTexture2DLayered);
  // Persisting L2, IPC, sparse arrays and whatever else is not implemented stay 0.
  return p;
}

/// All devices have these but for who and where they are.
const abi::DeviceProp& common_properties() {
  static const abi::DeviceProp p = make_properties();
  return p;
}

/// A device's number in the machine: it tells uuid and bus, whatever CUDA_VISIBLE_DEVICES made of the order.
int number_of(int device) { return simt::model::devices()[size_t(device)]; }

abi::DeviceProp properties(int device) {
  abi::DeviceProp p = common_properties();
  const auto uuid = simt::model::uuid(number_of(device));
  std::memcpy(p.uuid, uuid.data(), uuid.size());
  p.pciBusID = number_of(device);
  return p;
}

/// -1: the attribute does not exist.
long attribute(int which, int device) {
  const simt::model::Profile& g = simt::model::current();
  const abi::DeviceProp& p = common_properties();
  switch (which) {
    case 1: return p.maxThreadsPerBlock;
    case 2: case 3: return g.max_block_xy;
    case 4: return g.max_block_z;
    case 5: return g.max_grid_x;
    case 6: case 7: return g.max_grid_yz;
    case 8: return static_cast<long>(p.sharedMemPerBlock);
    case 9: return static_cast<long>(p.totalConstMem);
    case 10: return p.warpSize;
    case 11: return static_cast<long>(p.memPitch);
    case 12: return p.regsPerBlock;
    case 13: return g.core_khz;
    case 14: return static_cast<long>(p.textureAlignment);
    case 15: return 1;
    case 16: return p.multiProcessorCount;
    case 19: return p.canMapHostMemory;
    case 21: return p.maxTexture1D;
    case 22: case 23: return p.maxTexture2D[which - 22];
    case 24: case 25: case 26: return p.maxTexture3D[which - 24];
    case 27: case 28: case 29: return p.maxTexture2DLayered[which - 27];
    case 30: return static_cast<long>(p.surfaceAlignment);
    case 31: return p.concurrentKernels;
    case 33: return number_of(device);
    case 36: return g.memory_khz;
    case 37: return p.memoryBusWidth;
    case 38: return p.l2CacheSize;
    case 39: return p.maxThreadsPerMultiProcessor;
    case 40: return p.asyncEngineCount;
    case 41: return p.unifiedAddressing;
    case 42: case 43: return p.maxTexture1DLayered[which - 42];
    case 45: case 46: return p.maxTexture2DGather[which - 45];
    case 47: case 48: case 49: return p.maxTexture3DAlt[which - 47];
    case 51: return static_cast<long>(p.texturePitchAlignment);
    case 52: return p.maxTextureCubemap;
    case 53: case 54: return p.maxTextureCubemapLayered[which - 53];
    case 55: return p.maxSurface1D;
    case 56: case 57: return p.maxSurface2D[which - 56];
    case 58: case 59: case 60: return p.maxSurface3D[which - 58];
    case 61: case 62: return p.maxSurface1DLayered[which - 61];
    case 63: case 64: case 65: return p.maxSurface2DLayered[which - 63];
    case 66: return p.maxSurfaceCubemap;
    case 67: case 68: return p.maxSurfaceCubemapLayered[which - 67];
    case 69: return g.texture_1d_linear;
    case 70: case 71: case 72: return p.maxTexture2DLinear[which - 70];
    case 73: case 74: return p.maxTexture2DMipmap[which - 73];
    case 75: return p.major;
    case 76: return p.minor;
    case 77: return p.maxTexture1DMipmap;
    case 78: return p.streamPrioritiesSupported;
    case 79: return p.globalL1CacheSupported;
    case 80: return p.localL1CacheSupported;
    case 81: return static_cast<long>(p.sharedMemPerMultiprocessor);
    case 82: return p.regsPerMultiprocessor;
    case 83: return p.managedMemory;
    case 86: return p.hostNativeAtomicSupported;
    case 87: return g.fp32_to_fp64;
    case 89: return p.concurrentManagedAccess;
    case 90: return p.computePreemptionSupported;
    case 91: return p.canUseHostPointerForRegisteredMem;
    case 95: return p.cooperativeLaunch;
    case 97: return static_cast<long>(p.sharedMemPerBlockOptin);
    case 99: return p.hostRegisterSupported;
    case 106: return p.maxBlocksPerMultiProcessor;
    case 111: return static_cast<long>(p.reservedSharedMemPerBlock);
    case 115: return p.memoryPoolsSupported;
    case 120: return p.clusterLaunch;
    case 126: return 1;
    case 131: case 134: return 0;
    default: return which >= 1 && which <= 147 ? 0 : -1;   // what is not implemented says no
  }
}

/// What a program may set, of each device.
/// By cudaLimit: stack, printf buffer, malloc heap, launch depth, pending launches, L2 fetch granularity, persisting L2.
/// The engine obeys the first and the third; it prints without a buffer, so nothing is ever lost.
struct Choices {
  std::atomic<unsigned> flags{0};
  std::atomic<int> cache_config{0};
  std::atomic<size_t> limits[7];
  Choices() { reset(); }
  void reset() {
    constexpr size_t at_first[] = {simt::exec::kStackLimit, size_t{1} << 20, simt::exec::kHeapLimit, 2, 2048, 64, 0};
    flags = 0;
    cache_config = 0;
    for (int n = 0; n < 7; ++n) limits[n] = at_first[n];
  }
};
Choices choices[simt::model::kMaxDevices];
Choices& current_choices() { return choices[current_device()]; }
constexpr size_t most_stack = 512 << 10;   // local memory of a thread, as on a GPU

template <class T, class V>
Code give(const char* name, T* out, V value) {
  return call(name, [&]() -> Code {
    if (!out) return null_place();
    *out = static_cast<T>(value);
    return 0;
  });
}

}  // namespace

namespace simt::runtime {
long device_attribute(int which, int device) { return ::attribute(which, device); }
std::size_t device_limit(int which, int device) { return choices[device].limits[which]; }
int device_cache_config(int device) { return choices[device].cache_config; }
}  // namespace simt::runtime

PMPP_EXPORT Code cudaGetDeviceCount(int* count) {
  if (count) *count = device_count();
  return give("cudaGetDeviceCount", count, device_count());
}
PMPP_EXPORT Code cudaGetDevice(int* device) { return give("cudaGetDevice", device, current_device()); }
PMPP_EXPORT Code cudaSetDevice(int device) {
  return call("cudaSetDevice", [&]() -> Code {
    if (Code c = check_device(device)) return c;
    if (Code c = device ? is_off("cudaSetDevice(another)") : 0) return c;
    set_current_device(device);
    return 0;
  });
}
PMPP_EXPORT Code cudaInitDevice(int device, unsigned, unsigned) {
  return call("cudaInitDevice", [&] { return check_device(device); });
}
PMPP_EXPORT Code cudaSetValidDevices(int* devices, int count) {
  return call("cudaSetValidDevices", [&]() -> Code {
    if (count < 0 || count > device_count() || (!devices && count > 0))
      return fail(abi::kInvalidValue, format("a list of %d devices%s; there are %d.", count, devices ? "" : " that is null", device_count()));
    for (int i = 0; i < count; ++i)
      if (Code c = check_device(devices[i])) return c;
    set_valid_devices({devices, devices + count});
    return 0;
  });
}
// All are equal, so the first is the best.
PMPP_EXPORT Code cudaChooseDevice(int* device, const abi::DeviceProp* wanted) {
  return call("cudaChooseDevice", [&]() -> Code {
    if (!device || !wanted) return null_place();
    *device = 0;
    return 0;
  });
}
PMPP_EXPORT Code cudaGetDeviceProperties(abi::DeviceProp* out, int device) {
  return call("cudaGetDeviceProperties", [&]() -> Code {
    if (!out) return null_place();
    if (Code c = check_device(device)) return c;
    *out = properties(device);
    return 0;
  });
}
PMPP_EXPORT Code cudaDeviceGetAttribute(int* value, int which, int device) {
  return call("cudaDeviceGetAttribute", [&]() -> Code {
    if (!value) return null_place();
    if (Code c = check_device(device)) return c;
    const long v = attribute(which, device);
    if (v < 0) return fail(abi::kInvalidValue, format("%d is not a cudaDeviceAttr.", which));
    *value = static_cast<int>(v);
    return 0;
  });
}
PMPP_EXPORT Code cudaSetDeviceFlags(unsigned flags) {
  return call("cudaSetDeviceFlags", [&]() -> Code {
    if (flags & ~0xffu) return fail(abi::kInvalidValue, format("flags 0x%x are not known.", flags));
    current_choices().flags = flags;
    return 0;
  });
}
PMPP_EXPORT Code cudaGetDeviceFlags(unsigned* flags) { return give("cudaGetDeviceFlags", flags, current_choices().flags.load() | 8u); }
PMPP_EXPORT Code cudaDeviceSetCacheConfig(int config) {
  return call("cudaDeviceSetCacheConfig", [&]() -> Code {
    if (config < 0 || config > 3) return fail(abi::kInvalidValue, format("%d is not a cudaFuncCache.", config));
    current_choices().cache_config = config;
    return 0;
  });
}
PMPP_EXPORT Code cudaDeviceGetCacheConfig(int* config) { return give("cudaDeviceGetCacheConfig", config, current_choices().cache_config.load()); }
PMPP_EXPORT Code cudaDeviceGetSharedMemConfig(int* config) { return give("cudaDeviceGetSharedMemConfig", config, 1); }
PMPP_EXPORT Code cudaDeviceSetSharedMemConfig(int) { return 0; }   // banks are 4 bytes wide on every device since 5.0
PMPP_EXPORT Code cudaCtxResetPersistingL2Cache() { return 0; }

PMPP_EXPORT Code cudaDeviceGetLimit(size_t* value, int which) {
  return call("cudaDeviceGetLimit", [&]() -> Code {
    if (!value) return null_place();
    if (which < 0 || which > 6) return fail(abi::kUnsupportedLimit, format("%d is not a cudaLimit.", which));
    *value = current_choices().limits[which];
    return 0;
  });
}
PMPP_EXPORT Code cudaDeviceSetLimit(int which, size_t value) {
  return call("cudaDeviceSetLimit", [&]() -> Code {
    if (which < 0 || which > 6) return fail(abi::kUnsupportedLimit, format("%d is not a cudaLimit.", which));
    if (which == 6 && value) return fail(abi::kUnsupportedLimit, "persisting L2 lines are not implemented by the software GPU.");
    if (which == 0 && value > most_stack)
      return fail(abi::kInvalidValue, format("a stack of %zu bytes a thread; at most %zu are possible.", value, most_stack));
    current_choices().limits[which] = value;
    if (which == 0) simt::exec::stack_limit(current_device()) = value;
    if (which == 2) simt::exec::heap_limit(current_device()) = value;
    return 0;
  });
}

PMPP_EXPORT Code cudaDeviceGetPCIBusId(char* text, int length, int device) {
  return call("cudaDeviceGetPCIBusId", [&]() -> Code {
    if (Code c = check_device(device)) return c;
    if (!text || length < 13) return fail(abi::kInvalidValue, "the place for the answer is null or shorter than 13 characters.");
    std::snprintf(text, static_cast<size_t>(length), "0000:%02x:00.0", unsigned(number_of(device)));
    return 0;
  });
}
PMPP_EXPORT Code cudaDeviceGetByPCIBusId(int* device, const char* id) {
  return call("cudaDeviceGetByPCIBusId", [&]() -> Code {
    if (!device || !id) return null_place();
    // The domain and the function may be left out.
    unsigned domain = 0, bus = 0, slot = 0, function = 0;
    bool good = std::sscanf(id, "%x:%x:%x.%x", &domain, &bus, &slot, &function) >= 3;
    if (!good) domain = function = 0, good = std::sscanf(id, "%x:%x.%x", &bus, &slot, &function) >= 2;
    for (int d = 0; good && d < device_count(); ++d)
      if (domain == 0 && slot == 0 && function == 0 && bus == unsigned(number_of(d))) {
        *device = d;
        return 0;
      }
    return fail(abi::kInvalidDevice, format("no device has the bus id '%.32s'; the software GPU's are 0000:NN:00.0, device 0 is 0000:%02x:00.0.", id, unsigned(number_of(0))));
  });
}

namespace {
Code check_pair(int device, int peer) {
  const Code c = check_device(device);
  return c ? c : check_device(peer);
}
Code check_peer(int device, int peer) {
  if (Code c = check_pair(device, peer)) return c;
  return device != peer ? 0 : fail(abi::kInvalidDevice, "a device is no peer of itself.");
}
}  // namespace
PMPP_EXPORT Code cudaDeviceCanAccessPeer(int* can, int device, int peer) {
  return call("cudaDeviceCanAccessPeer", [&]() -> Code {
    if (!can) return null_place();
    if (Code c = check_pair(device, peer)) return c;
    *can = device != peer && simt::model::current().peer_access;
    return 0;
  });
}
PMPP_EXPORT Code cudaDeviceGetP2PAttribute(int* value, int which, int device, int peer) {
  return call("cudaDeviceGetP2PAttribute", [&]() -> Code {
    if (!value) return null_place();
    if (Code c = check_peer(device, peer)) return c;
    // Rank of the link: all are the same. Then: peer access, atomics, CUDA arrays over the link, atomics of some kinds only.
    if (which < 1 || which > 5) return fail(abi::kInvalidValue, format("%d is not a cudaDeviceP2PAttr.", which));
    *value = which >= 2 && which <= 4 && simt::model::current().peer_access;
    return 0;
  });
}
PMPP_EXPORT Code cudaDeviceEnablePeerAccess(int peer, unsigned flags) {
  return call("cudaDeviceEnablePeerAccess", [&]() -> Code {
    const int device = current_device();
    if (Code c = check_peer(device, peer)) return c;
    if (flags) return fail(abi::kInvalidValue, format("flags 0x%x; they must be 0.", flags));
    if (!simt::model::current().peer_access)
      return fail(abi::kPeerAccessUnsupported, "this GPU cannot use the memory of another one; cudaMemcpy copies between them.");
    auto& space = AddressSpace::instance();
    if (space.is_peer(device, peer)) return fail(abi::kPeerAccessAlreadyEnabled, format("kernels of device %d may use the memory of device %d already.", device, peer));
    space.set_peer(device, peer, true);
    return 0;
  });
}
PMPP_EXPORT Code cudaDeviceDisablePeerAccess(int peer) {
  return call("cudaDeviceDisablePeerAccess", [&]() -> Code {
    const int device = current_device();
    if (Code c = check_peer(device, peer)) return c;
    auto& space = AddressSpace::instance();
    if (!space.is_peer(device, peer)) return fail(abi::kPeerAccessNotEnabled, format("device %d was not given access to the memory of device %d.", device, peer));
    const Code before = synchronize_device();
    space.set_peer(device, peer, false);
    return before;
  });
}

// A reset waits for the device's work, forgets its failure, its limits, its access to peers and this thread's last error. Memory
// and modules stay: the failures of the software GPU do not damage them, and other threads may still use them.
PMPP_EXPORT Code cudaDeviceReset() {
  return call("cudaDeviceReset", []() -> Code {
    const int device = current_device();
    synchronize_device();
    for (int peer = 0; peer < device_count(); ++peer)
      if (AddressSpace::instance().is_peer(device, peer)) AddressSpace::instance().set_peer(device, peer, false);
    choices[device].reset();
    simt::exec::stack_limit(device) = simt::exec::kStackLimit;
    simt::exec::heap_limit(device) = simt::exec::kHeapLimit;
    take_error();
    return 0;
  });
}

PMPP_EXPORT Code cudaDriverGetVersion(int* version) { return give("cudaDriverGetVersion", version, kVersion); }
PMPP_EXPORT Code cudaRuntimeGetVersion(int* version) { return give("cudaRuntimeGetVersion", version, kVersion); }
PMPP_EXPORT Code cudaProfilerStart() { return 0; }
PMPP_EXPORT Code cudaProfilerStop() { return 0; }

PMPP_EXPORT Code cudaGetLastError() {
  simt::observers::host_looked();
  return take_error();
}
PMPP_EXPORT Code cudaPeekAtLastError() {
  simt::observers::host_looked();
  return peek_error();
}
PMPP_EXPORT const char* cudaGetErrorName(Code code) {
  const char* name = error_name(code);
  return name ? name : "unrecognized error code";
}
PMPP_EXPORT const char* cudaGetErrorString(Code code) { return error_text(code); }

// There is no driver behind the software GPU whose functions could be had.
namespace {
Code no_driver(const char* name, const char* symbol, void** function, int* status) {
  return call(name, [&]() -> Code {
    if (function) *function = nullptr;
    if (status) *status = 1;   // symbol not found
    return fail(abi::kNotSupported, format("%s was asked for, but the software GPU has no driver interface.", symbol ? symbol : "a function"));
  });
}
}  // namespace
PMPP_EXPORT Code cudaGetDriverEntryPoint(const char* s, void** f, unsigned long long, int* r) { return no_driver("cudaGetDriverEntryPoint", s, f, r); }
PMPP_EXPORT Code cudaGetDriverEntryPoint_ptsz(const char* s, void** f, unsigned long long, int* r) { return no_driver("cudaGetDriverEntryPoint", s, f, r); }
PMPP_EXPORT Code cudaGetDriverEntryPointByVersion(const char* s, void** f, unsigned, unsigned long long, int* r) { return no_driver("cudaGetDriverEntryPointByVersion", s, f, r); }
PMPP_EXPORT Code cudaGetDriverEntryPointByVersion_ptsz(const char* s, void** f, unsigned, unsigned long long, int* r) { return no_driver("cudaGetDriverEntryPointByVersion", s, f, r); }
