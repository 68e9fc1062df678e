// The interface's questions about kernels, occupancy, and kernels loaded at run time (libraries).
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstring>

#include "simt/model/profile.hpp"
#include "simt/runtime/launch.hpp"

using namespace simt::runtime;
namespace abi = simt::abi;
using std::size_t;

namespace {

template <class F>
Code with_kernel(const char* name, const void* function, F f, int device = current_device()) {
  return call(name, [&]() -> Code {
    if (Code c = check_device(device)) return c;
    BoundKernel b = bind(function, device);
    return b ? f(b) : b.error;
  });
}

Code set_attribute(Kernel& k, int attribute, int value) {
  const auto& gpu = simt::model::current();
  switch (attribute) {
    case 8: {
      const size_t most = gpu.shared_optin - std::min(gpu.shared_optin, k.info->static_shared);
      if (value < 0 || size_t(value) > most)
        return fail(abi::kInvalidValue, format("kernel %s: %d bytes of dynamic shared memory; beside its %zu static bytes at most %zu are possible on this device.",
                                               readable(k.name).c_str(), value, k.info->static_shared, most));
      k.max_dynamic_shared = value;
      return 0;
    }
    case 9:
      if (value < -1 || value > 100) return fail(abi::kInvalidValue, format("a carveout of %d percent; -1 to 100 are possible.", value));
      k.carveout = value;
      return 0;
    case 11: case 12: case 13:
      if (k.info->required_cluster[0]) return fail(abi::kNotPermitted, "the kernel was compiled with cluster dimensions.");
      if (value < 0) return fail(abi::kInvalidValue, "a cluster dimension is negative.");
      k.required_cluster[attribute - 11] = value;
      return 0;
    case 14: k.non_portable_cluster = value != 0; return 0;
    case 15: k.cluster_policy = value; return 0;
    default: return fail(abi::kInvalidValue, format("attribute %d cannot be set.", attribute));
  }
}

Code occupancy(const char* name, int* blocks, const void* function, int threads, size_t shared) {
  return with_kernel(name, function, [&](const BoundKernel& b) -> Code {
    if (!blocks) return null_place();
    if (threads <= 0) return fail(abi::kInvalidValue, format("a block of %d threads.", threads));
    *blocks = shared > max_dynamic_shared(*b.kernel) ? 0 : blocks_per_sm(*b.kernel, threads, shared);
    return 0;
  });
}

abi::Dim3 cluster_of(const Kernel& k, const abi::LaunchConfig& c) {
  for (unsigned i = 0; i < c.numAttrs; ++i)
    if (c.attrs[i].id == 4) return c.attrs[i].val.clusterDim;
  const auto& r = k.info->required_cluster;
  return r[0] ? abi::Dim3{r[0], r[1], r[2]} : abi::Dim3{1, 1, 1};
}

int threads_of(const abi::LaunchConfig& c) { return static_cast<int>(std::min(1ull << 20, 1ull * c.blockDim.x * c.blockDim.y * c.blockDim.z)); }

/// Clusters are placed within a graphics processing cluster: up to 16 SMs on the H200.
constexpr int kSmsPerGpc = 16;

Code load_library(const char* name, void** library, std::shared_ptr<Module> module) {
  return call(name, [&]() -> Code {
    if (!library) return null_place();
    *library = nullptr;
    // At once, unlike a program's own modules: whoever hands in PTX wants to hear what is wrong with it here.
    module->whole = true;
    if (Code c = load(*module)) return c;
    *library = add_library(std::move(module));
    return 0;
  });
}

bool is_text(const void* code) {
  // What nvcc and fatbinary write starts with a magic number, an object file with ELF's.
  static const unsigned char magics[][4] = {{0x50, 0xed, 0x55, 0xba}, {0xb1, 0x43, 0x62, 0x46}, {0x7f, 'E', 'L', 'F'}};
  const auto* bytes = static_cast<const unsigned char*>(code);   // stops at the first difference: a text may be short
  return std::none_of(std::begin(magics), std::end(magics), [&](const auto& m) { return std::equal(m, m + 4, bytes); });
}

void set_source(Module& m, const void* code) {
  const auto* bytes = static_cast<const unsigned char*>(code);
  if (is_text(code)) {
    m.text = static_cast<const char*>(code);
  } else if (*bytes == 0xb1) {
    m.wrapper = code;
  } else if (*bytes == 0x50) {
    // A container says how long it is: header size at 6, the rest at 8.
    std::uint16_t header;
    std::uint64_t rest;
    std::memcpy(&header, bytes + 6, sizeof header);
    std::memcpy(&rest, bytes + 8, sizeof rest);
    m.image = {static_cast<const char*>(code), header + rest};
  } else {
    m.image = {static_cast<const char*>(code), 0};   // machine code of unknown length
  }
}

Code library_variable(const char* name, void** address, size_t* bytes, void* library, const char* symbol, bool managed) {
  return call(name, [&]() -> Code {
    ModuleRef m = library_of(library);
    if (!m) return fail(abi::kInvalidResourceHandle, format("%p is not a library.", library));
    simt::exec::Program::Symbol found;
    m = on_device(m);
    if (Code c = load(*m)) return c;
    if (!symbol || !m->program->symbol(symbol, found) || found.managed != managed)
      return fail(abi::kSymbolNotFound, format("the library has no %s variable '%s'.", managed ? "managed" : "device", symbol ? symbol : ""));
    if (address) *address = reinterpret_cast<void*>(found.address);
    if (bytes) *bytes = found.size;
    return 0;
  });
}

}  // namespace

abi::FuncAttributes simt::runtime::attributes_of(const Kernel& k, int ptx_arch) {
  abi::FuncAttributes out{};
  out.sharedSizeBytes = k.info->static_shared;
  out.constSizeBytes = k.info->const_bytes;
  out.localSizeBytes = k.info->local_bytes;
  out.maxThreadsPerBlock = static_cast<int>(k.info->max_threads_per_block);
  out.numRegs = registers(k);
  out.ptxVersion = ptx_arch;
  out.binaryVersion = simt::model::current().cc();   // what a driver would compile the PTX to
  out.maxDynamicSharedSizeBytes = static_cast<int>(max_dynamic_shared(k));
  out.preferredShmemCarveout = k.carveout;
  const auto& r = k.info->required_cluster;
  out.requiredClusterWidth = r[0] ? int(r[0]) : k.required_cluster[0].load();
  out.requiredClusterHeight = r[0] ? int(r[1]) : k.required_cluster[1].load();
  out.requiredClusterDepth = r[0] ? int(r[2]) : k.required_cluster[2].load();
  out.clusterSchedulingPolicyPreference = k.cluster_policy;
  out.nonPortableClusterSizeAllowed = k.non_portable_cluster;
  return out;
}

PMPP_EXPORT Code cudaFuncGetAttributes(abi::FuncAttributes* out, const void* function) {
  return with_kernel("cudaFuncGetAttributes", function, [&](const BoundKernel& b) -> Code {
    if (!out) return null_place();
    *out = attributes_of(*b.kernel, b.module->ptx_arch);
    return 0;
  });
}
PMPP_EXPORT Code cudaFuncSetAttribute(const void* f, int attribute, int value) {
  return with_kernel("cudaFuncSetAttribute", f, [&](const BoundKernel& b) { return set_attribute(*b.kernel, attribute, value); });
}
PMPP_EXPORT Code cudaKernelSetAttributeForDevice(void* k, int attribute, int value, int device) {
  return with_kernel("cudaKernelSetAttributeForDevice", k, [&](const BoundKernel& b) -> Code {
    return set_attribute(*b.kernel, attribute, value);
  }, device);
}
PMPP_EXPORT Code cudaFuncSetCacheConfig(const void* f, int config) {
  return with_kernel("cudaFuncSetCacheConfig", f, [&](const BoundKernel&) -> Code {
    return config < 0 || config > 3 ? fail(abi::kInvalidValue, format("%d is not a cudaFuncCache.", config)) : 0;
  });
}
PMPP_EXPORT Code cudaFuncSetSharedMemConfig(const void* f, int) {
  return with_kernel("cudaFuncSetSharedMemConfig", f, [](const BoundKernel&) { return 0; });
}
PMPP_EXPORT Code cudaFuncGetName(const char** name, const void* f) {
  return with_kernel("cudaFuncGetName", f, [&](const BoundKernel& b) -> Code {
    if (!name) return null_place();
    *name = b.kernel->name.c_str();
    return 0;
  });
}
PMPP_EXPORT Code cudaFuncGetParamInfo(const void* f, size_t index, size_t* offset, size_t* size) {
  return with_kernel("cudaFuncGetParamInfo", f, [&](const BoundKernel& b) -> Code {
    const auto& params = b.kernel->info->params;
    if (!offset) return null_place();
    if (index >= params.size()) return fail(abi::kInvalidValue, format("parameter %zu of a kernel with %zu.", index, params.size()));
    *offset = params[index].first;
    if (size) *size = params[index].second;
    return 0;
  });
}

PMPP_EXPORT Code cudaOccupancyMaxActiveBlocksPerMultiprocessor(int* n, const void* f, int threads, size_t shared) {
  return occupancy("cudaOccupancyMaxActiveBlocksPerMultiprocessor", n, f, threads, shared);
}
PMPP_EXPORT Code cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(int* n, const void* f, int threads, size_t shared, unsigned) {
  return occupancy("cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags", n, f, threads, shared);
}
PMPP_EXPORT Code cudaOccupancyAvailableDynamicSMemPerBlock(size_t* bytes, const void* f, int blocks, int threads) {
  return with_kernel("cudaOccupancyAvailableDynamicSMemPerBlock", f, [&](const BoundKernel& b) -> Code {
    if (!bytes) return null_place();
    const auto& gpu = simt::model::current();
    if (blocks <= 0 || blocks_per_sm(*b.kernel, threads, 0) < blocks)
      return fail(abi::kInvalidValue, format("%d blocks of %d threads do not fit on an SM.", blocks, threads));
    const size_t share = gpu.shared_per_sm / size_t(blocks) / gpu.shared_granule() * gpu.shared_granule();
    const size_t taken = gpu.shared_reserved + b.kernel->info->static_shared;
    *bytes = std::min(share > taken ? share - taken : 0, gpu.shared_optin - std::min(gpu.shared_optin, b.kernel->info->static_shared));
    return 0;
  });
}
PMPP_EXPORT Code cudaOccupancyMaxPotentialClusterSize(int* size, const void* f, const abi::LaunchConfig* c) {
  return with_kernel("cudaOccupancyMaxPotentialClusterSize", f, [&](const BoundKernel& b) -> Code {
    if (!size || !c) return null_place();
    const auto& gpu = simt::model::current();
    const int room = blocks_per_sm(*b.kernel, threads_of(*c), c->dynamicSmemBytes) * kSmsPerGpc;
    const int most = gpu.major < 9 ? 1 : b.kernel->non_portable_cluster ? 16 : 8;
    *size = std::min(room, most);
    return 0;
  });
}
PMPP_EXPORT Code cudaOccupancyMaxActiveClusters(int* clusters, const void* f, const abi::LaunchConfig* c) {
  return with_kernel("cudaOccupancyMaxActiveClusters", f, [&](const BoundKernel& b) -> Code {
    if (!clusters || !c) return null_place();
    const auto& gpu = simt::model::current();
    const abi::Dim3 d = cluster_of(*b.kernel, *c);
    const unsigned long long size = 1ull * d.x * d.y * d.z;
    if (size == 0 || (gpu.major < 9 && size > 1)) return fail(abi::kInvalidClusterSize, "the cluster has no blocks, or the device has no clusters.");
    const unsigned long long per_gpc = 1ull * blocks_per_sm(*b.kernel, threads_of(*c), c->dynamicSmemBytes) * kSmsPerGpc / size;
    *clusters = static_cast<int>(per_gpc * unsigned(gpu.sms / kSmsPerGpc));
    return 0;
  });
}

PMPP_EXPORT Code cudaLibraryLoadData(void** library, const void* code, int*, void**, unsigned, int*, void**, unsigned) {
  if (!code) return call("cudaLibraryLoadData", [] { return fail(abi::kInvalidValue, "the code is null."); });
  auto module = std::make_shared<Module>();
  set_source(*module, code);
  return load_library("cudaLibraryLoadData", library, std::move(module));
}
PMPP_EXPORT Code cudaLibraryLoadFromFile(void** library, const char* path, int*, void**, unsigned, int*, void**, unsigned) {
  auto module = std::make_shared<Module>();
  const Code read = call("cudaLibraryLoadFromFile", [&]() -> Code {
    std::FILE* f = path ? std::fopen(path, "re") : nullptr;
    if (!f) return fail(abi::kFileNotFound, format("'%s' cannot be read.", path ? path : ""));
    char buffer[1 << 14];
    for (size_t n; (n = std::fread(buffer, 1, sizeof buffer, f)) > 0;) module->owned.insert(module->owned.end(), buffer, buffer + n);
    std::fclose(f);
    const size_t size = module->owned.size();
    module->owned.push_back('\0');
    if (is_text(module->owned.data())) module->text = module->owned.data();
    else module->image = {module->owned.data(), size};
    return 0;
  });
  return read ? read : load_library("cudaLibraryLoadFromFile", library, std::move(module));
}
PMPP_EXPORT Code cudaLibraryUnload(void* library) {
  return call("cudaLibraryUnload", [&]() -> Code {
    return remove_library(library) ? 0 : fail(abi::kInvalidResourceHandle, format("%p is not a library.", library));
  });
}
PMPP_EXPORT Code cudaLibraryGetKernel(void** kernel, void* library, const char* name) {
  return call("cudaLibraryGetKernel", [&]() -> Code {
    ModuleRef m = library_of(library);
    if (!m) return fail(abi::kInvalidResourceHandle, format("%p is not a library.", library));
    if (!kernel || !name) return null_place();
    *kernel = library_kernel(m, name);
    return *kernel ? 0 : fail(abi::kSymbolNotFound, format("the library has no kernel '%s'; names are those of the PTX.", name));
  });
}
PMPP_EXPORT Code cudaLibraryGetGlobal(void** p, size_t* n, void* l, const char* name) { return library_variable("cudaLibraryGetGlobal", p, n, l, name, false); }
PMPP_EXPORT Code cudaLibraryGetManaged(void** p, size_t* n, void* l, const char* name) { return library_variable("cudaLibraryGetManaged", p, n, l, name, true); }
PMPP_EXPORT Code cudaLibraryGetKernelCount(unsigned* count, void* library) {
  return call("cudaLibraryGetKernelCount", [&]() -> Code {
    ModuleRef m = library_of(library);
    if (!m) return fail(abi::kInvalidResourceHandle, format("%p is not a library.", library));
    if (!count) return null_place();
    *count = static_cast<unsigned>(m->entries.size());
    return 0;
  });
}
PMPP_EXPORT Code cudaLibraryEnumerateKernels(void** kernels, unsigned count, void* library) {
  return call("cudaLibraryEnumerateKernels", [&]() -> Code {
    ModuleRef m = library_of(library);
    if (!m) return fail(abi::kInvalidResourceHandle, format("%p is not a library.", library));
    if (!kernels) return null_place();
    for (unsigned i = 0; i < count && i < m->entries.size(); ++i) kernels[i] = library_kernel(m, m->entries[i]);
    return 0;
  });
}
