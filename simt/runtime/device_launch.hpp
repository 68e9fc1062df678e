// What kernels ask the runtime for: launches, copies and fills, streams and events of device code.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "simt/exec/block.hpp"
#include "simt/exec/family.hpp"
#include "simt/runtime/launch.hpp"

namespace simt::runtime {

/// One thread in a call of the device runtime.
struct Caller {
  exec::Warp& warp;
  const exec::Instr* instr;
  int lane;

  std::uint64_t argument(unsigned n) const;
  unsigned word(unsigned n) const { return static_cast<unsigned>(argument(n)); }
  const exec::Launch& launch() const { return *warp.worker->grid->launch; }
  int device() const { return launch().device; }
  /// Number of the thread in its grid.
  std::uint64_t thread() const;
  /// Reads or writes the memory that an argument points to. False: the launch has a fault now.
  bool read(std::uint64_t address, void* to, std::size_t bytes) const;
  bool write(std::uint64_t address, const void* from, std::size_t bytes) const;
  /// The same for a result, of which the place must be given.
  template <class T>
  Code give(std::uint64_t address, T value) const {
    if (!address) return refuse(abi::kInvalidValue, "the place for the answer is null.");
    write(address, &value, sizeof value);
    return 0;
  }
  /// Returns the code after saying why, with the place in the program; once for each place in a grid.
  Code refuse(Code code, const std::string& why) const;
};

/// What the threads of one grid asked for.
class DeviceWork final : public exec::Offspring {
 public:
  explicit DeviceWork(int device) : device_(device) {}
  /// That of the caller's grid, which begins to exist now if nobody asked before.
  static DeviceWork& of(const Caller&);
  ~DeviceWork() override;

  /// A buffer for the arguments of a launch; 0 after a refusal.
  std::uint64_t prepare(const Caller&, std::uint64_t function, const LaunchRequest&);
  /// Launches what was prepared. `own_stream`: the null stream is the thread's and not the block's.
  Code launch(const Caller&, std::uint64_t buffer, std::uint64_t stream, bool own_stream);
  /// Puts a copy or a fill into a stream.
  Code enqueue(const Caller&, std::function<exec::Fault()> work, std::uint64_t stream, bool own_stream);

  std::uint64_t create_stream();
  Code destroy_stream(const Caller&, std::uint64_t handle);
  std::uint64_t create_event();
  Code destroy_event(const Caller&, std::uint64_t handle);
  Code record(const Caller&, std::uint64_t event, std::uint64_t stream, bool own_stream);
  Code wait(const Caller&, std::uint64_t stream, std::uint64_t event, bool own_stream);

  /// The last error of a thread.
  void remember(const Caller&, Code);
  Code last_error(const Caller&, bool forget);
  /// Whether this place has not been complained about.
  bool first_complaint(const exec::Instr*);

  bool next(exec::Step&) override;
  bool empty() const override { return done_ == items_.size() && tails_done_ == tails_.size(); }

 private:
  struct Item {
    exec::Step step;
    std::vector<std::size_t> after;   ///< items that must be done
    bool done = false;
  };
  struct Prepared {
    exec::Kernel* kernel = nullptr;
    LaunchRequest request;
    std::size_t bytes = 0;
  };
  using Frontier = std::vector<std::size_t>;   ///< the items that the next one in a stream waits for
  Code add(const Caller&, exec::Step, std::uint64_t stream, bool own_stream);
  Frontier* frontier(const Caller&, std::uint64_t stream, bool own_stream);
  std::size_t any_ready();

  const int device_;
  std::mutex mutex_;
  std::vector<Item> items_, tails_;
  std::size_t done_ = 0, tails_done_ = 0;
  std::vector<std::size_t> left_;                            ///< with a seed: items that are not done, in any order
  std::map<std::pair<int, std::uint64_t>, Frontier> streams_;   ///< of a block, of a thread, created
  std::unordered_map<std::uint64_t, Frontier> events_;
  std::unordered_map<std::uint64_t, Prepared> prepared_;     ///< by the buffer's address
  std::vector<std::uint64_t> buffers_;
  std::unordered_map<std::uint64_t, Code> errors_;           ///< by thread
  std::vector<const exec::Instr*> said_;
  std::uint64_t handles_ = 0, random_ = 0;
  bool started_ = false;
};

/// The kernel as the host knows it, with the attributes that it set; made up if the host knows none.
KernelRef kernel_of(const exec::Launch& parent, exec::Kernel*);

// device_api.cpp
long device_attribute(int which, int device);      ///< -1: there is none
std::size_t device_limit(int which, int device);
int device_cache_config(int device);

}  // namespace simt::runtime
