// Launches from kernels. They wait until the blocks of their grid have ended, which is one of the orders that CUDA allows,
// then run in the order in which they were made, or, with a seed, in another one that the streams allow.
#include "simt/runtime/device_launch.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>

#include "simt/exec/access.hpp"
#include "simt/exec/externals.hpp"
#include "simt/model/profile.hpp"

namespace simt::runtime {
namespace {

/// Named streams of the interface.
constexpr std::uint64_t kTailLaunch = 3, kFireAndForget = 4;
constexpr std::uint64_t kDeviceHandles = 0x7ff8'0080'0000'0000ull;   // no handle of the host has this bit
constexpr int kPendingLimit = 4;
constexpr std::uint32_t kMostNested = 24;

/// Launches that kernels of a device have made and that have not begun.
std::atomic<std::size_t> pending[model::kMaxDevices];

}  // namespace

std::uint64_t Caller::argument(unsigned n) const { return exec::listed_argument(warp, instr, n, lane); }

std::uint64_t Caller::thread() const { return warp.block->index * 1024 + warp.index * 32 + unsigned(lane); }

bool Caller::read(std::uint64_t address, void* to, std::size_t bytes) const {
  auto* at = static_cast<std::byte*>(to);
  for (std::size_t n = 0; n < bytes;) {
    const unsigned step = bytes - n >= 8 && (address + n) % 8 == 0 ? 8 : bytes - n >= 4 ? 4 : 1;
    if (!exec::read_at(warp, instr, exec::listed_site(instr), address + n, step, lane, at + n)) return false;
    n += step;
  }
  return true;
}

bool Caller::write(std::uint64_t address, const void* from, std::size_t bytes) const {
  const auto* at = static_cast<const std::byte*>(from);
  for (std::size_t n = 0; n < bytes;) {
    const unsigned step = bytes - n >= 8 && (address + n) % 8 == 0 ? 8 : bytes - n >= 4 ? 4 : 1;
    if (!exec::write_at(warp, instr, exec::listed_site(instr), address + n, step, lane, at + n)) return false;
    n += step;
  }
  exec::tell_write(warp, lane, address, static_cast<unsigned>(bytes));   // no probe sees what a call writes
  return true;
}

Code Caller::refuse(Code code, const std::string& why) const {
  if (DeviceWork::of(*this).first_complaint(instr)) say(exec::where(warp, instr, lane) + ": " + why);
  return code;
}

KernelRef kernel_of(const exec::Launch& parent, exec::Kernel* kernel) {
  const exec::KernelInfo& info = parent.program->info(kernel);
  if (parent.owner) {
    auto& module = *static_cast<Module*>(const_cast<void*>(parent.owner));
    if (KernelRef known = kernel_named(module, info.name)) return known;
  }
  auto made_up = std::make_shared<Kernel>();
  made_up->name = info.name;
  made_up->entry = kernel;
  made_up->info = &info;
  return made_up;
}

DeviceWork& DeviceWork::of(const Caller& c) {
  exec::Grid& grid = *c.warp.worker->grid;
  std::lock_guard lock(grid.mutex);
  if (!grid.offspring) {
    auto work = std::make_shared<DeviceWork>(c.device());
    work->random_ = grid.seed ? grid.seed * 0x9e3779b97f4a7c15ull + grid.number : 0;
    grid.offspring = std::move(work);
  }
  return static_cast<DeviceWork&>(*grid.offspring);
}

DeviceWork::~DeviceWork() {
  pending[device_] -= items_.size() - done_ + tails_.size() - tails_done_;
  for (const auto address : buffers_) memory::AddressSpace::instance().release(address);
}

std::uint64_t DeviceWork::prepare(const Caller& c, std::uint64_t function, const LaunchRequest& request) {
  const exec::Launch& parent = c.launch();
  exec::Kernel* kernel = parent.program->kernel_at(function);
  if (const exec::Fault fault = kernel ? exec::Fault{} : parent.program->failure_at(function)) {
    remember(c, c.refuse(fault.code, fault.message));
    set_refused(device_, fault.code);
    return 0;
  }
  if (!kernel) {
    remember(c, c.refuse(abi::kInvalidDeviceFunction, "what is launched is not a kernel of this program."));
    return 0;
  }
  const exec::KernelInfo& info = parent.program->info(kernel);
  const auto buffer = memory::AddressSpace::instance().allocate(std::max<std::size_t>(info.param_bytes, 1), device_,
                                                                memory::Kind::device, "arguments of a launch of " + readable(info.name));
  if (!buffer) {
    remember(c, c.refuse(abi::kLaunchOutOfResources, "no memory for the arguments of a launch of " + readable(info.name) + "."));
    return 0;
  }
  std::lock_guard lock(mutex_);
  buffers_.push_back(*buffer);
  prepared_[*buffer] = {kernel, request, info.param_bytes};
  return *buffer;
}

Code DeviceWork::launch(const Caller& c, std::uint64_t buffer, std::uint64_t stream, bool own_stream) {
  Prepared made;
  {
    std::lock_guard lock(mutex_);
    const auto at = prepared_.find(buffer);
    if (at != prepared_.end()) made = at->second, prepared_.erase(at);
  }
  if (!made.kernel) return c.refuse(abi::kInvalidValue, "a launch without a buffer of cudaGetParameterBufferV2, or with one that was used.");
  const exec::Launch& parent = c.launch();
  abi::Dim3 cluster{};
  if (const exec::Fault fault = check_launch(*kernel_of(parent, made.kernel), made.request, cluster)) return c.refuse(fault.code, fault.message);
  exec::Step step;
  step.launch = parent;
  step.launch.kernel = made.kernel;
  step.launch.grid = {made.request.grid.x, made.request.grid.y, made.request.grid.z};
  step.launch.block = {made.request.block.x, made.request.block.y, made.request.block.z};
  step.launch.cluster = {cluster.x, cluster.y, cluster.z};
  step.launch.dynamic_shared = made.request.dynamic_shared;
  step.launch.cooperative = false;
  if (stream != kTailLaunch && ++step.launch.depth > kMostNested)
    return c.refuse(abi::kLaunchMaxDepthExceeded, format("kernel %s would be nested in %u others; %u are possible. A launch into cudaStreamTailLaunch "
                                                          "does not nest.", readable(parent.program->info(made.kernel).name).c_str(),
                                                          kMostNested + 1, kMostNested));
  const std::byte* params = memory::AddressSpace::instance().host(buffer, std::max<std::size_t>(made.bytes, 1));
  step.params.assign(params, params + made.bytes);
  return add(c, std::move(step), stream, own_stream);
}

Code DeviceWork::enqueue(const Caller& c, std::function<exec::Fault()> work, std::uint64_t stream, bool own_stream) {
  exec::Step step;
  step.work = std::move(work);
  return add(c, std::move(step), stream, own_stream);
}

/// Null if there is no such stream, or one without an order. The caller holds the lock.
DeviceWork::Frontier* DeviceWork::frontier(const Caller& c, std::uint64_t stream, bool own_stream) {
  if (stream == 0 || stream == 1) return own_stream && stream == 0 ? &streams_[{1, c.thread()}] : &streams_[{0, c.warp.block->index}];
  if (stream == 2) return &streams_[{1, c.thread()}];
  const auto at = streams_.find({2, stream});
  return at == streams_.end() ? nullptr : &at->second;
}

Code DeviceWork::add(const Caller& c, exec::Step step, std::uint64_t stream, bool own_stream) {
  std::size_t outstanding = pending[device_].load();
  const std::size_t most = device_limit(kPendingLimit, device_);
  do {
    if (outstanding >= most)
      return c.refuse(abi::kLaunchPendingCountExceeded,
                      format("%zu launches from kernels wait already, for they begin when the blocks of their grid have ended; "
                             "cudaDeviceSetLimit(cudaLimitDevRuntimePendingLaunchCount, count) on the host permits more.", outstanding));
  } while (!pending[device_].compare_exchange_weak(outstanding, outstanding + 1));
  {
    std::lock_guard lock(mutex_);
    if (stream == kTailLaunch) {
      tails_.push_back({std::move(step), {}});
      return 0;
    }
    Frontier none;
    Frontier* before = stream == kFireAndForget ? &none : frontier(c, stream, own_stream);
    if (before) {
      items_.push_back({std::move(step), *before});
      *before = {items_.size() - 1};
      return 0;
    }
  }
  --pending[device_];
  return c.refuse(abi::kInvalidResourceHandle,
                  format("0x%llx is not a stream of this grid: it was destroyed, or the host or another grid created it.",
                         static_cast<unsigned long long>(stream)));
}

std::uint64_t DeviceWork::create_stream() {
  std::lock_guard lock(mutex_);
  const auto handle = kDeviceHandles + ++handles_;
  streams_[{2, handle}];
  return handle;
}

Code DeviceWork::destroy_stream(const Caller& c, std::uint64_t handle) {
  {
    std::lock_guard lock(mutex_);
    if (streams_.erase({2, handle})) return 0;
  }
  return c.refuse(abi::kInvalidResourceHandle, "cudaStreamDestroy of what is not a stream of this grid.");
}

std::uint64_t DeviceWork::create_event() {
  std::lock_guard lock(mutex_);
  const auto handle = kDeviceHandles + ++handles_;
  events_[handle];
  return handle;
}

Code DeviceWork::destroy_event(const Caller& c, std::uint64_t handle) {
  {
    std::lock_guard lock(mutex_);
    if (events_.erase(handle)) return 0;
  }
  return c.refuse(abi::kInvalidResourceHandle, "cudaEventDestroy of what is not an event of this grid.");
}

Code DeviceWork::record(const Caller& c, std::uint64_t event, std::uint64_t stream, bool own_stream) {
  {
    std::lock_guard lock(mutex_);
    const auto at = events_.find(event);
    const Frontier* done = frontier(c, stream, own_stream);
    if (at != events_.end() && done) {
      at->second = *done;
      return 0;
    }
  }
  if (stream == kTailLaunch || stream == kFireAndForget)
    return c.refuse(abi::kInvalidValue, "cudaEventRecord in cudaStreamTailLaunch or cudaStreamFireAndForget, where no event can be.");
  return c.refuse(abi::kInvalidResourceHandle, "cudaEventRecord with an event or a stream that is not one of this grid.");
}

Code DeviceWork::wait(const Caller& c, std::uint64_t stream, std::uint64_t event, bool own_stream) {
  {
    std::lock_guard lock(mutex_);
    const auto at = events_.find(event);
    Frontier* next = frontier(c, stream, own_stream);
    if (at != events_.end() && next) {
      next->insert(next->end(), at->second.begin(), at->second.end());
      return 0;
    }
  }
  if (stream == kTailLaunch || stream == kFireAndForget)
    return c.refuse(abi::kInvalidValue, "cudaStreamWaitEvent in cudaStreamTailLaunch or cudaStreamFireAndForget, which wait for no event.");
  return c.refuse(abi::kInvalidResourceHandle, "cudaStreamWaitEvent with an event or a stream that is not one of this grid.");
}

void DeviceWork::remember(const Caller& c, Code code) {
  std::lock_guard lock(mutex_);
  errors_[c.thread()] = code;
}

Code DeviceWork::last_error(const Caller& c, bool forget) {
  std::lock_guard lock(mutex_);
  const auto at = errors_.find(c.thread());
  if (at == errors_.end()) return 0;
  const Code code = at->second;
  if (forget) errors_.erase(at);
  return code;
}

bool DeviceWork::first_complaint(const exec::Instr* instr) {
  std::lock_guard lock(mutex_);
  if (std::find(said_.begin(), said_.end(), instr) != said_.end()) return false;
  said_.push_back(instr);
  return true;
}

/// Place in `left_` of some item that waits for nothing.
std::size_t DeviceWork::any_ready() {
  random_ = random_ * 6364136223846793005ull + 1442695040888963407ull;
  std::size_t n = left_[(random_ >> 33) % left_.size()];
  for (bool ready = false; !ready;) {
    ready = true;
    for (const auto before : items_[n].after)
      if (!items_[before].done) {
        n = before;
        ready = false;
        break;
      }
  }
  return static_cast<std::size_t>(std::find(left_.begin(), left_.end(), n) - left_.begin());
}

bool DeviceWork::next(exec::Step& step) {
  if (!started_ && random_)
    for (std::size_t n = 0; n < items_.size(); ++n) left_.push_back(n);
  started_ = true;
  if (done_ < items_.size()) {
    std::size_t n = done_;   // nothing waits for what was launched later
    if (random_) {
      const std::size_t place = any_ready();
      n = left_[place];
      left_[place] = left_.back();
      left_.pop_back();
    }
    items_[n].done = true;   // it will be when the next one is asked for
    ++done_;
    step = std::move(items_[n].step);
  } else if (tails_done_ < tails_.size()) {
    step = std::move(tails_[tails_done_++].step);
  } else {
    return false;
  }
  --pending[device_];
  if (step.launch.kernel) count_launch();
  return true;
}

}  // namespace simt::runtime
