// The launch path: configuration checks with the codes that a GPU returns, packing of parameters, the queue.
#include "simt/runtime/launch.hpp"

#include <algorithm>
#include <cstring>

#include "simt/ir/features.hpp"
#include "simt/model/profile.hpp"

namespace simt::runtime {
namespace {

std::size_t round_up(std::size_t n, std::size_t step) { return (n + step - 1) / step * step; }

unsigned long long volume(const abi::Dim3& d) { return 1ull * d.x * d.y * d.z; }
std::string text(const abi::Dim3& d) { return format("(%u, %u, %u)", d.x, d.y, d.z); }

}  // namespace

exec::Fault check_launch(const Kernel& k, const LaunchRequest& q, abi::Dim3& cluster) {
  const model::Profile& gpu = model::current();
  const exec::KernelInfo& info = *k.info;
  const std::string name = readable(k.name);
  auto bad = [&](Code code, const std::string& why) { return exec::Fault{code, "kernel " + name + ": " + why}; };
  auto off = [](const char* attribute) {
    const auto feature = ir::features::without_call(attribute);
    return feature.empty() ? std::string{} : attribute + (" is switched off by PMPP_SIM_WITHOUT=" + std::string(feature));
  };

  if (volume(q.grid) == 0) return bad(abi::kInvalidConfiguration, "the grid " + text(q.grid) + " has no blocks; every dimension must be at least 1.");
  if (volume(q.block) == 0) return bad(abi::kInvalidConfiguration, "the block " + text(q.block) + " has no threads; every dimension must be at least 1.");
  if (q.grid.x > unsigned(gpu.max_grid_x) || q.grid.y > unsigned(gpu.max_grid_yz) || q.grid.z > unsigned(gpu.max_grid_yz))
    return bad(abi::kInvalidConfiguration, "the grid " + text(q.grid) + " is larger than (2147483647, 65535, 65535).");
  if (volume(q.block) > unsigned(gpu.threads_per_block) || q.block.x > unsigned(gpu.max_block_xy) ||
      q.block.y > unsigned(gpu.max_block_xy) || q.block.z > unsigned(gpu.max_block_z))
    return bad(abi::kInvalidConfiguration, format("a block of %s is %llu threads; at most 1024 threads, and (1024, 1024, 64), are possible.",
                                                  text(q.block).c_str(), volume(q.block)));
  if (volume(q.block) > info.max_threads_per_block)
    return bad(abi::kInvalidValue, format("a block of %llu threads, but __launch_bounds__ promised at most %u.", volume(q.block),
                                          info.max_threads_per_block));
  const auto& need = info.required_block;
  if (need[0] && (q.block.x != need[0] || q.block.y != need[1] || q.block.z != need[2]))
    return bad(abi::kInvalidValue, format("a block of %s, but the kernel was compiled for (%u, %u, %u).", text(q.block).c_str(),
                                          need[0], need[1], need[2]));
  const std::size_t limit = max_dynamic_shared(k);
  if (q.dynamic_shared > limit) {
    std::string why = format("%zu bytes of dynamic shared memory", q.dynamic_shared);
    if (info.static_shared) why += format(" and %zu static ones", info.static_shared);
    const std::size_t most = gpu.shared_optin - std::min(gpu.shared_optin, info.static_shared);
    if (q.dynamic_shared <= most)
      why += format(", but %zu dynamic ones are allowed; for more than 48 KiB a block call cudaFuncSetAttribute(kernel, "
                    "cudaFuncAttributeMaxDynamicSharedMemorySize, bytes) first.", limit);
    else
      why += format(", but a block of this device has at most %zu bytes.", gpu.shared_optin);
    return bad(abi::kInvalidValue, why);
  }

  // Clusters: of the launch, of cudaFuncSetAttribute, or of the kernel itself.
  cluster = q.cluster;
  abi::Dim3 required{info.required_cluster[0], info.required_cluster[1], info.required_cluster[2]};
  if (!required.x && k.required_cluster[0].load() > 0)
    required = {unsigned(k.required_cluster[0].load()), unsigned(k.required_cluster[1].load()), unsigned(k.required_cluster[2].load())};
  if (volume(cluster) == 0) cluster = volume(required) ? required : abi::Dim3{1, 1, 1};
  else if (volume(required) && (cluster.x != required.x || cluster.y != required.y || cluster.z != required.z))
    return bad(abi::kInvalidClusterSize, "launched with clusters of " + text(cluster) + ", compiled for " + text(required) + ".");
  if (volume(cluster) > 1) {
    if (const auto why = off("cudaLaunchAttributeClusterDimension"); !why.empty()) return bad(abi::kNotSupported, why);
    if (gpu.major < 9) return bad(abi::kInvalidClusterSize, "clusters need compute capability 9.0.");
    const unsigned most = k.non_portable_cluster.load() ? 16 : 8;
    if (volume(cluster) > most)
      return bad(abi::kInvalidClusterSize, format("a cluster of %llu blocks; at most %u are possible.", volume(cluster), most));
    if (q.grid.x % cluster.x || q.grid.y % cluster.y || q.grid.z % cluster.z)
      return bad(abi::kInvalidClusterSize, "the grid " + text(q.grid) + " is not a multiple of the cluster " + text(cluster) + ".");
  }

  if (q.cooperative) {
    if (const auto why = off("cudaLaunchAttributeCooperative"); !why.empty()) return bad(abi::kNotSupported, why);
    const int per_sm = blocks_per_sm(k, static_cast<int>(volume(q.block)), q.dynamic_shared);
    const unsigned long long room = 1ull * per_sm * gpu.sms;
    if (volume(q.grid) > room)
      return bad(abi::kCooperativeLaunchTooLarge,
                 format("a cooperative grid of %llu blocks, but only %llu fit on the device at once (%d on each of %d SMs).",
                        volume(q.grid), room, per_sm, gpu.sms));
  }
  return {};
}

int registers(const Kernel& k) {
  const int threads = static_cast<int>(round_up(std::clamp(k.info->max_threads_per_block, 1u, 1024u), 128));
  const int cap = std::min(model::Profile::registers_per_thread, model::Profile::registers_per_sm / threads / 8 * 8);
  return std::clamp(static_cast<int>(k.info->registers), 1, cap);
}

std::size_t max_dynamic_shared(const Kernel& k) {
  const int set = k.max_dynamic_shared.load();
  if (set >= 0) return static_cast<std::size_t>(set);
  const std::size_t all = model::Profile::shared_per_block;
  return all - std::min(all, k.info->static_shared);
}

int blocks_per_sm(const Kernel& k, int threads, std::size_t dynamic_shared) {
  const model::Profile& gpu = model::current();
  if (threads <= 0 || threads > int(k.info->max_threads_per_block) || threads > gpu.threads_per_block) return 0;
  const std::size_t shared = k.info->static_shared + dynamic_shared;
  if (shared > gpu.shared_optin) return 0;
  const int warps = (threads + gpu.warp_size - 1) / gpu.warp_size;
  int blocks = std::min(gpu.blocks_per_sm, gpu.threads_per_sm / gpu.warp_size / warps);
  const std::size_t taken = round_up(shared + gpu.shared_reserved, gpu.shared_granule());
  if (taken) blocks = std::min(blocks, static_cast<int>(gpu.shared_per_sm / taken));
  // Each of an SM's four schedulers has a quarter of the registers and gives them to whole warps.
  const int per_warp = static_cast<int>(round_up(static_cast<std::size_t>(registers(k)) * gpu.warp_size, gpu.register_unit));
  const int warps_by_registers = gpu.registers_per_sm / gpu.warp_schedulers / per_warp * gpu.warp_schedulers;
  return std::min(blocks, warps_by_registers / warps);
}

Code make_kernel(const BoundKernel& bound, const void* function, const LaunchRequest& q, void** args, std::span<const std::byte> packed,
                 std::shared_ptr<KernelOperation>& out) {
  const exec::KernelInfo& info = *bound.kernel->info;
  auto op = std::make_shared<KernelOperation>();
  if (const exec::Fault fault = check_launch(*bound.kernel, q, op->cluster))   // CUDA 13 has no code of its own for this on the host
    return fail(fault.code == abi::kInvalidConfiguration ? abi::kInvalidValue : fault.code, fault.message);
  op->params.resize(info.param_bytes);
  if (!packed.empty()) {
    if (packed.size() < info.param_bytes)
      return fail(abi::kInvalidValue, "kernel " + readable(bound.kernel->name) + format(": its parameters take %zu bytes, but %zu came.", info.param_bytes, packed.size()));
    std::copy_n(packed.begin(), info.param_bytes, op->params.begin());
  } else if (!args && !info.params.empty()) {
    return fail(abi::kInvalidValue, "kernel " + readable(bound.kernel->name) + format(": it takes %zu parameters, but no arguments came.", info.params.size()));
  } else {
    for (std::size_t i = 0; i < info.params.size(); ++i) {
      if (!args[i]) return fail(abi::kInvalidValue, "kernel " + readable(bound.kernel->name) + format(": the pointer to argument %zu is null.", i));
      std::memcpy(op->params.data() + info.params[i].first, args[i], info.params[i].second);
    }
  }
  op->bound = bound;
  op->function = function;
  op->request = q;
  out = std::move(op);
  return 0;
}

void KernelOperation::run(const Stream& stream) const {
  exec::Launch l;
  l.kernel = bound.kernel->entry;
  l.program = bound.program.get();
  l.grid = {request.grid.x, request.grid.y, request.grid.z};
  l.block = {request.block.x, request.block.y, request.block.z};
  l.cluster = {cluster.x, cluster.y, cluster.z};
  l.dynamic_shared = request.dynamic_shared;
  l.cooperative = request.cooperative;
  l.stream = stream.id;
  l.device = device;
  l.owner = bound.module.get();
  l.params = params;
  if (exec::Fault fault = exec::run(l)) set_fault(device, std::move(fault));
}

Code launch(const BoundKernel& bound, const void* function, const LaunchRequest& q, void** args, const StreamRef& stream) {
  std::shared_ptr<KernelOperation> op;
  // Host code of nvcc comes with the kernel's handle; the program knows its function.
  if (Code c = make_kernel(bound, bound.kernel->host ? bound.kernel->host : function, q, args, {}, op)) return c;
  return enqueue(stream, std::move(op));
}

}  // namespace simt::runtime

using namespace simt::runtime;
using simt::abi::Dim3;

namespace {

struct Configuration {
  Dim3 grid, block;
  std::size_t shared;
  void* stream;
};
thread_local std::vector<Configuration> configurations;   // of <<<>>>, which may nest in argument expressions

Code launch_by_handle(const char* name, const void* function, const LaunchRequest& request, void** args, void* stream,
                      Default meaning) {
  return call(name, [&]() -> Code {
    StreamRef s = stream_of(stream, meaning);
    if (!s) return simt::abi::kInvalidResourceHandle;
    if (s->device != current_device())
      return fail(simt::abi::kInvalidResourceHandle, format("the stream belongs to device %d, and device %d is current; call cudaSetDevice(%d) before the launch.",
                                                            s->device, current_device(), s->device));
    BoundKernel bound = bind(function, current_device(), simt::abi::kInvalidResourceHandle);
    if (bound) return launch(bound, function, request, args, s);
    // Programs there are that look at no launch's result (Thrust is one). They must not go on with what was never computed.
    if (bound.refused) set_refused(s->device, bound.error);
    return bound.error;
  });
}

Code launch_with_config(const char* name, const simt::abi::LaunchConfig* config, const void* function, void** args,
                        Default meaning) {
  if (!config) return call(name, [] { return fail(simt::abi::kInvalidValue, "the launch configuration is null."); });
  LaunchRequest q;
  q.grid = config->gridDim;
  q.block = config->blockDim;
  q.dynamic_shared = config->dynamicSmemBytes;
  for (unsigned i = 0; i < config->numAttrs; ++i) {
    const auto& a = config->attrs[i];
    switch (a.id) {
      case 2: q.cooperative = a.val.cooperative != 0; break;
      case 4: q.cluster = a.val.clusterDim; break;
      case 7:   // an event inside the kernel
      case 12:  // an event when all blocks have started
      case 13:  // a graph node that the device changes
        return call(name, [&] {
          return fail(simt::abi::kNotSupported, format("launch attribute %d is not implemented by the software GPU.", a.id));
        });
      default: break;   // hints: access policy, priorities, overlap with the kernel before, domains
    }
  }
  return launch_by_handle(name, function, q, args, config->stream, meaning);
}

}  // namespace

PMPP_EXPORT unsigned __cudaPushCallConfiguration(Dim3 grid, Dim3 block, std::size_t shared, void* stream) {
  configurations.push_back({grid, block, shared, stream});
  return 0;
}

PMPP_EXPORT Code __cudaPopCallConfiguration(Dim3* grid, Dim3* block, std::size_t* shared, void* stream) {
  if (configurations.empty())
    return call("cudaLaunchKernel", [] {
      return fail(simt::abi::kMissingConfiguration, "a kernel was called without <<<blocks, threads>>>.");
    });
  const Configuration c = configurations.back();
  configurations.pop_back();
  *grid = c.grid;
  *block = c.block;
  *shared = c.shared;
  *static_cast<void**>(stream) = c.stream;
  return 0;
}

PMPP_EXPORT Code __cudaGetKernel(void** kernel, const void* host_function) {
  return call("cudaGetKernel", [&]() -> Code {
    *kernel = kernel_handle(host_function);
    return *kernel ? 0 : fail(simt::abi::kInvalidDeviceFunction, "this function is not a kernel that the program registered.");
  });
}

PMPP_EXPORT Code cudaGetKernel(void** kernel, const void* host_function) { return __cudaGetKernel(kernel, host_function); }
PMPP_EXPORT Code cudaGetFuncBySymbol(void** function, const void* symbol) { return __cudaGetKernel(function, symbol); }

#define PMPP_LAUNCH(name, suffix, shown, cooperates, meaning)                                                        \
  PMPP_EXPORT Code name##suffix(const void* f, Dim3 grid, Dim3 block, void** args, std::size_t shared, void* stream) { \
    return launch_by_handle(shown, f, {grid, block, {0, 0, 0}, shared, cooperates}, args, stream, meaning);          \
  }
PMPP_LAUNCH(__cudaLaunchKernel, , "kernel launch", false, Default::legacy)
PMPP_LAUNCH(__cudaLaunchKernel, _ptsz, "kernel launch", false, Default::per_thread)
PMPP_LAUNCH(cudaLaunchKernel, , "cudaLaunchKernel", false, Default::legacy)
PMPP_LAUNCH(cudaLaunchKernel, _ptsz, "cudaLaunchKernel", false, Default::per_thread)
PMPP_LAUNCH(cudaLaunchCooperativeKernel, , "cudaLaunchCooperativeKernel", true, Default::legacy)
PMPP_LAUNCH(cudaLaunchCooperativeKernel, _ptsz, "cudaLaunchCooperativeKernel", true, Default::per_thread)
#undef PMPP_LAUNCH

PMPP_EXPORT Code cudaLaunchKernelExC(const simt::abi::LaunchConfig* c, const void* f, void** args) {
  return launch_with_config("cudaLaunchKernelExC", c, f, args, Default::legacy);
}
PMPP_EXPORT Code cudaLaunchKernelExC_ptsz(const simt::abi::LaunchConfig* c, const void* f, void** args) {
  return launch_with_config("cudaLaunchKernelExC", c, f, args, Default::per_thread);
}
